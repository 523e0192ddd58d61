//! What differs between implementations of the classic protocol.

use crate::Bit;

/// In which order the bits of a byte, or of a length, are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum BitOrder {
    /// The most significant bit first.
    MsbFirst,
    /// The least significant bit first.
    LsbFirst,
}

/// What the receiver sends back while a message arrives. Bits of a length count as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ack {
    /// Nothing.
    None,
    /// This symbol after every eighth bit.
    PerByte(Bit),
    /// This symbol after every bit.
    PerBit(Bit),
    /// After every bit, the symbol that brought it.
    Echo,
}

/// What the receiver sends back when the message is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Receipt {
    /// Nothing.
    None,
    /// This symbol, after the acknowledgment of the last bit.
    AfterAck(Bit),
    /// This symbol, before the acknowledgment of the last bit.
    BeforeAck(Bit),
    /// This symbol, and no acknowledgment of the last bit.
    InsteadOfAck(Bit),
}

/// What ends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum End {
    /// A NUL byte after the text.
    Nul,
    /// A length of 32 bits before the text, in bytes of text.
    Length32,
    /// A length of 64 bits before the text, in bytes of text.
    Length64,
    /// A length of 32 bits before the text, and a NUL, which it does not count, after it.
    Length32Nul,
    /// A length of 64 bits before the text, and a NUL, which it does not count, after it.
    Length64Nul,
}

/// How one implementation speaks the classic protocol.
///
/// Written as text it is a list such as
/// `one=usr2,order=msb,ack=usr1,receipt=usr2-after,end=nul,hello=none`, which is the default.
/// Any of the six [settings](super::Setting) may be left out, in any order; the rest is as in the
/// default. `usr1` is [`Bit::Zero`], `usr2` is [`Bit::One`].
///
/// # Examples
///
/// ```
/// use minitalk_core::Bit;
/// use minitalk_core::classic::{Ack, BitOrder, Dialect};
///
/// let dialect: Dialect = "ack=echo,order=lsb".parse()?;
/// assert_eq!(dialect, Dialect { ack: Ack::Echo, order: BitOrder::LsbFirst, ..Dialect::DEFAULT });
/// assert_eq!(
///     dialect.to_string(),
///     "one=usr2,order=lsb,ack=echo,receipt=usr2-after,end=nul,hello=none",
/// );
/// # Ok::<(), minitalk_core::classic::ParseDialectError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Dialect {
    /// The line symbol that means a one; the other one means a zero.
    pub one: Bit,
    /// The order of the bits of a byte and of a length.
    pub order: BitOrder,
    /// What the receiver sends back while the message arrives.
    pub ack: Ack,
    /// What the receiver sends back when the message is complete.
    pub receipt: Receipt,
    /// What ends a message.
    pub end: End,
    /// The symbol with which the sender greets before a message, if it does. It is acknowledged like
    /// a bit of the dialect and is none.
    pub hello: Option<Bit>,
}

impl Dialect {
    /// What most implementations speak: `SIGUSR2` is a one, most significant bit first, every bit
    /// acknowledged with `SIGUSR1` and the message with one `SIGUSR2` more, NUL at the end.
    pub const DEFAULT: Self = Self {
        one: Bit::One,
        order: BitOrder::MsbFirst,
        ack: Ack::PerBit(Bit::Zero),
        receipt: Receipt::AfterAck(Bit::One),
        end: End::Nul,
        hello: None,
    };

    /// The [default](Self::DEFAULT) dialect.
    #[must_use]
    pub const fn new() -> Self {
        Self::DEFAULT
    }

    /// Bytes of the length before the text: 0, 4 or 8.
    pub(super) const fn length_bytes(self) -> u8 {
        match self.end {
            End::Nul => 0,
            End::Length32 | End::Length32Nul => 4,
            End::Length64 | End::Length64Nul => 8,
        }
    }

    /// Whether a NUL follows the text.
    pub(super) const fn has_nul(self) -> bool {
        match self.end {
            End::Nul | End::Length32Nul | End::Length64Nul => true,
            End::Length32 | End::Length64 => false,
        }
    }

    /// What one bit in the middle of a byte is acknowledged with, if it is.
    #[must_use]
    pub const fn bit_ack(self, symbol: Bit) -> Option<Bit> {
        match self.ack {
            Ack::None | Ack::PerByte(_) => None,
            Ack::PerBit(ack) => Some(ack),
            Ack::Echo => Some(symbol),
        }
    }

    /// Whether a receiver can hold a sender back by not acknowledging: only if it acknowledges
    /// every bit.
    #[must_use]
    pub const fn can_hold_back(self) -> bool {
        self.bit_ack(Bit::Zero).is_some()
    }

    /// Whether a receiver can take framed senders beside those of this dialect.
    ///
    /// It must acknowledge every bit, and the [mark](crate::detect) of a framed sender must be
    /// nothing that a classic one would begin with: eight ones are `0xFF`, which UTF-8 never
    /// contains, and as the upper byte of a length more than four billion.
    #[must_use]
    pub const fn admits_framed(self) -> bool {
        let lengths_begin_high = match self.end {
            End::Nul => true,
            End::Length32 | End::Length64 | End::Length32Nul | End::Length64Nul => {
                matches!(self.order, BitOrder::MsbFirst)
            }
        };
        self.can_hold_back() && self.one.is_one() && lengths_begin_high && self.hello.is_none()
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Every dialect there is.
#[cfg(test)]
pub(super) fn every_dialect() -> std::vec::Vec<Dialect> {
    use super::setting::{ACK, END, HELLO, ONE, ORDER, RECEIPT};
    let mut dialects = std::vec::Vec::new();
    for one in ONE.values {
        for order in ORDER.values {
            for ack in ACK.values {
                for receipt in RECEIPT.values {
                    for end in END.values {
                        for hello in HELLO.values {
                            dialects.push(Dialect { one, order, ack, receipt, end, hello });
                        }
                    }
                }
            }
        }
    }
    dialects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_dialects_as_the_settings_multiply_to() {
        let mut dialects = every_dialect();
        assert_eq!(dialects.len(), 2 * 2 * 6 * 7 * 5 * 3);
        while let Some(dialect) = dialects.pop() {
            assert!(!dialects.contains(&dialect));
        }
    }

    #[test]
    fn the_default_is_the_default() {
        assert_eq!(Dialect::default(), Dialect::new());
    }
}
