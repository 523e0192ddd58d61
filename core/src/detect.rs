//! Which protocol a new peer speaks, told from its first bits.
//!
//! A framed peer begins with a *mark*: eight ones, which is an HDLC abort and so means nothing to a
//! receiver that already listens. No classic text begins like that, because `0xFF` is never part of
//! UTF-8 (RFC 3629, section 3), whatever the bit order. A zero before the eighth one means classic.
//! Further ones change nothing, and that is the point: a new sender's first bit is the one most
//! likely to be sent twice, while the sender waits for its turn.
//!
//! That holds where a one means a one. If the dialect of the sender is not known, the ones may mean
//! zeros: the upper bytes of a length, for example. Then the first zero decides: after eight to
//! fifteen ones it ends the mark, and is the first bit of a frame.

use crate::Bit;

/// Ones that begin every framed transmission.
pub const MARK_BITS: u8 = 8;

/// The largest number of ones in the mark of a new sender. A length of 32 bits whose zeros are sent
/// as ones begins with more.
const ONES_MAX: u8 = 15;

/// What the first bits of a peer have shown so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "it says which protocol the next bit belongs to"]
pub enum Detection {
    /// Only ones so far, and they do not decide yet.
    Undecided,
    /// A zero has decided: a byte of classic text has begun.
    Classic,
    /// The mark is complete.
    Framed,
}

/// Counts the ones a new peer begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Detector {
    ones: u8,
    /// Whether the first zero decides, instead of the eighth one.
    waits_for_zero: bool,
}

impl Detector {
    /// A detector that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { ones: 0, waits_for_zero: false }
    }

    /// A detector that has seen nothing, for a peer whose classic dialect is not known either.
    #[must_use]
    pub const fn of_any_dialect() -> Self {
        Self { ones: 0, waits_for_zero: true }
    }

    /// Whether the bit that completes the mark is also the first bit after it.
    #[must_use]
    pub const fn has_frame_begun(&self) -> bool {
        self.waits_for_zero
    }

    /// Takes the next bit of the peer. Drop the detector once the answer is not
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
            Bit::Zero if self.waits_for_zero && self.ones >= MARK_BITS && self.ones <= ONES_MAX => {
                Detection::Framed
            }
            Bit::Zero => Detection::Classic,
            Bit::One => {
                self.ones = self.ones.saturating_add(1);
                let is_mark = self.ones >= MARK_BITS && !self.waits_for_zero;
                if is_mark { Detection::Framed } else { Detection::Undecided }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_all_dialects_the_first_zero_decides() {
        for (ones, expected) in [
            (0, Detection::Classic),
            (7, Detection::Classic),
            (8, Detection::Framed),
            (15, Detection::Framed),
            (16, Detection::Classic),
            (31, Detection::Classic),
        ] {
            let mut detector = Detector::of_any_dialect();
            for _ in 0..ones {
                assert_eq!(detector.feed(Bit::One), Detection::Undecided, "{ones} ones");
            }
            assert_eq!(detector.feed(Bit::Zero), expected, "{ones} ones");
        }
    }

    #[test]
    fn a_zero_that_decides_is_the_first_bit_of_a_frame_and_a_one_is_none() {
        assert!(Detector::of_any_dialect().has_frame_begun());
        assert!(!Detector::new().has_frame_begun());
    }

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
