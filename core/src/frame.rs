//! What is inside a frame: address, control, header, payload, check.
//!
//! ```text
//! octets   1        1         1         4            1..=10   1        0..=256   4        4
//!          address  control  [version   message no.  length]  octets   payload  [check]   FCS
//!          0xFF               only in the first frame          of the payload    only in the last
//! ```
//!
//! The control octet is that of an HDLC information frame (ISO/IEC 13239, 5.3): bit 0 is zero, bits
//! 1 to 3 are N(S), bit 4 is the final bit, set on the last frame of a message. This link never
//! numbers the other direction, so of the three bits of N(R) the lowest, bit 5, marks the first
//! frame of a message, bit 6 is the ninth bit of the number of octets, and bit 7 is zero. The
//! [FCS](crate::hdlc) belongs to the layer below; what it is XORed with is the link's.
//!
//! The normative text is `docs/protocol.md`, section "Frame".

use core::fmt;

use crate::hdlc::{FCS_OCTETS, Fcs};

/// The all-stations address every frame carries (RFC 1662, section 3.1).
pub const ADDRESS: u8 = 0xFF;

/// The version of the protocol that this crate speaks: the low four bits of the first octet of the
/// header.
pub const VERSION: u8 = 2;

/// The largest number of a content coding: the high four bits of the same octet.
pub const CODING_MAX: u8 = 15;

/// The largest number of payload octets in one frame.
pub const PAYLOAD_OCTETS_MAX: usize = 256;

/// The largest number of octets of address, control, header and the number of payload octets
/// together.
pub const HEADER_OCTETS_MAX: usize = 18;

/// Octets of the check at the end of a message.
pub(crate) const CHECK_OCTETS: usize = 4;

/// The largest number of octets between the flags of a frame that are not payload.
pub(crate) const OVERHEAD_OCTETS_MAX: usize = HEADER_OCTETS_MAX + CHECK_OCTETS + FCS_OCTETS;

/// Octets between the flags of a frame without header that are not payload, if it is the last one.
pub(crate) const LATER_OVERHEAD_OCTETS: usize = 3 + CHECK_OCTETS + FCS_OCTETS;

/// Octets of a header without its length.
const HEADER_FIXED_OCTETS: usize = 5;

/// The largest number of octets between the flags of a frame, FCS included.
pub const FRAME_OCTETS_MAX: usize = octets_for(PAYLOAD_OCTETS_MAX);

/// The largest number of octets between the flags of a frame with this many octets of payload, FCS
/// included: the `N` of [`Sender`](crate::Sender), [`Receiver`](crate::Receiver),
/// [`Place`](crate::exchange::Place) and [`Deframer`](crate::hdlc::Deframer).
///
/// ```
/// use minitalk_core::{Receiver, frame::octets_for};
///
/// // Both ends have agreed on frames of 32 octets: 58 octets of buffer instead of 282.
/// static RECEIVER: Receiver<{ octets_for(32) }> = Receiver::short();
/// ```
#[must_use]
pub const fn octets_for(payload_octets: usize) -> usize {
    payload_octets.saturating_add(OVERHEAD_OCTETS_MAX)
}

/// The largest number of payload octets in a frame with `octets` octets between its flags, of which
/// `overhead_octets` are not payload.
pub(crate) const fn payload_octets_max(octets: usize, overhead_octets: usize) -> usize {
    let octets = octets.saturating_sub(overhead_octets);
    if octets < PAYLOAD_OCTETS_MAX { octets } else { PAYLOAD_OCTETS_MAX }
}

/// Rejects at compile time an `N` that has no room for one octet of payload in a frame that is a
/// whole message of unknown length.
pub(crate) const fn assert_room(octets: usize) {
    let has_room = payload_octets_max(octets, OVERHEAD_OCTETS_MAX - LENGTH_OCTETS_MAX + 1) > 0;
    assert!(has_room, "N counts header and FCS: it is `frame::octets_for(payload)`");
}

