//! The readings among which a guess chooses, and what each of them costs.

use super::super::decoder::{Decoded, Decoder};
use super::super::{BitOrder, Dialect, End, Hello, Lead, Length};
use super::history::History;
use super::text::{Text, WRONG};
use crate::Bit;

/// The cost of a symbol of a byte that is not complete: as much as the eighth part of one of a
/// text.
const PENDING: u32 = 5;

/// Symbols behind a message with which some senders end, and which belong to nothing.
const TRAILING: u32 = 2;

/// The cost of a message without text.
const EMPTY: u32 = 120;

/// What it costs in addition that the process to be answered is not the sender: for each of four
/// bytes.
const OTHER_PID: u32 = 45;

/// The same for each of ten digits.
const OTHER_PID_DIGIT: u32 = 8;

/// How a message may be written apart from polarity and order, and what it costs to assume so.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// Symbols of the greeting.
    hello: u16,
    end: End,
    length: Length,
    lead: Lead,
    cost: u32,
}

const fn form(hello: u16, end: End, length: Length, lead: Lead, cost: u32) -> Form {
    Form { hello, end, length, lead, cost }
}

/// A NUL after a length, counted or not, is not told apart here: it shows after the text.
static FORMS: [Form; 20] = [
    form(0, End::Nul, Length::Bits, Lead::None, 0),
    form(0, End::Length32, Length::Bits, Lead::None, 25),
    form(0, End::Length64, Length::Bits, Lead::None, 35),
    form(0, End::Nul, Length::Bits, Lead::Nul, 45),
    form(0, End::Length32, Length::Digits, Lead::None, 45),
    form(0, End::Length32, Length::Twice, Lead::None, 45),
    form(0, End::Length64, Length::SwappedBytes, Lead::None, 45),
    form(0, End::Length32, Length::SwappedBytes, Lead::None, 50),
    form(0, End::Length64, Length::Twice, Lead::None, 55),
    form(0, End::Length32, Length::Digits, Lead::PidDigits, 50),
    form(0, End::Length32, Length::Bits, Lead::PidBits, 55),
    form(0, End::Length64, Length::Bits, Lead::PidBits, 60),
    form(0, End::Nul, Length::Bits, Lead::PidBits, 50),
    form(0, End::Nul, Length::Bits, Lead::PidDigits, 50),
    form(0, End::Length64, Length::Digits, Lead::None, 65),
    form(1, End::Nul, Length::Bits, Lead::None, 45),
    form(1, End::Length32, Length::Bits, Lead::None, 45),
    form(1, End::Length64, Length::Bits, Lead::None, 55),
    form(1, End::Length64, Length::SwappedBytes, Lead::None, 65),
    form(2, End::Length32, Length::Bits, Lead::None, 60),
];

/// One reading of what has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) dialect: Dialect,
    /// What it costs to believe it, in tenths of a nat.
    pub(super) cost: u32,
    /// Whether the last symbol completed a byte of it.
    pub(super) is_aligned: bool,
    /// Bytes of text that it has read.
    pub(super) bytes: u32,
    /// Whether the last byte completed a message of it.
    pub(super) is_whole: bool,
}

/// Every reading of `history`, from a sender whose process is `pid` if that is known.
pub(super) fn candidates(history: &History, pid: u32) -> impl Iterator<Item = Candidate> {
    FORMS.iter().flat_map(move |form| {
        [(Bit::One, BitOrder::MsbFirst), (Bit::Zero, BitOrder::MsbFirst)]
            .into_iter()
            .chain([(Bit::One, BitOrder::LsbFirst), (Bit::Zero, BitOrder::LsbFirst)])
            .filter_map(move |(one, order)| form.read(one, order, history, pid))
    })
}

impl Form {
    fn read(self, one: Bit, order: BitOrder, history: &History, pid: u32) -> Option<Candidate> {
        let dialect =
            Dialect { one, order, end: self.end, length: self.length, ..Dialect::DEFAULT };
        let dialect = Dialect { lead: self.lead, ..dialect };
        let dialect = match self.hello {
            0 => dialect,
            1 => Dialect { hello: Hello::One(history.symbol(0)?), ..dialect },
            _ => Dialect { hello: Hello::AndWidth(history.symbol(0)?), ..dialect }
                .with_width(history.symbol(1)?.is_one()),
        };
        let order_cost = match order {
            BitOrder::MsbFirst => 0,
            BitOrder::LsbFirst => 8,
        };
        let mut reader = Reader::new(dialect, pid);
        let mut at = self.hello;
        while let Some(byte) = history.byte(at) {
            reader.feed(dialect.byte(byte));
            at = at.saturating_add(8);
        }
        let pending = u32::from(history.len().saturating_sub(at));
        let pending_cost = pending.saturating_mul(PENDING);
        let costs = [self.cost, order_cost, reader.cost, pending_cost];
        Some(Candidate {
            dialect,
            cost: costs.into_iter().fold(0, u32::saturating_add),
            is_aligned: pending == 0,
            bytes: reader.bytes,
            is_whole: pending <= TRAILING && reader.is_whole,
        })
    }
}

