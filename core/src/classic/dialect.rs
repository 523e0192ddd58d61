//! What differs between implementations of the classic protocol.

use crate::Bit;
use crate::slot::Slot;

/// The order in which the bits of a byte, or of a length, are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BitOrder {
    /// The most significant bit first.
    MsbFirst,
    /// The least significant bit first.
    LsbFirst,
}

/// What the receiver sends back while a message arrives. Bits of a length count as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ack {
    /// Whatever the other side does: a sender interprets what comes back, a receiver sends
    /// `SIGUSR1` after every bit unless it knows better.
    Auto,
    /// Nothing.
    None,
    /// This symbol after every eighth bit.
    PerByte(Bit),
    /// This symbol after every bit.
    PerBit(Bit),
    /// After every bit, the symbol that brought it.
    Echo,
    /// This symbol after every bit, followed by the other one after every eighth.
    PerBitAndByte(Bit),
}

/// What the receiver sends back when the message is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Receipt {
    /// Whatever the other side does: a sender interprets what comes back, a receiver sends
    /// `SIGUSR2` after the acknowledgment unless it knows better.
    Auto,
    /// Nothing.
    None,
    /// Nothing, and no acknowledgment of the last bit either.
    NothingInsteadOfAck,
    /// This symbol, after the acknowledgment of the last bit.
    AfterAck(Bit),
    /// This symbol, before the acknowledgment of the last bit.
    BeforeAck(Bit),
    /// This symbol, and no acknowledgment of the last bit.
    InsteadOfAck(Bit),
    /// `SIGUSR2`, `SIGUSR1` and `SIGUSR2`, after the acknowledgment of the last bit.
    ThreeAfterAck,
}

/// What ends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum End {
    /// A NUL byte after the text.
    Nul,
    /// A length of 32 bits before the text, in bytes of text.
    Length32,
    /// A length of 64 bits before the text, in bytes of text.
    Length64,
    /// A length of 32 bits before the text, and a NUL after it that the length does not count.
    Length32Nul,
    /// A length of 64 bits before the text, and a NUL after it that the length does not count.
    Length64Nul,
    /// A length of 32 bits before the text, and a NUL after it that the length counts.
    Length32CountedNul,
    /// A length of 64 bits before the text, and a NUL after it that the length counts.
    Length64CountedNul,
    /// Nothing on the line: a message is over when its sender is silent.
    Silence,
}

impl End {
    /// The same length, and a NUL after the text that the length does not count.
    pub(super) const fn with_nul(self) -> Self {
        match self {
            Self::Length32 | Self::Length32Nul | Self::Length32CountedNul => Self::Length32Nul,
            Self::Length64 | Self::Length64Nul | Self::Length64CountedNul => Self::Length64Nul,
            Self::Nul | Self::Silence => Self::Nul,
        }
    }

    /// The same length, and a NUL after the text that the length counts.
    pub(super) const fn with_counted_nul(self) -> Self {
        match self {
            Self::Length32 | Self::Length32Nul | Self::Length32CountedNul => {
                Self::Length32CountedNul
            }
            Self::Length64 | Self::Length64Nul | Self::Length64CountedNul => {
                Self::Length64CountedNul
            }
            Self::Nul | Self::Silence => Self::Nul,
        }
    }
}

/// How a length is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Length {
    /// As one number, in the bit order of the dialect.
    Bits,
    /// As one number with its bytes in the reverse order: the least significant byte first where
    /// the most significant bit of a byte is first.
    SwappedBytes,
    /// As one number, sent twice.
    Twice,
    /// As decimal digits in ASCII, ten for a length of 32 bits and twenty for one of 64.
    Digits,
}

/// What stands between the length, if there is one, and the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Lead {
    /// Nothing.
    None,
    /// A NUL byte.
    Nul,
    /// The process to be answered, as a number of 32 bits in the bit order of the dialect.
    PidBits,
    /// The process to be answered, as ten decimal digits in ASCII.
    PidDigits,
}

/// The symbols with which a sender greets before a message. They are not bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Hello {
    /// None.
    None,
    /// This symbol.
    One(Bit),
    /// This symbol, then `SIGUSR1` if the length has 32 bits or `SIGUSR2` if it has 64.
    AndWidth(Bit),
}

/// How one implementation speaks the classic protocol.
///
/// It is written as a list of [settings](super::Setting), in any order. Any may be left out and is
/// then as in the default. `usr1` is [`Bit::Zero`], `usr2` is [`Bit::One`].
///
/// # Examples
///
/// ```
/// use minitalk_core::Bit;
/// use minitalk_core::classic::{Ack, BitOrder, Dialect};
///
/// let dialect: Dialect = "ack=echo,order=lsb".parse()?;
/// assert_eq!(dialect, Dialect { ack: Ack::Echo, order: BitOrder::LsbFirst, ..Dialect::DEFAULT });
/// assert_eq!(dialect.to_string(), "one=usr2,order=lsb,ack=echo,receipt=usr2-after,end=nul");
/// # Ok::<(), minitalk_core::classic::ParseDialectError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    /// How the length is written, if there is one.
    pub length: Length,
    /// What stands right before the text.
    pub lead: Lead,
    /// The symbols with which the sender greets before a message.
    pub hello: Hello,
    /// The answer to the first symbol of the greeting, if it is not the acknowledgment of a bit.
    pub ready: Option<Bit>,
    /// What a receiver sends instead of an acknowledgment if the sender is to try again later.
    pub busy: Option<Bit>,
}

