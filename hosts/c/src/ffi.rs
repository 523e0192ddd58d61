//! The functions of the header. All `unsafe` code of this crate is here: in C, octets can only be
//! passed as a pointer and a number.

use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;

use minitalk_core::classic::{Decoded, Decoder, Dialect, Encoder};
use minitalk_core::frame::{FRAME_OCTETS_MAX, PAYLOAD_OCTETS_MAX};
use minitalk_core::hdlc::{Deframed, FCS16_OCTETS, Fcs16, FeedError, Framer};
use minitalk_core::receiver::Reply;
use minitalk_core::sender::{Event, OfferError};
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender, hdlc};

use crate::header::{defined, octets};

/// Defines types for which C provides the memory, as large as the header says, and checks the
/// sizes.
macro_rules! objects {
    ($($name:ident: $type:ty, $octets:literal;)*) => {$(
        #[expect(non_camel_case_types, reason = "its name in C")]
        pub type $name = $type;
        const _: () = assert!(size_of::<$type>() <= octets($octets), $octets);
        const _: () = assert!(align_of::<$type>() <= align_of::<u64>());
    )*};
}

objects! {
    minitalk_deframer: hdlc::Deframer, "MINITALK_DEFRAMER_OCTETS";
    minitalk_framer: Framer<'static>, "MINITALK_FRAMER_OCTETS";
    minitalk_deframer16: hdlc::Deframer<N16, Fcs16>, "MINITALK_DEFRAMER16_OCTETS";
    minitalk_framer16: Framer<'static, Fcs16>, "MINITALK_FRAMER16_OCTETS";
    minitalk_decoder: Decoder, "MINITALK_DECODER_OCTETS";
    minitalk_encoder: Encoder<'static>, "MINITALK_ENCODER_OCTETS";
    minitalk_receiver: Receiver, "MINITALK_RECEIVER_OCTETS";
    minitalk_sender: Sender, "MINITALK_SENDER_OCTETS";
}

/// The octets between two flags of a frame with a 16-bit FCS.
const N16: usize = octets("MINITALK_CONTENT16_OCTETS_MAX") + FCS16_OCTETS;

/// The numbers of the header.
macro_rules! numbers {
    ($($name:ident = $text:literal;)*) => {$(const $name: i32 = defined($text);)*};
}

numbers! {
    NOTHING = "MINITALK_NOTHING";
    PENDING = "MINITALK_PENDING";
    FLAG = "MINITALK_FLAG";
    FRAME = "MINITALK_FRAME";
    ABORTED = "MINITALK_ABORTED";
    BAD_FCS = "MINITALK_BAD_FCS";
    TOO_LONG = "MINITALK_TOO_LONG";
    NOISE = "MINITALK_NOISE";
    PART = "MINITALK_PART";
    END = "MINITALK_END";
    LAST = "MINITALK_LAST";
    EVENT_ACCEPTED = "MINITALK_EVENT_ACCEPTED";
    EVENT_DELIVERED = "MINITALK_EVENT_DELIVERED";
    EVENT_REFUSED = "MINITALK_EVENT_REFUSED";
    EVENT_NOT_FRAMED = "MINITALK_EVENT_NOT_FRAMED";
    EVENT_NOT_ACCEPTED = "MINITALK_EVENT_NOT_ACCEPTED";
    EVENT_ABORTED = "MINITALK_EVENT_ABORTED";
    OFFER_NOT_READY = "MINITALK_OFFER_NOT_READY";
    OFFER_TOO_LONG = "MINITALK_OFFER_TOO_LONG";
}

const UNKNOWN: u64 = u64::MAX;

const _: () = {
    assert!(defined("MINITALK_ZERO") == 0 && defined("MINITALK_ONE") == 1);
    assert!(octets("MINITALK_CONTENT_OCTETS_MAX") + hdlc::FCS_OCTETS == FRAME_OCTETS_MAX);
    assert!(octets("MINITALK_PAYLOAD_OCTETS_MAX") == PAYLOAD_OCTETS_MAX);
    let reasons = [
        (RefusalReason::TooLong, defined("MINITALK_REASON_TOO_LONG")),
        (RefusalReason::OutputFailed, defined("MINITALK_REASON_OUTPUT_FAILED")),
        (RefusalReason::ShuttingDown, defined("MINITALK_REASON_SHUTTING_DOWN")),
        (RefusalReason::Version, defined("MINITALK_REASON_VERSION")),
        (RefusalReason::OutOfSequence, defined("MINITALK_REASON_OUT_OF_SEQUENCE")),
        (RefusalReason::Stalled, defined("MINITALK_REASON_STALLED")),
        (RefusalReason::Coding, defined("MINITALK_REASON_CODING")),
        (RefusalReason::Mismatch, defined("MINITALK_REASON_MISMATCH")),
    ];
    assert!(reasons.len() == RefusalReason::ALL.len());
    let mut place = 0;
    while place < reasons.len() {
        assert!(reasons[place].0.code() as i32 == reasons[place].1);
        place += 1;
    }
};

