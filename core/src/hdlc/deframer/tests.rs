//! What the deframer returns for intact and for damaged lines.

use super::super::{Cursor, FLAG_BITS, Fcs16, Framer, NoFcs, Section};
use super::*;
use proptest::prelude::*;
use std::string::String;
use std::vec::Vec;

/// What the bits of a line led to, without those that completed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Flag,
    Frame(Vec<u8>),
    Error(FeedError),
}

fn feed<const N: usize, F: CheckSequence>(
    deframer: &mut Deframer<N, F>,
    bits: impl IntoIterator<Item = Bit>,
) -> Vec<Seen> {
    let mut seen = Vec::new();
    for bit in bits {
        match deframer.feed(bit) {
            Ok(Deframed::Pending) => {}
            Ok(Deframed::Flag) => seen.push(Seen::Flag),
            Ok(Deframed::Frame(content)) => seen.push(Seen::Frame(content.to_vec())),
            Err(error) => seen.push(Seen::Error(error)),
        }
    }
    seen
}

fn received(bits: impl IntoIterator<Item = Bit>) -> Vec<Seen> {
    feed(&mut Deframer::<16>::new(), bits)
}

fn bits(line: &str) -> Vec<Bit> {
    let known = |symbol: &char| *symbol == '0' || *symbol == '1';
    line.chars().filter(known).map(|symbol| Bit::from(symbol == '1')).collect()
}

fn frame(content: &[u8]) -> Vec<Bit> {
    Framer::new(content).collect()
}

const FRAME: [u8; 3] = [0xFF, 0x7E, 0x41];

fn good() -> Seen {
    Seen::Frame(FRAME.to_vec())
}

#[test]
fn a_frame_is_received_at_the_last_bit_of_its_closing_flag() {
    let mut line = frame(&FRAME);
    let last = line.pop().unwrap();
    let mut deframer = Deframer::<16>::new();
    assert_eq!(feed(&mut deframer, line), [Seen::Flag]);
    assert_eq!(feed(&mut deframer, [last]), [good()]);
}

#[test]
fn frames_may_share_a_flag_or_put_any_number_of_flags_between_them() {
    for flags in 0..4 {
        let mut line = frame(&FRAME);
        line.extend(FLAG_BITS.repeat(flags));
        line.extend(Framer::without_opening_flag(b"second"));
        let mut expected = std::vec![Seen::Flag, good()];
        expected.extend(std::vec![Seen::Flag; flags]);
        expected.push(Seen::Frame(b"second".to_vec()));
        assert_eq!(received(line), expected);
    }
}

#[test]
fn two_flags_may_share_the_zero_between_them() {
    assert_eq!(received(bits("011111101111110")), [Seen::Flag, Seen::Flag]);
    let mut line = frame(&FRAME);
    line.extend(bits("1111110"));
    line.extend(Framer::without_opening_flag(&FRAME));
    assert_eq!(received(line), [Seen::Flag, good(), Seen::Flag, good()]);
}

#[test]
fn the_zero_that_a_frame_inserts_last_is_not_the_one_of_its_flag() {
    let content = (0..=u16::MAX).map(u16::to_le_bytes).find(|content| {
        let line = frame(content);
        line.ends_with(&bits("11111 0 01111110"))
    });
    let content = content.unwrap();
    let mut line = frame(&content);
    assert_eq!(received(line.clone()), [Seen::Flag, Seen::Frame(content.to_vec())]);
    line.remove(line.len() - 9);
    assert_eq!(received(line), [Seen::Flag, Seen::Error(FeedError::Noise)]);
}

#[test]
fn a_flag_needs_a_zero_of_its_own_at_the_start_of_a_line() {
    assert_eq!(received(bits("1111110")), []);
    assert_eq!(received(bits("11111101111110")), [Seen::Flag]);
}

#[test]
fn what_is_not_whole_octets_or_too_few_is_noise() {
    for count in 1..=39 {
        let mut line = FLAG_BITS.to_vec();
        line.extend(bits("0").repeat(count));
        line.extend(FLAG_BITS);
        assert_eq!(received(line), [Seen::Flag, Seen::Error(FeedError::Noise)], "{count}");
    }
    assert_eq!(received(frame(&[])), [Seen::Flag, Seen::Error(FeedError::Noise)]);
}

