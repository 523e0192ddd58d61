//! What has been observed of a receiver's answers.

use super::super::Ack;
use crate::Bit;

/// What the acknowledgments so far can be: one constant symbol for every bit, or an echo of the
/// bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Observation {
    /// The acknowledgment of the first bit, once it has come.
    first: Option<Bit>,
    /// Whether they are not constant.
    varies: bool,
    /// Whether they are not an echo.
    differs: bool,
}

impl Observation {
    /// Whether any acknowledgment has come.
    pub(super) const fn is_any(self) -> bool {
        self.first.is_some()
    }

    /// The acknowledgment of the first bit, once it has come.
    pub(super) const fn first(self) -> Option<Bit> {
        self.first
    }

    /// Takes the acknowledgment of a bit. Returns what all acknowledgments are, [`Ack::Auto`] while
    /// that is not clear, or `None` if they are neither constant nor an echo.
    pub(super) fn take(&mut self, bit: Bit, ack: Bit) -> Option<Ack> {
        let first = *self.first.get_or_insert(ack);
        self.varies |= ack != first;
        self.differs |= ack != bit;
        match (self.varies, self.differs) {
            (false, false) => Some(Ack::Auto),
            (false, true) => Some(Ack::PerBit(first)),
            (true, false) => Some(Ack::Echo),
            (true, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_and_a_constant_differ_from_the_first_bit_that_tells_them_apart() {
        let mut constant = Observation::default();
        assert_eq!(constant.take(Bit::Zero, Bit::Zero), Some(Ack::Auto));
        let mut echo = constant;
        assert_eq!(constant.take(Bit::One, Bit::Zero), Some(Ack::PerBit(Bit::Zero)));
        assert_eq!(echo.take(Bit::One, Bit::One), Some(Ack::Echo));
        assert_eq!(constant.take(Bit::Zero, Bit::One), None);
    }
}
