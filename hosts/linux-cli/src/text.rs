//! Foreign text for people: UTF-8 that arrives in pieces, with nothing in it that controls a
//! terminal.

use std::str;

use minitalk::text::is_control;

/// Decodes UTF-8 that arrives in pieces.
///
/// Anything that is not UTF-8 becomes U+FFFD, one for each maximal subpart of an ill-formed
/// sequence (The Unicode Standard 16.0, section 3.9, "U+FFFD Substitution of Maximal Subparts").
/// The result is that of [`String::from_utf8_lossy`], wherever the pieces were cut.
///
/// # Examples
///
/// ```
/// use minitalk_cli::text::Decoder;
///
/// let (mut decoder, mut text) = (Decoder::default(), String::new());
/// decoder.feed(b"caf\xC3", &mut text);
/// assert_eq!(text, "caf");
/// decoder.feed(b"\xA9 \xF0\x9F", &mut text);
/// decoder.finish(&mut text);
/// assert_eq!(text, "café \u{FFFD}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoder {
    /// The beginning of a character, at most three octets.
    begun: Vec<u8>,
}

impl Decoder {
    /// Takes the next octets and appends the characters that they complete.
    pub fn feed(&mut self, octets: &[u8], text: &mut String) {
        self.begun.extend_from_slice(octets);
        let octets = std::mem::take(&mut self.begun);
        let mut chunks = octets.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            let is_begun = str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if is_begun && chunks.peek().is_none() {
                self.begun = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }

    /// Ends the text: appends U+FFFD if it ends inside a character. The decoder can then be used
    /// again.
    pub fn finish(&mut self, text: &mut String) {
        if !std::mem::take(&mut self.begun).is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// The text with every character spelled out that would control a terminal, except newlines and
/// tabs.
///
/// C0 controls and DEL become `^@` to `^_` and `^?`, the other [controls](is_control) `\u{80}` and
/// so on. Carriage return becomes `^M`, because it would let text overwrite what is already shown.
/// The result is for reading and cannot be converted back: a text may contain `^M` itself.
#[must_use]
pub fn visible(text: &str) -> String {
    spelled_out(text, |character| is_control(character) && !matches!(character, '\n' | '\t'))
}

/// A name that someone else has chosen, such as that of a process, with newlines and tabs spelled
/// out as well, so that it stays on its line.
#[must_use]
pub fn shown(name: &str) -> String {
    spelled_out(name, is_control)
}

/// A number of things: `1 byte`, `2 bytes`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A time of this many seconds, in its two largest units: `3d 4h`, `4h 5m`, `5m 6s`, `6s`.
#[must_use]
pub fn uptime(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m {}s", seconds % 60),
        3_600..86_400 => format!("{hours}h {}m", minutes % 60),
        86_400.. => format!("{days}d {}h", hours % 24),
    }
}

fn spelled_out(text: &str, is_hidden: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(character) {
            _ if !is_hidden(character) => shown.push(character),
            // `^@` is 0x00, `^A` is 0x01, and so on to `^_` for 0x1F; `^?` is 0x7F.
            Ok(code @ (0x00..=0x1F | 0x7F)) => shown.extend(['^', char::from(code ^ 0x40)]),
            Ok(_) | Err(_) => shown.extend(character.escape_unicode()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The octets decoded in pieces of these lengths, cyclically.
    fn decoded(octets: &[u8], lengths: &[usize]) -> String {
        let (mut decoder, mut text, mut rest) = (Decoder::default(), String::new(), octets);
        for length in lengths.iter().cycle() {
            let (piece, later) = rest.split_at(rest.len().min(*length));
            decoder.feed(piece, &mut text);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        decoder.finish(&mut text);
        assert_eq!(decoder, Decoder::default());
        text
    }

    /// The bounds of all ranges in table 3-7 of the Unicode Standard and their neighbours.
    const EDGES: [u8; 32] = [
        0x00, 0x41, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x9F, 0xA0, 0xAF, 0xBE, 0xBF, 0xC0, 0xC1, 0xC2,
        0xC3, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8,
        0xFE, 0xFF,
    ];

    #[test]
    fn a_character_is_handed_out_with_its_last_octet() {
        let (mut decoder, mut text) = (Decoder::default(), String::new());
        let (last, first) = "🦀".as_bytes().split_last().unwrap();
        for octet in first {
            decoder.feed(&[*octet], &mut text);
            assert_eq!(text, "");
        }
        decoder.feed(&[*last], &mut text);
        assert_eq!(text, "🦀");
    }

    #[test]
    fn every_three_octets_from_the_edges_of_the_table_are_read_as_the_library_reads_them() {
        for first in EDGES {
            for second in EDGES {
                for third in EDGES {
                    let octets = [first, second, third];
                    assert_eq!(decoded(&octets, &[1]), String::from_utf8_lossy(&octets));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_are_read_as_the_library_reads_the_whole(
            octets in prop::collection::vec(prop::sample::select(EDGES.as_slice()), 0..64),
            lengths in prop::collection::vec(1_usize..6, 1..8),
        ) {
            prop_assert_eq!(decoded(&octets, &lengths), String::from_utf8_lossy(&octets));
        }
    }

    #[test]
    fn nothing_shown_is_a_control_except_newline_and_tab() {
        for character in '\0'..=char::MAX {
            let text = String::from(character);
            let visible = visible(&text);
            assert!(!visible.chars().any(|c| is_control(c) && !matches!(c, '\n' | '\t')));
            assert!(!shown(&text).chars().any(is_control));
            assert!(is_control(character) || visible == text, "{character:?}");
        }
    }

    #[test]
    fn controls_have_their_customary_names() {
        assert_eq!(visible("\0\x01\x1A\x1B\x1F\x7F\r"), "^@^A^Z^[^_^?^M");
        assert_eq!(visible("\u{80}\u{9F}\u{200E}\u{2028}"), "\\u{80}\\u{9f}\\u{200e}\\u{2028}");
        assert_eq!(visible("a\n\tb"), "a\n\tb");
    }

    #[test]
    fn a_name_stays_in_its_line_and_commands_nothing() {
        assert_eq!(shown("a\nb\tc\rd\x1b[2J\u{9b}"), "a^Jb^Ic^Md^[[2J\\u{9b}");
        assert_eq!(shown("bäsh (1)"), "bäsh (1)");
    }

    #[test]
    fn an_uptime_has_its_two_largest_units() {
        let rows = [(5, "5s"), (65, "1m 5s"), (3_660, "1h 1m"), (90_000, "1d 1h")];
        for (seconds, expected) in rows {
            assert_eq!(uptime(seconds), expected);
        }
    }
}
