//! What becomes of a message on a disturbed line: nothing wrong is delivered, nothing is delivered
//! twice, and a receipt is true.
//!
//! An input is one of three things: frames some of whose bits are dropped, doubled or inverted, fed
//! to a deframer; the same with the bits of a sender, fed to a receiver; or a sender and a receiver
//! with the kernel between them, and faults of pending signals, processors and timers. Contents are
//! chosen by a seed and not by the fuzzer, so that a frame check sequence collides once in 2^32
//! damaged frames and not on purpose; but some contents contain their own.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::hdlc::{Deframed, Deframer, FLAG_BITS, FeedError, Framer};
use minitalk_core::receiver::Reply;
use minitalk_core::{Bit, Instant, Receiver, Sender};
use minitalk_fuzz::link::{Fault, Link};
use minitalk_testing::{Random, draw_content};

#[derive(Arbitrary, Debug)]
enum Input {
    Frames(Message, Vec<(u8, Damage)>),
    Sent(Message, Vec<(u8, Damage)>),
    /// Places are counted in steps from the previous fault.
    Link(Message, bool, Vec<(u8, Fault)>),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Message {
    seed: u64,
    number: u32,
    octets: u8,
    chunk: u8,
}

impl Message {
    /// The payloads of its frames: few octets, which are quickly sent, or a frame of more than 256
    /// bits. At most eight of them: without acknowledgments a receiver could not tell the ninth
    /// from the first.
    fn pieces(self) -> Vec<Vec<u8>> {
        let octets = usize::from(if self.octets < 0xF0 { self.octets % 24 } else { self.octets });
        let chunk = usize::from(self.chunk % 12) + if octets > 24 { 100 } else { 3 };
        let text = draw_content(&mut Random::new(self.seed), self.number, octets, chunk);
        let pieces: Vec<_> = text.chunks(chunk).map(<[u8]>::to_vec).collect();
        if pieces.is_empty() { vec![Vec::new()] } else { pieces }
    }
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Damage {
    Dropped,
    Doubled,
    Turned,
}

fuzz_target!(|input: Input| match input {
    Input::Frames(message, damages) => deframe(&message.pieces(), &damages),
    Input::Sent(message, damages) => receive(message.number, &message.pieces(), &damages),
    Input::Link(message, pairs, faults) =>
        Link::new(message.number, message.pieces(), pairs).run(&faults),
});

/// `line`, damaged at places that are each counted from the previous one.
fn damaged(line: &[Bit], plan: &[(u8, Damage)]) -> Vec<Bit> {
    let mut damaged = Vec::with_capacity(line.len() + plan.len());
    let mut rest = line;
    for &(distance, damage) in plan {
        let Some((before, [bit, after @ ..])) = rest.split_at_checked(distance.into()) else {
            break;
        };
        damaged.extend_from_slice(before);
        match damage {
            Damage::Dropped => {}
            Damage::Doubled => damaged.extend([*bit, *bit]),
            Damage::Turned => damaged.push(!*bit),
        }
        rest = after;
    }
    damaged.extend_from_slice(rest);
    damaged
}

/// Frames with a flag between them: those accepted are some of those sent, in the same order.
fn deframe(contents: &[Vec<u8>], damages: &[(u8, Damage)]) {
    let sent: Vec<_> = contents.iter().filter(|content| !content.is_empty()).collect();
    let frames = sent.iter().flat_map(|content| Framer::without_opening_flag(content));
    let line: Vec<Bit> = FLAG_BITS.into_iter().chain(frames).collect();
    let received = damaged(&line, damages);
    let mut deframer = Deframer::<FRAME_OCTETS_MAX>::new();
    let mut expected = sent.iter();
    let (mut accepted, mut errors) = (0, 0);
    for &bit in &received {
        match deframer.feed(bit) {
            // The deframer does not know lengths, so content that contains its own FCS may be cut
            // short here.
            Ok(Deframed::Frame(content)) => {
                assert!(
                    expected.any(|sent| sent.starts_with(content)),
                    "accepted what was not sent"
                );
                accepted += 1;
            }
            Ok(Deframed::Pending | Deframed::Flag) => {}
            Err(FeedError::Aborted | FeedError::BadFcs | FeedError::TooLong | FeedError::Noise) => {
                errors += 1;
            }
        }
    }
    if received == line {
        assert_eq!((accepted, errors), (sent.len(), 0));
    }
}

/// Everything that a sender sends of a message to a receiver that hears everything, damaged: what
/// is delivered is a prefix of the message.
fn receive(message: u32, pieces: &[Vec<u8>], damages: &[(u8, Damage)]) {
    let line = transmitted(message, pieces);
    let mut receiver = Receiver::new();
    let mut expected = pieces.iter().enumerate();
    for bit in damaged(&line, damages) {
        if receiver.handle_bit(bit) == Reply::Frame {
            let frame = receiver.frame().expect("just announced");
            let (number, piece) = expected.next().expect("more is delivered than was sent");
            let last = number + 1 == pieces.len();
            assert_eq!((frame.payload, frame.first, frame.last), (&piece[..], number == 0, last));
            assert!(receiver.accept().is_some());
        }
    }
    if damages.is_empty() {
        assert_eq!(expected.next(), None, "not all is delivered");
    }
}

fn transmitted(message: u32, pieces: &[Vec<u8>]) -> Vec<Bit> {
    let now = Instant::ZERO;
    let mut sender = Sender::new(message, None).without_pairs();
    let mut receiver = Receiver::new();
    let mut line = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        sender.offer(piece, number + 1 == pieces.len()).expect("ready, and it fits");
        while let Some(bit) = sender.poll_transmit(now) {
            line.push(bit);
            let ack = match receiver.handle_bit(bit) {
                Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => ack,
                Reply::Frame => receiver.accept().expect("a frame waits"),
                Reply::Ignored => panic!("no frame waits"),
            };
            sender.handle_ack(ack, now);
        }
        assert!(sender.poll_event().is_some());
    }
    line
}
