//! A dialect as text: `key=value`, separated by commas.

use core::fmt;
use core::str::FromStr;

use super::{Ack, BitOrder, Dialect, End, Hello, Lead, Length, Receipt};
use crate::Bit;

/// The values of one setting and their names, in the order in which users see them.
pub(super) struct Values<T: 'static, const LEN: usize> {
    names: [&'static str; LEN],
    pub(super) values: [T; LEN],
}

pub(super) static ONE: Values<Bit, 2> =
    Values { names: ["usr1", "usr2"], values: [Bit::Zero, Bit::One] };

pub(super) static ORDER: Values<BitOrder, 2> =
    Values { names: ["msb", "lsb"], values: [BitOrder::MsbFirst, BitOrder::LsbFirst] };

pub(super) static ACK: Values<Ack, 9> = Values {
    names: [
        "auto",
        "usr1",
        "usr2",
        "echo",
        "byte-usr1",
        "byte-usr2",
        "usr1-byte-usr2",
        "usr2-byte-usr1",
        "none",
    ],
    values: [
        Ack::Auto,
        Ack::PerBit(Bit::Zero),
        Ack::PerBit(Bit::One),
        Ack::Echo,
        Ack::PerByte(Bit::Zero),
        Ack::PerByte(Bit::One),
        Ack::PerBitAndByte(Bit::Zero),
        Ack::PerBitAndByte(Bit::One),
        Ack::None,
    ],
};

pub(super) static RECEIPT: Values<Receipt, 10> = Values {
    names: [
        "auto",
        "usr1-after",
        "usr2-after",
        "usr1-before",
        "usr2-before",
        "usr1-instead",
        "usr2-instead",
        "nothing-instead",
        "usr2-usr1-usr2-after",
        "none",
    ],
    values: [
        Receipt::Auto,
        Receipt::AfterAck(Bit::Zero),
        Receipt::AfterAck(Bit::One),
        Receipt::BeforeAck(Bit::Zero),
        Receipt::BeforeAck(Bit::One),
        Receipt::InsteadOfAck(Bit::Zero),
        Receipt::InsteadOfAck(Bit::One),
        Receipt::NothingInsteadOfAck,
        Receipt::ThreeAfterAck,
        Receipt::None,
    ],
};

pub(super) static END: Values<End, 8> = Values {
    names: [
        "nul",
        "length32",
        "length64",
        "length32-nul",
        "length64-nul",
        "length32-counted-nul",
        "length64-counted-nul",
        "silence",
    ],
    values: [
        End::Nul,
        End::Length32,
        End::Length64,
        End::Length32Nul,
        End::Length64Nul,
        End::Length32CountedNul,
        End::Length64CountedNul,
        End::Silence,
    ],
};

pub(super) static LENGTH: Values<Length, 4> = Values {
    names: ["bits", "swapped", "twice", "digits"],
    values: [Length::Bits, Length::SwappedBytes, Length::Twice, Length::Digits],
};

pub(super) static LEAD: Values<Lead, 4> = Values {
    names: ["none", "nul", "pid-bits", "pid-digits"],
    values: [Lead::None, Lead::Nul, Lead::PidBits, Lead::PidDigits],
};

pub(super) static HELLO: Values<Hello, 5> = Values {
    names: ["usr1", "usr2", "usr1-width", "usr2-width", "none"],
    values: [
        Hello::One(Bit::Zero),
        Hello::One(Bit::One),
        Hello::AndWidth(Bit::Zero),
        Hello::AndWidth(Bit::One),
        Hello::None,
    ],
};

pub(super) static READY: Values<Option<Bit>, 3> =
    Values { names: ["ack", "usr1", "usr2"], values: [None, Some(Bit::Zero), Some(Bit::One)] };

pub(super) static BUSY: Values<Option<Bit>, 3> =
    Values { names: ["none", "usr1", "usr2"], values: [None, Some(Bit::Zero), Some(Bit::One)] };

impl<T: Copy + PartialEq, const LEN: usize> Values<T, LEN> {
    fn named(&self, name: &[u8]) -> Option<T> {
        let mut named = self.names.iter().zip(self.values);
        named.find_map(|(known, value)| (known.as_bytes() == name).then_some(value))
    }

