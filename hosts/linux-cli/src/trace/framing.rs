//! Where flags, content and aborts are on the line: as much of HDLC as a picture needs.

use minitalk_signals::Bit;

/// A flag, `01111110`, the oldest bit on top.
const FLAG: u8 = 0b0111_1110;

/// The last seven bits, all ones: an abort.
const ABORT: u8 = 0b0111_1111;

/// What a bit has made clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It ends a flag.
    Flag,
    /// It ends an abort.
    Abort,
    /// What came since the flag is neither another flag nor an abort.
    Content,
}

/// The last eight bits, whatever they belong to.
#[derive(Debug)]
pub(super) struct Framing {
    latest: u8,
    /// Bits since a flag, as long as it is open what follows.
    since_flag: Option<u8>,
}

impl Framing {
    /// A line that has been idle: it carried ones.
    pub(super) const fn new() -> Self {
        Self { latest: u8::MAX, since_flag: None }
    }

    pub(super) fn feed(&mut self, bit: Bit) -> Option<Sight> {
        self.latest = self.latest << 1 | u8::from(bit == Bit::One);
        if self.latest == FLAG {
            self.since_flag = Some(0);
            return Some(Sight::Flag);
        }
        if self.latest & ABORT == ABORT {
            self.since_flag = None;
            return Some(Sight::Abort);
        }
        let since = self.since_flag.as_mut()?;
        *since += 1;
        // The first bit of another flag is a zero, too; the next zero is not.
        if bit == Bit::Zero && *since > 1 {
            self.since_flag = None;
            return Some(Sight::Content);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each bit of a line made clear: `F`, `A`, `C` or `.`.
    fn sights(line: &str) -> String {
        let mut framing = Framing::new();
        let bits = line.bytes().filter(|&c| c != b' ').map(|c| Bit::from_bool(c == b'1'));
        let letter = |bit| match framing.feed(bit) {
            Some(Sight::Flag) => 'F',
            Some(Sight::Abort) => 'A',
            Some(Sight::Content) => 'C',
            None => '.',
        };
        bits.map(letter).collect()
    }

    #[test]
    fn flags_one_after_another_have_nothing_between_them() {
        assert_eq!(sights("01111110 01111110 1111110"), ".......F.......F......F");
    }

    #[test]
    fn content_shows_at_the_first_zero_that_no_flag_has() {
        // 0xFF with its inserted zero, and 0x00.
        assert_eq!(sights("01111110 111110 111"), ".......F.....C...");
        assert_eq!(sights("01111110 00000000"), ".......F.C......");
    }

    #[test]
    fn a_mark_is_an_abort_from_its_seventh_one_on() {
        assert_eq!(sights("01111110 11111111 01111110"), ".......F......AA.......F");
    }
}