/// A dialect in memory. The default is all zeros, so that a `static` takes no room in flash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct Chosen(Slot<Dialect>);

impl Chosen {
    pub(crate) const fn new(dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::DEFAULT => Slot::Empty,
            other => Slot::Full(other),
        })
    }

    #[inline]
    pub(crate) const fn get(&self) -> &Dialect {
        match &self.0 {
            Slot::Empty => &Dialect::DEFAULT,
            Slot::Full(dialect) => dialect,
        }
    }
}

impl Dialect {
    /// What most implementations speak: `SIGUSR2` is a one, the most significant bit comes first,
    /// every bit is acknowledged with `SIGUSR1`, a NUL ends the message, and one `SIGUSR2` confirms
    /// it.
    pub const DEFAULT: Self = Self {
        one: Bit::One,
        order: BitOrder::MsbFirst,
        ack: Ack::PerBit(Bit::Zero),
        receipt: Receipt::AfterAck(Bit::One),
        end: End::Nul,
        length: Length::Bits,
        lead: Lead::None,
        hello: Hello::None,
        ready: None,
        busy: None,
    };

    /// The [default](Self::DEFAULT) for a sender that interprets whatever comes back.
    pub const OBSERVING: Self = Self { ack: Ack::Auto, receipt: Receipt::Auto, ..Self::DEFAULT };

    /// The [default](Self::DEFAULT) dialect.
    #[must_use]
    pub const fn new() -> Self {
        Self::DEFAULT
    }

    /// Bytes of the number that the length is: 0, 4 or 8.
    pub(super) const fn width(self) -> u8 {
        match self.end {
            End::Nul | End::Silence => 0,
            End::Length32 | End::Length32Nul | End::Length32CountedNul => 4,
            End::Length64 | End::Length64Nul | End::Length64CountedNul => 8,
        }
    }

    /// Bytes in which the length is written before the text.
    pub(super) const fn length_bytes(self) -> u8 {
        match (self.width(), self.length) {
            (0, _) => 0,
            (4, Length::Digits) => 10,
            (_, Length::Digits) => 20,
            (width, Length::Twice) => width.saturating_mul(2),
            (width, Length::Bits | Length::SwappedBytes) => width,
        }
    }

    /// Bytes between the length and the text.
    pub(super) const fn lead_bytes(self) -> u8 {
        match self.lead {
            Lead::None => 0,
            Lead::Nul => 1,
            Lead::PidBits => 4,
            Lead::PidDigits => 10,
        }
    }

    /// Whether the most significant byte of a number comes first.
    pub(super) const fn is_big_endian(self, is_swapped: bool) -> bool {
        matches!(self.order, BitOrder::MsbFirst) != is_swapped
    }

    /// Whether a NUL follows the text.
    pub(super) const fn has_nul(self) -> bool {
        match self.end {
            End::Nul
            | End::Length32Nul
            | End::Length64Nul
            | End::Length32CountedNul
            | End::Length64CountedNul => true,
            End::Length32 | End::Length64 | End::Silence => false,
        }
    }

    /// Whether a message ends with the last byte of its text, or, if the text is empty, with that
    /// of its prefix.
    pub(super) const fn ends_with_text(self) -> bool {
        match self.end {
            End::Length32 | End::Length64 => true,
            End::Nul
            | End::Length32Nul
            | End::Length64Nul
            | End::Length32CountedNul
            | End::Length64CountedNul
            | End::Silence => false,
        }
    }

    /// Whether the length counts the NUL after the text.
    pub(super) const fn counts_nul(self) -> bool {
        matches!(self.end, End::Length32CountedNul | End::Length64CountedNul)
    }

    /// The dialect with its length, if it has one, in 64 bits if `is_wide`, otherwise in 32.
    pub(super) const fn with_width(mut self, is_wide: bool) -> Self {
        self.end = match (self.end, is_wide) {
            (End::Length32 | End::Length64, false) => End::Length32,
            (End::Length32 | End::Length64, true) => End::Length64,
            (End::Length32Nul | End::Length64Nul, false) => End::Length32Nul,
            (End::Length32Nul | End::Length64Nul, true) => End::Length64Nul,
            (End::Length32CountedNul | End::Length64CountedNul, false) => End::Length32CountedNul,
            (End::Length32CountedNul | End::Length64CountedNul, true) => End::Length64CountedNul,
            (end @ (End::Nul | End::Silence), _) => end,
        };
        self
    }

    /// The symbols of the greeting, in their order.
    pub(super) const fn greeting(self) -> (Option<Bit>, Option<Bit>) {
        match self.hello {
            Hello::None => (None, None),
            Hello::One(symbol) => (Some(symbol), None),
            Hello::AndWidth(symbol) => (Some(symbol), Some(Bit::from_bool(self.width() == 8))),
        }
    }

