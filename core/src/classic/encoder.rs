//! Text to line symbols.

use core::fmt;
use core::iter::FusedIterator;
use core::slice;

use super::{BitOrder, Dialect, End, Ends, Lead, Length};
use crate::Bit;

/// The eight line symbols of one byte.
///
/// A host that has its text in pieces builds a message from these: what a [`Prefix`] yields, one
/// for each byte of text, [`terminator`](Self::terminator).
///
/// # Examples
///
/// ```
/// use minitalk_core::classic::{ByteEncoder, Dialect};
///
/// let line: String = ByteEncoder::new(Dialect::DEFAULT, b'a').map(|bit| bit.to_string()).collect();
/// assert_eq!(line, "01100001");
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ByteEncoder {
    /// The symbols not yet yielded, the next one in the most significant place.
    symbols: u8,
    left: u8,
    /// What the eighth symbol ends.
    ends: Ends,
}

impl ByteEncoder {
    /// A byte of text that is not the last one of a message with a length.
    #[must_use]
    pub const fn new(dialect: Dialect, byte: u8) -> Self {
        Self::ending(dialect, byte, Ends::Byte)
    }

    /// The last byte of the text of a message with a length.
    #[must_use]
    pub const fn last(dialect: Dialect, byte: u8) -> Self {
        Self::ending(dialect, byte, Ends::Message)
    }

    /// The NUL after the text, if it ends a message in this dialect.
    #[must_use]
    pub const fn terminator(dialect: Dialect) -> Option<Self> {
        if dialect.has_nul() { Some(Self::ending(dialect, 0, Ends::Message)) } else { None }
    }

    const fn ending(dialect: Dialect, byte: u8, ends: Ends) -> Self {
        let ordered = match dialect.order {
            BitOrder::MsbFirst => byte,
            BitOrder::LsbFirst => byte.reverse_bits(),
        };
        let symbols = if dialect.one.is_one() { ordered } else { !ordered };
        Self { symbols, left: 8, ends }
    }

    /// What the symbol just yielded completed.
    #[must_use]
    pub const fn ends(&self) -> Ends {
        if self.left == 0 { self.ends } else { Ends::Nothing }
    }
}

impl Iterator for ByteEncoder {
    type Item = Bit;

    #[inline]
    fn next(&mut self) -> Option<Bit> {
        self.left = self.left.checked_sub(1)?;
        let symbol = Bit::from_bool(self.symbols >= 0x80);
        self.symbols <<= 1;
        Some(symbol)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::from(self.left);
        (left, Some(left))
    }
}

impl ExactSizeIterator for ByteEncoder {}
impl FusedIterator for ByteEncoder {}

/// What a message begins with, byte by byte: its length and its lead, if the dialect has them.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Prefix {
    dialect: Dialect,
    /// The length as it is written, including the NUL if the dialect counts it.
    length: u64,
    is_empty: bool,
    pid: u32,
    /// How many bytes have been yielded, and how many there are.
    place: u8,
    bytes: u8,
}

impl Prefix {
    /// The prefix of a message of `length` bytes of text.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`].
    pub fn new(dialect: Dialect, length: u64) -> Result<Self, EncodeError> {
        let is_empty = length == 0;
        let length = length.checked_add(u64::from(dialect.counts_nul()));
        let length = length.ok_or(EncodeError::TooLong)?;
        if dialect.width() == 4 && u32::try_from(length).is_err() {
            return Err(EncodeError::TooLong);
        }
        let bytes = dialect.length_bytes().wrapping_add(dialect.lead_bytes());
        Ok(Self { dialect, length, is_empty, pid: 0, place: 0, bytes })
    }

    /// The same prefix, with the process to be answered, for a dialect that names it.
    #[must_use]
    pub const fn with_pid(mut self, pid: u32) -> Self {
        self.pid = pid;
        self
    }

    /// The byte of the length at `place`.
    fn length_byte(&self, place: u8) -> u8 {
        let width = self.dialect.width();
        let bits =
            |place, is_swapped| number_byte(self.dialect, self.length, width, place, is_swapped);
        match self.dialect.length {
            Length::Bits => bits(place, false),
            Length::SwappedBytes => bits(place, true),
            Length::Twice => bits(place.checked_rem(width).unwrap_or_default(), false),
            Length::Digits => digit(self.length, self.dialect.length_bytes(), place),
        }
    }
}