/// The bit of the control octet that is set in the last frame of a message.
pub const FINAL: u8 = 0b0001_0000;
/// The bit of the control octet that is set in the first frame of a message.
pub const FIRST: u8 = 0b0010_0000;
/// The ninth bit of the number of payload octets.
pub(crate) const OCTETS_256: u8 = 0b0100_0000;
/// Bits that are zero in every frame of this version.
const ALWAYS_ZERO: u8 = 0b1000_0001;

/// The largest number of octets of a length: 64 bits, seven in each octet.
const LENGTH_OCTETS_MAX: usize = 10;

/// N(S): the number of a frame, modulo 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sequence(u8);

impl Sequence {
    /// The number of the first frame of every message.
    pub const FIRST: Self = Self(0);

    /// The number after this one: 7 is followed by 0.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1) & 0b111)
    }

    /// The number, 0 to 7.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self.0
    }
}

/// What the first frame of a message says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Header {
    /// How the content of the message is coded, 0 to [`CODING_MAX`]; 0 means not at all. Only the
    /// low four bits are sent.
    pub coding: u8,
    /// A random number that distinguishes this message from any other of the same process.
    pub message: u32,
    /// Total length in octets, if the sender knows it. [`u64::MAX`] cannot be expressed and is sent
    /// as "not known".
    pub length: Option<u64>,
}

/// The content of a frame, between its opening flag and its FCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Frame<'a> {
    /// N(S).
    pub sequence: Sequence,
    /// Present in the first frame of a message, and only there.
    pub header: Option<Header>,
    /// The octets of the message that this frame carries.
    pub payload: &'a [u8],
    /// Present in the last frame of a message, and only there: the [`Check`] of the whole message.
    pub check: Option<u32>,
}

/// Binds the frames of a message together: a CRC-32 over the FCS of each frame before the last and
/// the length of the message.
///
/// The FCS of a frame is a CRC of its octets, so this finds what a CRC over all octets of the
/// message would find, in a few steps for each frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Check {
    /// The FCS so far, as a number; 0 for no octets.
    value: u32,
}

impl Check {
    /// The check of a message of which no frame has been accepted.
    #[must_use]
    pub const fn new() -> Self {
        Self { value: 0 }
    }

    /// Adds a frame: its FCS before masking.
    pub fn update(&mut self, fcs: u32) {
        self.take(fcs.to_le_bytes());
    }

    /// The check that the last frame of a message of `octets` octets carries.
    #[must_use]
    pub fn finish(mut self, octets: u64) -> u32 {
        self.take(octets.to_le_bytes());
        self.value
    }

    fn take<const OCTETS: usize>(&mut self, octets: [u8; OCTETS]) {
        let mut fcs = Fcs::after(self.value);
        for octet in octets {
            fcs.update(octet);
        }
        self.value = fcs.value();
    }
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a sender sends a frame for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) enum Attempt {
    First,
    Repeated,
}

impl Attempt {
    /// What the FCS of a frame with this mask is XORed with: the mask or, if the frame is repeated,
    /// its complement.
    pub(crate) const fn mask(self, mask: u32) -> u32 {
        match self {
            Self::First => mask,
            Self::Repeated => !mask,
        }
    }

    /// What a register that holds `residue` after a frame says about the attempt, if its FCS is
    /// good.
    pub(crate) fn of(residue: Fcs, mask: u32) -> Option<Self> {
        let first = Fcs::residue(mask);
        if residue == first {
            Some(Self::First)
        } else if residue == first.complemented() {
            Some(Self::Repeated)
        } else {
            None
        }
    }
}

/// Why the content of a frame with a good FCS could not be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ParseFrameError {
    /// The address is not [`ADDRESS`].
    Address,
    /// The control octet is not that of an information frame of this protocol, or gives the first
    /// frame of a message a number other than 0.
    Control,
    /// The frame says that it begins a message, but its header is incomplete, or its length is not
    /// written in as few octets as possible.
    Header,
    /// The frame has more or fewer octets than it says.
    Octets,
    /// The header names a version that this crate does not speak.
    Version(u8),
}