    /// The answer to the first symbol of the greeting.
    pub(super) const fn greeting_ack(self, symbol: Bit) -> Option<Bit> {
        match self.ready {
            Some(ready) => Some(ready),
            None => self.bit_ack(symbol),
        }
    }

    /// The acknowledgment of a bit in the middle of a byte, if there is one.
    #[must_use]
    pub const fn bit_ack(self, symbol: Bit) -> Option<Bit> {
        match self.ack {
            Ack::None | Ack::PerByte(_) => None,
            Ack::Auto => Some(Bit::Zero),
            Ack::PerBit(ack) | Ack::PerBitAndByte(ack) => Some(ack),
            Ack::Echo => Some(symbol),
        }
    }

    /// Whether a receiver can hold a sender back by not acknowledging. It can only if it
    /// acknowledges every bit.
    #[must_use]
    pub const fn can_hold_back(self) -> bool {
        self.bit_ack(Bit::Zero).is_some()
    }

    /// Whether a receiver can serve framed senders beside those of this dialect.
    ///
    /// It must acknowledge every bit, and no classic message may begin with the
    /// [mark](crate::detect) of a framed sender: eight ones are `0xFF`, which UTF-8 never contains,
    /// and which as the most significant byte of a length would mean more than four billion.
    #[must_use]
    pub const fn admits_framed(self) -> bool {
        let length_begins_high = match (self.width(), self.length) {
            (0, _) | (_, Length::Digits) => true,
            (_, Length::Bits | Length::Twice) => self.is_big_endian(false),
            (_, Length::SwappedBytes) => self.is_big_endian(true),
        };
        let is_pid_first = self.width() == 0 && matches!(self.lead, Lead::PidBits);
        let pid_begins_high = !is_pid_first || self.is_big_endian(false);
        let greets = !matches!(self.hello, Hello::None);
        let is_clear = length_begins_high && pid_begins_high && !greets;
        self.can_hold_back() && self.one.is_one() && is_clear
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Every way to write a message: polarity, order, what comes before the text and what after it.
#[cfg(test)]
pub(super) fn every_wire_format() -> std::vec::Vec<Dialect> {
    use super::setting::{END, HELLO, LEAD, LENGTH, ONE, ORDER};
    let mut dialects = std::vec::Vec::new();
    for one in ONE.values {
        for order in ORDER.values {
            for end in END.values {
                for length in LENGTH.values {
                    for lead in LEAD.values {
                        for hello in HELLO.values {
                            let dialect = Dialect { one, order, end, length, ..Dialect::DEFAULT };
                            dialects.push(Dialect { lead, hello, ..dialect });
                        }
                    }
                }
            }
        }
    }
    dialects
}

/// Every way to answer a message.
#[cfg(test)]
pub(super) fn every_answer() -> std::vec::Vec<Dialect> {
    use super::setting::{ACK, BUSY, READY, RECEIPT};
    let mut dialects = std::vec::Vec::new();
    for ack in ACK.values {
        for receipt in RECEIPT.values {
            for ready in READY.values {
                for busy in BUSY.values {
                    dialects.push(Dialect { ack, receipt, ready, busy, ..Dialect::DEFAULT });
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
    fn no_dialect_is_listed_twice() {
        for mut dialects in [every_wire_format(), every_answer()] {
            while let Some(dialect) = dialects.pop() {
                assert!(!dialects.contains(&dialect));
            }
        }
    }

    #[test]
    fn the_default_is_the_default() {
        assert_eq!(Dialect::default(), Dialect::new());
    }

    /// No classic message may begin with the mark of a framed sender.
    #[test]
    fn framed_senders_are_admitted_where_eight_ones_begin_no_message() {
        for (dialect, admits) in [
            ("", true),
            ("ack=none", false),
            ("one=usr1", false),
            ("order=lsb", true),
            ("hello=usr1", false),
            ("end=length32", true),
            ("end=length32,order=lsb", false),
            ("end=length32,length=swapped", false),
            ("end=length32,length=swapped,order=lsb", true),
            ("end=length32,length=twice,order=lsb", false),
            ("end=length32,length=digits,order=lsb", true),
            ("lead=pid-bits", true),
            ("lead=pid-bits,order=lsb", false),
            ("lead=pid-bits,end=length32,length=digits,order=lsb", true),
            ("lead=nul,order=lsb", true),
        ] {
            let parsed =
                if dialect.is_empty() { Dialect::DEFAULT } else { dialect.parse().unwrap() };
            assert_eq!(parsed.admits_framed(), admits, "{dialect}");
        }
    }

    #[test]
    fn a_greeting_tells_the_width_of_the_length() {
        for (dialect, greeting) in [
            ("end=length32", (None, None)),
            ("hello=usr2,end=length64", (Some(Bit::One), None)),
            ("hello=usr2-width,end=length32", (Some(Bit::One), Some(Bit::Zero))),
            ("hello=usr1-width,end=length64", (Some(Bit::Zero), Some(Bit::One))),
        ] {
            assert_eq!(dialect.parse::<Dialect>().unwrap().greeting(), greeting, "{dialect}");
        }
    }
}
