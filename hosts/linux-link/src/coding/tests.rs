use super::memory::{Budget, Cells};
use super::*;
use brotli::enc::{Allocator, SliceWrapper};

/// The text of a message in frames of `frame` octets, decoded `room` bytes at a time.
fn decoded(octets: &[u8], frame: usize, room: usize) -> Result<Vec<u8>, DecodeError> {
    let (mut decoder, mut text, mut buffer) = (Decoder::new(), Vec::new(), vec![0; room]);
    for mut frame in octets.chunks(frame) {
        loop {
            let step = decoder.decode(frame, &mut buffer)?;
            assert!(step.bytes <= room);
            text.extend_from_slice(&buffer[..step.bytes]);
            frame = &frame[step.octets..];
            if !step.has_more && frame.is_empty() {
                break;
            }
        }
    }
    decoder.finish().map(|()| text)
}

fn encoded(text: &[u8], length: Option<u64>) -> Vec<u8> {
    let mut encoder = Encoder::new(length);
    encoder.push(text);
    encoder.finish();
    encoder.octets().to_vec()
}

fn words(count: usize) -> Vec<u8> {
    let word = |number: usize| format!("word {} of many, ", number * number % 977);
    (0..count).flat_map(|number| word(number).into_bytes()).collect()
}

/// A program of this machine, no two parts of which are alike.
fn program() -> Vec<u8> {
    let program = std::fs::read("/proc/self/exe").unwrap();
    program[..program.len().min(300_000)].to_vec()
}

#[test]
fn what_was_encoded_is_decoded_whatever_the_frames_and_the_steps() {
    for text in [vec![], b"x".to_vec(), words(5), words(9_000), program()] {
        for length in [None, Some(text.len() as u64)] {
            let octets = encoded(&text, length);
            for (frame, room) in [(256, 4096), (1, 1000), (100_000, 1 << 20)] {
                assert!(decoded(&octets, frame, room).as_ref() == Ok(&text));
            }
        }
    }
    let (text, octets) = (words(30), encoded(&words(30), None));
    assert!(decoded(&octets, 7, 1) == Ok(text), "a byte at a time");
}

