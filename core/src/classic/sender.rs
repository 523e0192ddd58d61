//! The sending half of a classic link: a text in, symbols out, acknowledgments in.
//!
//! With [`Ack::Auto`] and [`Receipt::Auto`] what comes back is observed, not required: the first
//! acknowledgments show what all of them will be, and whatever comes after the last bit is the
//! receipt.

mod answers;
mod observation;
mod transmission;

use super::{Ack, Acks, Dialect, EncodeError, Encoder, End, Receipt};
use crate::{Bit, Doubt, Instant, Lookahead};
use observation::Observation;

/// How long to wait for an acknowledgment before the bit is sent again. Doubled on each expiry.
/// Longer than in the framed protocol: without sequence numbers a bit that arrives twice is damage.
pub const TIMEOUT_MICROS: u64 = 250_000;

/// The same for a receiver that is known to ignore repetitions of a bit that it holds back: a
/// scheduling quantum or two.
pub const TIMEOUT_OF_KNOWN_MICROS: u64 = 5_000;

/// The longest timeout, however often it is doubled.
const TIMEOUT_MICROS_MAX: u64 = 2_000_000;

/// How long to listen for a second acknowledgment after a bit was sent again.
const SETTLE_MICROS: u64 = 5_000;

/// How long to wait for the second of two equal symbols: the kernel may have merged them.
const MERGED_MICROS: u64 = 100_000;

/// How long to wait for the first acknowledgment of an unknown receiver before it is taken for one
/// that acknowledges nothing.
const SILENT_MICROS: u64 = 1_000_000;

