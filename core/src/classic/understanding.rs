//! The receiving half of a link with a classic sender whose dialect is not known.

mod reading;

use super::receiver::Reader;
use super::{
    Ack, Acks, Answering, Confidence, Decoder, Dialect, End, Ends, Guess, Handles, Verdict, Waits,
};
use crate::{Bit, Instant};

/// Silence after which a sender whose dialect is not known may have ended its message.
const SILENCE_MICROS: u64 = 50_000;

/// Silence in the middle of a message after which a sender that waits for each bit is acknowledged
/// once more: some lose an acknowledgment that arrives before they sleep.
const REMIND_MICROS: u64 = 250_000;

/// No message begins with the same symbol more often in a row. A sender that sends it more often
/// repeats its request, and expects another answer.
const REPETITIONS_MAX: u16 = 72;

/// The largest number of octets that a verdict releases at once.
const OCTETS_MAX: usize = 64;

/// What a symbol, or the passing of time, led to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "an acknowledgment that is not sent stops the link"]
pub enum Understood {
    /// Nothing. These acknowledgments are owed.
    Nothing(Acks),
    /// [Octets](Understanding::octets) of text are complete, which may also be the
    /// [last](Understanding::is_last) ones. The acknowledgments come from
    /// [`Understanding::accept`].
    Octets,
    /// The message is complete, without a further byte. The acknowledgments, and with them the
    /// receipt, come from [`Understanding::accept`].
    End,
}

/// What is remembered of a program, for the next process that runs it. Not its dialect: many
/// programs may be run by the same interpreter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Memory {
    /// Its acknowledgment, if it waits for one.
    pub ack: Option<Ack>,
    /// The answer to its first symbol, if that is not the acknowledgment.
    pub ready: Option<Bit>,
}

/// What is owed once the waiting octets are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Owed {
    /// The acknowledgments of this symbol, and what it ended.
    Symbol(Bit, Ends),
    /// The receipt alone: every symbol has been acknowledged.
    Receipt,
    /// Nothing: the sender has gone on since, or has ended.
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// Not enough symbols have come.
    Guessing(Guess),
    /// The dialect is known. `guess` has the symbols that had come before, of which `place` have
    /// been read. With `is_new` the last of them has not been answered yet.
    Replaying { guess: Guess, place: u16, is_new: bool, reader: Reader },
    /// The dialect is known, and symbols are read as they come.
    Reading(Reader),
}

/// What follows the text of a message with a length.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Tail {
    /// It has not been seen yet.
    Unknown,
    /// The text is complete. A NUL that follows belongs to the message, and so does what comes
    /// before it.
    Following(Decoder),
    /// The dialect specifies it.
    Known,
}

/// What one symbol led to.
struct Step {
    byte: Option<u8>,
    ends: Ends,
}

/// The receiving half of a link with a classic sender whose dialect is not known: a [`Guess`], then
/// a receiver for the dialect found, and an [`Answering`] beside both.
///
/// In contrast to a [`TextReceiver`](super::TextReceiver), time matters: acknowledgments may come
/// from [`handle_timeout`](Self::handle_timeout), and silence can end a message. Text is held back
/// until the guess is certain, or until the message or the sender has ended, and is then released
/// at once.
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics.
///
/// # Examples
///
/// ```
/// use minitalk_core::classic::{Dialect, Encoder, Handles, Memory, Understanding, Understood};
/// use minitalk_core::Instant;
///
/// let spoken: Dialect = "one=usr1,order=lsb,end=length32".parse()?;
/// // It handles neither signal, so nothing is ever sent to it.
/// let handles = Handles { usr1: false, usr2: false };
/// let mut sender = Understanding::new(handles, 4242, Memory::default());
/// let mut text = Vec::new();
/// for symbol in Encoder::new(spoken, b"Hello, world")? {
///     if sender.handle_bit(symbol, Instant::ZERO) == Understood::Octets {
///         text.extend_from_slice(sender.octets());
///         assert!(sender.accept().is_empty());
///     }
/// }
/// assert_eq!(text, b"Hello, world");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Understanding {
    handles: Handles,
    answering: Answering,
    state: State,
    tail: Tail,
    confidence: Option<Confidence>,
    /// When the last symbol came, and which steps have been taken for the silence since then.
    active_at: Option<Instant>,
    is_silence_considered: bool,
    is_reminded: bool,
    /// Octets that wait for the host, `octets_held` of them.
    octets: [u8; OCTETS_MAX],
    octets_held: u8,
    is_last: bool,
    owed: Option<Owed>,
    /// Octets of the message that have been accepted.
    offset: u64,
    /// Set when a message has ended: the sender may be waiting for this if it is silent now and
    /// still exists.
    late_receipt: Option<Bit>,
}

