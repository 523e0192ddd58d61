//! A message over a link that loses every 3,001st symbol in each direction: it arrives
//! nevertheless.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::panic,
    reason = "a program may panic; the library does not"
)]

use minitalk_core::frame::PAYLOAD_OCTETS_MAX;
use minitalk_core::receiver::Reply;
use minitalk_core::sender::Event;
use minitalk_core::{Bit, Instant, Receiver, Sender};

/// Lets all symbols through except every 3,001st.
struct Line(u32);

impl Line {
    fn carry(&mut self, bit: Bit) -> Option<Bit> {
        self.0 += 1;
        Some(bit).filter(|_| !self.0.is_multiple_of(3_001))
    }
}

fn main() {
    let text = "All that was sent has arrived, once and in order. ".repeat(40);
    let mut pieces = text.as_bytes().chunks(PAYLOAD_OCTETS_MAX);
    let mut sender = Sender::new(0x5EED, Some(text.len() as u64));
    let mut receiver = Receiver::new();
    let (mut there, mut back) = (Line(0), Line(0));
    let (mut now, mut arrived) = (Instant::ZERO, Vec::new());
    while let Some(piece) = pieces.next() {
        let last = pieces.len() == 0;
        sender.offer(piece, last).expect("a ready sender takes a piece");
        loop {
            while let Some(bit) = sender.poll_transmit(now).and_then(|bit| there.carry(bit)) {
                let ack = match receiver.handle_bit(bit) {
                    Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => Some(ack),
                    Reply::Frame => {
                        arrived.extend_from_slice(receiver.frame().expect("it waits").payload);
                        receiver.accept()
                    }
                    Reply::Ignored => None,
                };
                if let Some(ack) = ack.and_then(|ack| back.carry(ack)) {
                    sender.handle_ack(ack, now);
                }
            }
            match sender.poll_event() {
                Some(Event::Accepted { .. }) => break,
                Some(event) => panic!("{event:?}"),
                None => {}
            }
            // A symbol was lost: time passes, and the bits in flight are sent again.
            if let Some(deadline) = sender.poll_timeout() {
                now = deadline;
                sender.handle_timeout(now);
            }
        }
    }
    let statistics = sender.statistics();
    println!(
        "{} octets in {} bits: {} sent again, {} frames repeated, {now}",
        arrived.len(),
        statistics.bits,
        statistics.resent_bits,
        statistics.repeated_frames,
    );
    assert_eq!(arrived, text.as_bytes());
}