impl fmt::Display for ParseFrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("frame address is not 0xff"),
            Self::Control => f.write_str("frame is not an information frame"),
            Self::Header => f.write_str("frame header is malformed"),
            Self::Octets => f.write_str("frame has another length than it says"),
            Self::Version(version) => write!(f, "frame has protocol version {version}"),
        }
    }
}

impl core::error::Error for ParseFrameError {}

/// The buffer given for the content of a frame cannot hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EncodeFrameError;

impl fmt::Display for EncodeFrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("frame does not fit its buffer")
    }
}

impl core::error::Error for EncodeFrameError {}

impl<'a> Frame<'a> {
    /// Whether the message ends with this frame.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.check.is_some()
    }

    /// Reads the content of a frame, FCS already removed.
    ///
    /// # Errors
    ///
    /// [`ParseFrameError`]; no part of such a frame may be used.
    pub fn parse(content: &'a [u8]) -> Result<Self, ParseFrameError> {
        let [address, control, rest @ ..] = content else {
            return Err(ParseFrameError::Address);
        };
        if *address != ADDRESS {
            return Err(ParseFrameError::Address);
        }
        let sequence = Sequence((control >> 1) & 0b111);
        let is_first = control & FIRST != 0;
        if control & ALWAYS_ZERO != 0 || is_first && sequence != Sequence::FIRST {
            return Err(ParseFrameError::Control);
        }
        let (header, rest) = if is_first {
            let (header, rest) = Header::parse(rest)?;
            (Some(header), rest)
        } else {
            (None, rest)
        };
        let (&octets, rest) = rest.split_first().ok_or(ParseFrameError::Octets)?;
        let octets = match (control & OCTETS_256 != 0, octets) {
            (false, octets) => usize::from(octets),
            (true, 0) => PAYLOAD_OCTETS_MAX,
            (true, _) => return Err(ParseFrameError::Octets),
        };
        let (payload, rest) = rest.split_at_checked(octets).ok_or(ParseFrameError::Octets)?;
        let check = match (control & FINAL != 0, rest) {
            (false, []) => None,
            (true, &[c0, c1, c2, c3]) => Some(u32::from_le_bytes([c0, c1, c2, c3])),
            (_, _) => return Err(ParseFrameError::Octets),
        };
        Ok(Self { sequence, header, payload, check })
    }

    /// Writes the content of this frame to the beginning of `octets`. Returns the number of octets
    /// written.
    ///
    /// # Errors
    ///
    /// [`EncodeFrameError`] if there is not enough room; `octets` then hold part of the frame.
    pub(crate) fn encode(&self, octets: &mut [u8]) -> Result<usize, EncodeFrameError> {
        let room = octets.len();
        let [low, more, ..] = self.payload.len().to_le_bytes();
        let mut control = self.sequence.0 << 1;
        if self.is_last() {
            control |= FINAL;
        }
        if self.header.is_some() {
            control |= FIRST;
        }
        if more != 0 {
            control |= OCTETS_256;
        }
        let mut rest = append(octets, &[ADDRESS, control])?;
        if let Some(header) = self.header {
            rest = header.encode(rest)?;
        }
        rest = append(rest, &[low])?;
        rest = append(rest, self.payload)?;
        if let Some(check) = self.check {
            rest = append(rest, &check.to_le_bytes())?;
        }
        Ok(room.saturating_sub(rest.len()))
    }
}

impl Header {
    /// The number of octets that it takes.
    pub(crate) fn octets(self) -> usize {
        let bits = u64::BITS.saturating_sub(self.length_plus_one().leading_zeros());
        let octets = usize::try_from(bits).unwrap_or(0).div_ceil(7).max(1);
        octets.saturating_add(HEADER_FIXED_OCTETS)
    }