/// How a message has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ending {
    /// The whole message was sent, and the receiver has confirmed it with its receipt.
    Delivered,
    /// The whole message was sent, and every bit or byte of it was acknowledged. Nothing has
    /// confirmed the message as a whole.
    Acknowledged,
    /// The whole message was sent. Nothing has confirmed that any of it arrived.
    Sent,
    /// An acknowledgment came that the dialect does not have at this place, although nothing was
    /// sent again.
    Unexpected(Bit),
    /// A bit was sent again and the receiver has it twice: it acknowledged it twice, or a later
    /// answer does not fit, such as a receipt before the last bit.
    Doubled,
    /// An acknowledgment is missing, and a signal of another process may have hidden it. Nobody can
    /// tell whether the bit or its acknowledgment was lost.
    Disturbed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// The next symbol may be sent at once.
    Ready,
    /// The next symbol may be sent at the deadline: this one is not acknowledged.
    Pausing,
    /// Waits for whatever the receiver answers to `symbol`. With `is_byte` that is the eighth
    /// symbol of a byte, and the seven before it were not answered.
    Observing { symbol: Bit, is_byte: bool },
    /// The receiver was busy. `symbol` is sent again at the deadline, when `due` is set.
    Refused { symbol: Bit, due: bool },
    /// The last symbol has been sent. Until the deadline, whatever comes is one of the `expected`
    /// acknowledgments of that symbol, or the receipt.
    Closing { expected: Acks, receipt: Option<Bit> },
    /// Waits for what is owed for `symbol`.
    Waiting { symbol: Bit, owed: Acks, resent: bool, due: bool, disturbed: bool },
    /// A resent symbol has been acknowledged, or only the last symbol after a resend is missing.
    /// Listens for what only a receiver sends that has a symbol twice.
    Settling,
    /// Nothing more will be sent, because everything has been or because something `failed`.
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
    /// The symbols of the greeting that have not been sent.
    greeting: (Option<Bit>, Option<Bit>),
    /// Whether the symbol sent last is the first of the greeting.
    is_greeting: bool,
    observation: Observation,
    /// Whether nothing has been acknowledged, so that the sender pauses instead.
    is_pacing: bool,
    /// What has come as the receipt.
    receipt: Option<Receipt>,
    length: usize,
    pause_micros: u64,
    state: State,
    deadline: Option<Instant>,
    /// The first timeout of each bit, and the current one, which doubles on each expiry.
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

    /// The same sender, with `pid` as the process to be answered, in a dialect that names one.
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
    /// instead and does not notice if one is lost.
    #[must_use]
    pub const fn is_pacing(&self) -> bool {
        self.is_pacing
    }

    /// The same sender, with `timeout_micros` instead of [`TIMEOUT_MICROS`]: how long it waits for
    /// the acknowledgment of each bit before it sends the bit again for the first time.
    #[must_use]
    pub const fn with_timeout_micros(mut self, timeout_micros: u64) -> Self {
        self.first_timeout_micros = timeout_micros;
        self.timeout_micros = timeout_micros;
        self
    }

    /// Bytes of text of which every symbol has been acknowledged, or has been sent if the dialect
    /// has no acknowledgments.
    #[must_use]
    pub fn completed_bytes(&self) -> usize {
        let begun = self.length.saturating_sub(self.encoder.bytes_left());
        match self.state {
            // The text was complete when the NUL began.
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

    /// Whether the last symbol of the message has been sent, so that the message may have been
    /// written, although not everything has come that the dialect owes for it.
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.has_sent_all()
    }

    /// Whether the last symbol of the message has been sent.
    fn has_sent_all(&self) -> bool {
        let ends = self.encoder.ends();
        // If silence ends the message, no symbol does.
        let ends_in_silence = self.dialect.end == End::Silence && self.encoder.bytes_left() == 0;
        ends.message() || ends_in_silence && ends.byte()
    }

    /// Symbols sent, not counting those sent again. Grows whenever the message makes progress.
    #[must_use]
    pub const fn progress(&self) -> u64 {
        self.symbols.saturating_sub(self.resent_symbols)
    }

    /// The symbol that follows each acknowledgment that may come next.
    #[inline]
    #[must_use]
    pub fn lookahead(&self) -> Lookahead {
        let State::Waiting { owed, .. } = &self.state else { return Lookahead::NONE };
        match (owed.as_slice(), self.encoder.peek()) {
            // The last symbol may have to wait for the receiver's output.
            (&[ack], Some((symbol, false))) if self.resent_symbols == 0 && self.is_plain() => {
                Lookahead::only(ack, symbol)
            }
            (_, _) => Lookahead::NONE,
        }
    }

    /// Takes an acknowledgment of the receiver.
    #[inline]
    pub fn handle_ack(&mut self, ack: Bit, now: Instant) {
        // It is nearly always the only one owed.
        if let State::Waiting { owed, .. } = &self.state
            && owed.as_slice() == [ack]
            && self.resent_symbols == 0
        {
            return self.acknowledged();
        }
        self.handle_unexpected_ack(ack, now);
    }

    /// Takes an acknowledgment that is not the only one owed for the last symbol, or that comes
    /// after a symbol was sent again.
    #[inline(never)]
    fn handle_unexpected_ack(&mut self, ack: Bit, now: Instant) {
        match self.state.clone() {
            State::Waiting { symbol, mut owed, resent, disturbed, .. } => {
                if !owed.arrived(ack) {
                    self.handle_other(symbol, ack, now);
                } else if !owed.is_empty() {
                    // The kernel can have merged a symbol only with one that has come.
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
            // So late, it may belong to any of the bits that have not been acknowledged.
            State::Pausing if self.dialect.ack == Ack::Auto => self.end(Ending::Unexpected(ack)),
            State::Ready if self.is_of_first_byte(ack) => self.expect_two_for_a_byte(ack),
            // A late acknowledgment of a bit that the dialect does not acknowledge, or of a merged
            // pair.
            State::Ready | State::Pausing | State::Refused { .. } | State::Ended { .. } => {}
        }
    }

    /// Takes a signal of another process, which may have hidden an acknowledgment of the same kind.
    pub fn handle_foreign(&mut self, foreign: Bit) {
        if let State::Waiting { owed, disturbed, .. } = &mut self.state {
            *disturbed |= owed.as_slice().contains(&foreign);
        }
    }

    /// What is in doubt at the timeout, if it is not safe to go on in any case.
    ///
    /// Classic has no sequence numbers. If a symbol is sent again while the first copy has not been
    /// taken or answered yet, it arrives twice, and what follows is garbage. Ask before
    /// [`handle_timeout`](Self::handle_timeout), and [`postpone`](Self::postpone) the timeout while
    /// the receiver may not be at rest: while it has not taken every symbol sent to it, or has not
    /// answered all that it is going to answer. Less has to be known of a receiver that ignores
    /// repetitions of a bit that it holds back; see [`Doubt`].
    #[must_use]
    pub const fn doubt(&self) -> Option<Doubt> {
        match self.state {
            State::Waiting { disturbed: false, .. } => {
                // It may be the turn of another sender, or the message has to be written first.
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

    /// Postpones the timeout to `micros` after `now`.
    pub fn postpone(&mut self, now: Instant, micros: u64) {
        self.deadline = self.deadline.map(|_| now.after_micros(micros));
    }

    /// To be called when time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout).
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

    /// Whether only the last symbol is missing. After a resend, a receiver that has a symbol twice
    /// may take the message for complete already. If its receipt came after the last symbol, it
    /// could not be told from the right one.
    fn is_to_be_watched(&self) -> bool {
        self.encoder.peek().is_some_and(|(_, is_last)| is_last)
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
