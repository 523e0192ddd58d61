//! What a pair speaks, read from the symbols of a text that is known.

use std::time::Duration;

use minitalk_core::Bit;
use minitalk_core::classic::{Ack, BitOrder, Dialect, End, Receipt};

use crate::relay::{Exchange, Party, Recording};

/// The text that a pair is made to send: no reading of its bits contains another reading of them.
pub(crate) const KNOWN: &[u8] = b"Hey you 42.";

/// How a pair speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Which symbol is a one.
    pub(crate) one: Bit,
    /// In which order the bits of a byte come.
    pub(crate) order: BitOrder,
    /// What comes before the text.
    pub(crate) before: Before,
    /// What comes after the text.
    pub(crate) after: After,
    /// What the server answers while the text comes.
    pub(crate) answer: Answer,
    /// What the server answers to the last symbol.
    pub(crate) last: Vec<Bit>,
    /// What the server answers to a greeting.
    pub(crate) greeted: Option<Bit>,
    /// The usual time from one symbol of the client to the next.
    pub(crate) interval: Duration,
}

/// What a client sends before the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// A symbol that is no bit.
    pub(crate) hello: Option<Bit>,
    pub(crate) header: Header,
}

/// What the bits before the text are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Nothing,
    /// A NUL.
    Nul,
    /// The length of the text in so many bits, and by how much it is more than the text's.
    Length {
        bits: usize,
        more: i64,
    },
    /// The length in ten decimal digits, and so many bits more.
    Decimal {
        more_bits: usize,
    },
    /// So many bits that nobody can name.
    Unknown {
        bits: usize,
    },
}

/// What a client sends after the text: bytes, and bits that make no byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct After {
    pub(crate) bytes: Vec<u8>,
    pub(crate) odd_bits: usize,
}

/// What a server answers while a text comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing.
    Nothing,
    /// The same signal to each bit.
    Bit(Bit),
    /// To each bit the signal that it was.
    Echo,
    /// A signal to each eighth bit.
    Byte(Bit),
    /// Something that follows no rule known here.
    Mixed,
}

impl Reading {
    /// Reads a recording in which a client sent `text`; nothing if the text is not in it.
    ///
    /// The bits before the text begin are as few as any polarity and order allows.
    pub(crate) fn of(recording: &Recording, text: &[u8]) -> Option<Self> {
        let exchanges = recording.exchanges();
        let sent: Vec<Bit> = exchanges.iter().map(|exchange| exchange.bit).collect();
        let orders = [BitOrder::MsbFirst, BitOrder::LsbFirst];
        let ways =
            [Bit::One, Bit::Zero].into_iter().flat_map(|one| orders.map(|order| (one, order)));
        let found = ways.filter_map(|(one, order)| {
            let wanted = symbols(text, one, order);
            let place = sent.windows(wanted.len()).position(|window| window == wanted)?;
            Some((place, one, order))
        });
        let (place, one, order) = found.min_by_key(|(place, ..)| *place)?;
        let end = place + 8 * text.len();
        let before = Before::of(&sent[..place], one, order, text);
        let after = After::of(&sent[end..], one, order);
        let body_end = if sent.len() == end { end - 1 } else { end };
        Some(Self {
            one,
            order,
            answer: Answer::of(&exchanges[place..body_end]),
            last: exchanges.last()?.answers.clone(),
            greeted: before.hello.and_then(|_| exchanges[0].answers.first().copied()),
            before,
            after,
            interval: interval(recording),
        })
    }

    /// The dialect, as far as the settings can say it, and whether they say all of it.
    pub(crate) fn dialect(&self) -> (Dialect, bool) {
        let ack = match self.answer {
            Answer::Nothing | Answer::Mixed => Ack::None,
            Answer::Bit(bit) => Ack::PerBit(bit),
            Answer::Echo => Ack::Echo,
            Answer::Byte(bit) => Ack::PerByte(bit),
        };
        let (end, names_end) = self.end();
        let (receipt, names_receipt) = self.receipt();
        let dialect = Dialect {
            one: self.one,
            order: self.order,
            ack,
            receipt,
            end,
            hello: self.before.hello,
        };
        let names_greeting =
            self.before.hello.is_none() || self.greeted == dialect.bit_ack(self.one);
        let exact = names_end && names_receipt && names_greeting && self.answer != Answer::Mixed;
        (dialect, exact)
    }

    fn end(&self) -> (End, bool) {
        let has_nul = self.after.bytes.last() == Some(&0);
        let is_plain = self.after.odd_bits == 0 && self.after.bytes.len() <= 1;
        match (self.before.header, has_nul) {
            (Header::Nothing, true) => (End::Nul, is_plain),
            (Header::Length { bits: 32, more: 0 }, false) => (End::Length32, is_plain),
            (Header::Length { bits: 64, more: 0 }, false) => (End::Length64, is_plain),
            (Header::Length { bits: 32, more: 0 }, true) => (End::Length32Nul, is_plain),
            (Header::Length { bits: 64, more: 0 }, true) => (End::Length64Nul, is_plain),
            (Header::Length { bits: 32, .. }, _) => (End::Length32, false),
            (Header::Length { bits: 64, .. }, _) => (End::Length64, false),
            _ => (End::Nul, false),
        }
    }

