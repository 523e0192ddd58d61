//! Any bits into every decoder: no panic, bounded output, and back in step at the next flag.
//!
//! The input is four octets that choose a classic dialect and then the line, least significant bit
//! first.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use minitalk_core::classic::{self, ByteEncoder, Dialect};
use minitalk_core::exchange::{Exchange, Output, Place};
use minitalk_core::frame::{FRAME_OCTETS_MAX, Frame};
use minitalk_core::hdlc::{CheckSequence, Deframed, Deframer, Fcs, Fcs16, Framer, NoFcs};
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender, receiver, sender};
use minitalk_fuzz::{AnyDialect, bits};

/// A buffer that is soon too small.
const SMALL: usize = 24;

/// The largest number of octets of a line: enough for one frame that is too long and some that are
/// not.
const LINE_OCTETS_MAX: usize = 640;

fuzz_target!(|input: (AnyDialect, &[u8])| {
    let (AnyDialect(dialect), octets) = input;
    let line: Vec<Bit> = bits(octets).take(LINE_OCTETS_MAX * 8).collect();
    deframe::<SMALL, Fcs>(&line);
    deframe::<SMALL, Fcs16>(&line);
    deframe::<SMALL, NoFcs>(&line);
    let messages = deframe::<FRAME_OCTETS_MAX, Fcs>(&line);
    decode(dialect, &line);
    receive_classic(dialect, &line);
    receive_framed(&line, &messages);
    exchange(dialect, &line);
});

/// Returns the numbers of the messages that frames on the line belong to.
fn deframe<const N: usize, F: CheckSequence>(line: &[Bit]) -> BTreeSet<u32> {
    let mut deframer = Deframer::<N, F>::new();
    let mut messages = BTreeSet::new();
    for (place, &bit) in line.iter().enumerate() {
        if let Ok(Deframed::Frame(content)) = deframer.feed(bit) {
            assert!((1..=N - F::OCTETS).contains(&content.len()));
            // Accepted content corresponds bit by bit to what a framer sends, flags included.
            let expected: Vec<Bit> = Framer::new(content).checked_by::<F>().collect();
            assert!(line[..=place].ends_with(&expected));
            let header = Frame::parse(content).ok().and_then(|frame| frame.header);
            messages.extend(header.map(|header| header.message));
        }
    }
    // Whatever came before, the next flag begins a frame.
    let mut framer = Framer::new(b"in step").checked_by::<F>();
    let last = framer.by_ref().map(|bit| deframer.feed(bit).is_ok_and(is_in_step)).last();
    assert_eq!(last, Some(true));
    assert_eq!(deframer.frame(), Some(&b"in step"[..]));
    deframer.reset();
    assert!(deframer.is_hunting() && deframer.frame().is_none());
    messages
}

fn is_in_step(deframed: Deframed<'_>) -> bool {
    deframed == Deframed::Frame(b"in step")
}

fn decode(dialect: Dialect, line: &[Bit]) {
    let mut decoder = classic::Decoder::new(dialect);
    for (place, &bit) in line.iter().enumerate() {
        let before = decoder.pending_bits();
        let progress = decoder.feed(bit);
        assert_eq!(decoder.pending_bits(), (before + 1) % 8);
        assert_eq!(progress.ends().byte(), before == 7);
        assert!(!progress.ends().message() || decoder.is_idle());
        if let Some(byte) = progress.byte() {
            assert!(byte != 0 || dialect.end != classic::End::Nul);
            // Decoded bytes correspond bit by bit to what an encoder sends.
            let expected: Vec<Bit> = ByteEncoder::new(dialect, byte).collect();
            assert!(line[..=place].ends_with(&expected));
        }
    }
    decoder.reset();
    assert!(decoder.is_idle());
}

