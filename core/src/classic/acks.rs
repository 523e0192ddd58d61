//! The symbols that a receiver owes for one line symbol.

use heapless::Vec;

use super::{Ack, Dialect, Ends, Receipt};
use crate::Bit;

/// The symbols that the receiver sends back for one line symbol, in their order.
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
#[derive(Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Acks(Vec<Bit, { Self::LEN_MAX }>);

impl Acks {
    /// The largest number of symbols owed for one symbol.
    pub const LEN_MAX: usize = 5;

    /// No symbol at all.
    pub const NONE: Self = Self(Vec::new());

    /// The symbols as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[Bit] {
        &self.0
    }

    /// How many symbols are owed, 0 to [`LEN_MAX`](Self::LEN_MAX).
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How often `symbol` is owed.
    pub(super) fn count_of(&self, symbol: Bit) -> usize {
        self.0
            .iter()
            .filter(|&&owed| owed == symbol)
            .fold(0, |count: usize, _| count.saturating_add(1))
    }

    /// Whether none is owed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `symbol` alone, or nothing if it is `None`.
    #[must_use]
    #[inline]
    pub const fn of(symbol: Option<Bit>) -> Self {
        match symbol {
            Some(symbol) => Self(Vec::from_array([symbol])),
            None => Self::NONE,
        }
    }

    /// Removes `symbol` if it can be the next one to arrive, and returns whether it can.
    ///
    /// Symbols arrive in the order in which they were sent, except that the kernel delivers a zero
    /// before a one if both are pending (signal(7)). So a one cannot overtake a zero: a one that
    /// seems to have done so belongs to something else.
    pub fn arrived(&mut self, symbol: Bit) -> bool {
        let mut rest = Self::NONE;
        let mut found = false;
        for &owed in &self.0 {
            let overtakes = symbol.is_one() && !rest.is_empty();
            if owed == symbol && !found && !overtakes {
                found = true;
            } else {
                rest = rest.and(owed);
            }
        }
        *self = rest;
        found
    }

    /// Only the symbols for which `may` is true.
    pub(super) fn only(self, may: impl Fn(Bit) -> bool) -> Self {
        self.fold(Self::NONE, |acks, symbol| if may(symbol) { acks.and(symbol) } else { acks })
    }

    /// As many of `symbols` as there is room for.
    fn from_slice(symbols: &[Bit]) -> Self {
        Self(match *symbols {
            [] => Vec::new(),
            [first] => Vec::from_array([first]),
            [first, second] => Vec::from_array([first, second]),
            [first, second, third] => Vec::from_array([first, second, third]),
            [first, second, third, fourth] => Vec::from_array([first, second, third, fourth]),
            [first, second, third, fourth, fifth, ..] => {
                Vec::from_array([first, second, third, fourth, fifth])
            }
        })
    }

    /// Appends `symbol` if there is room. A test checks that there is, in every dialect.
    ///
    /// Neither this nor `clone` uses the vector's own methods: the linker cannot prove at every
    /// optimisation level that those never panic.
    fn and(self, symbol: Bit) -> Self {
        match *self.as_slice() {
            [] => Self::of(Some(symbol)),
            [first] => Self(Vec::from_array([first, symbol])),
            [first, second] => Self(Vec::from_array([first, second, symbol])),
            [first, second, third] => Self(Vec::from_array([first, second, third, symbol])),
            [first, second, third, fourth] => {
                Self(Vec::from_array([first, second, third, fourth, symbol]))
            }
            _ => self,
        }
    }
}

impl Clone for Acks {
    #[inline]
    fn clone(&self) -> Self {
        Self::from_slice(&self.0)
    }
}

/// Yields the symbols in the order in which they are owed.
impl Iterator for Acks {
    type Item = Bit;

