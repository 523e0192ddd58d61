//! What a pair speaks, read from the symbols of a known text.

use std::time::Duration;

use minitalk_core::Bit;
use minitalk_core::classic::{Ack, BitOrder, Dialect, Encoder, Hello, Prefix, Receipt, Setting};

use crate::relay::{Exchange, Party, Recording};

/// The text that a pair is made to send. No reading of its bits contains another reading of them.
pub(crate) const KNOWN: &[u8] = b"Hey you 42.";

/// How a pair speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Which symbol is a one.
    pub(crate) one: Bit,
    /// The order of the bits of a byte.
    pub(crate) order: BitOrder,
    /// How many symbols come before the text.
    pub(crate) symbols_before: usize,
    /// A dialect that describes what comes before and after the text, if there is one.
    pub(crate) framing: Option<Dialect>,
    /// What the client adds to the text.
    pub(crate) added: Vec<u8>,
    /// Whether the length, if any, counts that.
    pub(crate) counts_added: bool,
    /// Symbols after the last whole byte.
    pub(crate) odd_symbols: usize,
    /// How many symbols come after the text.
    pub(crate) symbols_after: usize,
    /// What the server answers during the text.
    pub(crate) answer: Answer,
    /// What the server answers to the last symbol, and which symbol that is.
    pub(crate) last: Vec<Bit>,
    last_symbol: Bit,
    /// What the server answers to the first symbol.
    first: Option<Bit>,
}

/// What a server answers during a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing.
    Nothing,
    /// The same signal to each bit.
    Bit(Bit),
    /// The symbol itself, for each bit.
    Echo,
    /// A signal for each eighth bit.
    Byte(Bit),
    /// A signal for each bit, and additionally the other one for each eighth.
    BitAndByte(Bit),
    /// Something that follows no rule known here.
    Mixed,
}

impl Reading {
    /// Reads a recording in which a client sent `text`; `None` if the text is not in it.
    ///
    /// Chooses the polarity and order for which the fewest symbols come before the text.
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
        let body_end = if sent.len() == end { end - 1 } else { end };
        let after = &sent[end..];
        let after_bytes = bytes(after, one, order);
        let mut reading = Self {
            one,
            order,
            symbols_before: place,
            framing: None,
            added: after_bytes.strip_suffix(&[0]).unwrap_or(&after_bytes).to_vec(),
            counts_added: true,
            odd_symbols: after.len() % 8,
            symbols_after: after.len(),
            answer: Answer::of(&exchanges[place..body_end]),
            last: exchanges.last()?.answers.clone(),
            last_symbol: exchanges.last()?.bit,
            first: exchanges.first()?.answers.first().copied(),
        };
        if reading.odd_symbols == 0 {
            reading.name_framing(&sent[..place], after, text, recording.client_pid);
        }
        Some(reading)
    }

    /// Finds the dialect that has these symbols before and after the text.
    fn name_framing(&mut self, before: &[Bit], after: &[Bit], text: &[u8], pid: u32) {
        let greetings = before.len() % 8;
        if greetings > 2 {
            return;
        }
        let (greeting, prefix) = before.split_at(greetings);
        let whole = [text, &self.added].concat();
        for length in [whole.len(), text.len()] {
            let fits = |dialect: &Dialect| {
                prefix_symbols(*dialect, length, pid) == prefix
                    && after_symbols(*dialect, &self.added) == after
            };
            if let Some(dialect) = framings(self.one, self.order).find(fits) {
                self.counts_added = length == whole.len() || prefix.is_empty();
                self.framing = Some(Dialect { hello: hello(greeting), ..dialect });
                return;
            }
        }
    }

    /// The dialect, as far as the settings can express it, and whether they express all of it.
    pub(crate) fn dialect(&self) -> (Dialect, bool) {
        let ack = match self.answer {
            Answer::Nothing | Answer::Mixed => Ack::None,
            Answer::Bit(bit) => Ack::PerBit(bit),
            Answer::Echo => Ack::Echo,
            Answer::Byte(bit) => Ack::PerByte(bit),
            Answer::BitAndByte(bit) => Ack::PerBitAndByte(bit),
        };
        let framing = self.framing.unwrap_or(Dialect {
            one: self.one,
            order: self.order,
            ..Dialect::DEFAULT
        });
        let (receipt, names_receipt) = self.receipt();
        let usual = Dialect { ack, receipt, ..framing };
        let is_greeted = framing.hello != Hello::None;
        let ready =
            self.first.filter(|answer| is_greeted && usual.bit_ack(self.one) != Some(*answer));
        let names_answers = self.answer != Answer::Mixed && names_receipt;
        (Dialect { ready, ..usual }, self.framing.is_some() && names_answers && self.counts_added)
    }

    fn receipt(&self) -> (Receipt, bool) {
        let ack = match self.answer {
            Answer::Bit(bit) | Answer::Byte(bit) | Answer::BitAndByte(bit) => Some(bit),
            Answer::Echo => Some(self.last_symbol),
            Answer::Nothing | Answer::Mixed => None,
        };
        let mut last = self.last.as_slice();
        if let Answer::BitAndByte(bit) = self.answer {
            // The answer to the eighth bit does not belong to the message.
            last = last.strip_suffix(&[!bit]).unwrap_or(last);
        }
        match (ack, last) {
            (None, []) => (Receipt::None, true),
            (Some(_), []) => (Receipt::NothingInsteadOfAck, true),
            (None, [bit]) => (Receipt::AfterAck(*bit), true),
            (Some(ack), [bit]) if ack == *bit => (Receipt::None, true),
            (Some(_), [bit]) => (Receipt::InsteadOfAck(*bit), true),
            (Some(ack), [first, bit]) if ack == *first => (Receipt::AfterAck(*bit), true),
            (Some(ack), [bit, last]) if ack == *last => (Receipt::BeforeAck(*bit), true),
            (Some(ack), [first, Bit::One, Bit::Zero, Bit::One]) if ack == *first => {
                (Receipt::ThreeAfterAck, true)
            }
            (_, [first, ..]) => (Receipt::AfterAck(*first), false),
        }
    }

    /// Whether the server answers during the text.
    pub(crate) fn is_answered(&self) -> bool {
        self.answer != Answer::Nothing
    }

    /// The symbols of a text in this polarity and order.
    pub(crate) fn symbols(&self, text: &[u8]) -> Vec<Bit> {
        symbols(text, self.one, self.order)
    }

    /// How many symbols the client sends for a text.
    pub(crate) fn symbols_of(&self, text: &[u8]) -> usize {
        self.symbols_before + 8 * text.len() + self.symbols_after
    }

    /// Whether anything tells the server where the text ends.
    pub(crate) fn has_end(&self) -> bool {
        self.symbols_after > 0 || self.symbols_before >= 8
    }
}

