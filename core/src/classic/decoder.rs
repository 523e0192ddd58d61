//! Line symbols to bytes.

use super::{BitOrder, Dialect, Ends};
use crate::Bit;

/// What one line symbol led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a byte that is not read is lost"]
pub enum Decoded {
    /// Nothing yet.
    Pending,
    /// Eight bits of the length; more of it follows.
    LengthByte,
    /// The length is complete: so many bytes of text follow, then a NUL if the dialect has one.
    Length(u64),
    /// The length is complete and zero, and with it the message.
    Empty,
    /// A byte of text. More follows, or the NUL that ends the message.
    Byte(u8),
    /// The last byte of the text of a message with a length, and with it the message.
    LastByte(u8),
    /// The NUL after the text, and with it the message.
    Nul,
}

impl Decoded {
    /// What the symbol ended.
    #[must_use]
    pub const fn ends(self) -> Ends {
        match self {
            Self::Pending => Ends::Nothing,
            Self::LengthByte | Self::Byte(_) => Ends::Byte,
            Self::Length(_) => Ends::Length,
            Self::Empty => Ends::EmptyMessage,
            Self::LastByte(_) | Self::Nul => Ends::Message,
        }
    }

    /// The byte of text that the symbol completed.
    #[must_use]
    pub const fn byte(self) -> Option<u8> {
        match self {
            Self::Byte(byte) | Self::LastByte(byte) => Some(byte),
            Self::Pending | Self::LengthByte | Self::Length(_) | Self::Empty | Self::Nul => None,
        }
    }
}

/// Reads messages of one dialect, one after another.
///
/// It holds the bits of one byte and, in a dialect with a length, how many bytes are to come, but no
/// text: every byte is handed out as it is completed, so a message may have any length. A length is
/// the sender's word and may be anything up to 2⁶⁴ − 1.
///
/// There is no input that is wrong: every symbol is a bit of something. When symbols have been lost,
/// only [`reset`](Self::reset) brings the decoder back to the start of a byte.
///
/// # Examples
///
/// ```
/// use minitalk_core::classic::{Decoder, Dialect, Encoder, Decoded};
///
/// let mut decoder = Decoder::new(Dialect::DEFAULT);
/// let mut text = Vec::new();
/// for symbol in Encoder::new(Dialect::DEFAULT, b"hi")? {
///     let progress = decoder.feed(symbol);
///     text.extend(progress.byte());
///     if progress == Decoded::Nul {
///         text.push(b'\n');
///     }
/// }
/// assert_eq!(text, b"hi\n");
/// # Ok::<(), minitalk_core::classic::EncodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Decoder {
    dialect: Dialect,
    state: State,
    /// The symbols of the byte so far, the newest lowest, behind a one that marks where they begin.
    symbols: u32,
}

/// What the next complete byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// It is the first one of a message.
    Start,
    /// The length, of which so many bytes have come and make this value.
    Length { taken: u8, value: u64 },
    /// The text after a length, of which so many bytes are to come; when none is, its NUL.
    Counted { left: u64 },
    /// The text before a NUL.
    Terminated,
}

/// `symbols` of a byte that has not begun.
const NO_SYMBOLS: u32 = 1;

/// The mark in front of `symbols`, once there are eight of them.
const EIGHT_SYMBOLS: u32 = 1 << 8;

impl Decoder {
    /// A decoder at the start of a message.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self { dialect, state: State::Start, symbols: NO_SYMBOLS }
    }

    /// The dialect that it reads.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Forgets what it has of a message and begins a new one.
    pub const fn reset(&mut self) {
        *self = Self::new(self.dialect);
    }

    /// Whether it has nothing of a message, not even a bit.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Start) && self.symbols == NO_SYMBOLS
    }

    /// How many bits it has of a byte that is not complete, 0 to 7.
    #[must_use]
    pub const fn pending_bits(&self) -> u32 {
        NO_SYMBOLS.leading_zeros().saturating_sub(self.symbols.leading_zeros())
    }

    /// Takes the next line symbol.
    ///
    /// *Signal safety*: takes a small bounded time whatever the symbol, allocates nothing, takes no
    /// lock and cannot panic.
    #[inline]
    pub fn feed(&mut self, symbol: Bit) -> Decoded {
        self.symbols = (self.symbols << 1) | u32::from(symbol.is_one());
        if self.symbols & EIGHT_SYMBOLS == 0 { Decoded::Pending } else { self.complete() }
    }

    /// Takes the eight `symbols` as a byte and begins the next one.
    #[inline]
    fn complete(&mut self) -> Decoded {
        let [symbols, ..] = self.symbols.to_le_bytes();
        self.symbols = NO_SYMBOLS;
        let ordered = if self.dialect.one.is_one() { symbols } else { !symbols };
        let byte = match self.dialect.order {
            BitOrder::MsbFirst => ordered,
            BitOrder::LsbFirst => reversed(ordered),
        };
        if matches!(self.state, State::Terminated) && byte != 0 {
            return Decoded::Byte(byte);
        }
        let progress;
        (self.state, progress) = self.state.after(byte, self.dialect);
        progress
    }
}

