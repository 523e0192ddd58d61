//! The sending half of a classic link: a text in, symbols out, acknowledgments in.
//!
//! With [`Ack::Auto`] and [`Receipt::Auto`] what comes back is observed, not required: the first
//! acknowledgments say what all of them are, and whatever comes after the last bit is the receipt.

mod answers;
mod observation;
mod transmission;

use super::{Ack, Acks, Dialect, EncodeError, Encoder, End, Receipt};
use crate::{Bit, Doubt, Instant};
use observation::Observation;

/// Time to wait for an acknowledgment before the bit is sent again, which then doubles. Longer than
/// in the framed protocol: without sequence numbers a bit that comes twice is damage.
pub const TIMEOUT_MICROS: u64 = 250_000;

/// The same where the receiver is known to ignore repetitions of a bit that it holds back: a
/// scheduling quantum or two.
pub const TIMEOUT_OF_KNOWN_MICROS: u64 = 5_000;

/// Never longer.
const TIMEOUT_MICROS_MAX: u64 = 2_000_000;

/// How long to listen for a second acknowledgment after a bit was sent again.
const SETTLE_MICROS: u64 = 5_000;

/// How long to wait for the second of two equal symbols: the kernel may have made one of them.
const MERGED_MICROS: u64 = 100_000;

/// How long to wait for the first acknowledgment of a receiver of which nothing is known, before it
/// is taken for one that acknowledges nothing.
const SILENT_MICROS: u64 = 1_000_000;

/// How a message has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ending {
    /// The whole message was sent, and the receiver has confirmed it with its receipt.
    Delivered,
    /// The whole message was sent, and every bit or byte of it acknowledged. Nothing has confirmed
    /// the message as a whole.
    Acknowledged,
    /// The whole message was sent. Nothing has confirmed that anything of it has arrived.
    Sent,
    /// An acknowledgment came that the dialect does not know at this place, although nothing was
    /// resent.
    Unexpected(Bit),
    /// A bit was sent again and the receiver has it twice: it acknowledged it twice, or what it
    /// says later does not fit, such as a receipt before the last bit.
    Doubled,
    /// An acknowledgment is missing, and a signal of another process may have hidden it. Nobody can
    /// tell whether the bit or its acknowledgment was lost.
    Disturbed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// The next symbol may go at once.
    Ready,
    /// The next symbol may go at the deadline: nothing is acknowledged here.
    Pausing,
    /// Waits for whatever the receiver answers to `symbol`, which is the eighth of a byte if
    /// nothing came for the seven before it.
    Observing { symbol: Bit, is_byte: bool },
    /// The receiver was busy: `symbol` goes again at the deadline, when it is `due`.
    Refused { symbol: Bit, due: bool },
    /// The last symbol has been sent. Until the deadline, whatever comes is what is `expected` for
    /// it, or the receipt.
    Closing { expected: Acks, receipt: Option<Bit> },
    /// Waits for what is owed for `symbol`.
    Waiting { symbol: Bit, owed: Acks, resent: bool, due: bool, disturbed: bool },
    /// A resent symbol has been acknowledged, or one is the last to come after it: listens for what
    /// only a receiver sends that has a symbol twice.
    Settling,
    /// Nothing more will be sent, because all has been or because something has `failed`.
    Ended { failed: bool },
}

/// The sending half of a link with a classic receiver, for one message.
///
/// The loop is that of the framed [`Sender`](crate::Sender). `pause_micros` is the time between
/// symbols that the dialect does not acknowledge.
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TextSender<'a> {
    dialect: Dialect,
    encoder: Encoder<'a>,
    /// The symbols of the greeting that are still to be sent.
    greeting: (Option<Bit>, Option<Bit>),
    /// The symbol transmitted last is the first one of the greeting.
    is_greeting: bool,
    observation: Observation,
    /// Nothing has been acknowledged, so the sender pauses instead.
    is_pacing: bool,
    /// What came as the receipt.
    receipt: Option<Receipt>,
    length: usize,
    pause_micros: u64,
    state: State,
    deadline: Option<Instant>,
    /// The first timeout of each bit, and that of the next expiry.
    first_timeout_micros: u64,
    timeout_micros: u64,
    ending: Option<Ending>,
    symbols: u64,
    resent_symbols: u64,
}

impl<'a> TextSender<'a> {
    /// A sender for `text`.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the dialect cannot carry the text.
    pub fn new(dialect: Dialect, text: &'a [u8], pause_micros: u64) -> Result<Self, EncodeError> {
        Ok(Self {
            dialect,
            encoder: Encoder::new(dialect, text)?,
            greeting: dialect.greeting(),
            is_greeting: false,
            observation: Observation::default(),
            is_pacing: false,
            receipt: None,
            length: text.len(),
            pause_micros,
            state: State::Ready,
            deadline: None,
            first_timeout_micros: TIMEOUT_MICROS,
            timeout_micros: TIMEOUT_MICROS,
            ending: None,
            symbols: 0,
            resent_symbols: 0,
        })
    }