#[test]
fn a_wrong_fcs_is_found_at_the_closing_flag_and_the_flag_opens_the_next_frame() {
    let mut line = FLAG_BITS.to_vec();
    line.extend(bits("0").repeat(40));
    line.extend(frame(&FRAME));
    line.drain(48..56);
    line.splice(48..48, FLAG_BITS);
    assert_eq!(received(line), [Seen::Flag, Seen::Error(FeedError::BadFcs), good()]);
}

#[test]
fn as_many_octets_as_fit_are_received_and_one_more_is_too_long() {
    for fill in [0x00, 0xFF, 0x7E, 0xA5] {
        let mut deframer = Deframer::<20>::new();
        let fits = [fill; 16];
        assert_eq!(feed(&mut deframer, frame(&fits)), [Seen::Flag, Seen::Frame(fits.to_vec())]);
        let line: Vec<Bit> = frame(&[fill; 17]).into_iter().chain(frame(&FRAME)).collect();
        let too_long = Seen::Error(FeedError::TooLong);
        assert_eq!(
            feed(&mut deframer, line),
            [Seen::Flag, too_long, Seen::Flag, Seen::Flag, good()]
        );
    }
}

#[test]
fn too_long_and_aborted_are_reported_once_and_then_the_next_flag_is_hunted() {
    let mut deframer = Deframer::<5>::new();
    let mut line = FLAG_BITS.to_vec();
    line.extend(bits("01").repeat(200));
    line.extend(bits("1").repeat(200));
    assert_eq!(feed(&mut deframer, line), [Seen::Flag, Seen::Error(FeedError::TooLong)]);
    assert!(deframer.is_hunting());
    let line = bits("0111111000 1111111 1111111 0 1111111");
    assert_eq!(feed(&mut deframer, line), [Seen::Flag, Seen::Error(FeedError::Aborted)]);
    assert!(deframer.is_hunting());
}

#[test]
fn an_abort_is_reported_wherever_it_comes_and_the_next_frame_is_received() {
    let line = frame(&FRAME);
    for cut in 8..=line.len() - 8 {
        let mut cursor = Cursor::new();
        let mut sent: Vec<Bit> = (0..cut).filter_map(|_| cursor.next(&FRAME)).collect();
        assert!(matches!(cursor.section(), Section::Content | Section::ClosingFlag));
        sent.extend([Bit::One; 7]);
        sent.extend(&line);
        let aborted = Seen::Error(FeedError::Aborted);
        assert_eq!(received(sent), [Seen::Flag, aborted, Seen::Flag, good()], "{cut}");
    }
}

#[test]
fn a_reset_deframer_is_as_new() {
    let line = frame(&FRAME);
    for cut in 0..line.len() {
        let mut deframer = Deframer::<16>::new();
        feed(&mut deframer, line.iter().copied().take(cut));
        deframer.reset();
        assert!(deframer.is_hunting());
        assert_eq!(feed(&mut deframer, bits("1111110")), []);
        assert_eq!(feed(&mut deframer, line.clone()), [Seen::Flag, good()]);
    }
}

#[test]
fn one_bit_wrong_missing_or_doubled_never_makes_another_frame() {
    let line: Vec<Bit> = frame(&FRAME).into_iter().chain(frame(&FRAME)).collect();
    for place in 0..line.len() {
        let mut flipped = line.clone();
        flipped[place] = !flipped[place];
        let mut dropped = line.clone();
        dropped.remove(place);
        let mut doubled = line.clone();
        doubled.insert(place, line[place]);
        for line in [flipped, dropped, doubled] {
            let mut frames = received(line);
            frames.retain(|seen| matches!(seen, Seen::Frame(_)));
            assert!(!frames.is_empty(), "{place}");
            assert!(frames.iter().all(|frame| *frame == good()), "{place}");
        }
    }
}