impl State {
    /// What comes after `byte`, and what that byte was.
    ///
    /// Out of line and without a pointer, so that `feed` is small and a decoder fed in a loop can stay
    /// in registers.
    #[inline(never)]
    fn after(self, byte: u8, dialect: Dialect) -> (Self, Decoded) {
        match self {
            Self::Start if dialect.length_bytes() > 0 => Self::after_length(0, 0, byte, dialect),
            Self::Length { taken, value } => Self::after_length(taken, value, byte, dialect),
            Self::Start | Self::Terminated if byte == 0 => (Self::Start, Decoded::Nul),
            Self::Start | Self::Terminated => (Self::Terminated, Decoded::Byte(byte)),
            Self::Counted { left: 0 } => (Self::Start, Decoded::Nul),
            Self::Counted { left: 1 } if !dialect.has_nul() => {
                (Self::Start, Decoded::LastByte(byte))
            }
            Self::Counted { left } => {
                (Self::Counted { left: left.wrapping_sub(1) }, Decoded::Byte(byte))
            }
        }
    }

    /// As [`after`](Self::after), for a byte of the length before which `taken` have come.
    fn after_length(taken: u8, value: u64, byte: u8, dialect: Dialect) -> (Self, Decoded) {
        let value = match dialect.order {
            BitOrder::MsbFirst => value << 8 | u64::from(byte),
            BitOrder::LsbFirst => value | u64::from(byte).wrapping_shl(u32::from(taken) << 3),
        };
        let taken = taken.wrapping_add(1);
        if taken < dialect.length_bytes() {
            (Self::Length { taken, value }, Decoded::LengthByte)
        } else if value == 0 && !dialect.has_nul() {
            (Self::Start, Decoded::Empty)
        } else {
            (Self::Counted { left: value }, Decoded::Length(value))
        }
    }
}

/// The byte read from the other end. Out of line: inlined, it would be computed for every byte of
/// every dialect and then mostly be thrown away.
#[inline(never)]
const fn reversed(byte: u8) -> u8 {
    byte.reverse_bits()
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(Dialect::DEFAULT)
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]
mod tests {
    use super::super::dialect::every_dialect;
    use super::super::{Encoder, End, Prefix};
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// Sends `text`, checks every step against the encoder's, and returns what arrived.
    fn send(decoder: &mut Decoder, text: &[u8]) -> Vec<u8> {
        let mut encoder = Encoder::new(decoder.dialect(), text).unwrap();
        let mut arrived = Vec::new();
        let mut bits = 0;
        assert!(decoder.is_idle());
        while let Some(symbol) = encoder.next() {
            let progress = decoder.feed(symbol);
            bits += 1;
            arrived.extend(progress.byte());
            assert_eq!(progress.ends(), encoder.ends());
            assert_eq!(decoder.pending_bits(), bits % 8);
            assert_eq!(decoder.is_idle(), progress.ends().message());
            if let Decoded::Length(length) = progress {
                assert_eq!(length, u64::try_from(text.len()).unwrap());
            }
        }
        arrived
    }

    #[test]
    fn every_dialect_carries_every_text_that_it_can_and_then_the_next_one() {
        let texts: [&[u8]; 5] = [b"", b"a", b"~\x80\xFF\x01\x7F", "héllo 🦀".as_bytes(), b"\0 \0"];
        for dialect in every_dialect() {
            let mut decoder = Decoder::new(dialect);
            for text in texts {
                if dialect.end != End::Nul || !text.contains(&0) {
                    assert_eq!(send(&mut decoder, text), text, "{dialect}");
                }
            }
        }
    }

    #[test]
    fn every_byte_but_nul_comes_through_in_every_bit_order_and_polarity() {
        let text: Vec<u8> = (1..=255).collect();
        for dialect in every_dialect() {
            assert_eq!(send(&mut Decoder::new(dialect), &text), text);
        }
    }

    #[test]
    fn a_length_of_64_bits_is_read_as_it_was_sent() {
        for order in [BitOrder::MsbFirst, BitOrder::LsbFirst] {
            let dialect = Dialect { order, end: End::Length64, ..Dialect::DEFAULT };
            for length in [1, 0x0102_0304_0506_0708, u64::MAX] {
                let mut decoder = Decoder::new(dialect);
                let symbols = Prefix::new(dialect, length).unwrap().flatten();
                let last = symbols.map(|symbol| decoder.feed(symbol)).last();
                assert_eq!(last, Some(Decoded::Length(length)));
            }
        }
    }

    #[test]
    fn a_reset_forgets_half_a_byte_and_half_a_length() {
        for end in [End::Nul, End::Length32, End::Length64] {
            let mut decoder = Decoder::new(Dialect { end, ..Dialect::DEFAULT });
            for cut in 1..50 {
                let dialect = decoder.dialect();
                for symbol in Encoder::new(dialect, b"abcdefg").unwrap().take(cut) {
                    let _ = decoder.feed(symbol);
                }
                assert!(!decoder.is_idle());
                decoder.reset();
                assert_eq!(send(&mut decoder, b"next"), b"next");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_through(text: Vec<u8>, order: bool, one: bool, wide: bool) {
            let dialect = Dialect {
                one: Bit::from(one),
                order: if order { BitOrder::MsbFirst } else { BitOrder::LsbFirst },
                end: if wide { End::Length64 } else { End::Length32 },
                ..Dialect::DEFAULT
            };
            prop_assert_eq!(send(&mut Decoder::new(dialect), &text), text);
        }

        #[test]
        fn any_symbols_are_taken_and_every_eighth_completes_a_byte(
            symbols in prop::collection::vec(any::<bool>(), 0..400),
            which in 0_usize..1512,
        ) {
            let mut decoder = Decoder::new(every_dialect()[which]);
            for (index, symbol) in symbols.into_iter().enumerate() {
                let progress = decoder.feed(Bit::from(symbol));
                prop_assert_eq!(progress.ends().byte(), index % 8 == 7);
            }
        }
    }
}