    /// The same sender, which says that the process `pid` is to be answered, in a dialect that says
    /// it.
    #[must_use]
    pub fn with_pid(mut self, pid: u32) -> Self {
        self.encoder = self.encoder.with_pid(pid);
        self
    }

    /// The dialect, with the acknowledgments and the receipt that have been observed so far in
    /// place of [`Ack::Auto`] and [`Receipt::Auto`].
    #[must_use]
    pub fn observed(&self) -> Dialect {
        let receipt = self.receipt.unwrap_or(self.dialect.receipt);
        Dialect { receipt, ..self.dialect }
    }

    /// Whether the receiver has acknowledged nothing, so that the sender pauses between symbols
    /// instead, and what is lost is lost.
    #[must_use]
    pub const fn is_pacing(&self) -> bool {
        self.is_pacing
    }

    /// The same sender, which waits for each acknowledgment for `timeout_micros`, instead of
    /// [`TIMEOUT_MICROS`], before it sends the bit again for the first time.
    #[must_use]
    pub const fn with_timeout_micros(mut self, timeout_micros: u64) -> Self {
        self.first_timeout_micros = timeout_micros;
        self.timeout_micros = timeout_micros;
        self
    }

    /// Bytes of text of which every symbol has been acknowledged, or sent if the dialect does not
    /// acknowledge.
    #[must_use]
    pub fn completed_bytes(&self) -> usize {
        let begun = self.length.saturating_sub(self.encoder.bytes_left());
        match self.state {
            // The text was complete before.
            _ if self.encoder.is_terminator_begun() => begun,
            State::Ended { failed: false } => begun,
            State::Ready | State::Pausing | State::Settling | State::Closing { .. }
                if self.encoder.ends().byte() =>
            {
                begun
            }
            State::Ready
            | State::Pausing
            | State::Settling
            | State::Observing { .. }
            | State::Refused { .. }
            | State::Closing { .. }
            | State::Waiting { .. }
            | State::Ended { failed: true } => begun.saturating_sub(1),
        }
    }