impl Dialect {
    /// The byte at `place` of what stands between the length and the text.
    pub(super) fn lead_byte(self, pid: u32, place: u8) -> u8 {
        match self.lead {
            Lead::None | Lead::Nul => 0,
            Lead::PidBits => number_byte(self, pid.into(), 4, place, false),
            Lead::PidDigits => digit(pid.into(), self.lead_bytes(), place),
        }
    }
}

/// The byte at `place` of a number of `width` bytes.
fn number_byte(dialect: Dialect, number: u64, width: u8, place: u8, is_swapped: bool) -> u8 {
    let place = if dialect.is_big_endian(is_swapped) {
        width.wrapping_sub(place).wrapping_sub(1)
    } else {
        place
    };
    number.to_le_bytes().get(usize::from(place)).copied().unwrap_or_default()
}

/// The digit at `place` of a number of `digits` digits, in ASCII.
fn digit(number: u64, digits: u8, place: u8) -> u8 {
    let exponent = digits.wrapping_sub(place).wrapping_sub(1);
    let power = 10_u64.checked_pow(exponent.into());
    let number = power.and_then(|power| number.checked_div(power)).unwrap_or_default();
    let [digit, ..] = number.checked_rem(10).unwrap_or_default().to_le_bytes();
    b'0'.wrapping_add(digit)
}

impl Iterator for Prefix {
    type Item = ByteEncoder;

    fn next(&mut self) -> Option<ByteEncoder> {
        let place = self.place;
        if place >= self.bytes {
            return None;
        }
        let length_bytes = self.dialect.length_bytes();
        self.place = place.wrapping_add(1);
        let byte = match place.checked_sub(length_bytes) {
            None => self.length_byte(place),
            Some(place) => self.dialect.lead_byte(self.pid, place),
        };
        let ends = if self.place == self.bytes && self.is_empty && self.dialect.ends_with_text() {
            Ends::EmptyMessage
        } else if self.place == length_bytes {
            Ends::Length
        } else {
            Ends::Byte
        };
        Some(ByteEncoder::ending(self.dialect, byte, ends))
    }
}

impl FusedIterator for Prefix {}

/// Why a text cannot be sent in a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EncodeError {
    /// In this dialect a NUL ends the message, and the text contains one.
    NulInText {
        /// Where the first NUL is, in bytes from the start of the text.
        position: usize,
    },
    /// The text is longer than its length field can express.
    TooLong,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NulInText { position } => write!(f, "text has a NUL at byte {position}"),
            Self::TooLong => f.write_str("text is longer than its length field can say"),
        }
    }
}

impl core::error::Error for EncodeError {}

/// The line symbols of one message.
///
/// After each one, [`ends`](Self::ends) says what it completed and [`Dialect::acks`] what to wait
/// for.
///
/// # Examples
///
/// ```
/// use minitalk_core::classic::{Dialect, Encoder};
///
/// let dialect = Dialect::DEFAULT;
/// let mut encoder = Encoder::new(dialect, b"hi")?;
/// let mut acks = 0;
/// while let Some(symbol) = encoder.next() {
///     acks += dialect.acks(encoder.ends(), symbol).len();
/// }
/// assert_eq!(acks, 3 * 8 + 1);
/// # Ok::<(), minitalk_core::classic::EncodeError>(())
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Encoder<'a> {
    dialect: Dialect,
    /// The byte being sent; before the first one, a byte with no symbols left.
    byte: ByteEncoder,
    prefix: Prefix,
    text: slice::Iter<'a, u8>,
    terminator: Option<ByteEncoder>,
}

