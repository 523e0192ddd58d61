//! Which protocol a new peer speaks, told from its first bits.
//!
//! A framed peer begins with a *mark*: eight ones, which is an HDLC abort and so means nothing to a
//! receiver that already listens. No classic text begins so, because `0xFF` is never part of UTF-8
//! (RFC 3629, section 3), whatever the bit order. The first zero before that settles it the other
//! way. Any number of further ones changes nothing, and that is the point: a newcomer's first bit
//! is the one most likely to be sent twice, while it waits for its turn.

use crate::Bit;

/// Ones that begin every framed transmission.
pub const MARK_BITS: u8 = 8;

/// What the first bits of a peer say so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "it says which protocol the next bit belongs to"]
pub enum Detection {
    /// Only ones so far, and fewer than [`MARK_BITS`] of them.
    Undecided,
    /// A zero came first: one byte of classic text has begun.
    Classic,
    /// The mark is complete.
    Framed,
}

/// Counts the ones a new peer begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Detector {
    ones: u8,
}

impl Detector {
    /// A detector that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { ones: 0 }
    }

    /// Takes the next bit of the peer. To be dropped once the answer is not
    /// [`Detection::Undecided`].
    ///
    /// # Signal safety
    ///
    /// May be called from a signal or interrupt handler.
    ///
    /// # Examples
    ///
    /// ```
    /// use minitalk_core::{Bit, detect::{Detection, Detector}};
    ///
    /// // 0xC3, the first byte of "é", most significant bit first.
    /// let mut detector = Detector::new();
    /// assert_eq!(detector.feed(Bit::One), Detection::Undecided);
    /// assert_eq!(detector.feed(Bit::One), Detection::Undecided);
    /// assert_eq!(detector.feed(Bit::Zero), Detection::Classic);
    /// ```
    pub const fn feed(&mut self, bit: Bit) -> Detection {
        match bit {
            Bit::Zero => Detection::Classic,
            Bit::One => {
                self.ones = self.ones.saturating_add(1);
                if self.ones >= MARK_BITS { Detection::Framed } else { Detection::Undecided }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_first_byte_but_ff_is_classic() {
        for byte in 0..=u8::MAX {
            let mut detector = Detector::new();
            let mut detection = Detection::Undecided;
            for position in (0..8).rev() {
                detection = detector.feed(Bit::from_bool(byte >> position & 1 == 1));
                if detection != Detection::Undecided {
                    break;
                }
            }
            let expected = if byte == 0xFF { Detection::Framed } else { Detection::Classic };
            assert_eq!(detection, expected, "{byte:#04x}");
        }
    }
}
