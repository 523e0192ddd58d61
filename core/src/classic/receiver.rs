//! The receiving half of a classic link: symbols in, acknowledgments and bytes out.

use super::decoder::{Decoded, Decoder};
use super::{Acks, Dialect, End, Ends, Hello};
use crate::slot::Slot;
use crate::{Bit, Lookahead};

/// What one symbol led to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "an acknowledgment that is not sent stops the link"]
pub enum Completed {
    /// Nothing. These acknowledgments are owed for the symbol.
    Nothing(Acks),
    /// A byte of text is complete. The acknowledgments of the symbol come from
    /// [`TextReceiver::accept`], once the byte is safe.
    Byte(u8),
    /// The message is complete, without a further byte. The acknowledgments of the symbol, and with
    /// them the receipt, come from [`TextReceiver::accept`], once everything is written.
    End,
}

/// The receiving half of a link with one classic sender.
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics; all may be called from a signal or interrupt
/// handler, as long as only one call runs at a time.
///
/// # Examples
///
/// ```
/// use minitalk_core::Bit;
/// use minitalk_core::classic::{Dialect, Encoder, TextReceiver, Completed};
///
/// let mut receiver = TextReceiver::new(Dialect::DEFAULT);
/// let mut text = Vec::new();
/// let mut acks = Vec::new();
/// for symbol in Encoder::new(Dialect::DEFAULT, b"hi")? {
///     match receiver.handle_bit(symbol) {
///         Completed::Nothing(owed) => acks.extend(owed),
///         Completed::Byte(byte) => {
///             text.push(byte);
///             acks.extend(receiver.accept());
///         }
///         Completed::End => acks.extend(receiver.accept()),
///     }
/// }
/// assert_eq!(text, b"hi");
/// // One for each bit of three bytes, and the receipt.
/// assert_eq!(acks.len(), 3 * 8 + 1);
/// assert_eq!(acks.last(), Some(&Bit::One));
/// # Ok::<(), minitalk_core::classic::EncodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TextReceiver {
    reader: Reader,
    offset: u64,
    /// What waits for [`accept`](Self::accept).
    held: Slot<Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Held {
    /// The acknowledgments of this symbol, and what it completed.
    Symbol(Bit, Read),
    /// The receipt of a message that silence has ended.
    Silence,
}

impl Held {
    const fn is_last(self) -> bool {
        match self {
            Self::Symbol(_, read) => read.ends.message(),
            Self::Silence => true,
        }
    }
}

impl TextReceiver {
    /// A receiver for a sender of this dialect.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self { reader: Reader::new(dialect), offset: 0, held: Slot::Empty }
    }

    /// The dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        *self.reader.dialect()
    }

    /// Takes the next symbol of the sender.
    #[inline]
    pub fn handle_bit(&mut self, symbol: Bit) -> Completed {
        let read = self.reader.feed(symbol);
        if read.byte.is_none() && !read.ends.message() {
            return Completed::Nothing(self.reader.acks(read, symbol));
        }
        self.held = Slot::Full(Held::Symbol(symbol, read));
        read.byte.map_or(Completed::End, Completed::Byte)
    }

    /// The acknowledgment of the next symbol, if that symbol can lead to nothing else.
    #[inline]
    pub(crate) fn lookahead(&self) -> Lookahead {
        let dialect = self.reader.dialect();
        if self.is_plain() {
            Lookahead::new(dialect.bit_ack(Bit::Zero), dialect.bit_ack(Bit::One))
        } else {
            Lookahead::NONE
        }
    }

    /// Whether the next symbol can lead to nothing but its acknowledgment.
    #[inline]
    fn is_plain(&self) -> bool {
        let dialect = self.reader.dialect();
        let is_timed = dialect.end == End::Silence || dialect.hello != Hello::None;
        !is_timed && !self.reader.decoder.is_at_last_bit() && self.held.as_ref().is_none()
    }

    /// Takes a symbol if it can lead to nothing but its acknowledgment. Otherwise nothing happens.
    #[inline]
    pub(crate) fn acknowledge(&mut self, symbol: Bit) -> Option<Bit> {
        let ack = self.reader.dialect().bit_ack(symbol).filter(|_| self.is_plain())?;
        let _ = self.reader.decoder.feed(symbol);
        Some(ack)
    }

    /// To be called when the sender has been silent for so long that it must be done. That ends a
    /// message only in a dialect whose messages [end with silence](super::End::Silence).
    pub fn handle_silence(&mut self) -> Completed {
        if !self.reader.handle_silence() {
            return Completed::Nothing(Acks::NONE);
        }
        self.held = Slot::Full(Held::Silence);
        Completed::End
    }

    /// Accepts what the last symbol completed, and returns the acknowledgments owed for it.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn accept(&mut self) -> Acks {
        let Some(held) = self.held.take() else { return Acks::NONE };
        self.offset = if held.is_last() { 0 } else { self.offset.saturating_add(1) };
        match held {
            Held::Symbol(symbol, read) => self.reader.acks(read, symbol),
            Held::Silence => self.reader.dialect().receipt(),
        }
    }

    /// Whether what waits to be accepted ends the message.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.is_last())
    }

    /// The process to be answered, if this message, or else the one before it, named one.
    #[must_use]
    pub const fn pid(&self) -> Option<u32> {
        self.reader.pid
    }

    /// The length that came before the text, if this dialect has one.
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        self.reader.length
    }

    /// Bytes of the message that have been accepted.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes accepted of a message that has begun and not ended: what is cut off if the sender
    /// disappears now. `None` if no message has begun.
    #[must_use]
    pub fn octets_at_risk(&self) -> Option<u64> {
        (self.offset > 0 || !self.reader.is_idle()).then_some(self.offset)
    }
}

