//! What may be shown on a terminal.

use core::char::EscapeUnicode;
use core::iter::FusedIterator;

/// The characters to show for `character` so that it cannot do anything to a terminal.
///
/// | character                                                        | shown as              |
/// |------------------------------------------------------------------|-----------------------|
/// | newline, tab                                                     | itself                |
/// | the other C0 controls (U+0000 to U+001F) and DEL                 | `^@` to `^_`, `^?`    |
/// | the C1 controls (U+0080 to U+009F)                               | `\u{80}` to `\u{9f}`  |
/// | line and paragraph separator (U+2028, U+2029)                    | `\u{2028}`,`\u{2029}` |
/// | bidirectional embeddings, overrides and their end (U+202A to U+202E) | `\u{202a}` to `\u{202e}` |
/// | bidirectional isolates and their end (U+2066 to U+2069)          | `\u{2066}` to `\u{2069}` |
/// | everything else                                                  | itself                |
///
/// Carriage return is among the controls, since it would let text overwrite what is already shown:
/// `^M`. Joiners, variation selectors and combining marks stay, because emoji and many scripts need
/// them. The result is for reading and cannot be turned back: a text may hold `^M` itself.
///
/// # Examples
///
/// ```
/// use minitalk_core::text::visible;
///
/// let shown: String = "a\x1B[2J\r\u{9B}\u{202E}é\n".chars().flat_map(visible).collect();
/// assert_eq!(shown, "a^[[2J^M\\u{9b}\\u{202e}é\n");
/// ```
#[must_use]
pub fn visible(character: char) -> Visible {
    Visible(match character {
        '\n' | '\t' => Form::Plain(Some(character)),
        '\0'..='\x1F' | '\x7F' => Form::Caret(caret(character)),
        '\u{80}'..='\u{9F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            Form::Escape(character.escape_unicode())
        }
        _ => Form::Plain(Some(character)),
    })
}

/// The letter that stands after the caret for an ASCII control.
fn caret(control: char) -> char {
    // `^@` is 0x00, `^A` is 0x01, and so on to `^_` for 0x1F; `^?` is 0x7F.
    u8::try_from(control).map_or(control, |code| char::from(code ^ 0x40))
}

/// The characters to show for one character, one to eight: see [`visible`].
#[derive(Clone, Debug)]
pub struct Visible(Form);

#[derive(Clone, Debug)]
enum Form {
    /// This character, or nothing any more.
    Plain(Option<char>),
    /// A caret, and then this character.
    Caret(char),
    /// The rest of `\u{…}`.
    Escape(EscapeUnicode),
}

impl Iterator for Visible {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match &mut self.0 {
            Form::Plain(character) => character.take(),
            Form::Caret(letter) => {
                self.0 = Form::Plain(Some(*letter));
                Some('^')
            }
            Form::Escape(escape) => escape.next(),
        }
    }
}

impl FusedIterator for Visible {}

#[cfg(feature = "defmt")]
impl defmt::Format for Visible {
    fn format(&self, f: defmt::Formatter<'_>) {
        for character in self.clone() {
            defmt::write!(f, "{}", character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn shown(text: &str) -> String {
        text.chars().flat_map(visible).collect()
    }

    #[test]
    fn nothing_shown_is_a_control_except_newline_and_tab() {
        for character in '\0'..=char::MAX {
            let count = visible(character).count();
            assert!((1..=8).contains(&count));
            for part in visible(character).filter(|part| *part != character) {
                assert!(part.is_ascii_graphic());
            }
            let safe = |part: char| !part.is_control() || part == '\n' || part == '\t';
            assert!(visible(character).all(safe), "{character:?}");
        }
    }

    #[test]
    fn controls_have_their_customary_names() {
        assert_eq!(shown("\0\x01\x1A\x1B\x1F\x7F\r"), "^@^A^Z^[^_^?^M");
        assert_eq!(shown("\u{80}\u{9F}"), "\\u{80}\\u{9f}");
    }

    #[test]
    fn what_turns_the_direction_of_text_round_is_spelled_out() {
        for code in (0x2028..=0x202E).chain(0x2066..=0x2069) {
            let character = char::from_u32(code).unwrap();
            assert!(visible(character).eq(std::format!("\\u{{{code:x}}}").chars()));
        }
    }

    #[test]
    fn text_and_emoji_stay_as_they_are() {
        let text = "naïve\tπ 漢字 e\u{301} 👩\u{200D}🚀 ❤\u{FE0F} עברית \\u{9b} ^M\n";
        assert_eq!(shown(text), text);
    }
}
