//! Which characters of a text do something instead of being read.

/// Whether a character controls a terminal, ends a line or changes the direction in which other
/// characters are read.
///
/// These are the C0 controls with newline and tab (U+0000 to U+001F), DEL (U+007F), the C1 controls
/// (U+0080 to U+009F), the line and paragraph separators (U+2028, U+2029), and the characters with
/// the Unicode property `Bidi_Control` (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069;
/// UAX #9, section 2). The last can make a text look like a different one.
#[must_use]
pub const fn is_control(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1F' | '\x7F'..='\u{9F}'
            | '\u{61C}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_of_the_standard_library_is_one_and_no_letter_is() {
        for character in '\0'..=char::MAX {
            assert!(!character.is_control() || is_control(character), "{character:?}");
            assert!(!character.is_alphanumeric() || !is_control(character), "{character:?}");
        }
        // Emoji and many scripts need joiners and variation selectors.
        assert!(!['\u{200C}', '\u{200D}', '\u{FE0F}', '\u{301}', ' '].into_iter().any(is_control));
    }
}