    /// The name of `value`. A test checks that every value is in its table.
    fn name(&self, value: T) -> &'static str {
        let mut named = self.names.iter().zip(self.values);
        named.find_map(|(name, known)| (known == value).then_some(*name)).unwrap_or_default()
    }
}

/// One of the things that a [`Dialect`] specifies.
///
/// # Examples
///
/// ```
/// use minitalk_core::classic::Setting;
///
/// assert_eq!(Setting::Order.key(), "order");
/// assert_eq!(Setting::Order.values(), ["msb", "lsb"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Setting {
    /// Which symbol means a one: [`Dialect::one`].
    One,
    /// The bit order: [`Dialect::order`].
    Order,
    /// The acknowledgment: [`Dialect::ack`].
    Ack,
    /// The receipt: [`Dialect::receipt`].
    Receipt,
    /// What ends a message: [`Dialect::end`].
    End,
    /// How the length is written: [`Dialect::length`].
    Length,
    /// What stands right before the text: [`Dialect::lead`].
    Lead,
    /// The greeting: [`Dialect::hello`].
    Hello,
    /// The answer to the greeting: [`Dialect::ready`].
    Ready,
    /// The symbol that means "try again later": [`Dialect::busy`].
    Busy,
}

impl Setting {
    /// Every setting, in the order in which a dialect is written.
    pub const ALL: [Self; 10] = [
        Self::One,
        Self::Order,
        Self::Ack,
        Self::Receipt,
        Self::End,
        Self::Length,
        Self::Lead,
        Self::Hello,
        Self::Ready,
        Self::Busy,
    ];

    /// Its key in the text form of a dialect.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Order => "order",
            Self::Ack => "ack",
            Self::Receipt => "receipt",
            Self::End => "end",
            Self::Length => "length",
            Self::Lead => "lead",
            Self::Hello => "hello",
            Self::Ready => "ready",
            Self::Busy => "busy",
        }
    }

    /// The names of its values in the text form of a dialect.
    #[must_use]
    pub fn values(self) -> &'static [&'static str] {
        match self {
            Self::One => &ONE.names,
            Self::Order => &ORDER.names,
            Self::Ack => &ACK.names,
            Self::Receipt => &RECEIPT.names,
            Self::End => &END.names,
            Self::Length => &LENGTH.names,
            Self::Lead => &LEAD.names,
            Self::Hello => &HELLO.names,
            Self::Ready => &READY.names,
            Self::Busy => &BUSY.names,
        }
    }

    /// The name of its value in `dialect`.
    #[must_use]
    pub fn value(self, dialect: Dialect) -> &'static str {
        match self {
            Self::One => ONE.name(dialect.one),
            Self::Order => ORDER.name(dialect.order),
            Self::Ack => ACK.name(dialect.ack),
            Self::Receipt => RECEIPT.name(dialect.receipt),
            Self::End => END.name(dialect.end),
            Self::Length => LENGTH.name(dialect.length),
            Self::Lead => LEAD.name(dialect.lead),
            Self::Hello => HELLO.name(dialect.hello),
            Self::Ready => READY.name(dialect.ready),
            Self::Busy => BUSY.name(dialect.busy),
        }
    }

    /// Sets it in `dialect` to the value named `name`; `None` if there is no such value.
    fn set(self, dialect: &mut Dialect, name: &[u8]) -> Option<()> {
        match self {
            Self::One => dialect.one = ONE.named(name)?,
            Self::Order => dialect.order = ORDER.named(name)?,
            Self::Ack => dialect.ack = ACK.named(name)?,
            Self::Receipt => dialect.receipt = RECEIPT.named(name)?,
            Self::End => dialect.end = END.named(name)?,
            Self::Length => dialect.length = LENGTH.named(name)?,
            Self::Lead => dialect.lead = LEAD.named(name)?,
            Self::Hello => dialect.hello = HELLO.named(name)?,
            Self::Ready => dialect.ready = READY.named(name)?,
            Self::Busy => dialect.busy = BUSY.named(name)?,
        }
        Some(())
    }
}

