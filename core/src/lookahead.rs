//! What comes next, before it is asked for.

use crate::Bit;

/// The symbol that is sent next, for each symbol that may arrive next, where that is certain.
///
/// Between the arrival of a symbol and the answer to it the line is idle. A host that has asked for
/// the lookahead before it waits can send the answer as soon as the symbol is there, and process
/// the symbol afterwards, while the other end is at work. Nothing else changes: what the half then
/// asks the host to transmit first is the answer, which has been sent.
///
/// It is certain in the middle of a frame or of a byte, and so for most symbols. It holds until the
/// next call of any other method of the half that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Lookahead {
    after_zero: Option<Bit>,
    after_one: Option<Bit>,
}

impl Lookahead {
    /// Nothing is certain.
    pub const NONE: Self = Self { after_zero: None, after_one: None };

    /// What is sent after each of the two symbols.
    #[inline]
    #[must_use]
    pub const fn new(after_zero: Option<Bit>, after_one: Option<Bit>) -> Self {
        Self { after_zero, after_one }
    }

    /// `next` is sent after `symbol`. What would be sent after the other one is not certain.
    #[inline]
    #[must_use]
    pub(crate) const fn only(symbol: Bit, next: Bit) -> Self {
        match symbol {
            Bit::Zero => Self { after_zero: Some(next), after_one: None },
            Bit::One => Self { after_zero: None, after_one: Some(next) },
        }
    }

    /// What is sent if `symbol` arrives next; `None` if that is not certain.
    #[inline]
    #[must_use]
    pub const fn after(self, symbol: Bit) -> Option<Bit> {
        match symbol {
            Bit::Zero => self.after_zero,
            Bit::One => self.after_one,
        }
    }

    /// Whether nothing is certain.
    #[inline]
    #[must_use]
    pub const fn is_none(self) -> bool {
        matches!(self, Self { after_zero: None, after_one: None })
    }
}
