//! Line symbols to bytes.

use super::{BitOrder, Chosen, Dialect, End, Ends, Lead, Length};
use crate::Bit;

/// What one line symbol completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a byte that is not read is lost"]
pub enum Decoded {
    /// Nothing yet.
    Pending,
    /// Eight bits of what comes before the text. More of that follows, or the text.
    PrefixByte,
    /// The length is complete: this many bytes of text follow, then a NUL if the dialect has one.
    Length(u64),
    /// The length is complete and is zero, so the message is complete too.
    Empty,
    /// What stands between the length and the text is complete.
    Lead {
        /// The process to be answered, if the dialect names one.
        pid: Option<u32>,
        /// Whether the text is empty and the message complete.
        is_empty: bool,
    },
    /// A byte of text. More follows, or the NUL that ends the message.
    Byte(u8),
    /// The last byte of the text of a message with a length. The message is complete.
    LastByte(u8),
    /// A byte after the counted text and before the NUL that ends the message. It is not text.
    Surplus,
    /// The NUL after the text. The message is complete.
    Nul,
}

impl Decoded {
    /// What the symbol ended.
    #[must_use]
    pub const fn ends(self) -> Ends {
        match self {
            Self::Pending => Ends::Nothing,
            Self::PrefixByte
            | Self::Lead { is_empty: false, .. }
            | Self::Byte(_)
            | Self::Surplus => Ends::Byte,
            Self::Length(_) => Ends::Length,
            Self::Empty | Self::Lead { is_empty: true, .. } => Ends::EmptyMessage,
            Self::LastByte(_) | Self::Nul => Ends::Message,
        }
    }

    /// The byte of text that the symbol completed.
    #[must_use]
    pub const fn byte(self) -> Option<u8> {
        match self {
            Self::Byte(byte) | Self::LastByte(byte) => Some(byte),
            Self::Pending
            | Self::PrefixByte
            | Self::Length(_)
            | Self::Empty
            | Self::Lead { .. }
            | Self::Surplus
            | Self::Nul => None,
        }
    }
}

/// Reads messages of one dialect, one after another.
///
/// It holds the bits of one byte and, in a dialect with a length, how many bytes are still to come,
/// but no text: every byte is returned when it is complete, so a message may have any length. A
/// length is what the sender claims and may be anything up to 2⁶⁴ − 1.
///
/// No input is wrong: every symbol is a bit of something. When symbols have been lost, only
/// [`reset`](Self::reset) brings the decoder back to the start of a byte.
///
/// # Examples
///
/// ```
/// use minitalk_core::classic::{Decoder, Dialect, Encoder, Decoded};
///
/// let mut decoder = Decoder::new(Dialect::DEFAULT);
/// let mut text = Vec::new();
/// for symbol in Encoder::new(Dialect::DEFAULT, b"hi")? {
///     let decoded = decoder.feed(symbol);
///     text.extend(decoded.byte());
///     if decoded == Decoded::Nul {
///         text.push(b'\n');
///     }
/// }
/// assert_eq!(text, b"hi\n");
/// # Ok::<(), minitalk_core::classic::EncodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Decoder {
    dialect: Chosen,
    state: State,
    /// The symbols of the byte so far, the newest in the least significant place, below a one that
    /// marks where they begin; minus one, so that a decoder that has seen nothing is all zeros.
    symbols: u32,
}

/// What the next complete byte belongs to. The first variant is all zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
enum State {
    /// The start of a message.
    Start,
    /// The length: `taken` bytes of it have come, and `value` is their value.
    Length { taken: u8, value: u64 },
    /// What stands between the length and the text: `taken` bytes of it have come, `pid` is their
    /// value, and `left` bytes of text follow, if that is known.
    Lead { taken: u8, pid: u32, left: Option<u64> },
    /// The text after a length: `left` bytes are still to come. When none is, its NUL.
    Counted { left: u64 },
    /// The text before a NUL or before silence.
    Terminated,
}

/// `symbols` of a byte that has not begun.
const NO_SYMBOLS: u32 = 0;

