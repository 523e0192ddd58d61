//! The two halves of a framed link, and how it is distinguished from a classic one.

use minitalk_core::detect::{Detection, Detector};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::receiver::Reply;
use minitalk_core::sender::{Event, OfferError, Phase};
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender};

use super::code;

type Receive = Receiver;
type Send = Sender;

#[unsafe(no_mangle)]
extern "C" fn detector_of_any_dialect(detector: &mut Detector) -> bool {
    *detector = Detector::of_any_dialect();
    detector.has_frame_begun()
}

#[unsafe(no_mangle)]
extern "C" fn detector_feed(detector: &mut Detector, one: bool) -> u32 {
    match detector.feed(Bit::from_bool(one)) {
        Detection::Undecided => 0,
        Detection::Classic => 1,
        Detection::Framed => 2,
    }
}

#[unsafe(no_mangle)]
extern "C" fn receiver_new(receiver: &mut Receive) {
    *receiver = Receiver::new();
}

#[unsafe(no_mangle)]
extern "C" fn receiver_after_ack(receiver: &mut Receive, one: bool) -> u32 {
    *receiver = Receiver::after_ack(Bit::from_bool(one));
    receiver.counters().accepted
}

#[unsafe(no_mangle)]
extern "C" fn receiver_handle_bit(receiver: &mut Receive, one: bool) -> u32 {
    match receiver.handle_bit(Bit::from_bool(one)) {
        Reply::Acknowledge(ack) => code(Some(ack)),
        Reply::VerdictComplete(ack) => 4 | code(Some(ack)),
        Reply::Frame => 8,
        Reply::Ignored => 9,
    }
}

#[unsafe(no_mangle)]
extern "C" fn receiver_frame(receiver: &Receive) -> u64 {
    receiver.frame().map_or(0, |frame| {
        let first = frame.payload.first().copied().unwrap_or(0);
        frame.offset ^ frame.length.unwrap_or(0) ^ u64::from(first) ^ u64::from(frame.last)
    })
}

#[unsafe(no_mangle)]
extern "C" fn receiver_accept(receiver: &mut Receive) -> u32 {
    code(receiver.accept())
}

#[unsafe(no_mangle)]
extern "C" fn receiver_refuse(receiver: &mut Receive) -> u32 {
    code(receiver.refuse(RefusalReason::OutputFailed))
}

#[unsafe(no_mangle)]
extern "C" fn receiver_octets_at_risk(receiver: &Receive) -> u64 {
    receiver.octets_at_risk().unwrap_or(u64::MAX)
}

#[unsafe(no_mangle)]
extern "C" fn sender_new(sender: &mut Send, message: u32, coding: u8) {
    *sender = Sender::new(message, None).with_coding(coding);
}

#[unsafe(no_mangle)]
extern "C" fn sender_without_pairs(sender: &mut Send, message: u32) {
    *sender = Sender::new(message, None).without_pairs();
}

#[unsafe(no_mangle)]
extern "C" fn sender_postpone(sender: &mut Send, now_micros: u64, micros: u64) {
    sender.postpone(Instant::from_micros(now_micros), micros);
}

#[unsafe(no_mangle)]
extern "C" fn sender_state(sender: &Send) -> u64 {
    let is_any = sender.doubt().is_some()
        || sender.is_ready()
        || sender.is_outcome_unknown()
        || sender.is_answer_due()
        || sender.is_last()
        || sender.phase() == Phase::Quiet;
    sender.progress() ^ sender.statistics().bits ^ u64::from(is_any)
}

#[unsafe(no_mangle)]
extern "C" fn sender_offer(
    sender: &mut Send,
    octets: &[u8; FRAME_OCTETS_MAX],
    len: usize,
    last: bool,
) -> u32 {
    match sender.offer(octets.get(..len).unwrap_or_default(), last) {
        Ok(()) => 0,
        Err(OfferError::NotReady) => 1,
        Err(OfferError::TooLong { octets_max }) => u32::try_from(octets_max).unwrap_or(u32::MAX),
    }
}

#[unsafe(no_mangle)]
extern "C" fn sender_lookahead(sender: &Send, one: bool) -> u32 {
    super::next(sender.lookahead(), one)
}

#[unsafe(no_mangle)]
extern "C" fn sender_handle_ack(sender: &mut Send, one: bool, micros: u64) {
    sender.handle_ack(Bit::from_bool(one), Instant::from_micros(micros));
}

#[unsafe(no_mangle)]
extern "C" fn sender_handle_timeout(sender: &mut Send, micros: u64) -> u64 {
    sender.handle_timeout(Instant::from_micros(micros));
    sender.poll_timeout().map_or(0, Instant::as_micros)
}

#[unsafe(no_mangle)]
extern "C" fn sender_restart_timeout(sender: &mut Send, micros: u64) {
    sender.restart_timeout(Instant::from_micros(micros));
}

#[unsafe(no_mangle)]
extern "C" fn sender_poll_transmit(sender: &mut Send, micros: u64) -> u32 {
    code(sender.poll_transmit(Instant::from_micros(micros)))
}

#[unsafe(no_mangle)]
extern "C" fn sender_poll_event(sender: &mut Send) -> u32 {
    match sender.poll_event() {
        None => 0,
        Some(Event::Accepted { octets, last }) => {
            u32::try_from(octets).unwrap_or(u32::MAX) ^ u32::from(last)
        }
        Some(Event::Refused(reason)) => reason.map_or(1, |reason| reason.code().into()),
        Some(Event::NotFramed) => 2,
        Some(Event::Aborted) => 3,
        Some(Event::NotAccepted) => 4,
    }
}

#[unsafe(no_mangle)]
extern "C" fn sender_abort(sender: &mut Send) {
    sender.abort();
}

#[unsafe(no_mangle)]
extern "C" fn refusal_reason_from_spelled(symbols: u16) -> u32 {
    RefusalReason::from_spelled(symbols).map_or(0, |reason| reason.code().into())
}