    #[inline]
    fn next(&mut self) -> Option<Bit> {
        let (&first, rest) = self.0.split_first()?;
        // There is nearly always just one.
        *self = if rest.is_empty() { Self::NONE } else { Self::from_slice(rest) };
        Some(first)
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
    /// With [`Receipt::InsteadOfAck`] and [`Receipt::NothingInsteadOfAck`] the ack of the last
    /// symbol of a message is left out. Whatever the dialect does not have is left out everywhere.
    #[must_use]
    pub fn acks(self, ends: Ends, symbol: Bit) -> Acks {
        let (ack, second) = match self.ack {
            Ack::None => (None, None),
            Ack::PerByte(ack) => (ends.byte().then_some(ack), None),
            Ack::Auto | Ack::PerBit(_) | Ack::Echo => (self.bit_ack(symbol), None),
            Ack::PerBitAndByte(ack) => (Some(ack), ends.byte().then_some(!ack)),
        };
        let acks = second.into_iter().fold(Acks::of(ack), Acks::and);
        if !ends.message() {
            return acks;
        }
        match self.receipt {
            Receipt::None => acks,
            Receipt::NothingInsteadOfAck => Acks::NONE,
            Receipt::Auto => acks.and(Bit::One),
            Receipt::AfterAck(receipt) => acks.and(receipt),
            Receipt::BeforeAck(receipt) => acks.fold(Acks::of(Some(receipt)), Acks::and),
            Receipt::InsteadOfAck(receipt) => Acks::of(Some(receipt)),
            Receipt::ThreeAfterAck => acks.and(Bit::One).and(Bit::Zero).and(Bit::One),
        }
    }

    /// What is owed when a message is over and its last symbol has been acknowledged already.
    #[must_use]
    pub fn receipt(self) -> Acks {
        match self.receipt {
            Receipt::None | Receipt::NothingInsteadOfAck => Acks::NONE,
            Receipt::Auto => Acks::of(Some(Bit::One)),
            Receipt::AfterAck(receipt)
            | Receipt::BeforeAck(receipt)
            | Receipt::InsteadOfAck(receipt) => Acks::of(Some(receipt)),
            Receipt::ThreeAfterAck => Acks::of(Some(Bit::One)).and(Bit::Zero).and(Bit::One),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::every_answer;
    use super::*;
    use std::string::String;

    const ENDS: [Ends; 5] =
        [Ends::Nothing, Ends::Byte, Ends::Length, Ends::Message, Ends::EmptyMessage];

    /// The table of [`Dialect::acks`] as text: `a` is the ack, `b` the second one, `r` the receipt.
    fn owed(dialect: Dialect, ends: Ends) -> String {
        let acks = match (dialect.ack, ends) {
            (Ack::PerByte(_), Ends::Nothing) | (Ack::None, _) => "",
            (Ack::PerBit(_) | Ack::Echo | Ack::Auto | Ack::PerByte(_), _)
            | (Ack::PerBitAndByte(_), Ends::Nothing) => "a",
            (Ack::PerBitAndByte(_), _) => "ab",
        };
        match (ends, dialect.receipt) {
            (Ends::Nothing | Ends::Byte | Ends::Length, _) | (_, Receipt::None) => acks.into(),
            (_, Receipt::NothingInsteadOfAck) => String::new(),
            (_, Receipt::AfterAck(_) | Receipt::Auto) => [acks, "r"].concat(),
            (_, Receipt::BeforeAck(_)) => ["r", acks].concat(),
            (_, Receipt::InsteadOfAck(_)) => "r".into(),
            (_, Receipt::ThreeAfterAck) => [acks, "101"].concat(),
        }
    }

    /// The symbol that a letter of [`owed`] stands for, taken from the text form of the dialect.
    fn symbol(dialect: Dialect, letter: char, cause: Bit) -> Bit {
        let ack = match super::super::Setting::Ack.value(dialect) {
            "echo" => cause,
            "usr2" | "byte-usr2" | "usr2-byte-usr1" => Bit::One,
            _ => Bit::Zero,
        };
        match letter {
            'a' => ack,
            'b' => !ack,
            'r' => Bit::from(!super::super::Setting::Receipt.value(dialect).starts_with("usr1")),
            digit => Bit::from(digit == '1'),
        }
    }

    #[test]
    fn symbols_arrive_in_order_but_a_zero_may_overtake_a_one() {
        let both = Dialect::DEFAULT.acks(Ends::Message, Bit::Zero);
        let mut acks = both.clone();
        assert_eq!(
            [acks.next(), acks.next(), acks.next()],
            [Some(Bit::Zero), Some(Bit::One), None]
        );
        let mut acks = both.clone();
        assert!(!acks.arrived(Bit::One), "the zero was sent before it");
        assert_eq!(acks, both);
        assert!(acks.arrived(Bit::Zero));
        assert!(!acks.arrived(Bit::Zero));
        assert!(acks.arrived(Bit::One));
        assert!(acks.is_empty());
        for first in [Bit::Zero, Bit::One] {
            let mut turned = Acks::of(Some(Bit::One)).and(Bit::Zero);
            assert!(turned.arrived(first));
            assert_eq!(turned, Acks::of(Some(!first)));
        }
        let mut twice = Acks::of(Some(Bit::One)).and(Bit::One);
        assert!(twice.arrived(Bit::One));
        assert_eq!(twice.len(), 1);
    }

    #[test]
    fn every_dialect_owes_what_the_table_says() {
        for dialect in every_answer() {
            for ends in ENDS {
                for cause in [Bit::Zero, Bit::One] {
                    let letters = owed(dialect, ends);
                    let expected: std::vec::Vec<Bit> =
                        letters.chars().map(|letter| symbol(dialect, letter, cause)).collect();
                    let acks = dialect.acks(ends, cause);
                    assert_eq!(acks.as_slice(), expected, "{dialect} {ends:?}");
                    assert_eq!(acks.is_empty(), expected.is_empty());
                    assert_eq!(acks.collect::<std::vec::Vec<_>>(), expected);
                }
            }
        }
    }

    #[test]
    fn a_receipt_that_comes_after_all_else_is_what_the_message_was_owed_and_not_its_last_bit() {
        for dialect in every_answer() {
            let with = dialect.acks(Ends::Message, Bit::Zero).len();
            let receipt = dialect.receipt().len();
            assert!(receipt <= with, "{dialect}");
            let acks = dialect.acks(Ends::Byte, Bit::Zero).len();
            let is_instead =
                matches!(dialect.receipt, Receipt::InsteadOfAck(_) | Receipt::NothingInsteadOfAck);
            assert!(is_instead || receipt + acks == with, "{dialect}");
        }
    }
}