/// The smallest `symbols` of a complete byte: the mark stands before eight of them.
const EIGHT_SYMBOLS: u32 = (1 << 8) - 1;

/// The smallest `symbols` of a byte that lacks one symbol.
const SEVEN_SYMBOLS: u32 = (1 << 7) - 1;

impl Decoder {
    /// A decoder at the start of a message.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self { dialect: Chosen::new(dialect), state: State::Start, symbols: NO_SYMBOLS }
    }

    /// The dialect that it reads.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        *self.dialect.get()
    }

    #[inline]
    pub(super) const fn dialect_ref(&self) -> &Dialect {
        self.dialect.get()
    }

    /// Forgets what it has of a message and begins a new one.
    pub const fn reset(&mut self) {
        *self = Self::new(self.dialect());
    }

    /// Whether it has nothing of a message, not even a bit.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Start) && self.symbols == NO_SYMBOLS
    }

    /// From now on silence ends messages, if the decoder is between two bytes of a message that a
    /// NUL would end.
    pub(super) const fn end_with_silence(&mut self) {
        if matches!(self.state, State::Terminated) && self.symbols == NO_SYMBOLS {
            let dialect = Dialect { end: End::Silence, ..self.dialect() };
            self.dialect = Chosen::new(dialect);
        }
    }

    /// Whether it has no whole byte of a message.
    pub(super) const fn is_at_start(&self) -> bool {
        matches!(self.state, State::Start)
    }

    /// How many bits it has of a byte that is not complete, 0 to 7.
    #[must_use]
    pub const fn pending_bits(&self) -> u32 {
        self.symbols.saturating_add(1).ilog2()
    }

    /// Whether the next symbol completes a byte.
    pub(super) const fn is_at_last_bit(&self) -> bool {
        self.symbols >= SEVEN_SYMBOLS
    }

    /// To be called when the sender has been silent for so long that it must be done. Returns
    /// whether that ends a message, as it does with [`End::Silence`]. Bits of an incomplete byte
    /// are dropped then.
    pub const fn handle_silence(&mut self) -> bool {
        let ends =
            matches!((self.dialect.get().end, self.state), (End::Silence, State::Terminated));
        if ends {
            self.state = State::Start;
            self.symbols = NO_SYMBOLS;
        }
        ends
    }

    /// Takes the next line symbol.
    ///
    /// *Signal safety*: takes a small bounded time whatever the symbol, allocates nothing, takes no
    /// lock and cannot panic.
    #[inline]
    pub fn feed(&mut self, symbol: Bit) -> Decoded {
        self.symbols = (self.symbols << 1).wrapping_add(1).wrapping_add(symbol.is_one().into());
        if self.symbols < EIGHT_SYMBOLS { Decoded::Pending } else { self.complete() }
    }

    /// Takes the eight `symbols` as a byte and begins the next one.
    #[inline]
    fn complete(&mut self) -> Decoded {
        let [symbols, ..] = self.symbols.wrapping_add(1).to_le_bytes();
        self.symbols = NO_SYMBOLS;
        self.feed_byte(self.dialect.get().byte(symbols))
    }

    /// Takes eight symbols at once, as the byte that they make.
    #[inline]
    pub(super) fn feed_byte(&mut self, byte: u8) -> Decoded {
        if matches!(self.state, State::Terminated) && byte != 0 {
            return Decoded::Byte(byte);
        }
        let decoded;
        (self.state, decoded) = self.state.after(byte, self.dialect.get());
        decoded
    }
}

impl Dialect {
    /// The byte that eight symbols make. The first symbol is the most significant bit of `symbols`.
    #[inline]
    pub(super) fn byte(self, symbols: u8) -> u8 {
        let ordered = if self.one.is_one() { symbols } else { !symbols };
        match self.order {
            BitOrder::MsbFirst => ordered,
            BitOrder::LsbFirst => reversed(ordered),
        }
    }
}

/// The value of a decimal digit in ASCII. Any other byte has some value, too.
fn digit(byte: u8) -> u32 {
    u32::from(byte & 0x0F)
}

