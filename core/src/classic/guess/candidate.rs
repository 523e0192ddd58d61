//! The readings among which a guess chooses, and what each of them costs.

use super::super::decoder::{Decoded, Decoder};
use super::super::{BitOrder, Dialect, End, Hello, Lead, Length};
use super::history::History;
use super::text::{Text, WRONG};
use crate::Bit;

/// The cost of each symbol of an incomplete byte: about an eighth of that of a byte of text.
const PENDING: u32 = 5;

/// Symbols that some senders send after their last message and that belong to nothing.
const TRAILING: u32 = 2;

/// The cost of a message without text.
const EMPTY: u32 = 120;

/// The additional cost for each of the four bytes of a PID that is not the sender's.
const OTHER_PID: u32 = 45;

/// The same for each of its ten digits.
const OTHER_PID_DIGIT: u32 = 8;

/// How a message may be written, apart from polarity and order, and the cost of assuming so.
#[derive(Debug)]
pub(super) struct Form {
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

/// Whether a NUL follows the text of a length, counted or not, is not distinguished here: it shows
/// after the text.
pub(super) static FORMS: [Form; 20] = [
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

/// One reading of the symbols that have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) dialect: Dialect,
    /// The cost of believing it, in tenths of a nat.
    pub(super) cost: u32,
    /// Whether the last symbol completed a byte in this reading.
    pub(super) is_aligned: bool,
    /// Bytes of text read so far.
    pub(super) bytes: u32,
    /// Whether the last byte completed a message in this reading.
    pub(super) is_whole: bool,
}

/// Which symbol is a one, and which bit of a byte comes first.
pub(super) const VARIANTS: [(Bit, BitOrder); 4] = [
    (Bit::One, BitOrder::MsbFirst),
    (Bit::Zero, BitOrder::MsbFirst),
    (Bit::One, BitOrder::LsbFirst),
    (Bit::Zero, BitOrder::LsbFirst),
];

impl Form {
    /// What `history` is in this reading, from a sender whose process is `pid`, or 0 if that is not
    /// known. `None` if it costs `cost_max` or more: reading stops as soon as that is clear.
    pub(super) fn read(
        &self,
        (one, order): (Bit, BitOrder),
        history: &History,
        pid: u32,
        cost_max: u32,
    ) -> Option<Candidate> {
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
        let mut reader = Reader::new(&dialect, pid);
        reader.cost = self.cost.saturating_add(order_cost);
        let mut at = self.hello;
        while let Some(byte) = history.byte(at) {
            reader.feed(dialect.byte(byte));
            if reader.cost >= cost_max {
                return None;
            }
            at = at.saturating_add(8);
        }
        let pending = u32::from(history.len().saturating_sub(at));
        Some(Candidate {
            dialect,
            cost: reader.cost.saturating_add(pending.saturating_mul(PENDING)),
            is_aligned: pending == 0,
            bytes: reader.bytes,
            is_whole: pending <= TRAILING && reader.is_whole,
        })
    }
}

/// Adds up what the bytes of a message cost in one dialect.
struct Reader<'d> {
    dialect: &'d Dialect,
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
    /// The bytes of the length, the newest lowest, to compare the two copies of one that is sent
    /// twice.
    length: u64,
    is_whole: bool,
    tail: Tail,
}

/// What may follow the text of a message with a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tail {
    Nothing,
    NewlineOrNul,
    /// A newline has come.
    Nul,
}

impl<'d> Reader<'d> {
    const fn new(dialect: &'d Dialect, pid: u32) -> Self {
        Self {
            dialect,
            decoder: Decoder::new(*dialect),
            pid,
            text: Text::NEW,
            cost: 0,
            bytes: 0,
            message_bytes: 0,
            prefix_bytes: 0,
            length: 0,
            is_whole: false,
            tail: Tail::Nothing,
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
            if self.message_bytes == 0 {
                self.cost = self.cost.saturating_add(EMPTY);
            } else if self.dialect.ends_with_text() {
                self.tail = Tail::NewlineOrNul;
            }
            self.text = Text::NEW;
            self.message_bytes = 0;
            self.prefix_bytes = 0;
        }
    }

