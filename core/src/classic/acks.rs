//! The symbols that a receiver owes for one line symbol.

use core::{array, iter};

use super::{Ack, Dialect, Ends, Receipt};
use crate::Bit;

/// The symbols that the receiver sends back for one line symbol, none to two, in their order.
///
/// # Examples
///
/// ```
/// use minitalk_core::Bit;
/// use minitalk_core::classic::{Dialect, Ends};
///
/// let acks = Dialect::DEFAULT.acks(Ends::Message, Bit::Zero);
/// assert_eq!(acks.as_slice(), [Bit::Zero, Bit::One]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Acks {
    /// The symbols, and zeros in the places behind them.
    symbols: [Bit; Self::LEN_MAX],
    len: u8,
}

impl Acks {
    /// Most symbols that are owed for one.
    pub const LEN_MAX: usize = 2;

    /// No symbol at all.
    pub const NONE: Self = Self { symbols: [Bit::Zero; Self::LEN_MAX], len: 0 };

    /// The symbols as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Bit] {
        self.symbols.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// How many symbols are owed, 0 to [`LEN_MAX`](Self::LEN_MAX).
    #[must_use]
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether none is owed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// This symbol, if there is one.
    #[must_use]
    #[inline]
    pub const fn of(symbol: Option<Bit>) -> Self {
        match symbol {
            Some(symbol) => Self { symbols: [symbol, Bit::Zero], len: 1 },
            None => Self::NONE,
        }
    }

    /// Takes the first symbol out.
    #[inline]
    pub fn take(&mut self) -> Option<Bit> {
        self.len = self.len.checked_sub(1)?;
        let [first, second] = self.symbols;
        self.symbols = [second, Bit::Zero];
        Some(first)
    }

    /// Takes `symbol` out if it can be the next one to arrive; false if it cannot.
    ///
    /// Symbols arrive in their order, except that the kernel hands out a zero before a one that is
    /// pending with it (signal(7)). So a one never overtakes a zero: one that seems to belongs to
    /// something else.
    pub fn arrived(&mut self, symbol: Bit) -> bool {
        if symbol == Bit::One && self.as_slice() == [Bit::Zero, Bit::One] {
            return false;
        }
        let mut rest = Self::NONE;
        let mut found = false;
        for owed in *self {
            if owed == symbol && !found {
                found = true;
            } else {
                rest = rest.and(Some(owed));
            }
        }
        *self = rest;
        found
    }

    /// These symbols and, where there is one, `symbol` behind them.
    fn and(mut self, symbol: Option<Bit>) -> Self {
        let place = self.symbols.get_mut(usize::from(self.len));
        if let (Some(place), Some(symbol)) = (place, symbol) {
            *place = symbol;
            self.len = self.len.wrapping_add(1);
        }
        self
    }
}

impl IntoIterator for Acks {
    type Item = Bit;
    type IntoIter = iter::Take<array::IntoIter<Bit, { Self::LEN_MAX }>>;

    fn into_iter(self) -> Self::IntoIter {
        self.symbols.into_iter().take(self.len())
    }
}

impl Dialect {
    /// What the receiver owes after the line symbol `symbol`, which ended `ends`.
    ///
    /// The receiver sends these symbols; the sender waits for them, all of them, before its next
    /// symbol.
    ///
    /// | the symbol ended  | owed, in this order                                      |
    /// |-------------------|----------------------------------------------------------|
    /// | nothing           | the ack, if there is one for every bit                   |
    /// | a byte, the length| the ack                                                  |
    /// | the message       | the ack, the receipt; or the receipt, the ack            |
    ///
    /// With [`Receipt::InsteadOfAck`] the ack of the last symbol of a message is left out. Whatever
    /// the dialect does not have is left out everywhere.
    #[must_use]
    pub fn acks(self, ends: Ends, symbol: Bit) -> Acks {
        let ack = match self.ack {
            Ack::None => None,
            Ack::PerByte(ack) => ends.byte().then_some(ack),
            Ack::PerBit(ack) => Some(ack),
            Ack::Echo => Some(symbol),
        };
        let receipt = if ends.message() { self.receipt } else { Receipt::None };
        match receipt {
            Receipt::None => Acks::NONE.and(ack),
            Receipt::AfterAck(_) => Acks::NONE.and(ack).and(receipt.symbol()),
            Receipt::BeforeAck(_) => Acks::NONE.and(receipt.symbol()).and(ack),
            Receipt::InsteadOfAck(_) => Acks::NONE.and(receipt.symbol()),
        }
    }
}

