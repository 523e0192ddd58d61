//! Sender and receiver in memory.

use minitalk_core::frame::PAYLOAD_OCTETS_MAX;
use minitalk_core::receiver::Reply;
use minitalk_core::{Bit, Instant, Receiver, Sender};

/// Moves `octets` from one end to the other and returns how many arrived.
///
/// # Panics
///
/// If the sender does not accept the next piece after the one before has been accepted.
#[must_use]
pub fn transfer(octets: &[u8]) -> usize {
    let now = Instant::ZERO;
    let mut sender = Sender::new(1, None);
    let mut receiver = Receiver::new();
    let mut arrived = 0;
    let pieces = octets.chunks(PAYLOAD_OCTETS_MAX);
    let last = pieces.len().saturating_sub(1);
    for (index, piece) in pieces.enumerate() {
        sender.offer(piece, index == last).expect("the piece before has been accepted");
        let mut acks = Vec::<Bit>::with_capacity(2);
        loop {
            while let Some(bit) = sender.poll_transmit(now) {
                match receiver.handle_bit(bit) {
                    Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => acks.push(ack),
                    Reply::Frame => {
                        arrived += receiver.frame().map_or(0, |frame| frame.payload.len());
                        acks.extend(receiver.accept());
                    }
                    Reply::Ignored => {}
                }
            }
            for ack in acks.drain(..) {
                sender.handle_ack(ack, now);
            }
            if sender.poll_event().is_some() {
                break;
            }
        }
    }
    arrived
}
