//! Any message passes through framer and deframer, and through classic encoder and decoder,
//! unchanged. Of any frames with a good FCS, a receiver accepts those that make sense.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use minitalk_core::classic::{
    ByteEncoder, Decoded, Decoder, Dialect, EncodeError, Encoder, End, Prefix,
};
use minitalk_core::frame::{FRAME_OCTETS_MAX, Frame};
use minitalk_core::hdlc::{Deframer, FLAG_BITS, Framer};
use minitalk_core::{Bit, Receiver, hdlc, receiver};
use minitalk_fuzz::AnyDialect;

const CONTENT_OCTETS_MAX: usize = FRAME_OCTETS_MAX - hdlc::FCS_OCTETS;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    dialect: AnyDialect,
    frames: Vec<(Gap, &'a [u8])>,
    text: &'a [u8],
}

/// What comes before a frame, besides the closing flag of the one before.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Gap {
    /// Nothing: the flag is shared.
    Shared,
    /// A flag of its own, and this many more.
    Flags(u8),
    /// A flag of its own and more flags, each of which begins with the zero that ends the flag
    /// before it.
    SharedZeros(u8),
}

impl Gap {
    fn bits(self) -> Vec<Bit> {
        match self {
            Self::Shared => Vec::new(),
            Self::Flags(more) => FLAG_BITS.repeat(usize::from(more % 4) + 1),
            Self::SharedZeros(more) => FLAG_BITS[1..].repeat(usize::from(more % 4) + 1),
        }
    }
}

fuzz_target!(|input: Input| {
    framed(&input.frames);
    received(&input.frames);
    classic(input.dialect.0, input.text);
});

fn framed(frames: &[(Gap, &[u8])]) {
    let fits = |content: &[u8]| (1..=CONTENT_OCTETS_MAX).contains(&content.len());
    let mut deframer = Deframer::<FRAME_OCTETS_MAX>::new();
    let mut feed = |bits: &mut dyn Iterator<Item = Bit>| {
        let progress = bits.map(|bit| match deframer.feed(bit).expect("an undisturbed line") {
            hdlc::Deframed::Frame(content) => Some(content.to_vec()),
            hdlc::Deframed::Pending | hdlc::Deframed::Flag => None,
        });
        progress.flatten().collect::<Vec<_>>()
    };
    assert!(feed(&mut FLAG_BITS.into_iter()).is_empty());
    for (gap, content) in frames.iter().filter(|(_, content)| fits(content)) {
        assert!(feed(&mut gap.bits().into_iter()).is_empty());
        assert_eq!(feed(&mut Framer::without_opening_flag(content)), [*content]);
    }
}

/// The fuzzer cannot find an FCS that fits, so every content gets one here.
fn received(frames: &[(Gap, &[u8])]) {
    let mut receiver = Receiver::new();
    let (mut accepted, mut message) = (0, 0);
    for (gap, content) in frames {
        // A first frame has no mask, and determines that of the others.
        let parsed = Frame::parse(content).ok();
        let header = parsed.and_then(|frame| frame.header);
        let mask = if header.is_some() { 0 } else { message };
        message = header.map_or(message, |header| header.message);
        for bit in gap.bits().into_iter().chain(Framer::new(content).masked(mask)) {
            if receiver.handle_bit(bit) == receiver::Reply::Frame {
                let taken = receiver.frame().expect("just announced");
                let mut sent = frames.iter().filter_map(|(_, content)| Frame::parse(content).ok());
                assert!(sent.any(|frame| {
                    (frame.payload, frame.is_last(), frame.header.is_some())
                        == (taken.payload, taken.last, taken.first)
                }));
                assert!(receiver.accept().is_some());
                accepted += 1;
            }
        }
    }
    assert_eq!(receiver.counters().accepted, accepted);
}

fn classic(dialect: Dialect, text: &[u8]) {
    let mut encoder = match Encoder::new(dialect, text) {
        Ok(encoder) => encoder,
        Err(EncodeError::NulInText { position }) => {
            assert_eq!(dialect.end, End::Nul);
            assert_eq!(text.iter().position(|&byte| byte == 0), Some(position));
            return;
        }
        Err(EncodeError::TooLong) => panic!("no input is that long"),
    };
    assert!(encoder.clone().eq(in_pieces(dialect, text)));
    let mut decoder = Decoder::new(dialect);
    let (mut bytes, mut messages, mut is_silent) = (Vec::new(), 0, true);
    while let Some(symbol) = encoder.next() {
        is_silent = false;
        let progress = decoder.feed(symbol);
        assert_eq!(progress.ends(), encoder.ends());
        bytes.extend(progress.byte());
        messages += usize::from(progress.ends().message());
        if let Decoded::Length(length) = progress {
            assert_eq!(length, text.len() as u64);
        }
    }
    messages += usize::from(decoder.handle_silence());
    // An empty text that ends with silence is not a message, unless it has a lead.
    assert_eq!((bytes.as_slice(), messages), (text, usize::from(!is_silent)));
    assert!(decoder.is_idle());
}

/// The same line, built as by a host that has its text in pieces.
fn in_pieces(dialect: Dialect, text: &[u8]) -> Vec<Bit> {
    let prefix = Prefix::new(dialect, text.len() as u64).expect("no input is that long");
    let bytes = text.iter().map(|&byte| ByteEncoder::new(dialect, byte));
    prefix.chain(bytes).chain(ByteEncoder::terminator(dialect)).flatten().collect()
}
