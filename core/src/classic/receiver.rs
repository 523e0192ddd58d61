//! The receiving half of a classic link: symbols in, acknowledgments and bytes out.

use super::decoder::{Decoded, Decoder};
use super::{Acks, Dialect, Ends, Hello};
use crate::Bit;

/// What one symbol led to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "an acknowledgment that is not sent stops the link"]
pub enum Completed {
    /// The symbol is owed these acknowledgments.
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
    dialect: Dialect,
    decoder: Decoder,
    /// Symbols of the sender's greeting that have come.
    greeted: u8,
    length: Option<u64>,
    pid: Option<u32>,
    offset: u64,
    /// What waits for [`accept`](Self::accept).
    held: Option<Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Held {
    /// The acknowledgments of this symbol, which ended this.
    Symbol { symbol: Bit, ends: Ends },
    /// The receipt of a message that silence has ended.
    Silence,
}

impl Held {
    const fn is_last(self) -> bool {
        match self {
            Self::Symbol { ends, .. } => ends.message(),
            Self::Silence => true,
        }
    }
}

impl TextReceiver {
    /// A receiver for a sender of this dialect.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            decoder: Decoder::new(dialect),
            greeted: 0,
            length: None,
            pid: None,
            offset: 0,
            held: None,
        }
    }

    /// The dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Takes the next symbol of the sender.
    #[inline]
    pub fn handle_bit(&mut self, symbol: Bit) -> Completed {
        if let Some(ack) = self.greet(symbol) {
            return Completed::Nothing(Acks::of(ack));
        }
        let decoded = self.decoder.feed(symbol);
        match decoded {
            Decoded::Pending | Decoded::PrefixByte => {
                return Completed::Nothing(self.dialect.acks(decoded.ends(), symbol));
            }
            Decoded::Length(length) => {
                self.length = Some(length);
                return Completed::Nothing(self.dialect.acks(decoded.ends(), symbol));
            }
            Decoded::Lead { pid, is_empty } => {
                self.pid = pid;
                if !is_empty {
                    return Completed::Nothing(self.dialect.acks(decoded.ends(), symbol));
                }
            }
            Decoded::Byte(_) | Decoded::LastByte(_) | Decoded::Nul | Decoded::Empty => {}
        }
        self.held = Some(Held::Symbol { symbol, ends: decoded.ends() });
        decoded.byte().map_or(Completed::End, Completed::Byte)
    }

    /// Takes a symbol of the greeting, and returns what it is answered with; `None` if the symbol is a
    /// bit.
    #[inline]
    fn greet(&mut self, symbol: Bit) -> Option<Option<Bit>> {
        match (self.dialect.hello, self.greeted) {
            (Hello::None, _) | (Hello::One(_), 1..) | (Hello::AndWidth(_), 2..) => None,
            (Hello::One(_) | Hello::AndWidth(_), 0) => {
                self.greeted = 1;
                Some(self.dialect.greeting_ack(symbol))
            }
            (Hello::AndWidth(_), _) => {
                self.greeted = 2;
                self.dialect = self.dialect.with_width(symbol.is_one());
                self.decoder = Decoder::new(self.dialect);
                Some(self.dialect.bit_ack(symbol))
            }
        }
    }

    /// Tells that the sender has been silent for so long that it must be done. That ends a message only
    /// in a dialect whose [end](super::End::Silence) it is.
    pub fn handle_silence(&mut self) -> Completed {
        if !self.decoder.handle_silence() {
            return Completed::Nothing(Acks::NONE);
        }
        self.held = Some(Held::Silence);
        Completed::End
    }

    /// Accepts what the last symbol completed, and returns what it is owed for that.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn accept(&mut self) -> Acks {
        let Some(held) = self.held.take() else { return Acks::NONE };
        if held.is_last() {
            self.greeted = 0;
            self.length = None;
            self.offset = 0;
        } else {
            self.offset = self.offset.saturating_add(1);
        }
        match held {
            Held::Symbol { symbol, ends } => self.dialect.acks(ends, symbol),
            Held::Silence => self.dialect.receipt(),
        }
    }

    /// Whether what waits to be accepted ends the message.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.held.is_some_and(Held::is_last)
    }

    /// The process that is to be answered, if the message, or else the one before it, said so.
    #[must_use]
    pub const fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// The length that came before the text, if this dialect has one.
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Bytes of the message that have been accepted.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes accepted of a message that has begun and not ended: what is cut off if the sender
    /// disappears now. `None` if nothing would be.
    #[must_use]
    pub fn octets_at_risk(&self) -> Option<u64> {
        let begun = self.offset > 0 || self.length.is_some() || !self.decoder.is_idle();
        begun.then_some(self.offset)
    }
}