/// Why a text is not a [`Dialect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ParseDialectError {
    /// There is no setting with such a key.
    UnknownKey,
    /// This setting has no such value, or none is given.
    UnknownValue(Setting),
    /// This setting is given more than once.
    Repeated(Setting),
}

impl fmt::Display for ParseDialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UnknownKey => {
                f.write_str("unknown key in dialect; expected ")?;
                write_list(f, Setting::ALL.iter().map(|setting| setting.key()))
            }
            Self::UnknownValue(setting) => {
                write!(f, "unknown value for {}; expected ", setting.key())?;
                write_list(f, setting.values().iter().copied())
            }
            Self::Repeated(setting) => write!(f, "{} is given twice", setting.key()),
        }
    }
}

impl core::error::Error for ParseDialectError {}

/// Writes `a, b or c`.
fn write_list(
    f: &mut fmt::Formatter<'_>,
    mut items: impl ExactSizeIterator<Item = &'static str>,
) -> fmt::Result {
    let mut separator = "";
    while let Some(item) = items.next() {
        f.write_str(separator)?;
        f.write_str(item)?;
        separator = if items.len() == 1 { " or " } else { ", " };
    }
    Ok(())
}

impl fmt::Display for Dialect {
    /// Writes the first five settings, and those of the others that differ from the default.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (place, setting) in Setting::ALL.into_iter().enumerate() {
            let value = setting.value(*self);
            if place < 5 || value != setting.value(Self::DEFAULT) {
                write!(f, "{separator}{}={value}", setting.key())?;
                separator = ",";
            }
        }
        Ok(())
    }
}

impl Dialect {
    /// This dialect with the settings in `text`, a comma-separated list of `key=value` without
    /// spaces.
    ///
    /// # Errors
    ///
    /// [`ParseDialectError`].
    pub fn with_settings(self, text: &str) -> Result<Self, ParseDialectError> {
        let mut dialect = self;
        let mut rest = Setting::ALL.map(Some);
        if text.is_empty() {
            return Ok(dialect);
        }
        // Bytes, since splitting a `str` has a panic path in the standard library.
        for item in text.as_bytes().split(|byte| *byte == b',') {
            let mut parts = item.splitn(2, |byte| *byte == b'=');
            let key = parts.next().unwrap_or_default();
            let value = parts.next().unwrap_or_default();
            let setting = Setting::ALL.into_iter().find(|setting| setting.key().as_bytes() == key);
            let setting = setting.ok_or(ParseDialectError::UnknownKey)?;
            let unset = rest.iter_mut().find(|unset| **unset == Some(setting));
            *unset.ok_or(ParseDialectError::Repeated(setting))? = None;
            setting.set(&mut dialect, value).ok_or(ParseDialectError::UnknownValue(setting))?;
        }
        Ok(dialect)
    }
}

impl FromStr for Dialect {
    type Err = ParseDialectError;

