//! A valid stream with bits dropped, doubled and flipped: nothing wrong is accepted.
//!
//! Contents are random and not the fuzzer's choice, so that a frame check sequence collides once in
//! 2^32 damaged frames and not on purpose.
#![no_main]

use std::collections::VecDeque;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use minitalk_core::frame::{CONTENT_OCTETS_MAX, FRAME_OCTETS_MAX, PAYLOAD_OCTETS_MAX};
use minitalk_core::hdlc::{Deframed, Deframer, FLAG_BITS, FeedError, Framer};
use minitalk_core::{Bit, Instant, Receiver, Sender, receiver, sender};
use minitalk_fuzz::Octets;

#[derive(Arbitrary, Debug)]
struct Input {
    seed: u64,
    /// Lengths of the frames.
    lengths: Vec<u8>,
    /// Where on the line, counted from the place before, and what.
    damages: Vec<(u16, Damage)>,
    /// Which symbols of a link are lost, on their way to the receiver or back.
    lost: Vec<u8>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Damage {
    Dropped,
    Doubled,
    Flipped,
}

const FRAMES_MAX: usize = 6;

fuzz_target!(|input: Input| {
    line(&input);
    link(&input);
});

fn contents(input: &Input) -> Vec<Vec<u8>> {
    let mut octets = Octets(input.seed);
    let lengths = input.lengths.iter().take(FRAMES_MAX);
    lengths.map(|&length| octets.by_ref().take(usize::from(length) + 1).collect()).collect()
}

fn damaged(line: &[Bit], plan: &[(u16, Damage)]) -> Vec<Bit> {
    let mut plan = plan.iter();
    let mut next = plan.next().map(|(distance, damage)| (usize::from(*distance), damage));
    let mut damaged = Vec::new();
    for (place, &bit) in line.iter().enumerate() {
        match next.filter(|(at, _)| *at == place) {
            None => damaged.push(bit),
            Some((_, damage)) => {
                match damage {
                    Damage::Dropped => {}
                    Damage::Doubled => damaged.extend([bit, bit]),
                    Damage::Flipped => damaged.push(!bit),
                }
                next = plan.next().map(|(distance, damage)| {
                    (place.saturating_add(1).saturating_add(usize::from(*distance)), damage)
                });
            }
        }
    }
    damaged
}

/// Frames with a flag between them: those accepted are some of those sent, in their order.
fn line(input: &Input) {
    let sent = contents(input);
    let frames = sent.iter().flat_map(|content| Framer::without_opening_flag(content));
    let line: Vec<Bit> = FLAG_BITS.into_iter().chain(frames).collect();
    let damaged = damaged(&line, &input.damages);
    let mut deframer = Deframer::<FRAME_OCTETS_MAX>::new();
    let mut expected = sent.iter();
    let (mut accepted, mut errors) = (0, 0);
    for &bit in &damaged {
        match deframer.feed(bit) {
            Ok(Deframed::Frame(content)) => {
                assert!(expected.any(|sent| sent == content), "accepted what was not sent");
                accepted += 1;
            }
            Ok(Deframed::Pending | Deframed::Flag) => {}
            Err(FeedError::Aborted | FeedError::BadFcs | FeedError::TooLong | FeedError::Noise) => {
                errors += 1;
            }
        }
    }
    if damaged == line {
        assert_eq!((accepted, errors), (sent.len(), 0));
    }
}

/// Both ends of a link on which symbols are lost and none is late: what is delivered is what was
/// sent, in order and once, and a receipt is true.
fn link(input: &Input) {
    /// A link without further losses gets any frame through in far fewer.
    const STEPS_MAX: usize = 60_000;
    let pieces = contents(input);
    let Some(final_piece) = pieces.len().checked_sub(1) else { return };
    assert!(pieces.iter().all(|piece| piece.len() <= PAYLOAD_OCTETS_MAX));
    let mut sender = Sender::<CONTENT_OCTETS_MAX>::new(1, None);
    let mut receiver = Receiver::<FRAME_OCTETS_MAX>::new();
    let mut losses = input.lost.iter().flat_map(|octet| (0..8).map(move |at| octet >> at & 1 == 1));
    let mut vanishes = || losses.next().unwrap_or(false);
    let (mut offered, mut delivered, mut confirmed) = (0, Vec::new(), 0);
    let mut now = Instant::ZERO;
    let mut acks = VecDeque::new();
    for _ in 0..STEPS_MAX {
        while let Some(bit) = sender.poll_transmit(now) {
            if vanishes() {
                continue;
            }
            let ack = match receiver.handle_bit(bit) {
                receiver::Reply::Acknowledge(ack) | receiver::Reply::VerdictComplete(ack) => {
                    Some(ack)
                }
                receiver::Reply::Frame => {
                    let frame = receiver.frame().expect("just announced");
                    delivered.push((frame.payload.to_vec(), frame.last));
                    receiver.accept()
                }
                receiver::Reply::Ignored => None,
            };
            acks.extend(ack.filter(|_| !vanishes()));
        }
        if let Some(ack) = acks.pop_front() {
            sender.handle_ack(ack, now);
        } else if let Some(deadline) = sender.poll_timeout() {
            assert!(deadline >= now);
            now = deadline;
            sender.handle_timeout(now);
        } else if sender.is_ready() {
            sender.offer(&pieces[offered], offered == final_piece).expect("ready, and it fits");
            offered += 1;
        }
        for (number, (payload, is_last)) in delivered.iter().enumerate() {
            assert_eq!((payload, *is_last), (&pieces[number], number == final_piece));
        }
        match sender.poll_event() {
            Some(sender::Event::Accepted { octets, last: is_last }) => {
                confirmed += 1;
                assert_eq!(delivered.len(), confirmed, "a receipt for what was not delivered");
                assert_eq!(octets, pieces[confirmed - 1].len());
                if is_last {
                    assert_eq!(delivered.len(), pieces.len());
                    return;
                }
            }
            // Three frames that begin with a loss look like a peer of another protocol.
            Some(sender::Event::NotFramed) => return,
            Some(event @ (sender::Event::Refused(_) | sender::Event::Aborted)) => {
                panic!("{event:?}")
            }
            None => {}
        }
    }
    panic!("not through after {STEPS_MAX} steps");
}