impl<'a> Encoder<'a> {
    /// The symbols of `text` in `dialect`.
    ///
    /// # Errors
    ///
    /// [`EncodeError`], before the first symbol.
    pub fn new(dialect: Dialect, text: &'a [u8]) -> Result<Self, EncodeError> {
        if dialect.end == End::Nul
            && let Some(position) = text.iter().position(|byte| *byte == 0)
        {
            return Err(EncodeError::NulInText { position });
        }
        let length = u64::try_from(text.len()).map_err(|_| EncodeError::TooLong)?;
        Ok(Self {
            dialect,
            byte: ByteEncoder { symbols: 0, left: 0, ends: Ends::Nothing },
            prefix: Prefix::new(dialect, length)?,
            text: text.iter(),
            terminator: ByteEncoder::terminator(dialect),
        })
    }

    /// What the symbol just yielded completed; [`Ends::Nothing`] before the first one.
    #[must_use]
    pub const fn ends(&self) -> Ends {
        self.byte.ends()
    }

    /// The next symbol, if there is one, and whether it ends the message.
    #[inline]
    pub(super) fn peek(&self) -> Option<(Bit, bool)> {
        let mut byte = self.byte.clone();
        match byte.next() {
            Some(symbol) => Some((symbol, byte.ends().message())),
            None => Some((self.clone().next()?, false)),
        }
    }

    /// The same encoder, with the process to be answered, for a dialect that names it.
    #[must_use]
    pub fn with_pid(mut self, pid: u32) -> Self {
        self.prefix = self.prefix.with_pid(pid);
        self
    }

    /// How many bytes of the text are still to come, not counting the one being sent.
    #[must_use]
    pub fn bytes_left(&self) -> usize {
        self.text.len()
    }

    /// Whether the symbol just yielded belongs to the NUL that ends the message.
    pub(super) fn is_terminator_begun(&self) -> bool {
        self.dialect.has_nul() && self.terminator.is_none()
    }

    fn next_byte(&mut self) -> Option<ByteEncoder> {
        if let Some(byte) = self.prefix.next() {
            return Some(byte);
        }
        match self.text.next() {
            Some(&byte) if self.text.len() == 0 && self.dialect.ends_with_text() => {
                Some(ByteEncoder::last(self.dialect, byte))
            }
            Some(&byte) => Some(ByteEncoder::new(self.dialect, byte)),
            None => self.terminator.take(),
        }
    }
}

impl Iterator for Encoder<'_> {
    type Item = Bit;

    #[inline]
    fn next(&mut self) -> Option<Bit> {
        if let Some(symbol) = self.byte.next() {
            return Some(symbol);
        }
        self.byte = self.next_byte()?;
        self.byte.next()
    }
}

impl FusedIterator for Encoder<'_> {}

#[cfg(test)]
mod tests {
    use super::Ends::{Byte, EmptyMessage, Length, Message};
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn line(dialect: &str, text: &[u8]) -> String {
        let encoder = Encoder::new(dialect.parse().unwrap(), text).unwrap();
        encoder.map(|symbol| symbol.to_string()).collect()
    }

    #[test]
    fn a_character_is_eight_symbols_and_a_message_ends_with_eight_zeros() {
        assert_eq!(line("", b"A"), "0100000100000000");
    }

    #[test]
    fn order_and_polarity_turn_the_symbols_round() {
        assert_eq!(line("order=lsb", b"A"), "1000001000000000");
        assert_eq!(line("one=usr1", b"A"), "1011111011111111");
        assert_eq!(line("one=usr1,order=lsb", b"A"), "0111110111111111");
    }

    #[test]
    fn a_length_is_one_number_in_the_bit_order_of_the_dialect() {
        assert_eq!(line("end=length32", b"A"), std::format!("{:032b}01000001", 1));
        assert_eq!(line("end=length64", b""), std::format!("{:064b}", 0));
        let reversed: String = std::format!("{:064b}", 300).chars().rev().collect();
        let text = [0; 300];
        assert_eq!(line("end=length64,order=lsb", &text), reversed + &"0".repeat(2400));
    }

    /// The bytes of a line in the default polarity and order.
    fn bytes(dialect: &str, text: &[u8]) -> Vec<u8> {
        let encoder = Encoder::new(dialect.parse().unwrap(), text).unwrap().with_pid(0x0102_0304);
        let bits: Vec<Bit> = encoder.collect();
        let byte = |bits: &[Bit]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        bits.chunks(8).map(byte).collect()
    }