    /// Zero means "not known", so a known length is sent plus one.
    fn length_plus_one(self) -> u64 {
        self.length.and_then(|length| length.checked_add(1)).unwrap_or(0)
    }

    fn parse(octets: &[u8]) -> Result<(Self, &[u8]), ParseFrameError> {
        let [version, rest @ ..] = octets else {
            return Err(ParseFrameError::Header);
        };
        if version & 0x0F != VERSION {
            return Err(ParseFrameError::Version(version & 0x0F));
        }
        let [m0, m1, m2, m3, rest @ ..] = rest else {
            return Err(ParseFrameError::Header);
        };
        let (length_plus_one, rest) = parse_varint(rest).ok_or(ParseFrameError::Header)?;
        let header = Self {
            coding: version >> 4,
            message: u32::from_le_bytes([*m0, *m1, *m2, *m3]),
            length: length_plus_one.checked_sub(1),
        };
        Ok((header, rest))
    }

    fn encode(self, octets: &mut [u8]) -> Result<&mut [u8], EncodeFrameError> {
        let rest = append(octets, &[VERSION | self.coding << 4])?;
        let mut rest = append(rest, &self.message.to_le_bytes())?;
        let mut length = self.length_plus_one();
        loop {
            let low = length.to_le_bytes()[0] & 0x7F;
            length >>= 7;
            let more = if length == 0 { 0 } else { 0x80 };
            rest = append(rest, &[low | more])?;
            if length == 0 {
                return Ok(rest);
            }
        }
    }
}

/// Writes `octets` to the beginning of `rest`, and returns what comes after them.
fn append<'a>(rest: &'a mut [u8], octets: &[u8]) -> Result<&'a mut [u8], EncodeFrameError> {
    let (written, after) = rest.split_at_mut_checked(octets.len()).ok_or(EncodeFrameError)?;
    written.copy_from_slice(octets);
    Ok(after)
}