/// Reads the messages of one sender, including its greetings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Reader {
    decoder: Decoder,
    /// Symbols of the greeting that have come.
    greeted: u8,
    /// The length of the message, once it is known.
    pub(super) length: Option<u64>,
    /// The process to be answered, if a message has named one.
    pub(super) pid: Option<u32>,
}

/// What one symbol completed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Read {
    /// The byte of text that the symbol completed.
    pub(super) byte: Option<u8>,
    /// What the symbol ended.
    pub(super) ends: Ends,
    /// Whether the symbol is the first of a greeting.
    is_greeting: bool,
}

impl Reader {
    pub(super) const fn new(dialect: Dialect) -> Self {
        Self { decoder: Decoder::new(dialect), greeted: 0, length: None, pid: None }
    }

    #[inline]
    pub(super) const fn dialect(&self) -> &Dialect {
        self.decoder.dialect_ref()
    }

    #[inline]
    pub(super) fn feed(&mut self, symbol: Bit) -> Read {
        if self.dialect().hello != Hello::None
            && let Some(read) = self.greet(symbol)
        {
            return read;
        }
        let decoded = self.decoder.feed(symbol);
        let ends = decoded.ends();
        match decoded {
            Decoded::Length(length) => self.length = Some(length),
            Decoded::Lead { pid, .. } => self.pid = pid,
            Decoded::Pending
            | Decoded::PrefixByte
            | Decoded::Byte(_)
            | Decoded::LastByte(_)
            | Decoded::Surplus
            | Decoded::Nul
            | Decoded::Empty => {}
        }
        if ends.message() {
            self.greeted = 0;
            self.length = None;
        }
        Read { byte: decoded.byte(), ends, is_greeting: false }
    }

    /// Takes a symbol of the greeting; `None` if it is a bit.
    fn greet(&mut self, symbol: Bit) -> Option<Read> {
        match (self.dialect().hello, self.greeted) {
            (Hello::None, _) | (Hello::One(_), 1..) | (Hello::AndWidth(_), 2..) => None,
            (Hello::One(_) | Hello::AndWidth(_), 0) => {
                self.greeted = 1;
                Some(Read { is_greeting: true, ..Read::default() })
            }
            (Hello::AndWidth(_), _) => {
                self.greeted = 2;
                self.end_with(self.dialect().with_width(symbol.is_one()).end);
                Some(Read::default())
            }
        }
    }

    /// From now on messages end with `end`. To be called only between two messages.
    pub(super) fn end_with(&mut self, end: End) {
        self.decoder = Decoder::new(Dialect { end, ..*self.dialect() });
    }

    /// From now on silence ends messages, if the reader is between two bytes of a message that a
    /// NUL would end.
    pub(super) const fn end_with_silence(&mut self) {
        self.decoder.end_with_silence();
    }

    /// As [`Decoder::handle_silence`].
    pub(super) fn handle_silence(&mut self) -> bool {
        let ends = self.decoder.handle_silence();
        if ends {
            self.greeted = 0;
        }
        ends
    }

    /// Whether it has nothing of a message.
    pub(super) const fn is_idle(&self) -> bool {
        self.decoder.is_idle() && self.greeted == 0
    }

    /// Whether it has no whole byte of a message.
    pub(super) const fn is_at_start(&self) -> bool {
        self.decoder.is_at_start()
    }

    fn acks(&self, read: Read, symbol: Bit) -> Acks {
        if read.is_greeting {
            Acks::of(self.dialect().greeting_ack(symbol))
        } else {
            self.dialect().acks(read.ends, symbol)
        }
    }
}