fn receive_classic(dialect: Dialect, line: &[Bit]) {
    let mut receiver = classic::TextReceiver::new(dialect);
    let mut offset = 0;
    for &bit in line {
        let acks = match receiver.handle_bit(bit) {
            classic::Completed::Nothing(acks) => acks,
            classic::Completed::Byte(_) => {
                offset += 1;
                if receiver.is_last() {
                    offset = 0;
                }
                receiver.accept()
            }
            classic::Completed::End => {
                offset = 0;
                receiver.accept()
            }
        };
        assert!(acks.len() <= classic::Acks::LEN_MAX);
        assert_eq!(receiver.offset(), offset);
        assert!(receiver.accept().is_empty());
    }
}

fn receive_framed(line: &[Bit], messages: &BTreeSet<u32>) {
    let mut receiver = Receiver::new();
    let mut octets = 0;
    for (place, &bit) in line.iter().enumerate() {
        if receiver.handle_bit(bit) == receiver::Reply::Frame {
            octets += receiver.frame().expect("just announced").payload.len();
            let ack = if place & 64 == 0 {
                receiver.accept()
            } else {
                receiver.refuse(RefusalReason::OutputFailed)
            };
            assert!(ack.is_some() && receiver.frame().is_none());
        }
    }
    assert!(octets <= line.len() / 8);

    // Whatever came before, a sender of this protocol gets through, at its first attempt.
    let message =
        (0..=u32::MAX).find(|message| !messages.contains(message)).expect("far fewer frames");
    let mut sender = Sender::new(message, Some(7));
    sender.offer(b"in step", true).expect("a new sender is ready");
    let now = Instant::ZERO;
    while let Some(bit) = sender.poll_transmit(now) {
        match receiver.handle_bit(bit) {
            receiver::Reply::Acknowledge(ack) | receiver::Reply::VerdictComplete(ack) => {
                sender.handle_ack(ack, now);
            }
            receiver::Reply::Frame => {
                let frame = receiver.frame().expect("just announced");
                assert_eq!((frame.payload, frame.first, frame.last), (&b"in step"[..], true, true));
                sender.handle_ack(receiver.accept().expect("a frame waits"), now);
            }
            receiver::Reply::Ignored => panic!("no frame waits"),
        }
    }
    assert_eq!(sender.poll_event(), Some(sender::Event::Accepted { octets: 7, last: true }));
}

fn exchange(dialect: Dialect, line: &[Bit]) {
    const PEER: u32 = 4242;
    /// For one bit: the pieces of a message that it completes, and what is owed for it.
    const OUTPUTS_MAX: usize = 6;
    let mut exchange = Exchange::<_, SMALL>::new(dialect, [const { Place::SHORT }; 2])
        .with_octets_max(Some(SMALL as u64));
    exchange.open(PEER).expect("a new exchange has room");
    for (place, &bit) in line.iter().enumerate() {
        let now = Instant::from_micros(place as u64);
        let _ = exchange.handle_bit(PEER, bit, now);
        let mut outputs = 0;
        while let Some(output) = exchange.poll_output(now) {
            outputs += 1;
            assert!(outputs <= OUTPUTS_MAX);
            match output {
                Output::Transmit { peer, .. } => assert_eq!(peer, PEER),
                Output::Payload(piece) => {
                    assert!(piece.offset + piece.octets.len() as u64 <= SMALL as u64);
                    exchange.accept(PEER);
                }
                Output::TooLong { peer, offset } => {
                    assert!(peer == PEER && offset <= SMALL as u64);
                }
                Output::Closed { .. } => panic!("the sender is not gone"),
            }
        }
    }
    exchange.handle_gone(PEER);
    // Text that had been held back comes first.
    let mut outputs = 0;
    loop {
        outputs += 1;
        assert!(outputs <= OUTPUTS_MAX);
        match exchange.poll_output(Instant::ZERO) {
            Some(Output::Closed { peer: PEER, .. }) => break,
            Some(Output::Payload(_)) => exchange.accept(PEER),
            Some(Output::TooLong { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(exchange.open_count(), 0);
}