impl Understanding {
    /// The state for a new sender with the process `pid`. It survives what `handles` says; `memory`
    /// is what is remembered of its program.
    #[must_use]
    pub const fn new(handles: Handles, pid: u32, memory: Memory) -> Self {
        Self {
            handles,
            answering: Answering::new(handles, memory),
            state: State::Guessing(Guess::new(pid)),
            tail: Tail::Unknown,
            confidence: None,
            active_at: None,
            is_silence_considered: false,
            is_reminded: false,
            octets: [0; OCTETS_MAX],
            octets_held: 0,
            is_last: false,
            owed: None,
            offset: 0,
            late_receipt: None,
        }
    }

    /// The dialect, once it is known.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        self.reader().map(|_| self.answers())
    }

    /// The acknowledgment of a symbol in the middle of a byte, if there is one.
    #[must_use]
    pub fn bit_ack(&self, symbol: Bit) -> Option<Bit> {
        self.answers().bit_ack(symbol).filter(|ack| self.handles.survives(*ack))
    }

    /// How sure the dialect is, once it is known.
    #[must_use]
    pub const fn confidence(&self) -> Option<Confidence> {
        self.confidence
    }

    /// How the sender is acknowledged; [`Ack::Auto`] while that is not known.
    #[must_use]
    pub const fn ack(&self) -> Ack {
        self.answering.ack()
    }

    /// What the sender waits for before it goes on, once that is known.
    #[must_use]
    pub const fn waits(&self) -> Option<Waits> {
        self.answering.waits()
    }

    /// What to remember of the program when the sender has ended.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let ack = self.waits().map(|_| self.answering.ack());
        let known = Memory { ack, ready: self.answering.ready() };
        let is_understood = self.tail == Tail::Known;
        self.answering.next().filter(|_| !is_understood).unwrap_or(known)
    }

    /// Takes the next symbol.
    pub fn handle_bit(&mut self, symbol: Bit, now: Instant) -> Understood {
        self.active_at = Some(now);
        self.is_silence_considered = false;
        self.is_reminded = false;
        self.late_receipt = None;
        self.answering.handle_bit(symbol, now);
        match &mut self.state {
            State::Guessing(guess) => {
                if guess.repetitions() > REPETITIONS_MAX && self.handles == Handles::BOTH {
                    *guess = Guess::new(guess.pid());
                    self.answering.change();
                }
                if let Some(verdict) = guess.feed(symbol) {
                    return self.settle(verdict, true);
                }
                let is_byte = guess.symbols_taken().is_multiple_of(8);
                let ends = if is_byte { Ends::Byte } else { Ends::Nothing };
                Understood::Nothing(self.acks(symbol, ends))
            }
            State::Reading(_) => {
                let step = self.read(symbol);
                self.finish(&step, Some(symbol))
            }
            // The host has not taken the octets that came before.
            State::Replaying { .. } => Understood::Nothing(Acks::NONE),
        }
    }

    /// The octets of text that wait to be accepted.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.octets_held)).unwrap_or_default()
    }

    /// Whether what waits to be accepted ends the message.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.is_last
    }

    /// Accepts the octets that wait, and returns what is owed to the sender for them. If more had
    /// been held back, [`resume`](Self::resume) returns it.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn accept(&mut self) -> Acks {
        let Some(owed) = self.owed.take() else { return Acks::NONE };
        let octets = u64::from(self.octets_held);
        self.offset = if self.is_last { 0 } else { self.offset.saturating_add(octets) };
        self.octets_held = 0;
        if core::mem::take(&mut self.is_last) {
            self.late_receipt = self.answering.late_receipt();
        }
        match owed {
            Owed::Nothing => Acks::NONE,
            Owed::Symbol(symbol, ends) => self.acks(symbol, ends),
            Owed::Receipt => self.survived(self.answers().receipt()),
        }
    }

    /// What else had been held back. To be called after [`accept`](Self::accept).
    pub fn resume(&mut self) -> Understood {
        while let State::Replaying { guess, place, is_new, .. } = &mut self.state {
            let Some(symbol) = guess.symbol(*place) else { break };
            *place = place.saturating_add(1);
            let is_newest = *place >= guess.symbols_taken();
            let is_new = *is_new;
            let step = self.read(symbol);
            if is_newest {
                if let State::Replaying { reader, .. } = &self.state {
                    self.state = State::Reading(reader.clone());
                }
                return self.finish(&step, is_new.then_some(symbol));
            }
            if step.ends.message() {
                let understood = self.finish(&step, None);
                self.owed = Some(Owed::Nothing);
                return understood;
            }
            self.keep(step.byte);
        }
        Understood::Nothing(Acks::NONE)
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.owed.is_some() {
            return None;
        }
        match (self.answering.poll_timeout(), self.silence_at()) {
            (Some(answering), Some(silence)) => Some(answering.min(silence)),
            (answering, silence) => answering.or(silence),
        }
    }

    /// To be called when time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) -> Understood {
        if self.owed.is_some() {
            return Understood::Nothing(Acks::NONE);
        }
        let acks = self.answering.handle_timeout(now);
        let acks = self.survived(acks);
        if !acks.is_empty() {
            // The sender was not silent; it was waiting for this.
            self.active_at = Some(now);
            self.is_silence_considered = false;
            self.is_reminded = true;
            return Understood::Nothing(acks);
        }
        if self.silence_at().is_none_or(|silence| now < silence) {
            return Understood::Nothing(Acks::NONE);
        }
        if core::mem::replace(&mut self.is_silence_considered, true) {
            self.is_reminded = true;
            if let State::Guessing(guess) = &mut self.state
                && guess.is_asking_again()
                && self.handles == Handles::BOTH
            {
                *guess = Guess::new(guess.pid());
                let _ = guess.feed(Bit::One);
                self.answering.change();
            }
            let ack = self.answering.unanswered().and_then(|bit| self.answers().bit_ack(bit));
            return Understood::Nothing(self.survived(Acks::of(ack)));
        }
        if let Some(receipt) = self.late_receipt.take() {
            return Understood::Nothing(self.survived(Acks::of(Some(receipt))));
        }
        if let State::Guessing(guess) = &self.state {
            let Some(verdict) = guess.handle_silence() else {
                return Understood::Nothing(Acks::NONE);
            };
            // The timer starts again for what may follow: a NUL or nothing.
            self.active_at = Some(now);
            self.is_silence_considered = false;
            return self.settle(verdict, false);
        }
        self.handle_silence(Owed::Receipt)
    }

    /// To be called when the sender has been seen asleep until a signal comes, so that it waits for
    /// one.
    pub fn handle_pause(&mut self, now: Instant) -> Understood {
        let acks = self.answering.handle_pause(now);
        Understood::Nothing(self.survived(acks))
    }

    /// To be called when the sender has ended. Releases the text that had been held back;
    /// [`is_last`](Self::is_last) says whether that ends its message.
    pub fn handle_gone(&mut self) -> Understood {
        if self.owed.is_some() {
            return Understood::Nothing(Acks::NONE);
        }
        if let State::Guessing(guess) = &self.state
            && let Some(verdict) = guess.handle_end()
        {
            let understood = self.settle(verdict, false);
            let is_over = !self.is_last && self.waits() != Some(Waits::PerBit);
            if is_over && verdict.dialect.end == End::Silence {
                self.is_last = true;
            }
            return understood;
        }
        if let State::Reading(reader) = &mut self.state
            && self.tail == Tail::Unknown
            && self.answering.waits() != Some(Waits::PerBit)
        {
            // So far nothing has shown that its messages end in another way.
            reader.end_with_silence();
        }
        self.handle_silence(Owed::Nothing)
    }

    /// The length that came before the text, if the dialect has one.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.reader()?.length
    }

    /// The process to be answered, if a message has named one.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.reader()?.pid
    }

    /// Octets of the message that have been accepted.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Octets accepted of a message that has begun and not ended: what is cut off if the sender
    /// disappears now. `None` if no message has begun. Some senders end with a symbol or two that
    /// belong to no message: these do not count.
    #[must_use]
    pub fn octets_at_risk(&self) -> Option<u64> {
        let begun = match &self.state {
            State::Guessing(guess) => guess.symbols_taken() > 0,
            State::Replaying { .. } => true,
            State::Reading(reader) => self.offset > 0 || !reader.is_at_start(),
        };
        begun.then_some(self.offset)
    }

    fn reader(&self) -> Option<&Reader> {
        match &self.state {
            State::Guessing(_) => None,
            State::Replaying { reader, .. } | State::Reading(reader) => Some(reader),
        }
    }

    /// The dialect in which the sender is answered.
    fn answers(&self) -> Dialect {
        let dialect = self.reader().map_or(Dialect::DEFAULT, |reader| *reader.dialect());
        Dialect { ack: self.answering.ack(), receipt: self.answering.receipt(), ..dialect }
    }

    /// What is owed for a symbol that ended `ends`.
    fn acks(&mut self, symbol: Bit, ends: Ends) -> Acks {
        if self.waits().is_none() {
            return Acks::NONE;
        }
        self.answering.acknowledged(symbol);
        self.survived(self.answers().acks(ends, symbol))
    }

    /// Only those of the symbols that the sender survives.
    fn survived(&self, acks: Acks) -> Acks {
        acks.only(|symbol| self.handles.survives(symbol))
    }

    /// Switches to the dialect that the guess has found.
    fn settle(&mut self, verdict: Verdict, is_new: bool) -> Understood {
        let State::Guessing(guess) = &self.state else { return Understood::Nothing(Acks::NONE) };
        self.confidence = Some(verdict.confidence);
        let reader = Reader::new(verdict.dialect);
        self.state = State::Replaying { guess: guess.clone(), place: 0, is_new, reader };
        self.resume()
    }

    /// When the silence will mean something, if it will.
    fn silence_at(&self) -> Option<Instant> {
        let first = match &self.state {
            State::Guessing(_) => Some(SILENCE_MICROS),
            State::Reading(_) if matches!(self.tail, Tail::Following(_)) => Some(SILENCE_MICROS),
            State::Reading(_) if self.late_receipt.is_some() => Some(SILENCE_MICROS),
            State::Reading(_) | State::Replaying { .. } => None,
        };
        let may_remind = !self.is_reminded
            && self.waits() == Some(Waits::PerBit)
            && self.answering.unanswered().is_some()
            && self.octets_at_risk().is_some();
        let second = may_remind.then_some(REMIND_MICROS);
        let micros = if self.is_silence_considered { second } else { first.or(second) };
        self.active_at.zip(micros).map(|(at, micros)| at.after_micros(micros))
    }

    /// Ends the message if silence ends it; `owed` is what is owed then.
    fn handle_silence(&mut self, owed: Owed) -> Understood {
        match &mut self.state {
            State::Reading(_) if matches!(self.tail, Tail::Following(_)) => {
                self.tail = Tail::Known;
                self.hold(owed, true)
            }
            State::Reading(reader) => {
                if reader.handle_silence() {
                    self.hold(owed, true)
                } else {
                    Understood::Nothing(Acks::NONE)
                }
            }
            State::Guessing(_) | State::Replaying { .. } => Understood::Nothing(Acks::NONE),
        }
    }
}