fn symbols(text: &[u8], one: Bit, order: BitOrder) -> Vec<Bit> {
    let bit = |byte: u8, place: u32| {
        let shift = if order == BitOrder::MsbFirst { 7 - place } else { place };
        if byte >> shift & 1 == 1 { one } else { !one }
    };
    text.iter().flat_map(|&byte| (0..8).map(move |place| bit(byte, place))).collect()
}

/// All dialects that differ in what comes before and after the text.
fn framings(one: Bit, order: BitOrder) -> impl Iterator<Item = Dialect> {
    let parts = |setting: Setting| {
        setting.values().iter().map(move |value| format!("{}={value}", setting.key()))
    };
    let lists = parts(Setting::End).flat_map(move |end| {
        parts(Setting::Length).flat_map(move |length| {
            let end = end.clone();
            parts(Setting::Lead).map(move |lead| format!("{end},{length},{lead}"))
        })
    });
    lists.filter_map(move |list| Some(Dialect { one, order, ..list.parse().ok()? }))
}

fn prefix_symbols(dialect: Dialect, length: usize, pid: u32) -> Vec<Bit> {
    let prefix = Prefix::new(dialect, u64::try_from(length).unwrap_or(u64::MAX));
    prefix.map_or(Vec::new(), |prefix| prefix.with_pid(pid).flatten().collect())
}

/// What follows the text if the client adds something: the addition, and what ends the message.
fn after_symbols(dialect: Dialect, added: &[u8]) -> Vec<Bit> {
    let text = [b"x", added].concat();
    let all: Vec<Bit> = Encoder::new(dialect, &text).map_or(Vec::new(), Iterator::collect);
    let before = prefix_symbols(dialect, text.len(), 0).len() + 8;
    all.get(before..).unwrap_or_default().to_vec()
}

fn hello(greeting: &[Bit]) -> Hello {
    match greeting {
        [] => Hello::None,
        [bit] => Hello::One(*bit),
        [bit, ..] => Hello::AndWidth(*bit),
    }
}