impl State {
    /// The state after `byte`, and what that byte was.
    ///
    /// Out of line and without a pointer, so that `feed` is small and a decoder fed in a loop can
    /// stay in registers.
    #[inline(never)]
    fn after(self, byte: u8, dialect: &Dialect) -> (Self, Decoded) {
        match self {
            Self::Start if dialect.length_bytes() > 0 => Self::after_length(0, 0, byte, dialect),
            Self::Start if dialect.lead_bytes() > 0 => Self::after_lead(0, 0, None, byte, dialect),
            Self::Length { taken, value } => Self::after_length(taken, value, byte, dialect),
            Self::Lead { taken, pid, left } => Self::after_lead(taken, pid, left, byte, dialect),
            Self::Start | Self::Terminated if byte == 0 && dialect.has_nul() => {
                (Self::Start, Decoded::Nul)
            }
            Self::Start | Self::Terminated => (Self::Terminated, Decoded::Byte(byte)),
            Self::Counted { left: 0 } if byte == 0 => (Self::Start, Decoded::Nul),
            Self::Counted { left: 0 } => (self, Decoded::Surplus),
            Self::Counted { left: 1 } if !dialect.has_nul() => {
                (Self::Start, Decoded::LastByte(byte))
            }
            Self::Counted { left } => {
                (Self::Counted { left: left.wrapping_sub(1) }, Decoded::Byte(byte))
            }
        }
    }

    /// As [`after`](Self::after), for a byte of the length; `taken` bytes of it have come before.
    fn after_length(taken: u8, value: u64, byte: u8, dialect: &Dialect) -> (Self, Decoded) {
        let place = taken.checked_rem(dialect.width()).unwrap_or_default();
        let value = match dialect.length {
            Length::Digits => value.wrapping_mul(10).wrapping_add(digit(byte).into()),
            Length::Bits | Length::Twice | Length::SwappedBytes => {
                let value = if place == 0 { 0 } else { value };
                if dialect.is_big_endian(matches!(dialect.length, Length::SwappedBytes)) {
                    value << 8 | u64::from(byte)
                } else {
                    value | u64::from(byte).wrapping_shl(u32::from(place) << 3)
                }
            }
        };
        let taken = taken.wrapping_add(1);
        if taken < dialect.length_bytes() {
            return (Self::Length { taken, value }, Decoded::PrefixByte);
        }
        let left = value.saturating_sub(dialect.counts_nul().into());
        if dialect.lead_bytes() > 0 {
            (Self::Lead { taken: 0, pid: 0, left: Some(left) }, Decoded::Length(left))
        } else if left == 0 && !dialect.has_nul() {
            (Self::Start, Decoded::Empty)
        } else {
            (Self::Counted { left }, Decoded::Length(left))
        }
    }

    /// As [`after`](Self::after), for a byte between length and text; `taken` of those have come
    /// before.
    fn after_lead(
        taken: u8,
        pid: u32,
        left: Option<u64>,
        byte: u8,
        dialect: &Dialect,
    ) -> (Self, Decoded) {
        let pid = match dialect.lead {
            Lead::None | Lead::Nul => 0,
            Lead::PidBits if dialect.is_big_endian(false) => pid << 8 | u32::from(byte),
            Lead::PidBits => pid >> 8 | u32::from(byte).wrapping_shl(24),
            Lead::PidDigits => pid.wrapping_mul(10).wrapping_add(digit(byte)),
        };
        let taken = taken.wrapping_add(1);
        if taken < dialect.lead_bytes() {
            return (Self::Lead { taken, pid, left }, Decoded::PrefixByte);
        }
        let says_pid = matches!(dialect.lead, Lead::PidBits | Lead::PidDigits);
        let pid = says_pid.then_some(pid);
        let (state, is_empty) = match left {
            Some(0) if dialect.ends_with_text() => (Self::Start, true),
            Some(left) => (Self::Counted { left }, false),
            None => (Self::Terminated, false),
        };
        (state, Decoded::Lead { pid, is_empty })
    }
}

