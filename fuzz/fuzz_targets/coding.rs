//! A decoder takes a bounded step for any octets and never panics. Text that was encoded in any
//! pieces, with flushes anywhere, comes out again in any frames and steps, immediately after a
//! flush.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use minitalk::coding::{DecodeError, Decoder, Encoder};

/// It is not worth decoding a bomb to its end.
const STEPS_MAX: usize = 2_000;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// Any octets.
    Hostile { frame: u16, room: u16, octets: &'a [u8] },
    /// Octets of our encoder, one of which is replaced.
    Damaged { place: u16, other: u8, text: &'a [u8] },
    /// Text in pieces, flushed or not.
    Text { room: u16, says_length: bool, pieces: Vec<(&'a [u8], bool)> },
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Hostile { frame, room, octets } => hostile(octets, frame, room),
        Input::Damaged { place, other, text } => {
            let mut encoder = Encoder::new(None);
            encoder.push(text);
            encoder.finish();
            let mut octets = encoder.octets().to_vec();
            let place = usize::from(place) % octets.len();
            octets[place] = other;
            hostile(&octets, 256, 4096);
        }
        Input::Text { room, says_length, pieces } => round_trip(&pieces, room, says_length),
    }
});

fn hostile(octets: &[u8], frame: u16, room: u16) {
    let mut decoder = Decoder::new();
    let mut text = vec![0; usize::from(room) + 1];
    let mut steps = 0;
    for frame in octets.chunks(usize::from(frame) + 1) {
        if decode(&mut decoder, frame, &mut text, &mut steps, |_| {}).is_err() {
            // It must stay failed, whatever comes.
            assert!(decoder.decode(octets, &mut text).is_err() && decoder.finish().is_err());
            return;
        }
    }
    let _ = decoder.finish();
}

fn round_trip(pieces: &[(&[u8], bool)], room: u16, says_length: bool) {
    let text: Vec<u8> = pieces.iter().flat_map(|&(piece, _)| piece).copied().collect();
    let mut encoder = Encoder::new(says_length.then_some(text.len() as u64));
    let mut decoder = Decoder::new();
    let mut buffer = vec![0; usize::from(room) + 1];
    let (mut back, mut pushed, mut steps) = (Vec::new(), 0, 0);
    for &(piece, is_flushed) in pieces {
        encoder.push(piece);
        pushed += piece.len();
        if is_flushed {
            encoder.flush();
        }
        let octets = encoder.take(usize::MAX);
        let take = |text: &[u8]| back.extend_from_slice(text);
        decode(&mut decoder, octets, &mut buffer, &mut steps, take).expect("it is our own");
        if steps > STEPS_MAX {
            return;
        }
        assert!(text.starts_with(&back));
        assert!(!is_flushed || back.len() == pushed, "a flush brings all");
    }
    encoder.finish();
    let take = |text: &[u8]| back.extend_from_slice(text);
    decode(&mut decoder, encoder.octets(), &mut buffer, &mut steps, take).expect("it is our own");
    if steps <= STEPS_MAX {
        assert_eq!(decoder.finish(), Ok(()));
        assert!(back == text);
        assert!(!says_length || decoder.length() == Some(text.len() as u64));
    }
}

/// Decodes a frame, in steps each of which makes progress.
fn decode(
    decoder: &mut Decoder,
    mut octets: &[u8],
    text: &mut [u8],
    steps: &mut usize,
    mut take: impl FnMut(&[u8]),
) -> Result<(), DecodeError> {
    loop {
        *steps += 1;
        let step = decoder.decode(octets, text)?;
        assert!(step.octets <= octets.len() && step.bytes <= text.len());
        take(&text[..step.bytes]);
        octets = &octets[step.octets..];
        if !step.has_more || *steps > STEPS_MAX {
            assert!(octets.is_empty() || step.has_more, "all octets are taken");
            return Ok(());
        }
        assert!(step.bytes > 0 || step.octets > 0, "a step gets further");
    }
}
