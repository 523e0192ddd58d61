//! Streams of HDLC frames with damage, and the frames that they contain by the definition.
//!
//! The definition is a text search: what lies between two flags is a frame if it does not contain
//! seven ones in a row, is whole octets once the zero after each five ones is removed, and ends
//! with its FCS.

use minitalk_core::hdlc::{Fcs16, Framer};
use minitalk_testing::Random;

/// Shorter frames are ignored: not every decoder reports them.
pub const CONTENT_OCTETS_MIN: usize = 8;

const CONTENT_OCTETS_MAX: usize = 40;
const FLAG: &str = "01111110";

/// One to three frames, what may be between them, and up to three faults.
#[must_use]
pub fn stream(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut line = "1".repeat(random.index(20));
    for _ in 0..=random.index(3) {
        let content = content(&mut random);
        let bits = Framer::new(&content).checked_by::<Fcs16>();
        let bits: String = bits.map(|bit| bit.to_string()).collect();
        match random.index(4) {
            0 => line.push_str(&FLAG.repeat(random.index(4))),
            // The flags share their zeros.
            1 => (0..=random.index(3)).for_each(|_| line.push_str(&FLAG[..7])),
            2 => line.push_str(&"1".repeat(7 + random.index(20))),
            _ => {}
        }
        let shares_its_flag = line.ends_with(FLAG) && random.index(2) == 0;
        line.push_str(if shares_its_flag { &bits[FLAG.len()..] } else { &bits });
    }
    for _ in 0..random.index(4) {
        damage(&mut line, &mut random);
    }
    line
}

/// This many octets in frames of 256 on an undisturbed line; the frames share their flags.
#[must_use]
pub fn undamaged(octets: usize) -> String {
    let octets = crate::octets(octets);
    let frames = octets.chunks(256).flat_map(|content| {
        Framer::without_opening_flag(content).checked_by::<Fcs16>().map(|bit| bit.to_string())
    });
    FLAG.to_owned() + &frames.collect::<String>()
}

/// How `frames` differ from those of the definition: one cause for each additional or missing
/// frame.
#[must_use]
pub fn differences(stream: &str, frames: &[Vec<u8>]) -> Vec<&'static str> {
    let mut found: Vec<&[u8]> = frames
        .iter()
        .map(Vec::as_slice)
        .filter(|frame| frame.len() >= CONTENT_OCTETS_MIN)
        .collect();
    let mut causes = Vec::new();
    for segment in segments(stream) {
        let expected = segment.frame().filter(|frame| frame.len() >= CONTENT_OCTETS_MIN);
        let Some(frame) = expected else { continue };
        match found.iter().position(|other| *other == frame) {
            Some(place) => drop(found.remove(place)),
            None => causes.push(segment.before),
        }
    }
    causes.extend(found.into_iter().map(|frame| why_taken(stream, frame)));
    causes
}

/// The frames by the definition.
#[must_use]
pub fn frames_by_definition(stream: &str) -> Vec<Vec<u8>> {
    segments(stream).filter_map(|segment| segment.frame()).collect()
}

/// What lies between two flags.
struct Segment<'a> {
    bits: &'a str,
    /// Why a decoder may not have seen the flag before it.
    before: &'static str,
}

fn segments(stream: &str) -> impl Iterator<Item = Segment<'_>> {
    let flags: Vec<usize> =
        (0..stream.len()).filter(|at| stream[*at..].starts_with(FLAG)).collect();
    let pairs: Vec<(usize, usize)> = flags.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.into_iter().filter_map(move |(opening, closing)| {
        let bits = stream.get(opening + FLAG.len()..closing)?;
        Some(Segment { bits, before: before(&stream[..opening]) })
    })
}

/// A name for what comes before a flag.
fn before(stream: &str) -> &'static str {
    let since = stream.rfind(FLAG).map(|at| &stream[at + 7..]);
    match since {
        _ if stream.len() < 8 && !stream.contains('0') => "missed: the first flag of a stream",
        None => "missed: after bits without a flag",
        Some("" | "0") => "missed: after another flag",
        Some(since) if since.contains("1111111") => "missed: after an abort",
        Some(since) if plain(since).len() % 8 != 1 => {
            "missed: after bits that are not whole octets"
        }
        Some(_) => "missed: after whole octets",
    }
}

/// Why a decoder may have reported `frame`, which is not a frame.
fn why_taken(stream: &str, frame: &[u8]) -> &'static str {
    let is_it = |segment: &Segment<'_>| {
        let octets = octets(&plain(segment.bits));
        octets.starts_with(frame) && octets.len() >= frame.len()
    };
    match segments(stream).find(is_it) {
        Some(segment) if segment.bits.contains("1111111") => "taken: an abort in it",
        Some(segment) if segment.bits.ends_with("11111") => {
            "taken: the zero after its last five ones is the one of its flag"
        }
        Some(segment) if !plain(segment.bits).len().is_multiple_of(8) => {
            "taken: not a whole number of octets"
        }
        Some(_) => "taken: a wrong FCS",
        None => "taken: no such octets between flags",
    }
}

impl Segment<'_> {
    fn frame(&self) -> Option<Vec<u8>> {
        if self.bits.contains("1111111") || self.bits.ends_with("11111") {
            return None;
        }
        let plain = plain(self.bits);
        let octets = octets(&plain);
        let (content, sent) = octets.split_last_chunk()?;
        let mut fcs = Fcs16::new();
        for octet in content {
            fcs.update(*octet);
        }
        let is_frame =
            plain.len().is_multiple_of(8) && !content.is_empty() && *sent == fcs.octets();
        is_frame.then(|| content.to_vec())
    }
}

/// Without the zero after each five ones.
fn plain(bits: &str) -> String {
    bits.replace("111110", "11111")
}

/// Whole octets, least significant bit first.
fn octets(plain: &str) -> Vec<u8> {
    let octet = |bits: &[u8]| bits.iter().rev().fold(0, |octet, bit| octet << 1 | (bit & 1));
    plain.as_bytes().chunks_exact(8).map(octet).collect()
}

fn content(random: &mut Random) -> Vec<u8> {
    let count = CONTENT_OCTETS_MIN + random.index(CONTENT_OCTETS_MAX - CONTENT_OCTETS_MIN + 1);
    // As many ones as zeros, or many ones, so that zeros have to be inserted.
    let mask = if random.index(2) == 0 { 0 } else { random.octet() | random.octet() };
    (0..count).map(|_| random.octet() | mask).collect()
}

fn damage(line: &mut String, random: &mut Random) {
    let place = random.index(line.len());
    let Some(&bit) = line.as_bytes().get(place) else { return };
    match random.index(5) {
        0 => line.replace_range(place..=place, if bit == b'1' { "0" } else { "1" }),
        1 => drop(line.remove(place)),
        2 => line.insert(place, char::from(bit)),
        3 => line.insert_str(place, &"1".repeat(1 + random.index(12))),
        _ => line.truncate(place.max(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_an_undamaged_stream_are_found() {
        let stream = undamaged(1_000);
        let frames = frames_by_definition(&stream);
        assert_eq!(frames.concat(), crate::octets(1_000));
        assert_eq!(differences(&stream, &frames), Vec::<&str>::new());
    }

    #[test]
    fn a_frame_too_many_and_one_too_few_are_told() {
        let stream = undamaged(600);
        let mut frames = frames_by_definition(&stream);
        frames[1] = vec![7; 8];
        assert_eq!(
            differences(&stream, &frames),
            ["missed: after whole octets", "taken: no such octets between flags"]
        );
    }
}