/// Adds up what the bytes of a message cost in one dialect.
struct Reader {
    dialect: Dialect,
    decoder: Decoder,
    pid: u32,
    text: Text,
    cost: u32,
    /// Bytes of text.
    bytes: u32,
    /// Bytes of text of this message.
    message_bytes: u32,
    /// Bytes of what comes before the text.
    prefix_bytes: u8,
    /// The bytes of the length, the newest lowest, for one that is sent twice.
    length: u64,
    is_whole: bool,
    /// A newline has come after the text, and a NUL will.
    is_newline_out: bool,
}

impl Reader {
    const fn new(dialect: Dialect, pid: u32) -> Self {
        Self {
            dialect,
            decoder: Decoder::new(dialect),
            pid,
            text: Text::NEW,
            cost: 0,
            bytes: 0,
            message_bytes: 0,
            prefix_bytes: 0,
            length: 0,
            is_whole: false,
            is_newline_out: false,
        }
    }

    fn feed(&mut self, byte: u8) {
        if self.take_tail(byte) {
            return;
        }
        let decoded = self.decoder.feed_byte(byte);
        self.is_whole = decoded.ends().message();
        let cost = match decoded {
            Decoded::Pending | Decoded::Surplus => 0,
            Decoded::PrefixByte | Decoded::Length(_) | Decoded::Empty | Decoded::Lead { .. } => {
                self.cost_in_prefix(byte)
            }
            Decoded::LastByte(0) if self.message_bytes > 0 => self.text.cost_of_end(),
            Decoded::Byte(byte) | Decoded::LastByte(byte) => {
                self.bytes = self.bytes.saturating_add(1);
                self.message_bytes = self.message_bytes.saturating_add(1);
                self.text.cost(byte)
            }
            Decoded::Nul => self.text.cost_of_end(),
        };
        self.cost = self.cost.saturating_add(cost);
        if self.is_whole {
            let is_empty = self.message_bytes == 0;
            self.cost = self.cost.saturating_add(if is_empty { EMPTY } else { 0 });
            self.text = Text::NEW;
            self.message_bytes = 0;
            self.prefix_bytes = 0;
        }
    }

    /// Takes a NUL that the length does not count, or a newline before it.
    fn take_tail(&mut self, byte: u8) -> bool {
        let is_after_text = self.is_whole && self.bytes > 0 && self.dialect.ends_with_text();
        let is_tail = match byte {
            0 => is_after_text || self.is_newline_out,
            b'\n' => is_after_text && !self.is_newline_out,
            _ => false,
        };
        if is_tail {
            self.is_newline_out = byte != 0;
            self.is_whole = byte == 0;
        }
        is_tail
    }

    fn cost_in_prefix(&mut self, byte: u8) -> u32 {
        let place = self.prefix_bytes;
        self.prefix_bytes = place.saturating_add(1);
        match place.checked_sub(self.dialect.length_bytes()) {
            None => self.cost_in_length(byte, place),
            Some(place) => self.cost_in_lead(byte, place),
        }
    }

    fn cost_in_length(&mut self, byte: u8, place: u8) -> u32 {
        let width = self.dialect.width();
        let bits_before = u32::from(width.saturating_sub(1)) << 3;
        let [first, ..] = self.length.wrapping_shr(bits_before).to_le_bytes();
        self.length = self.length << 8 | u64::from(byte);
        let is_swapped = matches!(self.dialect.length, Length::SwappedBytes);
        match self.dialect.length {
            Length::Digits => cost_of_digit(byte),
            Length::Twice if place >= width => {
                if byte == first {
                    0
                } else {
                    WRONG
                }
            }
            Length::Bits | Length::SwappedBytes | Length::Twice => {
                let place = if self.dialect.is_big_endian(is_swapped) {
                    width.saturating_sub(place).saturating_sub(1)
                } else {
                    place
                };
                cost_in_number(byte, place, 1)
            }
        }
    }

    fn cost_in_lead(&self, byte: u8, place: u8) -> u32 {
        let cost = match self.dialect.lead {
            Lead::None => 0,
            Lead::Nul => return if byte == 0 { 0 } else { WRONG },
            Lead::PidDigits => cost_of_digit(byte).saturating_add(OTHER_PID_DIGIT),
            Lead::PidBits if self.dialect.is_big_endian(false) => {
                let place = 3_u8.saturating_sub(place);
                cost_in_number(byte, place, 2).saturating_add(OTHER_PID)
            }
            Lead::PidBits => cost_in_number(byte, place, 2).saturating_add(OTHER_PID),
        };
        // The sender's own is no surprise, and another one is.
        if self.pid != 0 && byte == self.dialect.lead_byte(self.pid, place) { 1 } else { cost }
    }
}

/// The cost of a byte of a number of which hardly any has more than `likely` bytes above the lowest
/// one.
fn cost_in_number(byte: u8, place: u8, likely: u8) -> u32 {
    match (place, byte) {
        // The shorter, the likelier: some bits say how many bits follow.
        (0, _) => 8_u32.saturating_sub(byte.leading_zeros()).saturating_mul(6).saturating_add(15),
        (_, 0) => 2,
        (place, _) if place <= likely => 55,
        _ => WRONG,
    }
}

fn cost_of_digit(byte: u8) -> u32 {
    match byte {
        b'0' => 3,
        b'1'..=b'9' => 23,
        _ => WRONG,
    }
}