    #[test]
    fn a_length_can_count_the_nul_come_twice_in_other_bytes_or_in_digits() {
        assert_eq!(bytes("end=length32-nul", b"A"), b"\0\0\0\x01A\0");
        assert_eq!(bytes("end=length32-counted-nul", b"A"), b"\0\0\0\x02A\0");
        assert_eq!(bytes("end=length32,length=twice", b"A"), b"\0\0\0\x01\0\0\0\x01A");
        assert_eq!(bytes("end=length64,length=swapped", b"A"), b"\x01\0\0\0\0\0\0\0A");
        assert_eq!(bytes("end=length32,length=digits", &[b'A'; 12]), b"0000000012AAAAAAAAAAAA");
        let wide = bytes("end=length64-counted-nul,length=digits", b"A");
        assert_eq!(wide, b"00000000000000000002A\0");
        let error = Prefix::new("end=length64-counted-nul".parse().unwrap(), u64::MAX).map(|_| ());
        assert_eq!(error, Err(EncodeError::TooLong));
    }

    #[test]
    fn a_nul_or_the_process_to_be_answered_can_lead_to_the_text() {
        assert_eq!(bytes("lead=nul", b"A"), b"\0A\0");
        assert_eq!(bytes("lead=pid-bits", b"A"), b"\x01\x02\x03\x04A\0");
        assert_eq!(bytes("lead=pid-digits", b"A"), b"0016909060A\0");
        assert_eq!(bytes("end=length32,lead=pid-bits", b""), b"\0\0\0\0\x01\x02\x03\x04");
    }

    #[test]
    fn a_nul_is_refused_where_it_would_end_the_message() {
        let error = Encoder::new(Dialect::DEFAULT, b"ab\0c\0").unwrap_err();
        assert_eq!(error, EncodeError::NulInText { position: 2 });
        assert_eq!(error.to_string(), "text has a NUL at byte 2");
        assert_eq!(line("end=length32", b"\0").len(), 40);
    }

    #[test]
    fn a_length_that_its_field_cannot_say_is_refused() {
        let dialect = |end| Dialect { end, ..Dialect::DEFAULT };
        let prefix = |end, length| Prefix::new(dialect(end), length).map(Iterator::count);
        assert_eq!(prefix(End::Length32, u64::from(u32::MAX)), Ok(4));
        assert_eq!(prefix(End::Length32, 1 << 32), Err(EncodeError::TooLong));
        assert_eq!(prefix(End::Length64, u64::MAX), Ok(8));
        assert_eq!(prefix(End::Nul, u64::MAX), Ok(0));
    }

    #[test]
    fn every_symbol_says_what_it_ended() {
        let ends = |dialect: &str, text| {
            let mut encoder = Encoder::new(dialect.parse().unwrap(), text).unwrap();
            let mut all = Vec::new();
            assert_eq!(encoder.ends(), Ends::Nothing);
            while encoder.next().is_some() {
                all.push(encoder.ends());
            }
            let last = all.last().copied();
            assert_eq!(encoder.next(), None);
            assert_eq!(Some(encoder.ends()), last);
            assert!(all.iter().enumerate().all(|(index, ends)| ends.byte() == (index % 8 == 7)));
            all.into_iter().filter(|ends| ends.byte()).collect::<Vec<_>>()
        };
        assert_eq!(ends("", b"ab"), [Byte, Byte, Message]);
        assert_eq!(ends("", b""), [Message]);
        assert_eq!(ends("end=length32", b"ab"), [Byte, Byte, Byte, Length, Byte, Message]);
        assert_eq!(ends("end=length32", b""), [Byte, Byte, Byte, EmptyMessage]);
        assert_eq!(ends("end=silence", b"ab"), [Byte, Byte]);
        assert_eq!(ends("lead=nul", b"a"), [Byte, Byte, Message]);
        let lead = ends("end=length32,lead=nul", b"");
        assert_eq!(lead, [Byte, Byte, Byte, Length, EmptyMessage]);
    }
}