    fn receipt(&self) -> (Receipt, bool) {
        let last_symbol = if self.after.bytes.last() == Some(&0) { !self.one } else { self.one };
        let ack = match self.answer {
            Answer::Bit(bit) | Answer::Byte(bit) => Some(bit),
            Answer::Echo => Some(last_symbol),
            Answer::Nothing | Answer::Mixed => None,
        };
        match (ack, self.last.as_slice()) {
            (_, []) => (Receipt::None, true),
            (None, [bit]) => (Receipt::AfterAck(*bit), true),
            (Some(ack), [bit]) if ack == *bit => (Receipt::None, true),
            (Some(_), [bit]) => (Receipt::InsteadOfAck(*bit), true),
            (Some(ack), [first, bit]) if ack == *first => (Receipt::AfterAck(*bit), true),
            (Some(ack), [bit, last]) if ack == *last => (Receipt::BeforeAck(*bit), true),
            (_, [first, ..]) => (Receipt::AfterAck(*first), false),
        }
    }

    /// Whether the server answers while the text comes.
    pub(crate) fn is_answered(&self) -> bool {
        self.answer != Answer::Nothing
    }

    /// The symbols of a text in this polarity and order.
    pub(crate) fn symbols(&self, text: &[u8]) -> Vec<Bit> {
        symbols(text, self.one, self.order)
    }

    /// How many symbols come before the text.
    pub(crate) fn symbols_before(&self) -> usize {
        usize::from(self.before.hello.is_some()) + self.before.header.bits()
    }

    /// How many symbols come after the text.
    pub(crate) fn symbols_after(&self) -> usize {
        8 * self.after.bytes.len() + self.after.odd_bits
    }
}

fn symbols(text: &[u8], one: Bit, order: BitOrder) -> Vec<Bit> {
    let bit = |byte: u8, place: u32| {
        let shift = if order == BitOrder::MsbFirst { 7 - place } else { place };
        if byte >> shift & 1 == 1 { one } else { !one }
    };
    text.iter().flat_map(|&byte| (0..8).map(move |place| bit(byte, place))).collect()
}

impl Header {
    fn of(bits: &[bool], order: BitOrder, text: &[u8]) -> Self {
        let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
        match bits.len() {
            0 => Self::Nothing,
            8 if !bits.contains(&true) => Self::Nul,
            16 | 32 | 64 => {
                let value = number(bits, order);
                let more = i64::try_from(value).map_or(i64::MAX, |value| value - length);
                if (-1..=2).contains(&more) {
                    Self::Length { bits: bits.len(), more }
                } else {
                    Self::Unknown { bits: bits.len() }
                }
            }
            count @ 80.. => {
                let digits: Vec<u8> = bytes(&bits[..80], order);
                let value =
                    std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse::<i64>().ok());
                match value {
                    Some(value) if (-1..=2).contains(&(value - length)) => {
                        Self::Decimal { more_bits: count - 80 }
                    }
                    _ => Self::Unknown { bits: count },
                }
            }
            count => Self::Unknown { bits: count },
        }
    }

    const fn bits(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Nul => 8,
            Self::Length { bits, .. } | Self::Unknown { bits } => bits,
            Self::Decimal { more_bits } => 80 + more_bits,
        }
    }
}

impl Before {
    /// A symbol more than whole bytes is a greeting.
    fn of(sent: &[Bit], one: Bit, order: BitOrder, text: &[u8]) -> Self {
        let is_greeted = sent.len() % 8 == 1;
        let (hello, rest) = sent.split_at(usize::from(is_greeted));
        let bits: Vec<bool> = rest.iter().map(|bit| *bit == one).collect();
        Self { hello: hello.first().copied(), header: Header::of(&bits, order, text) }
    }
}

impl After {
    fn of(sent: &[Bit], one: Bit, order: BitOrder) -> Self {
        let bits: Vec<bool> = sent.iter().map(|bit| *bit == one).collect();
        let whole = bits.len() / 8 * 8;
        Self { bytes: bytes(&bits[..whole], order), odd_bits: bits.len() - whole }
    }
}

fn number(bits: &[bool], order: BitOrder) -> u64 {
    let add = |value: u64, bit: &bool| value << 1 | u64::from(*bit);
    match order {
        BitOrder::MsbFirst => bits.iter().fold(0, add),
        BitOrder::LsbFirst => bits.iter().rev().fold(0, add),
    }
}

fn bytes(bits: &[bool], order: BitOrder) -> Vec<u8> {
    bits.chunks(8).map(|byte| u8::try_from(number(byte, order)).unwrap_or(0)).collect()
}

impl Answer {
    fn of(body: &[Exchange]) -> Self {
        let first = body.first().and_then(|exchange| exchange.answers.first().copied());
        let each = |rule: &dyn Fn(usize, &Exchange) -> Option<Bit>| {
            body.iter().enumerate().all(|(place, exchange)| {
                exchange.answers.as_slice() == rule(place, exchange).as_slice()
            })
        };
        if each(&|_, _| None) {
            return Self::Nothing;
        }
        if let Some(bit) = first {
            if each(&|_, _| Some(bit)) {
                return Self::Bit(bit);
            }
            if each(&|_, exchange| Some(exchange.bit)) {
                return Self::Echo;
            }
        }
        let eighth = body.get(7).and_then(|exchange| exchange.answers.first().copied());
        match eighth {
            Some(bit) if each(&|place, _| (place % 8 == 7).then_some(bit)) => Self::Byte(bit),
            _ => Self::Mixed,
        }
    }
}

/// The median time from one symbol of the client to the next.
fn interval(recording: &Recording) -> Duration {
    let times: Vec<u64> = recording.from(Party::Client).map(|symbol| symbol.at_nanos).collect();
    let mut gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    Duration::from_nanos(gaps.get(gaps.len() / 2).copied().unwrap_or(0))
}