/// The complete bytes of these symbols.
fn bytes(sent: &[Bit], one: Bit, order: BitOrder) -> Vec<u8> {
    let byte = |symbols: &[Bit]| {
        let add = |byte: u8, symbol: &Bit| byte << 1 | u8::from(*symbol == one);
        match order {
            BitOrder::MsbFirst => symbols.iter().fold(0, add),
            BitOrder::LsbFirst => symbols.iter().rev().fold(0, add),
        }
    };
    sent.chunks_exact(8).map(byte).collect()
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
            Some(bit) if is_bit_and_byte(body, bit) => Self::BitAndByte(bit),
            _ => Self::Mixed,
        }
    }
}

/// Whether every bit is answered with this signal, and every eighth additionally with the other
/// one.
fn is_bit_and_byte(body: &[Exchange], bit: Bit) -> bool {
    body.iter().enumerate().all(|(place, exchange)| match exchange.answers.as_slice() {
        [one] => *one == bit && place % 8 != 7,
        [one, other] => place % 8 == 7 && one != other,
        _ => false,
    })
}

/// The median time from one symbol of the client to the next.
pub(crate) fn interval(recording: &Recording) -> Duration {
    let times: Vec<u64> = recording.from(Party::Client).map(|symbol| symbol.at_nanos).collect();
    let mut gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    Duration::from_nanos(gaps.get(gaps.len() / 2).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Ending;
    use crate::relay::Symbol;

    /// What a relay would see of a pair that speaks this dialect.
    fn recorded(dialect: Dialect, text: &[u8]) -> Recording {
        let mut symbols = Vec::new();
        let mut push = |from, bit: Bit| {
            let at_nanos = symbols.len() as u64 * 1000;
            let usr = if bit.is_one() { 2 } else { 1 };
            symbols.push(Symbol { at_nanos, from, usr, passed_nanos: Some(at_nanos) });
        };
        if let Hello::One(bit) = dialect.hello {
            push(Party::Client, bit);
            let answer = dialect.ready.or(dialect.bit_ack(bit));
            if let Some(answer) = answer {
                push(Party::Server, answer);
            }
        }
        let mut encoder = Encoder::new(dialect, text).unwrap().with_pid(77);
        while let Some(bit) = encoder.next() {
            push(Party::Client, bit);
            for answer in dialect.acks(encoder.ends(), bit) {
                push(Party::Server, answer);
            }
        }
        Recording {
            symbols,
            from_nanos: 0,
            to_nanos: 0,
            client_pid: 77,
            client: Ending::Exit(0),
            server_ended: false,
            done: Vec::new(),
            client_sleeps_in: None,
            received: Vec::new(),
            messages: 0,
        }
    }

    #[test]
    fn every_dialect_is_read_from_what_it_sends() {
        for list in [
            "",
            "one=usr1,order=lsb,ack=usr2,receipt=usr1-instead",
            "ack=echo,receipt=none",
            "ack=none,receipt=usr1-after",
            "ack=byte-usr2,receipt=usr1-instead",
            "ack=usr1-byte-usr2,receipt=none",
            "receipt=usr2-before,end=length32-nul",
            "receipt=none,end=length64,order=lsb,one=usr1",
            "receipt=none,end=length64-counted-nul,length=twice",
            "receipt=none,end=length32,length=swapped",
            "receipt=none,end=length32,length=digits,lead=pid-digits",
            "receipt=none,lead=nul",
            "receipt=none,end=length32,hello=usr2,ack=usr2",
            "receipt=none,end=length32,hello=usr1,ack=usr2,ready=usr1",
            "receipt=nothing-instead",
            "receipt=usr2-usr1-usr2-after",
        ] {
            let dialect: Dialect = list.parse().unwrap();
            let reading = Reading::of(&recorded(dialect, KNOWN), KNOWN).expect(list);
            assert_eq!(reading.dialect(), (dialect, true), "{list}: {reading:?}");
        }
    }

    #[test]
    fn a_text_that_is_not_there_is_not_read() {
        assert_eq!(Reading::of(&recorded(Dialect::DEFAULT, b"another"), KNOWN), None);
    }

    #[test]
    fn what_the_client_adds_is_no_part_of_the_dialect() {
        let text = [KNOWN, b"\n"].concat();
        let reading = Reading::of(&recorded(Dialect::DEFAULT, &text), KNOWN).unwrap();
        assert_eq!(reading.added, b"\n");
        assert_eq!(reading.dialect(), (Dialect::DEFAULT, true));
    }
}