    /// Takes a NUL that the length does not count, or a newline before it.
    fn take_tail(&mut self, byte: u8) -> bool {
        let tail = core::mem::replace(&mut self.tail, Tail::Nothing);
        match (tail, byte) {
            (Tail::NewlineOrNul | Tail::Nul, 0) => self.is_whole = true,
            (Tail::NewlineOrNul, b'\n') => {
                self.is_whole = false;
                self.tail = Tail::Nul;
            }
            (Tail::NewlineOrNul | Tail::Nul | Tail::Nothing, _) => return false,
        }
        true
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
        // The sender's own PID is no surprise; any other is.
        if self.pid != 0 && byte == self.dialect.lead_byte(self.pid, place) { 1 } else { cost }
    }
}

/// The cost of a byte of a number that hardly ever has more than `likely` bytes above the lowest
/// one.
fn cost_in_number(byte: u8, place: u8, likely: u8) -> u32 {
    match (place, byte) {
        // Shorter numbers are likelier, as if their length were coded first.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that has taken these bytes.
    fn fed(dialect: &str, bytes: &[u8]) -> Reader<'static> {
        let dialect: Dialect = dialect.parse().unwrap();
        let mut reader = Reader::new(std::boxed::Box::leak(dialect.into()), 0);
        for &byte in bytes {
            reader.feed(byte);
        }
        reader
    }

    /// What the last of these bytes costs.
    fn cost_of_last(dialect: &str, bytes: &[u8]) -> u32 {
        let (_, before) = bytes.split_last().unwrap();
        fed(dialect, bytes).cost.checked_sub(fed(dialect, before).cost).unwrap()
    }

    #[test]
    fn a_nul_that_is_counted_behind_a_text_is_an_end_and_alone_it_is_a_text() {
        let end = cost_of_last("end=nul", b"Hi\0");
        assert_eq!(cost_of_last("end=length32", b"\0\0\0\x03Hi\0"), end);
        let text = cost_of_last("end=nul", b"\x01");
        assert_eq!(cost_of_last("end=length32", b"\0\0\0\x01\0"), text);
        assert!(end < text);
    }

    #[test]
    fn a_nul_behind_a_text_with_a_length_costs_nothing_nor_does_a_newline_before_it() {
        const TEXT: &[u8] = b"\0\0\0\x02Hi";
        for (tail, is_whole) in [(&b""[..], true), (b"\0", true), (b"\n", false), (b"\n\0", true)] {
            let reader = fed("end=length32", &[TEXT, tail].concat());
            assert_eq!((reader.is_whole, reader.bytes), (is_whole, 2), "{tail:?}");
            assert_eq!(reader.cost, fed("end=length32", TEXT).cost, "{tail:?}");
        }
    }

    #[test]
    fn what_is_no_tail_of_a_text_belongs_to_a_message() {
        let reader = fed("end=length32", b"\0\0\0\0\0");
        assert!(!reader.is_whole, "the length of the next one, for that was empty");
        let reader = fed("end=length32", b"\0\0\0\x02H\n");
        assert_eq!((reader.is_whole, reader.bytes), (true, 2), "counted");
        let reader = fed("end=length32", b"\0\0\0\x02Hi\n\n");
        assert_eq!((reader.is_whole, reader.tail), (false, Tail::Nothing), "one newline");
        let reader = fed("end=length32", b"\0\0\0\x02Hi\n\x00\0\0\0\x02Hi");
        assert_eq!((reader.is_whole, reader.bytes), (true, 4), "one NUL");
        let reader = fed("end=nul", b"Hi\0\0");
        assert!(reader.cost >= fed("end=nul", b"Hi\0").cost + EMPTY, "an empty text");
    }

    #[test]
    fn a_pid_in_bits_costs_the_same_in_either_order_of_bits() {
        let cost =
            |order: &str, pid: &[u8]| fed(&std::format!("lead=pid-bits,order={order}"), pid).cost;
        let cheap = cost("msb", b"\x00\x00\x60\x86");
        assert_eq!(cost("lsb", b"\x86\x60\x00\x00"), cheap);
        assert!(cost("msb", b"\x86\x60\x00\x00") > cheap);
        assert!(cost("lsb", b"\x00\x00\x60\x86") > cheap);
    }
}