fn bit(bit: Option<Bit>) -> i32 {
    bit.map_or(NOTHING, |bit| i32::from(bit.is_one()))
}

/// The octets that C passes.
///
/// # Safety
///
/// `start` is null, or `count` octets from there are readable and do not change for `'a`.
unsafe fn slice<'a>(start: *const u8, count: usize) -> &'a [u8] {
    if start.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: promised by the caller.
    unsafe { core::slice::from_raw_parts(start, count) }
}

/// The dialect that C names.
///
/// # Safety
///
/// `words` is null, or begins a string that ends with a NUL.
unsafe fn dialect(words: *const c_char) -> Option<Dialect> {
    if words.is_null() {
        return Some(Dialect::DEFAULT);
    }
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(words) }.to_str().ok()?.parse().ok()
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_deframer_init(deframer: &mut MaybeUninit<minitalk_deframer>) {
    deframer.write(hdlc::Deframer::new());
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_deframer_feed(deframer: &mut minitalk_deframer, one: bool) -> i32 {
    deframed(deframer.feed(Bit::from_bool(one)))
}

fn deframed(result: Result<Deframed<'_>, FeedError>) -> i32 {
    match result {
        Ok(Deframed::Pending) => PENDING,
        Ok(Deframed::Flag) => FLAG,
        Ok(Deframed::Frame(_)) => FRAME,
        Err(FeedError::Aborted) => ABORTED,
        Err(FeedError::BadFcs) => BAD_FCS,
        Err(FeedError::TooLong) => TOO_LONG,
        Err(FeedError::Noise) => NOISE,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_deframer_frame(
    deframer: &minitalk_deframer,
    octets: &mut usize,
) -> *const u8 {
    handed_over(deframer.frame(), octets)
}

fn handed_over(content: Option<&[u8]>, octets: &mut usize) -> *const u8 {
    *octets = content.map_or(0, <[u8]>::len);
    content.map_or(core::ptr::null(), <[u8]>::as_ptr)
}

/// # Safety
///
/// See `content` in the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn minitalk_framer_init(
    framer: &mut MaybeUninit<minitalk_framer>,
    content: *const u8,
    octets: usize,
    opening_flag: bool,
) {
    // SAFETY: the header requires octets that stay in place while the framer is used.
    framer.write(unsafe { framed(content, octets, opening_flag) });
}

/// # Safety
///
/// See [`slice`].
unsafe fn framed(content: *const u8, octets: usize, opening_flag: bool) -> Framer<'static> {
    // SAFETY: promised by the caller.
    let content = unsafe { slice(content, octets) };
    if opening_flag { Framer::new(content) } else { Framer::without_opening_flag(content) }
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_framer_next(framer: &mut minitalk_framer) -> i32 {
    bit(framer.next())
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_deframer16_init(deframer: &mut MaybeUninit<minitalk_deframer16>) {
    deframer.write(hdlc::Deframer::new());
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_deframer16_feed(deframer: &mut minitalk_deframer16, one: bool) -> i32 {
    deframed(deframer.feed(Bit::from_bool(one)))
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_deframer16_frame(
    deframer: &minitalk_deframer16,
    octets: &mut usize,
) -> *const u8 {
    handed_over(deframer.frame(), octets)
}

/// # Safety
///
/// See `content` in the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn minitalk_framer16_init(
    framer: &mut MaybeUninit<minitalk_framer16>,
    content: *const u8,
    octets: usize,
    opening_flag: bool,
) {
    // SAFETY: the header requires octets that stay in place while the framer is used.
    framer.write(unsafe { framed(content, octets, opening_flag) }.checked_by());
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_framer16_next(framer: &mut minitalk_framer16) -> i32 {
    bit(framer.next())
}

/// # Safety
///
/// See `words` in the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn minitalk_decoder_init(
    decoder: &mut MaybeUninit<minitalk_decoder>,
    words: *const c_char,
) -> bool {
    // SAFETY: the header requires a string, or null.
    let dialect = unsafe { dialect(words) };
    decoder.write(Decoder::new(dialect.unwrap_or(Dialect::DEFAULT)));
    dialect.is_some()
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_decoder_feed(decoder: &mut minitalk_decoder, one: bool) -> i32 {
    match decoder.feed(Bit::from_bool(one)) {
        Decoded::Byte(byte) => byte.into(),
        Decoded::LastByte(byte) => LAST | i32::from(byte),
        Decoded::Pending => NOTHING,
        Decoded::Empty | Decoded::Nul | Decoded::Lead { is_empty: true, .. } => END,
        Decoded::PrefixByte
        | Decoded::Length(_)
        | Decoded::Lead { is_empty: false, .. }
        | Decoded::Surplus => PART,
    }
}

/// # Safety
///
/// See `words` and `text` in the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn minitalk_encoder_init(
    encoder: &mut MaybeUninit<minitalk_encoder>,
    words: *const c_char,
    text: *const u8,
    octets: usize,
) -> bool {
    // SAFETY: the header requires a string, or null, and octets that stay in place while the
    // encoder is used.
    let (dialect, text) = unsafe { (dialect(words), slice(text, octets)) };
    match dialect.map(|dialect| Encoder::new(dialect, text)) {
        Some(Ok(new)) => {
            encoder.write(new);
            true
        }
        Some(Err(_)) | None => false,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_encoder_next(encoder: &mut minitalk_encoder) -> i32 {
    bit(encoder.next())
}

/// A frame that waits for an answer, with the layout of the header.
#[repr(C)]
pub struct minitalk_received {
    payload: *const u8,
    octets: usize,
    offset: u64,
    length: u64,
    first: bool,
    last: bool,
    coding: u8,
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_receiver_init(receiver: &mut MaybeUninit<minitalk_receiver>) {
    receiver.write(Receiver::new());
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_receiver_handle_bit(receiver: &mut minitalk_receiver, one: bool) -> i32 {
    match receiver.handle_bit(Bit::from_bool(one)) {
        Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => bit(Some(ack)),
        Reply::Frame => FRAME,
        Reply::Ignored => NOTHING,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_receiver_frame(
    receiver: &minitalk_receiver,
    frame: &mut MaybeUninit<minitalk_received>,
) -> bool {
    let Some(whole) = receiver.frame() else { return false };
    frame.write(minitalk_received {
        payload: whole.payload.as_ptr(),
        octets: whole.payload.len(),
        offset: whole.offset,
        length: whole.length.unwrap_or(UNKNOWN),
        first: whole.first,
        last: whole.last,
        coding: whole.coding,
    });
    true
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_receiver_accept(receiver: &mut minitalk_receiver) -> i32 {
    bit(receiver.accept())
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_receiver_refuse(receiver: &mut minitalk_receiver, reason: u8) -> i32 {
    let known = RefusalReason::ALL.into_iter().find(|known| known.code() == reason);
    bit(receiver.refuse(known.unwrap_or(RefusalReason::OutputFailed)))
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_sender_init(
    sender: &mut MaybeUninit<minitalk_sender>,
    message: u32,
    length: u64,
) {
    sender.write(Sender::new(message, Some(length).filter(|&length| length != UNKNOWN)));
}

/// # Safety
///
/// See `payload` in the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn minitalk_sender_offer(
    sender: &mut minitalk_sender,
    payload: *const u8,
    octets: usize,
    last: bool,
) -> i32 {
    // SAFETY: the header requires this many octets; they are copied before this returns.
    match sender.offer(unsafe { slice(payload, octets) }, last) {
        Ok(()) => 0,
        Err(OfferError::NotReady) => OFFER_NOT_READY,
        Err(OfferError::TooLong { .. }) => OFFER_TOO_LONG,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_sender_poll_transmit(
    sender: &mut minitalk_sender,
    now_micros: u64,
) -> i32 {
    bit(sender.poll_transmit(Instant::from_micros(now_micros)))
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_sender_poll_event(
    sender: &mut minitalk_sender,
    reason: Option<&mut u8>,
) -> i32 {
    match sender.poll_event() {
        None => NOTHING,
        Some(Event::Accepted { last: false, .. }) => EVENT_ACCEPTED,
        Some(Event::Accepted { last: true, .. }) => EVENT_DELIVERED,
        Some(Event::Refused(why)) => {
            if let Some(reason) = reason {
                *reason = why.map_or(0, RefusalReason::code);
            }
            EVENT_REFUSED
        }
        Some(Event::NotFramed) => EVENT_NOT_FRAMED,
        Some(Event::NotAccepted) => EVENT_NOT_ACCEPTED,
        Some(Event::Aborted) => EVENT_ABORTED,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_sender_poll_timeout(sender: &minitalk_sender) -> u64 {
    sender.poll_timeout().map_or(UNKNOWN, Instant::as_micros)
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_sender_handle_timeout(sender: &mut minitalk_sender, now_micros: u64) {
    sender.handle_timeout(Instant::from_micros(now_micros));
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_sender_handle_ack(
    sender: &mut minitalk_sender,
    one: bool,
    now_micros: u64,
) {
    sender.handle_ack(Bit::from_bool(one), Instant::from_micros(now_micros));
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_sender_abort(sender: &mut minitalk_sender) {
    sender.abort();
}

#[unsafe(no_mangle)]
pub extern "C" fn minitalk_sender_progress(sender: &minitalk_sender) -> u64 {
    sender.progress()
}