#[test]
fn text_that_has_been_flushed_can_be_decoded_at_once() {
    let (mut encoder, mut decoder) = (Encoder::new(None), Decoder::new());
    let mut buffer = [0; 1000];
    for number in 0..300 {
        let text = format!("line {number}\n");
        encoder.push(text.as_bytes());
        encoder.flush();
        let octets = encoder.take(usize::MAX);
        assert!(octets.len() <= text.len() + 8, "{} for {}", octets.len(), text.len());
        let step = decoder.decode(octets, &mut buffer).unwrap();
        assert_eq!((step.octets, step.has_more), (octets.len(), false));
        assert_eq!(&buffer[..step.bytes], text.as_bytes());
        encoder.flush();
        assert_eq!(encoder.octets(), [], "nothing new, nothing more");
    }
    encoder.finish();
    decoder.decode(encoder.octets(), &mut buffer).unwrap();
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn all_that_the_octets_so_far_hold_comes_before_more_of_them_are_wanted() {
    for room in [1, 7, 100, 4096, 10_000] {
        let (mut encoder, mut decoder) = (Encoder::new(None), Decoder::new());
        let (mut text, mut shown, mut buffer) = (Vec::new(), Vec::new(), vec![0; room]);
        for number in 1..20 {
            encoder.push(&words(number * 10));
            encoder.flush();
            text.extend(words(number * 10));
            let mut octets = encoder.take(usize::MAX);
            loop {
                let step = decoder.decode(octets, &mut buffer).unwrap();
                octets = &octets[step.octets..];
                shown.extend_from_slice(&buffer[..step.bytes]);
                if !step.has_more {
                    break;
                }
            }
            assert!(shown == text, "{room}: {} of {}", shown.len(), text.len());
        }
    }
}

#[test]
fn a_text_of_another_length_than_it_says_is_none() {
    for length in [0, 1, 4, 6, 1 << 40] {
        assert_eq!(decoded(&encoded(b"Hello", Some(length)), 9, 9), Err(DecodeError::Length));
    }
}

#[test]
fn a_stream_that_is_cut_short_or_goes_on_has_not_ended() {
    let octets = encoded(&words(50), None);
    for end in 0..octets.len() {
        assert_eq!(decoded(&octets[..end], 256, 4096), Err(DecodeError::End), "{end}");
    }
    for frame in [1, octets.len(), octets.len() + 1] {
        let longer = [octets.as_slice(), &[0]].concat();
        assert_eq!(decoded(&longer, frame, 4096), Err(DecodeError::End), "{frame}");
    }
    let (longer, mut buffer) = ([octets.as_slice(), &[0]].concat(), [0; 4096]);
    assert_eq!(Decoder::new().decode(&longer, &mut buffer), Err(DecodeError::End), "at once");
}

#[test]
fn another_window_and_a_strange_length_are_not_known() {
    assert_eq!(decoded(&[0, 0x21], 9, 9), Err(DecodeError::Beginning));
    assert_eq!(decoded(&[0x80, 0], 9, 9), Err(DecodeError::Beginning));
    assert_eq!(encoded(b"x", None)[1] & 1, 0, "a window of 64 KiB");
}

#[test]
fn what_is_damaged_is_refused_from_then_on_and_does_not_panic() {
    let octets = encoded(&words(200), None);
    let mut failures = 0;
    for place in 1..octets.len() {
        let mut damaged = octets.clone();
        damaged[place] ^= 0x10;
        let (mut decoder, mut buffer) = (Decoder::new(), vec![0; 1 << 16]);
        if let Err(error) = decoder.decode(&damaged, &mut buffer) {
            failures += 1;
            assert_eq!(decoder.decode(&octets, &mut buffer), Err(error));
            assert_eq!(decoder.finish(), Err(error));
        }
    }
    assert!(failures > octets.len() / 4, "{failures}");
}

#[test]
fn a_bomb_comes_out_in_bounded_steps() {
    let octets = encoded(&vec![0; 20 << 20], None);
    assert!(octets.len() < 4096, "{}", octets.len());
    let (mut decoder, mut buffer) = (Decoder::new(), [0; 4096]);
    let (mut taken, mut bytes) = (0, 0);
    loop {
        let step = decoder.decode(&octets[taken..], &mut buffer).unwrap();
        taken += step.octets;
        bytes += step.bytes;
        if !step.has_more && taken == octets.len() {
            break;
        }
    }
    assert_eq!((bytes, decoder.finish()), (20 << 20, Ok(())));
}

#[test]
fn a_decoder_that_has_too_little_memory_says_so() {
    let octets = encoded(&program(), None);
    for octets_max in [0, 1000, 65_000, 70_000] {
        let mut decoder = Decoder::with_octets_max(octets_max);
        let mut buffer = vec![0; 1 << 20];
        assert_eq!(decoder.decode(&octets, &mut buffer), Err(DecodeError::Memory), "{octets_max}");
    }
}

#[test]
fn memory_that_is_given_back_may_be_had_again() {
    let mut budget = Budget::new(10);
    let length = |cells: &Cells<u16>| cells.slice().len();
    let all: Cells<u16> = budget.alloc_cell(5);
    let none: Cells<u16> = budget.clone().alloc_cell(1);
    assert_eq!((length(&all), length(&none)), (5, 0));
    budget.free_cell(all);
    let again: Cells<u16> = budget.alloc_cell(4);
    assert_eq!(length(&again), 4);
    let huge: Cells<u16> = budget.alloc_cell(usize::MAX);
    assert_eq!(length(&huge), 0);
}

#[test]
fn text_may_shrink_and_what_is_random_may_not() {
    assert!(may_shrink(&words(20)) && may_shrink(&program()) && may_shrink(&[0; 2]));
    let mut random = vec![0; 1 << 16];
    getrandom::fill(&mut random).unwrap();
    for length in [0, 1, 1 << 10, 1 << 13, 1 << 16] {
        assert!(!may_shrink(&random[..length]), "{length}");
    }
}