/// Reads an unsigned LEB128 number of at most ten octets: seven bits in each octet, the least
/// significant first, the high bit set in all but the last (DWARF 5, section 7.6). A number in more
/// octets than necessary is refused.
fn parse_varint(octets: &[u8]) -> Option<(u64, &[u8])> {
    // Not `position`, which counts with a check that the linker cannot remove.
    let is_last = |place| octets.get(place).is_some_and(|octet| octet & 0x80 == 0);
    let end = (0..LENGTH_OCTETS_MAX).find(|&place| is_last(place))?;
    let (more, rest) = octets.split_at_checked(end)?;
    let (&highest, rest) = rest.split_first()?;
    let is_padded = highest == 0 && !more.is_empty();
    // The first nine octets hold 63 of the 64 bits; the tenth holds one.
    let is_too_large = more.len() == LENGTH_OCTETS_MAX.saturating_sub(1) && highest > 1;
    if is_padded || is_too_large {
        return None;
    }
    // Starting with the most significant: shifts by a constant are cheap where registers have 32
    // bits.
    let value = more
        .iter()
        .rev()
        .fold(u64::from(highest), |value, octet| value << 7 | u64::from(octet & 0x7F));
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const HEADER: Header = Header { coding: 0, message: 0xDEAD_BEEF, length: None };

    fn encoded(frame: Frame<'_>) -> Vec<u8> {
        let mut content = std::vec![0; FRAME_OCTETS_MAX];
        let len = frame.encode(&mut content).unwrap();
        content.truncate(len);
        let mut just_enough = std::vec![0; len];
        assert_eq!(frame.encode(&mut just_enough), Ok(len));
        assert_eq!(frame.encode(&mut just_enough[1..]), Err(EncodeFrameError));
        content
    }

    #[test]
    fn what_was_encoded_is_parsed_again() {
        let lengths =
            [None, Some(0), Some(1), Some(126), Some(127), Some(1 << 40), Some(u64::MAX - 1)];
        for (coding, length) in (0..).zip(lengths) {
            for check in [None, Some(0x1234_5678)] {
                for octets in [0, 1, 3, 255, 256] {
                    let payload = &[0x7E; PAYLOAD_OCTETS_MAX][..octets];
                    let header = Some(Header { coding, length, ..HEADER });
                    let first = Frame { sequence: Sequence::FIRST, header, payload, check };
                    assert_eq!(Frame::parse(&encoded(first)), Ok(first));
                    for sequence in 0..8 {
                        let frame = Frame { sequence: Sequence(sequence), header: None, ..first };
                        assert_eq!(Frame::parse(&encoded(frame)), Ok(frame));
                    }
                }
            }
        }
    }

    #[test]
    fn the_layout_is_the_one_documented() {
        let header = Some(Header { coding: 3, message: 0x0403_0201, length: Some(300) });
        let check = Some(0x0807_0605);
        let frame = Frame { sequence: Sequence::FIRST, header, payload: b"hi", check };
        // 300 + 1 = 0b10_0101101
        let expected =
            [0xFF, 0b0011_0000, 0x32, 1, 2, 3, 4, 0b1010_1101, 0b10, 2, b'h', b'i', 5, 6, 7, 8];
        assert_eq!(encoded(frame), expected);
        let frame = Frame { sequence: Sequence(5), header: None, check: None, ..frame };
        assert_eq!(encoded(frame), [0xFF, 0b0000_1010, 2, b'h', b'i']);
        let frame = Frame { payload: &[7; 256], ..frame };
        assert_eq!(encoded(frame)[..4], [0xFF, 0b0100_1010, 0, 7]);
    }

    #[test]
    fn the_largest_frame_fits_the_largest_buffer_exactly() {
        let header = Some(Header { length: Some(u64::MAX - 1), ..HEADER });
        let (payload, check) = (&[0xA5; PAYLOAD_OCTETS_MAX], Some(0));
        let frame = Frame { sequence: Sequence::FIRST, header, payload, check };
        assert_eq!(encoded(frame).len() + FCS_OCTETS, FRAME_OCTETS_MAX);
    }

    #[test]
    fn every_short_content_is_parsed_or_refused_and_never_panics() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let content = [first, second];
                for length in 0..=2 {
                    let _ = Frame::parse(&content[..length]);
                }
            }
        }
        assert_eq!(Frame::parse(&[0xFE, 0]), Err(ParseFrameError::Address));
        assert_eq!(Frame::parse(&[0xFF, 1]), Err(ParseFrameError::Control));
        assert_eq!(Frame::parse(&[0xFF, 0x80]), Err(ParseFrameError::Control));
        assert_eq!(Frame::parse(&[0xFF, FIRST]), Err(ParseFrameError::Header));
        assert_eq!(Frame::parse(&[0xFF, FIRST, 1]), Err(ParseFrameError::Version(1)));
        assert_eq!(Frame::parse(&[0xFF, FIRST, 0xF3]), Err(ParseFrameError::Version(3)));
        assert_eq!(Frame::parse(&[0xFF, FIRST, 2, 0, 0, 0, 0]), Err(ParseFrameError::Header));
        assert_eq!(Frame::parse(&[0xFF, FIRST, 2, 0, 0, 0, 0, 0]), Err(ParseFrameError::Octets));
        assert_eq!(Frame::parse(&[0xFF, 0]), Err(ParseFrameError::Octets));
    }

    #[test]
    fn a_frame_with_an_octet_more_or_less_than_it_says_is_none() {
        for (header, check) in
            [(None, None), (None, Some(7)), (Some(HEADER), None), (Some(HEADER), Some(7))]
        {
            for octets in [0, 1, 5, 255, 256] {
                let payload = &[0x3E; PAYLOAD_OCTETS_MAX][..octets];
                let frame = Frame { sequence: Sequence::FIRST, header, payload, check };
                let mut content = encoded(frame);
                content.push(0);
                assert_eq!(Frame::parse(&content), Err(ParseFrameError::Octets));
                let before = content.len() - octets - 2 - if check.is_some() { 4 } else { 0 };
                for shorter in before..content.len() - 1 {
                    let parsed = Frame::parse(&content[..shorter]);
                    assert_eq!(parsed, Err(ParseFrameError::Octets), "{octets} {shorter}");
                }
            }
        }
        let beyond = [0xFF, OCTETS_256, 1].into_iter().chain([0; 257]).collect::<Vec<_>>();
        assert_eq!(Frame::parse(&beyond), Err(ParseFrameError::Octets));
    }

    /// The content of a first frame whose length is written in these octets.
    fn with_length(control: u8, length: &[u8]) -> Vec<u8> {
        let mut content = std::vec![ADDRESS, control, VERSION, 0, 0, 0, 0];
        content.extend(length);
        content.push(0);
        content
    }

    #[test]
    fn a_length_that_does_not_fit_64_bits_is_refused() {
        let nine = |tenth: &[u8]| [&[0xFF; 9], tenth].concat();
        let parsed = |length: &[u8]| {
            Frame::parse(&with_length(FIRST, length)).map(|frame| frame.header.unwrap().length)
        };
        assert_eq!(parsed(&nine(&[0x01])), Ok(Some(u64::MAX - 1)));
        for tenth in [&[0x02][..], &[0x7F], &[0x80, 0x00], &[0x81, 0x00], &[0xFF, 0x01]] {
            assert_eq!(parsed(&nine(tenth)), Err(ParseFrameError::Header));
        }
    }

    #[test]
    fn a_header_has_one_spelling() {
        let parsed =
            |content: &[u8]| Frame::parse(content).map(|frame| frame.header.unwrap().length);
        assert_eq!(parsed(&with_length(FIRST, &[0])), Ok(None));
        assert_eq!(parsed(&with_length(FIRST, &[0x81, 0x01])), Ok(Some(128)));
        for padded in [&[0x80, 0x00][..], &[0x81, 0x00], &[0x81, 0x80, 0x00]] {
            assert_eq!(parsed(&with_length(FIRST, padded)), Err(ParseFrameError::Header));
        }
        for sequence in 1..8 {
            let numbered = with_length(FIRST | sequence << 1, &[0]);
            assert_eq!(parsed(&numbered), Err(ParseFrameError::Control));
        }
    }

    #[test]
    fn a_length_that_cannot_be_sent_is_not_known() {
        let header = Some(Header { length: Some(u64::MAX), ..HEADER });
        let frame = Frame { sequence: Sequence::FIRST, header, payload: &[], check: None };
        assert_eq!(Frame::parse(&encoded(frame)), Ok(Frame { header: Some(HEADER), ..frame }));
    }

    #[test]
    fn a_check_depends_on_every_frame_on_their_order_and_on_the_length() {
        let check = |frames: &[u32], octets| {
            let mut check = Check::new();
            for &fcs in frames {
                check.update(fcs);
            }
            check.finish(octets)
        };
        let all = [
            check(&[], 0),
            check(&[], 1),
            check(&[1], 1),
            check(&[1, 2], 1),
            check(&[2, 1], 1),
            check(&[1, 2], 1 << 40),
            check(&[1, 2, 2], 1),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one), "{all:08x?}");
        }
        // The CRC-32 of eight zeros.
        assert_eq!(all[0], 0x6522_DF69);
    }

    #[test]
    fn sequence_numbers_wrap_after_seven() {
        let mut sequence = Sequence::FIRST;
        for expected in [1, 2, 3, 4, 5, 6, 7, 0, 1] {
            sequence = sequence.next();
            assert_eq!(sequence.as_u8(), expected);
        }
    }
}