/// RFC 1662, section 5, as a text search: the frames in a line, from flag to flag.
fn by_search<F: CheckSequence>(line: &str) -> Vec<Vec<u8>> {
    let is_flag = |at: &usize| line[*at..].starts_with("01111110");
    let starts: Vec<usize> = (0..line.len()).filter(is_flag).collect();
    let between = starts.windows(2).filter_map(|pair| line.get(pair[0] + 8..pair[1]));
    between.filter_map(octets::<F>).filter(|content| !content.is_empty()).collect()
}

fn octets<F: CheckSequence>(between: &str) -> Option<Vec<u8>> {
    if between.contains("1111111") || between.ends_with("11111") {
        return None;
    }
    let plain = between.replace("111110", "11111");
    let bits = bits(&plain);
    let whole = bits
        .chunks(8)
        .map(|octet| octet.iter().rev().fold(0, |octet, bit| octet << 1 | u8::from(*bit)));
    let octets: Vec<u8> = whole.collect();
    let content = octets.get(..octets.len().checked_sub(F::OCTETS)?)?;
    let mut fcs = F::START;
    for octet in content {
        fcs.update(*octet);
    }
    let expected = &fcs.value().to_le_bytes()[..F::OCTETS];
    let good = bits.len().is_multiple_of(8) && octets.ends_with(expected);
    good.then(|| content.to_vec())
}

/// The frames that a deframer and a text search find on a line with these contents, some bits of
/// which may be inverted, lost or doubled.
fn on_a_disturbed_line<F: CheckSequence>(
    contents: &[Vec<u8>],
    edits: &[(prop::sample::Index, i32)],
) -> [Vec<Vec<u8>>; 2] {
    let frame = |content: &'_ Vec<u8>| Framer::new(content).checked_by::<F>().collect::<Vec<_>>();
    let mut line: Vec<Bit> = contents.iter().flat_map(frame).collect();
    for (place, edit) in edits {
        let place = place.index(line.len());
        match edit {
            0 => line[place] = !line[place],
            1 => drop(line.remove(place)),
            _ => line.insert(place, line[place]),
        }
    }
    let text: String = line.iter().map(|bit| if bit.is_one() { '1' } else { '0' }).collect();
    let frames =
        feed(&mut Deframer::<64, F>::new(), line).into_iter().filter_map(|seen| match seen {
            Seen::Frame(content) => Some(content),
            Seen::Flag | Seen::Error(_) => None,
        });
    [frames.collect(), by_search::<F>(&text)]
}

/// What is received of frames with these contents that share their flags.
fn received_with<F: CheckSequence>(contents: &[Vec<u8>]) -> Vec<Seen> {
    let mut deframer = Deframer::<64, F>::new();
    let frames =
        contents.iter().flat_map(|content| Framer::without_opening_flag(content).checked_by::<F>());
    feed(&mut deframer, FLAG_BITS.into_iter().chain(frames))
}

#[test]
fn without_an_fcs_a_frame_of_one_octet_is_a_frame() {
    let line = bits("01111110 10000010 01111110 111110111 01111110");
    let expected = [Seen::Flag, Seen::Frame(std::vec![0x41]), Seen::Frame(std::vec![0xFF])];
    assert_eq!(feed(&mut Deframer::<1, NoFcs>::new(), line), expected);
}

#[test]
fn a_deframer_with_two_octets_of_fcs_holds_two_octets_of_content_more() {
    let fits = Framer::new(&[0x7E; 18]).checked_by::<Fcs16>();
    let too_long = Framer::new(&[0x7E; 19]).checked_by::<Fcs16>();
    let mut deframer = Deframer::<20, Fcs16>::new();
    assert_eq!(feed(&mut deframer, fits), [Seen::Flag, Seen::Frame(std::vec![0x7E; 18])]);
    assert_eq!(
        feed(&mut deframer, too_long),
        [Seen::Flag, Seen::Error(FeedError::TooLong), Seen::Flag]
    );
}

