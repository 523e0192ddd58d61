//! UTF-8 in pieces.

use core::{array, iter};

/// Reads UTF-8 one byte at a time.
///
/// What is not UTF-8 becomes U+FFFD, one for each maximal subpart of an ill-formed sequence (The
/// Unicode Standard 16.0, section 3.9, table 3-7 and "U+FFFD Substitution of Maximal Subparts"). The
/// result is that of `String::from_utf8_lossy`, wherever the pieces were cut.
///
/// # Examples
///
/// ```
/// use minitalk_core::text::Decoder;
///
/// let mut decoder = Decoder::new();
/// let mut text = String::new();
/// for byte in *b"caf\xC3\xA9 \xF0\x9F" {
///     text.extend(decoder.feed(byte));
/// }
/// text.extend(decoder.finish());
/// assert_eq!(text, "café \u{FFFD}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Decoder {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// Between two characters.
    Start,
    /// Inside a character. `bits` are its bits so far, `left` bytes are to come, and the next one is
    /// in `low..=high`.
    Inside { bits: u32, left: u8, low: u8, high: u8 },
}

impl Decoder {
    /// A decoder between two characters.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Start }
    }

    /// Whether a character has begun and is not complete.
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        matches!(self.state, State::Inside { .. })
    }

    /// Takes the next byte and returns the characters that are complete with it: none, one, or two
    /// of which the first is U+FFFD.
    ///
    /// *Signal safety*: takes a small bounded time, allocates nothing and cannot panic.
    pub fn feed(&mut self, byte: u8) -> Decoded {
        match self.state {
            State::Start => Decoded { broken: None, complete: self.begin(byte) },
            State::Inside { bits, left, low, high } if (low..=high).contains(&byte) => {
                Decoded { broken: None, complete: self.go_on(bits, left, byte) }
            }
            State::Inside { .. } => {
                Decoded { broken: Some(char::REPLACEMENT_CHARACTER), complete: self.begin(byte) }
            }
        }
    }

    /// Ends the text: U+FFFD if it ends inside a character. The decoder is then as new.
    #[must_use]
    pub const fn finish(&mut self) -> Option<char> {
        let inside = self.is_inside();
        *self = Self::new();
        if inside { Some(char::REPLACEMENT_CHARACTER) } else { None }
    }

    /// Takes the first byte of a character. The rows are those of table 3-7.
    fn begin(&mut self, byte: u8) -> Option<char> {
        let (first_bits, left, low, high) = match byte {
            0x00..=0x7F => {
                self.state = State::Start;
                return Some(char::from(byte));
            }
            0xC2..=0xDF => (0x1F, 1, 0x80, 0xBF),
            0xE0 => (0x0F, 2, 0xA0, 0xBF),
            0xE1..=0xEC | 0xEE..=0xEF => (0x0F, 2, 0x80, 0xBF),
            0xED => (0x0F, 2, 0x80, 0x9F),
            0xF0 => (0x07, 3, 0x90, 0xBF),
            0xF1..=0xF3 => (0x07, 3, 0x80, 0xBF),
            0xF4 => (0x07, 3, 0x80, 0x8F),
            0x80..=0xC1 | 0xF5..=0xFF => {
                self.state = State::Start;
                return Some(char::REPLACEMENT_CHARACTER);
            }
        };
        self.state = State::Inside { bits: u32::from(byte & first_bits), left, low, high };
        None
    }

    /// Takes a byte after the first one, where `left` were to come.
    fn go_on(&mut self, bits: u32, left: u8, byte: u8) -> Option<char> {
        let bits = bits << 6 | u32::from(byte & 0x3F);
        let left = left.saturating_sub(1);
        if left > 0 {
            self.state = State::Inside { bits, left, low: 0x80, high: 0xBF };
            return None;
        }
        self.state = State::Start;
        // The ranges leave neither a surrogate nor anything above U+10FFFF to come here.
        Some(char::from_u32(bits).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The characters that one byte completed, none to two, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Decoded {
    /// U+FFFD, for a sequence that the byte did not go on with.
    broken: Option<char>,
    /// What the byte itself completed.
    complete: Option<char>,
}

impl IntoIterator for Decoded {
    type Item = char;
    type IntoIter = iter::Flatten<array::IntoIter<Option<char>, 2>>;

    fn into_iter(self) -> Self::IntoIter {
        [self.broken, self.complete].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    fn decoded(bytes: &[u8]) -> String {
        let mut decoder = Decoder::new();
        let mut text: String = bytes.iter().flat_map(|byte| decoder.feed(*byte)).collect();
        text.extend(decoder.finish());
        assert!(!decoder.is_inside());
        text
    }

    /// The ends of all ranges in table 3-7 and their neighbours.
    const EDGES: [u8; 32] = [
        0x00, 0x41, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xAF, 0xBE, 0xBF, 0xC0, 0xC1, 0xC2,
        0xC3, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8,
        0xFE, 0xFF,
    ];

    #[test]
    fn every_character_comes_through() {
        for character in '\0'..=char::MAX {
            let mut bytes = [0; 4];
            let text = character.encode_utf8(&mut bytes);
            assert_eq!(decoded(text.as_bytes()), *text);
        }
    }

    #[test]
    fn every_three_bytes_from_the_edges_of_the_table_are_read_as_the_library_reads_them() {
        for first in EDGES {
            for second in EDGES {
                for third in EDGES {
                    let bytes = [first, second, third];
                    assert_eq!(decoded(&bytes), String::from_utf8_lossy(&bytes), "{bytes:x?}");
                }
            }
        }
    }

    #[test]
    fn the_examples_of_the_standard_come_out() {
        // Tables 3-8 to 3-11 of the Unicode Standard 16.0.
        let examples: [(&[u8], &str); 4] = [
            (b"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", "????????A"),
            (b"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", "????????A"),
            (b"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", "?????A??B"),
            (b"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "????A"),
        ];
        for (bytes, text) in examples {
            assert_eq!(decoded(bytes).replace('\u{FFFD}', "?"), text);
        }
    }

    #[test]
    fn a_character_is_handed_out_with_its_last_byte() {
        let mut decoder = Decoder::new();
        let (last, first) = "🦀".as_bytes().split_last().unwrap();
        assert!(first.iter().all(|byte| decoder.feed(*byte).into_iter().next().is_none()));
        assert!(decoder.is_inside());
        assert!(decoder.feed(*last).into_iter().eq(['🦀']));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_as_the_library_reads_them(bytes: Vec<u8>) {
            prop_assert_eq!(decoded(&bytes), String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn likely_bytes_are_read_as_the_library_reads_them(
            bytes in prop::collection::vec(prop::sample::select(EDGES.as_slice()), 0..64),
        ) {
            prop_assert_eq!(decoded(&bytes), String::from_utf8_lossy(&bytes));
        }
    }
}