/// The byte with its bits reversed. Out of line: inlined, it would be computed for every byte in
/// every dialect and mostly be thrown away.
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
    use super::super::dialect::every_wire_format;
    use super::super::{Encoder, Prefix};
    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    /// Sends `text`, compares every step with that of the encoder, and returns what arrived.
    fn send(decoder: &mut Decoder, text: &[u8]) -> Vec<u8> {
        let mut encoder = Encoder::new(decoder.dialect(), text).unwrap();
        let mut arrived = Vec::new();
        let mut bits = 0;
        assert!(decoder.is_idle());
        while let Some(symbol) = encoder.next() {
            let step = decoder.feed(symbol);
            bits += 1;
            arrived.extend(step.byte());
            assert_eq!(step.ends(), encoder.ends());
            assert_eq!(decoder.pending_bits(), bits % 8);
            let is_over = step.ends().message();
            assert_eq!(decoder.is_idle(), is_over, "{}", decoder.dialect());
            if let Decoded::Length(length) = step {
                assert_eq!(length, u64::try_from(text.len()).unwrap());
            }
        }
        let is_over = decoder.dialect().end != End::Silence || arrived.is_empty();
        assert_eq!(decoder.handle_silence(), !is_over);
        arrived
    }

    #[test]
    fn every_dialect_carries_every_text_that_it_can_and_then_the_next_one() {
        let texts: [&[u8]; 5] = [b"", b"a", b"~\x80\xFF\x01\x7F", "héllo 🦀".as_bytes(), b"\0 \0"];
        for dialect in every_wire_format() {
            let mut decoder = Decoder::new(dialect);
            for text in texts {
                if (dialect.end != End::Nul || !text.contains(&0))
                    && (dialect.end != End::Silence || !text.is_empty())
                {
                    assert_eq!(send(&mut decoder, text), text, "{dialect}");
                }
            }
        }
    }

    #[test]
    fn every_byte_but_nul_comes_through_in_every_bit_order_and_polarity() {
        let text: Vec<u8> = (1..=255).collect();
        for dialect in every_wire_format() {
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
    fn the_process_to_be_answered_is_said_by_every_message_that_leads_with_it() {
        for dialect in every_wire_format() {
            let mut decoder = Decoder::new(dialect);
            for sent in [1_234_567, 4242] {
                let mut said = None;
                for symbol in Encoder::new(dialect, b"a").unwrap().with_pid(sent) {
                    if let Decoded::Lead { pid, .. } = decoder.feed(symbol) {
                        said = pid;
                    }
                }
                let says = matches!(dialect.lead, Lead::PidBits | Lead::PidDigits);
                assert_eq!(said, says.then_some(sent), "{dialect}");
                let _ = decoder.handle_silence();
            }
        }
    }

    /// Some clients send a newline that the length does not count.
    #[test]
    fn what_comes_between_the_text_and_the_nul_is_no_text() {
        let dialect = Dialect { end: End::Length32Nul, ..Dialect::DEFAULT };
        let text = |dialect, text| Encoder::new(dialect, text).unwrap();
        let prefix = text(dialect, b"ab").take(6 * 8);
        let rest = text(Dialect::DEFAULT, b"\n");
        let mut decoder = Decoder::new(dialect);
        let steps: Vec<Decoded> = prefix.chain(rest).map(|symbol| decoder.feed(symbol)).collect();
        let bytes: Vec<u8> = steps.iter().filter_map(|step| step.byte()).collect();
        assert_eq!(bytes, b"ab");
        assert!(steps.contains(&Decoded::Surplus));
        assert_eq!(steps.last(), Some(&Decoded::Nul));
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
            which in 0_usize..2560,
        ) {
            let mut decoder = Decoder::new(every_wire_format()[which]);
            for (index, symbol) in symbols.into_iter().enumerate() {
                let decoded = decoder.feed(Bit::from(symbol));
                prop_assert_eq!(decoded.ends().byte(), index % 8 == 7);
            }
        }
    }
}