    /// The [default](Self::DEFAULT) dialect [with these settings](Self::with_settings).
    fn from_str(text: &str) -> Result<Self, ParseDialectError> {
        Self::DEFAULT.with_settings(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::dialect::{every_answer, every_wire_format};
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    fn parse(text: &str) -> Result<Dialect, ParseDialectError> {
        text.parse()
    }

    #[test]
    fn every_dialect_is_read_back_as_it_was_written() {
        for dialect in every_wire_format().into_iter().chain(every_answer()) {
            assert_eq!(parse(&dialect.to_string()), Ok(dialect));
        }
    }

    #[test]
    fn what_is_as_usual_is_written_only_where_it_often_differs() {
        let text = "one=usr2,order=msb,ack=usr1,receipt=usr2-after,end=nul";
        assert_eq!(Dialect::DEFAULT.to_string(), text);
        assert_eq!(parse(""), Ok(Dialect::DEFAULT));
        let dialect = Dialect { hello: Hello::One(Bit::One), ..Dialect::DEFAULT };
        assert_eq!(dialect.to_string(), std::format!("{text},hello=usr2"));
    }

    #[test]
    fn every_name_means_what_it_says() {
        let of = |text: &str| parse(text).unwrap();
        for (name, symbol) in [("usr1", Bit::Zero), ("usr2", Bit::One)] {
            let receipt = |place| of(&std::format!("receipt={name}-{place}")).receipt;
            assert_eq!(of(&std::format!("one={name}")).one, symbol);
            assert_eq!(of(&std::format!("ack={name}")).ack, Ack::PerBit(symbol));
            assert_eq!(of(&std::format!("ack=byte-{name}")).ack, Ack::PerByte(symbol));
            assert_eq!(receipt("after"), Receipt::AfterAck(symbol));
            assert_eq!(receipt("before"), Receipt::BeforeAck(symbol));
            assert_eq!(receipt("instead"), Receipt::InsteadOfAck(symbol));
            let both = of(&std::format!(
                "ack={name}-byte-{}",
                if symbol.is_one() { "usr1" } else { "usr2" }
            ));
            assert_eq!(both.ack, Ack::PerBitAndByte(symbol));
            assert_eq!(of(&std::format!("hello={name}")).hello, Hello::One(symbol));
            assert_eq!(of(&std::format!("hello={name}-width")).hello, Hello::AndWidth(symbol));
            assert_eq!(of(&std::format!("ready={name}")).ready, Some(symbol));
            assert_eq!(of(&std::format!("busy={name}")).busy, Some(symbol));
        }
        assert_eq!(of("order=lsb").order, BitOrder::LsbFirst);
        assert_eq!(of("ack=echo").ack, Ack::Echo);
        assert_eq!(of("ack=none").ack, Ack::None);
        assert_eq!(of("receipt=none").receipt, Receipt::None);
        assert_eq!(of("receipt=nothing-instead").receipt, Receipt::NothingInsteadOfAck);
        assert_eq!(of("receipt=usr2-usr1-usr2-after").receipt, Receipt::ThreeAfterAck);
        assert_eq!(of("end=length32").end, End::Length32);
        assert_eq!(of("end=length64").end, End::Length64);
        assert_eq!(of("end=length32-counted-nul").end, End::Length32CountedNul);
        assert_eq!(of("end=length64-counted-nul").end, End::Length64CountedNul);
        assert_eq!(of("length=swapped").length, Length::SwappedBytes);
        assert_eq!(of("length=twice").length, Length::Twice);
        assert_eq!(of("length=digits").length, Length::Digits);
        assert_eq!(of("lead=pid-bits").lead, Lead::PidBits);
        assert_eq!(of("lead=pid-digits").lead, Lead::PidDigits);
    }

    #[test]
    fn settings_come_in_any_order_and_the_rest_stays_as_it_is() {
        let dialect = Dialect { one: Bit::Zero, end: End::Length32, ..Dialect::DEFAULT };
        assert_eq!(parse("end=length32,one=usr1"), Ok(dialect));
        let observing = Dialect { ack: Ack::Auto, receipt: Receipt::Auto, ..dialect };
        assert_eq!(Dialect::OBSERVING.with_settings("end=length32,one=usr1"), Ok(observing));
    }

    #[test]
    fn an_error_lists_what_is_accepted() {
        let error = |text| parse(text).unwrap_err().to_string();
        assert_eq!(
            error("ack=usr3"),
            "unknown value for ack; expected auto, usr1, usr2, echo, byte-usr1, byte-usr2, \
             usr1-byte-usr2, usr2-byte-usr1 or none"
        );
        assert_eq!(error("order"), "unknown value for order; expected msb or lsb");
        assert_eq!(
            error("one=usr1,"),
            "unknown key in dialect; expected one, order, ack, receipt, end, length, lead, hello, \
             ready or busy"
        );
        assert_eq!(error("one=usr1,one=usr1"), "one is given twice");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: std::string::String) {
            let _ = parse(&text);
        }

        #[test]
        fn what_is_read_from_likely_text_can_be_written_and_read_again(
            text in "((one|order|ack|end)=(usr[12]|msb|lsb|nul|none|length32),?){0,5}",
        ) {
            if let Ok(dialect) = parse(&text) {
                prop_assert_eq!(parse(&dialect.to_string()), Ok(dialect));
            }
        }
    }
}