impl Receipt {
    const fn symbol(self) -> Option<Bit> {
        match self {
            Self::None => None,
            Self::AfterAck(symbol) | Self::BeforeAck(symbol) | Self::InsteadOfAck(symbol) => {
                Some(symbol)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::every_dialect;
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    const ENDS: [Ends; 5] =
        [Ends::Nothing, Ends::Byte, Ends::Length, Ends::Message, Ends::EmptyMessage];

    /// The table of [`Dialect::acks`] as texts: `a` the ack, `r` the receipt.
    fn owed(dialect: Dialect, ends: Ends) -> &'static str {
        match (ends, dialect.receipt) {
            (Ends::Nothing, _) => match dialect.ack {
                Ack::PerBit(_) | Ack::Echo => "a",
                Ack::PerByte(_) | Ack::None => "",
            },
            (Ends::Byte | Ends::Length, _) => "a",
            (_, Receipt::None | Receipt::AfterAck(_)) => "ar",
            (_, Receipt::BeforeAck(_)) => "ra",
            (_, Receipt::InsteadOfAck(_)) => "r",
        }
    }

    /// The symbol that a letter stands for, read from the dialect as it is written.
    fn symbol(dialect: Dialect, letter: char, cause: Bit) -> Option<Bit> {
        let text = dialect.to_string();
        let key = if letter == 'a' { "ack=" } else { "receipt=" };
        let value: String = text.split(',').find_map(|item| item.strip_prefix(key)).unwrap().into();
        match value {
            value if value == "none" => None,
            value if value == "echo" => Some(cause),
            value if value.contains("usr1") => Some(Bit::Zero),
            _ => Some(Bit::One),
        }
    }

    #[test]
    fn symbols_arrive_in_order_but_a_zero_may_overtake_a_one() {
        let both = Dialect::DEFAULT.acks(Ends::Message, Bit::Zero);
        let mut acks = both;
        assert_eq!(
            [acks.take(), acks.take(), acks.take()],
            [Some(Bit::Zero), Some(Bit::One), None]
        );
        let mut acks = both;
        assert!(!acks.arrived(Bit::One), "the zero was sent before it");
        assert_eq!(acks, both);
        assert!(acks.arrived(Bit::Zero));
        assert!(!acks.arrived(Bit::Zero));
        assert!(acks.arrived(Bit::One));
        assert!(acks.is_empty());
        for first in [Bit::Zero, Bit::One] {
            let mut turned = Acks::of(Some(Bit::One)).and(Some(Bit::Zero));
            assert!(turned.arrived(first));
            assert_eq!(turned, Acks::of(Some(!first)));
        }
        let mut twice = Acks::of(Some(Bit::One)).and(Some(Bit::One));
        assert!(twice.arrived(Bit::One));
        assert_eq!(twice.len(), 1);
    }

    #[test]
    fn every_dialect_owes_what_the_table_says() {
        for dialect in every_dialect() {
            for ends in ENDS {
                for cause in [Bit::Zero, Bit::One] {
                    let letters = owed(dialect, ends).chars();
                    let expected: Vec<Bit> =
                        letters.filter_map(|letter| symbol(dialect, letter, cause)).collect();
                    let acks = dialect.acks(ends, cause);
                    assert_eq!(acks.as_slice(), expected, "{dialect} {ends:?}");
                    assert_eq!(acks.into_iter().collect::<Vec<_>>(), expected);
                    assert_eq!(
                        (acks.len(), acks.is_empty()),
                        (expected.len(), expected.is_empty())
                    );
                }
            }
        }
    }
}