    /// Whether the last symbol of the message has been sent, so that it may have been written, and
    /// not everything has come that the dialect owes for it.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.has_sent_all()
    }

    /// Whether the last symbol of the message has been sent.
    fn has_sent_all(&self) -> bool {
        let ends = self.encoder.ends();
        // No symbol ends a message that silence does.
        let ends_in_silence = self.dialect.end == End::Silence && self.encoder.bytes_left() == 0;
        ends.message() || ends_in_silence && ends.byte()
    }

    /// Symbols transmitted, resent ones not counted: grows whenever the message gets further.
    #[must_use]
    pub const fn progress(&self) -> u64 {
        self.symbols.saturating_sub(self.resent_symbols)
    }

    /// Takes an acknowledgment of the receiver.
    #[inline]
    pub fn handle_ack(&mut self, ack: Bit, now: Instant) {
        // Nearly always it is all that is owed.
        if let State::Waiting { owed, .. } = &self.state
            && owed.as_slice() == [ack]
            && self.resent_symbols == 0
        {
            return self.acknowledged();
        }
        self.handle_unexpected_ack(ack, now);
    }

    /// Takes an acknowledgment that is not all that is owed for the symbol sent last, or comes
    /// after one that was sent again.
    #[inline(never)]
    fn handle_unexpected_ack(&mut self, ack: Bit, now: Instant) {
        match self.state.clone() {
            State::Waiting { symbol, mut owed, resent, disturbed, .. } => {
                if !owed.arrived(ack) {
                    self.handle_other(symbol, ack, now);
                } else if !owed.is_empty() {
                    // Only a symbol that came can have been made one with another by the kernel.
                    let all = self.owed_for(symbol);
                    let has_come = |&rest: &Bit| all.count_of(rest) > owed.count_of(rest);
                    let merged = owed.as_slice().iter().all(has_come);
                    self.deadline = merged.then(|| now.after_micros(MERGED_MICROS));
                    self.state = State::Waiting { symbol, owed, resent, due: false, disturbed };
                } else if resent || self.is_to_be_watched() {
                    self.settle(now);
                } else {
                    self.acknowledged();
                }
            }
            State::Observing { symbol, is_byte } => self.observe(symbol, ack, is_byte),
            State::Closing { expected, receipt } => self.close(ack, expected, receipt, now),
            State::Settling => self.end(Ending::Doubled),
            // So late, it can belong to any of the bits that have not been acknowledged.
            State::Pausing if self.dialect.ack == Ack::Auto => self.end(Ending::Unexpected(ack)),
            State::Ready if self.is_of_first_byte(ack) => self.expect_two_for_a_byte(ack),
            // A late one of a bit that the dialect does not acknowledge, or of a merged pair.
            State::Ready | State::Pausing | State::Refused { .. } | State::Ended { .. } => {}
        }
    }

    /// Takes a signal of another process: it may have hidden an acknowledgment of the same kind.
    pub fn handle_foreign(&mut self, foreign: Bit) {
        if let State::Waiting { owed, disturbed, .. } = &mut self.state {
            *disturbed |= owed.as_slice().contains(&foreign);
        }
    }

    /// What is in doubt at the timeout, if what happens then is not safe in any case.
    ///
    /// Classic has no sequence numbers. A symbol that is sent again although the first copy is
    /// still to be taken or answered arrives twice, and what follows is garbage. Ask before
    /// [`handle_timeout`](Self::handle_timeout); [`postpone`](Self::postpone) it while the receiver
    /// is not, or may not be, at rest: while it has not taken every symbol sent to it, or not
    /// answered all that it is going to. Of a receiver that ignores repetitions of what it holds
    /// back less need be known; see [`Doubt`].
    #[must_use]
    pub const fn doubt(&self) -> Option<Doubt> {
        match self.state {
            State::Waiting { disturbed: false, .. } => {
                // It may be another sender's turn, or the message has to be written first.
                let may_wait = self.progress() == 1 || self.encoder.ends().message();
                Some(if may_wait { Doubt::Turn } else { Doubt::Lost })
            }
            State::Settling => Some(Doubt::Twice),
            State::Waiting { disturbed: true, .. }
            | State::Ready
            | State::Pausing
            | State::Observing { .. }
            | State::Refused { .. }
            | State::Closing { .. }
            | State::Ended { .. } => None,
        }
    }

    /// Puts the timeout off by `micros`.
    pub fn postpone(&mut self, now: Instant, micros: u64) {
        self.deadline = self.deadline.map(|_| now.after_micros(micros));
    }

    /// Tells that time has passed. Nothing happens before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.deadline = None;
        match self.state.clone() {
            State::Pausing => self.state = State::Ready,
            State::Settling => self.acknowledged(),
            State::Observing { is_byte, .. } => {
                self.is_pacing = true;
                if is_byte {
                    self.dialect.ack = Ack::None;
                }
                self.state = State::Ready;
            }
            State::Refused { symbol, .. } => self.state = State::Refused { symbol, due: true },
            State::Closing { expected, receipt } => {
                let is_acknowledged = expected.is_empty() && self.dialect.ack != Ack::None;
                self.receipt = self.receipt.or(Some(Receipt::None));
                self.end(match receipt {
                    Some(_) => Ending::Delivered,
                    None if is_acknowledged => Ending::Acknowledged,
                    None => Ending::Sent,
                });
            }
            State::Waiting { disturbed: true, .. } => self.end(Ending::Disturbed),
            State::Waiting { symbol, owed, resent, .. } => {
                if owed == self.owed_for(symbol) {
                    self.timeout_micros =
                        self.timeout_micros.saturating_mul(2).min(TIMEOUT_MICROS_MAX);
                    self.state =
                        State::Waiting { symbol, owed, resent: true, due: true, disturbed: false };
                } else if resent {
                    self.settle(now);
                } else {
                    self.acknowledged();
                }
            }
            State::Ready | State::Ended { .. } => {}
        }
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// The next symbol to transmit now, if there is one.
    #[inline]
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        match &mut self.state {
            State::Ready => self.next_symbol(now),
            State::Waiting { symbol, resent, due: due @ true, .. } => {
                let symbol = *symbol;
                (*resent, *due) = (true, false);
                self.deadline = Some(now.after_micros(self.timeout_micros));
                self.symbols = self.symbols.saturating_add(1);
                self.resent_symbols = self.resent_symbols.saturating_add(1);
                Some(symbol)
            }
            State::Refused { symbol, due: true } => {
                let symbol = *symbol;
                self.expect(symbol, now);
                Some(symbol)
            }
            State::Waiting { .. }
            | State::Pausing
            | State::Observing { .. }
            | State::Refused { .. }
            | State::Closing { .. }
            | State::Settling
            | State::Ended { .. } => None,
        }
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Ending> {
        self.ending.take()
    }

    /// Whether only the last symbol is missing. A receiver that has a symbol twice, because it was
    /// sent again, may take the message for complete already, and its receipt, should it come after
    /// that symbol, could not be told from the right one.
    fn is_to_be_watched(&self) -> bool {
        let mut ahead = self.encoder.clone();
        ahead.next().is_some() && ahead.ends().message()
    }

    fn settle(&mut self, now: Instant) {
        self.state = State::Settling;
        self.deadline = Some(now.after_micros(SETTLE_MICROS));
    }

    fn acknowledged(&mut self) {
        self.timeout_micros = self.first_timeout_micros;
        self.deadline = None;
        self.state = State::Ready;
    }

    fn end(&mut self, ending: Ending) {
        self.deadline = None;
        let failed = !matches!(ending, Ending::Delivered | Ending::Acknowledged | Ending::Sent);
        self.state = State::Ended { failed };
        self.ending = Some(ending);
    }
}

#[cfg(test)]
mod tests;
