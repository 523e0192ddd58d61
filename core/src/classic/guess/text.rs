//! How likely a byte is as the next one of a text.

/// A cost that no byte of a text has: the reading must be wrong.
pub(super) const WRONG: u32 = 200;

/// What the byte before was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Start,
    Letter,
    Digit,
    Other,
}

/// Adds up what the bytes of a text cost, in tenths of a nat: an event of probability p costs `-10
/// ln p`. UTF-8 is judged as in RFC 3629, section 4; ASCII characters that are common in print are
/// cheap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text {
    before: Kind,
    /// How many bytes of the current character are still to come, and the range of the next one.
    expected: u8,
    next: (u8, u8),
}

impl Text {
    pub(super) const NEW: Self = Self { before: Kind::Start, expected: 0, next: (0, 0) };

    /// The cost of `byte` as the next one.
    pub(super) fn cost(&mut self, byte: u8) -> u32 {
        if self.expected > 0 {
            let (lowest, highest) = self.next;
            if byte < lowest || byte > highest {
                *self = Self::NEW;
                return WRONG;
            }
            self.expected = self.expected.saturating_sub(1);
            self.next = (0x80, 0xBF);
            return 35;
        }
        let (kind, cost) = match byte {
            b' ' => (Kind::Other, 20),
            b'a' | b'e' | b'h' | b'i' | b'l' | b'n' | b'o' | b'r' | b's' | b't' => {
                (Kind::Letter, 30)
            }
            b'a'..=b'z' => (Kind::Letter, 38),
            b'A'..=b'Z' => (Kind::Letter, 45),
            b'0'..=b'9' => (Kind::Digit, 40),
            b'!' | b'\'' | b',' | b'-' | b'.' | b':' | b'?' | b'\n' => (Kind::Other, 48),
            b'!'..=b'~' | b'\t' => (Kind::Other, 60),
            0xC3 => self.character(1, (0x80, 0xBF), 55),
            0xC2 | 0xC4..=0xDF => self.character(1, (0x80, 0xBF), 65),
            0xE0 => self.character(2, (0xA0, 0xBF), 65),
            0xED => self.character(2, (0x80, 0x9F), 65),
            0xE1..=0xEF => self.character(2, (0x80, 0xBF), 60),
            0xF0 => self.character(3, (0x90, 0xBF), 60),
            0xF4 => self.character(3, (0x80, 0x8F), 75),
            0xF1..=0xF3 => self.character(3, (0x80, 0xBF), 75),
            0x00..=0x1F | 0x7F => (Kind::Other, 130),
            0x80..=0xC1 | 0xF5..=0xFF => (Kind::Other, WRONG),
        };
        let change = match (self.before, kind) {
            // Few texts begin with a space or a punctuation mark.
            (Kind::Start, Kind::Other) => 30,
            (Kind::Start, _)
            | (Kind::Letter, Kind::Letter)
            | (Kind::Digit, Kind::Digit)
            | (Kind::Other, Kind::Letter | Kind::Digit) => 0,
            (Kind::Letter, Kind::Digit) | (Kind::Digit, Kind::Letter) => 8,
            (_, Kind::Other | Kind::Start) => 5,
        };
        self.before = kind;
        cost.saturating_add(change)
    }

    /// The cost of ending the text here.
    pub(super) const fn cost_of_end(self) -> u32 {
        if self.expected > 0 { WRONG } else { 25 }
    }

    const fn character(&mut self, expected: u8, next: (u8, u8), cost: u32) -> (Kind, u32) {
        self.expected = expected;
        self.next = next;
        (Kind::Letter, cost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `core::str::from_utf8` judges it.
    #[test]
    fn a_second_byte_is_wrong_where_no_character_of_utf_8_has_it() {
        for lead in 0xC2..=0xF4_u8 {
            let octets = match lead {
                0xC2..=0xDF => 2,
                0xE0..=0xEF => 3,
                _ => 4,
            };
            for second in 0..=u8::MAX {
                let character = [lead, second, 0x80, 0x80];
                let is_right = core::str::from_utf8(character.get(..octets).unwrap()).is_ok();
                let mut text = Text::NEW;
                text.cost(lead);
                assert_eq!(text.cost(second) < WRONG, is_right, "{lead:#x} {second:#x}");
            }
        }
    }
}