#[test]
fn after_any_sixteen_bits_a_frame_is_received() {
    let line = frame(&FRAME);
    for length in 0..=16 {
        for junk in 0..1_u32 << length {
            let mut deframer = Deframer::<16>::new();
            for bit in 0..length {
                let seen = deframer.feed(Bit::from(junk >> bit & 1 == 1));
                assert!(!matches!(seen, Ok(Deframed::Frame(_))));
            }
            let seen = feed(&mut deframer, line.iter().copied());
            assert_eq!(seen.last(), Some(&good()), "{junk:b}");
        }
    }
}

#[test]
fn after_a_flag_and_any_sixteen_bits_a_frame_is_received() {
    let line = frame(&FRAME);
    let mut opened = Deframer::<16>::new();
    feed(&mut opened, FLAG_BITS);
    for junk in 0..=u16::MAX {
        let mut deframer = opened.clone();
        feed(&mut deframer, (0..16).map(|bit| Bit::from(junk >> bit & 1 == 1)));
        let seen = feed(&mut deframer, line.iter().copied());
        assert_eq!(seen.last(), Some(&good()), "{junk:b}");
    }
}

proptest! {
    #[test]
    fn any_content_comes_through(
        contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..60), 1..5),
    ) {
        let frames = contents.iter().cloned().map(Seen::Frame);
        let expected: Vec<Seen> = std::iter::once(Seen::Flag).chain(frames).collect();
        prop_assert_eq!(&received_with::<Fcs>(&contents), &expected);
        prop_assert_eq!(&received_with::<Fcs16>(&contents), &expected);
        prop_assert_eq!(&received_with::<NoFcs>(&contents), &expected);
    }

    #[test]
    fn on_a_disturbed_line_the_frames_are_those_that_a_search_finds(
        contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..6), 1..5),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3), 0..4),
    ) {
        for [frames, searched] in [
            on_a_disturbed_line::<Fcs>(&contents, &edits),
            on_a_disturbed_line::<Fcs16>(&contents, &edits),
            on_a_disturbed_line::<NoFcs>(&contents, &edits),
        ] {
            prop_assert_eq!(frames, searched);
        }
    }

    #[test]
    fn what_is_received_from_noise_would_be_sent_with_the_same_bits(
        noise in prop::collection::vec(any::<bool>(), 0..4000),
    ) {
        let mut deframer = Deframer::<64>::new();
        let mut line = Vec::new();
        for bit in noise.into_iter().map(Bit::from) {
            line.push(bit);
            if let Ok(Deframed::Frame(content)) = deframer.feed(bit) {
                let sent: Vec<Bit> = Framer::new(content).collect();
                prop_assert!(line.ends_with(&sent));
            }
        }
    }
}

#[test]
fn it_waits_for_a_flag_until_one_has_come_and_after_what_it_gave_up() {
    let mut deframer = Deframer::<8>::new();
    assert!(deframer.is_hunting());
    feed(&mut deframer, [Bit::One, Bit::Zero]);
    assert!(deframer.is_hunting());
    feed(&mut deframer, FLAG_BITS);
    assert!(!deframer.is_hunting());
    feed(&mut deframer, [Bit::Zero; 9 * 8]);
    assert!(deframer.is_hunting(), "that was too long");
}

#[test]
fn the_first_frame_is_received_whatever_comes_before_its_flag() {
    for count in 0..=10 {
        for noise in 0..1_u32 << count {
            let noise = (0..count).map(|place| Bit::from(noise >> place & 1 == 1));
            let mut deframer = Deframer::<16>::new();
            let seen = feed(&mut deframer, noise.clone().chain(Framer::new(b"abcd")));
            let expected = Some(&Seen::Frame(b"abcd".to_vec()));
            assert_eq!(seen.last(), expected, "{:?}", noise.collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_few_bits_between_two_flags_are_noise() {
    for count in 1..=6 {
        let bits = FLAG_BITS.into_iter().chain(std::vec![Bit::Zero; count]).chain(FLAG_BITS);
        assert_eq!(received(bits), [Seen::Flag, Seen::Error(FeedError::Noise)], "{count}");
    }
}
