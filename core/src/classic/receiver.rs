//! The receiving half of a classic link: symbols in, acknowledgments and bytes out.

use super::decoder::{Decoded, Decoder};
use super::{Acks, Dialect, Ends};
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
    /// The sender's greeting is still to come.
    greeted: bool,
    length: Option<u64>,
    offset: u64,
    /// The symbol whose acknowledgment waits for [`accept`](Self::accept), and what it ended.
    held: Option<(Bit, Ends, bool)>,
}

impl TextReceiver {
    /// A receiver for a sender of this dialect.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            decoder: Decoder::new(dialect),
            greeted: false,
            length: None,
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
        if !self.greeted {
            self.greeted = true;
            if self.dialect.hello.is_some() {
                return Completed::Nothing(Acks::of(self.dialect.bit_ack(symbol)));
            }
        }
        let progress = self.decoder.feed(symbol);
        let (byte, is_last) = match progress {
            Decoded::Pending | Decoded::LengthByte => {
                return Completed::Nothing(self.dialect.acks(progress.ends(), symbol));
            }
            Decoded::Length(length) => {
                self.length = Some(length);
                return Completed::Nothing(self.dialect.acks(progress.ends(), symbol));
            }
            Decoded::Byte(byte) => (Some(byte), false),
            Decoded::LastByte(byte) => (Some(byte), true),
            Decoded::Nul | Decoded::Empty => (None, true),
        };
        self.held = Some((symbol, progress.ends(), is_last));
        byte.map_or(Completed::End, Completed::Byte)
    }

    /// Accepts what the last symbol completed, and returns what it is owed for that.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn accept(&mut self) -> Acks {
        let Some((symbol, ends, is_last)) = self.held.take() else { return Acks::NONE };
        if is_last {
            self.greeted = false;
            self.length = None;
            self.offset = 0;
        } else {
            self.offset = self.offset.saturating_add(1);
        }
        self.dialect.acks(ends, symbol)
    }

    /// Whether what waits to be accepted ends the message.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        matches!(self.held, Some((_, _, true)))
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
