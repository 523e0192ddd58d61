//! Flags, zero-bit insertion, FCS.

use minitalk_core::Bit;
use minitalk_core::anatomy::Anatomy;
use minitalk_core::frame::{Check, FRAME_OCTETS_MAX, Frame, ParseFrameError};
use minitalk_core::hdlc::{
    CheckSequence, Cursor, Deframed, Deframer, Fcs, Fcs16, FeedError, Framer, NoFcs, Section,
};

type Deframe = Deframer<FRAME_OCTETS_MAX>;
type Deframe16 = Deframer<FRAME_OCTETS_MAX, Fcs16>;
type DeframeRaw = Deframer<FRAME_OCTETS_MAX, NoFcs>;

#[unsafe(no_mangle)]
extern "C" fn deframer_new(deframer: &mut Deframe) {
    *deframer = Deframer::new();
}

#[unsafe(no_mangle)]
extern "C" fn deframer_feed(deframer: &mut Deframe, one: bool) -> i32 {
    deframed(deframer.feed(Bit::from_bool(one)))
}

#[unsafe(no_mangle)]
extern "C" fn deframer16_feed(deframer: &mut Deframe16, one: bool) -> i32 {
    deframed(deframer.feed(Bit::from_bool(one)))
}

#[unsafe(no_mangle)]
extern "C" fn deframer_raw_feed(deframer: &mut DeframeRaw, one: bool) -> i32 {
    deframed(deframer.feed(Bit::from_bool(one)))
}

fn deframed(result: Result<Deframed<'_>, FeedError>) -> i32 {
    match result {
        Ok(Deframed::Pending) => 0,
        Ok(Deframed::Flag) => -1,
        Ok(Deframed::Frame(content)) => i32::try_from(content.len()).unwrap_or(i32::MAX),
        Err(FeedError::Aborted) => -2,
        Err(FeedError::BadFcs) => -3,
        Err(FeedError::TooLong) => -4,
        Err(FeedError::Noise) => -5,
    }
}

#[unsafe(no_mangle)]
extern "C" fn deframer_frame(deframer: &Deframe) -> u32 {
    let octets = deframer.frame().unwrap_or_default();
    octets.iter().map(|&octet| u32::from(octet)).fold(0, u32::wrapping_add)
}

#[unsafe(no_mangle)]
extern "C" fn deframer_reset(deframer: &mut Deframe) -> bool {
    deframer.reset();
    deframer.is_hunting() || deframer.has_content()
}

#[unsafe(no_mangle)]
extern "C" fn cursor_next(
    cursor: &mut Cursor,
    content: &[u8; FRAME_OCTETS_MAX],
    len: usize,
) -> u32 {
    super::code(cursor.next(content.get(..len).unwrap_or_default()))
}

#[unsafe(no_mangle)]
extern "C" fn cursor_after_flag(cursor: &mut Cursor) -> bool {
    *cursor = Cursor::after_flag();
    cursor.section() == Section::Content && cursor.fcs().is_none()
}

#[unsafe(no_mangle)]
extern "C" fn framer_new<'a>(
    framer: &mut Framer<'a>,
    content: &'a [u8; FRAME_OCTETS_MAX],
    with_flag: bool,
    mask: u32,
) {
    let plain =
        if with_flag { Framer::new(content) } else { Framer::without_opening_flag(content) };
    *framer = plain.masked(mask);
}

#[unsafe(no_mangle)]
extern "C" fn framer_next(framer: &mut Framer<'_>) -> u32 {
    super::code(framer.next()) ^ u32::from(framer.section() == Section::Content) << 2
}

#[unsafe(no_mangle)]
extern "C" fn framer16_next(framer: &mut Framer<'_, Fcs16>, other: &Framer<'static>) -> u32 {
    if framer.section() == Section::Done {
        *framer = other.clone().checked_by();
    }
    super::code(framer.next())
}

#[unsafe(no_mangle)]
extern "C" fn framer_raw_next(framer: &mut Framer<'_, NoFcs>) -> u32 {
    super::code(framer.next())
}

#[unsafe(no_mangle)]
extern "C" fn fcs16_update(fcs: &mut Fcs16, octet: u8) -> bool {
    fcs.update(octet);
    fcs.is_good() || fcs.octets() == [0; 2] || CheckSequence::value(*fcs) == 0
}

#[unsafe(no_mangle)]
extern "C" fn fcs_update(fcs: &mut Fcs, octet: u8) -> bool {
    fcs.update(octet);
    fcs.is_good()
}

#[unsafe(no_mangle)]
extern "C" fn fcs_residue(fcs: &Fcs, mask: u32) -> u32 {
    let is_repeated = *fcs == Fcs::residue(mask).complemented();
    fcs.value() ^ u32::from_le_bytes(fcs.masked_octets(mask)) ^ u32::from(is_repeated)
}

#[unsafe(no_mangle)]
extern "C" fn check_update(check: &mut Check, fcs: u32, octets: u64) -> u32 {
    check.update(fcs);
    check.finish(octets)
}

#[unsafe(no_mangle)]
extern "C" fn frame_parse(content: &[u8; FRAME_OCTETS_MAX], len: usize) -> u64 {
    match Frame::parse(content.get(..len).unwrap_or_default()) {
        Ok(frame) => {
            let header = frame.header.map_or(0, |header| u64::from(header.message));
            let length = frame.header.and_then(|header| header.length).unwrap_or(0);
            header ^ length ^ u64::from(frame.sequence.as_u8()) ^ u64::from(frame.is_last())
        }
        Err(
            ParseFrameError::Address
            | ParseFrameError::Control
            | ParseFrameError::Header
            | ParseFrameError::Octets,
        ) => 1,
        Err(ParseFrameError::Version(version)) => version.into(),
    }
}

#[unsafe(no_mangle)]
extern "C" fn anatomy_new(anatomy: &mut Anatomy) {
    *anatomy = Anatomy::new();
}

#[unsafe(no_mangle)]
extern "C" fn anatomy_feed(anatomy: &mut Anatomy, one: bool) -> u32 {
    let label = anatomy.feed(Bit::from_bool(one));
    label.octet.map_or(u32::MAX, u32::from)
}
