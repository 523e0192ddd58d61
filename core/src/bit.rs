//! One symbol on the line.

use core::fmt;
use core::ops::Not;

/// One of the two symbols that the line can carry.
///
/// On Linux `Zero` is `SIGUSR1` and `One` is `SIGUSR2`. `SIGUSR1` has the lower number on every
/// architecture, so the kernel delivers it first when both are pending (signal(7)). Acknowledgments
/// are symbols of the same line and therefore `Bit`s too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Bit {
    /// The line symbol `0`: `SIGUSR1` on Linux.
    Zero,
    /// The line symbol `1`: `SIGUSR2` on Linux.
    One,
}

impl Bit {
    /// Whether this is [`Bit::One`].
    #[must_use]
    pub const fn is_one(self) -> bool {
        matches!(self, Self::One)
    }

    /// The bit with the value `one`.
    #[must_use]
    pub const fn from_bool(one: bool) -> Self {
        if one { Self::One } else { Self::Zero }
    }
}

impl From<bool> for Bit {
    fn from(one: bool) -> Self {
        Self::from_bool(one)
    }
}

impl From<Bit> for bool {
    fn from(bit: Bit) -> Self {
        bit.is_one()
    }
}

impl From<Bit> for u8 {
    fn from(bit: Bit) -> Self {
        Self::from(bit.is_one())
    }
}

impl Not for Bit {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::Zero => Self::One,
            Self::One => Self::Zero,
        }
    }
}

impl fmt::Display for Bit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "0",
            Self::One => "1",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_conversion_agrees_on_which_symbol_is_one() {
        for (bit, one) in [(Bit::Zero, false), (Bit::One, true)] {
            assert_eq!(Bit::from(one), bit);
            assert_eq!(bool::from(bit), one);
            assert_eq!(u8::from(bit), u8::from(one));
            assert_eq!(!bit, Bit::from(!one));
            assert_eq!(std::format!("{bit}"), if one { "1" } else { "0" });
        }
    }
}
