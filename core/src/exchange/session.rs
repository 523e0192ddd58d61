//! One sender in the table: its receiving half, its pending bits, and what it is owed.

use crate::classic::{Acks, Dialect, Memory, Waits};
use crate::detect::{Detection, Detector};
use crate::receiver::{Receiver, Reply};
use crate::verdict::RefusalReason;
use crate::{Bit, Instant, Lookahead};

use super::classic_half::{ClassicHalf, Outcome};
use super::{Handled, Payload, Protocol};

/// What a session is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) enum Want {
    /// The floor: it has a bit to process, or an acknowledgment to send.
    Line,
    /// The host's answer to a payload.
    Host,
    /// The next bit of its sender.
    Nothing,
}

/// The bits of a sender that have come and wait to be processed: at most one of each kind, the zero
/// first, just as the kernel keeps signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Pending {
    zero: bool,
    one: bool,
}

impl Pending {
    /// Returns false if the same symbol is pending already.
    fn insert(&mut self, bit: Bit) -> bool {
        let waits = match bit {
            Bit::Zero => &mut self.zero,
            Bit::One => &mut self.one,
        };
        !core::mem::replace(waits, true)
    }

    fn take(&mut self) -> Option<Bit> {
        if core::mem::take(&mut self.zero) {
            Some(Bit::Zero)
        } else if core::mem::take(&mut self.one) {
            Some(Bit::One)
        } else {
            None
        }
    }

    const fn is_empty(self) -> bool {
        !self.zero && !self.one
    }
}

/// The receiving half that fits the sender's protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Half<const OCTETS: usize> {
    /// Bits go to the classic half until the detector has decided.
    Undecided(Detector, ClassicHalf),
    Classic(ClassicHalf),
    Framed(Receiver<OCTETS>),
}

/// What a session has to do before its next bit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// Nothing.
    Listening,
    /// Send what is owed for the last bit.
    Owed(Acks),
    /// Wait for the host, which has been told of a payload and has not answered.
    Held,
    /// Ignore bits: the message of a classic sender was refused, and there is no way to tell it so.
    Muted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Session<const OCTETS: usize> {
    pub(super) peer: u32,
    /// The process has ended. The place is free as soon as the host has answered.
    pub(super) gone: bool,
    /// A boundary between frames or messages has been reached: the floor may pass on.
    pub(super) turn_over: bool,
    /// The symbol that is owed next had to wait, for the floor or for the host.
    pub(super) held_back: bool,
    half: Half<OCTETS>,
    pending: Pending,
    state: State,
}

impl<const OCTETS: usize> Session<OCTETS> {
    /// A session of a classic sender or, with a detector, of a sender whose protocol is not known.
    pub(super) const fn new(peer: u32, classic: ClassicHalf, detector: Option<Detector>) -> Self {
        let half = match detector {
            Some(detector) => Half::Undecided(detector, classic),
            None => Half::Classic(classic),
        };
        Self {
            peer,
            gone: false,
            turn_over: false,
            held_back: false,
            half,
            pending: Pending { zero: false, one: false },
            state: State::Listening,
        }
    }

    pub(super) fn protocol(&self) -> Option<Protocol> {
        match self.half {
            Half::Undecided(..) => None,
            Half::Classic(_) => Some(Protocol::Classic),
            Half::Framed(_) => Some(Protocol::Framed),
        }
    }

    #[inline]
    pub(super) fn want(&self) -> Want {
        match self.state {
            State::Owed(_) => Want::Line,
            State::Held => Want::Host,
            State::Listening if !self.pending.is_empty() => Want::Line,
            State::Listening | State::Muted => Want::Nothing,
        }
    }

    /// Remembers a bit until it is this session's turn.
    #[inline]
    pub(super) fn take(&mut self, bit: Bit) -> Handled {
        match self.state {
            State::Listening if self.pending.insert(bit) => Handled::Taken,
            // The bit before it has not been acknowledged, so this can only be a repetition.
            State::Listening | State::Owed(_) | State::Held => Handled::Repeated,
            State::Muted => Handled::Ignored,
        }
    }

    /// Whether the next bit can lead to nothing but its acknowledgment, as far as that does not
    /// depend on the protocol.
    #[inline]
    fn is_free(&self) -> bool {
        let is_free = matches!(self.state, State::Listening) && self.pending.is_empty();
        is_free && !self.gone && !self.turn_over && !self.held_back
    }

    /// The acknowledgment of the next bit, if that bit can lead to nothing else.
    #[inline]
    pub(super) fn lookahead(&self) -> Lookahead {
        match &self.half {
            _ if !self.is_free() => Lookahead::NONE,
            Half::Framed(receiver) => receiver.lookahead(),
            Half::Classic(classic) => classic.lookahead(),
            Half::Undecided(..) => Lookahead::NONE,
        }
    }

    /// Takes a bit if it can lead only to its acknowledgment. Otherwise does nothing.
    #[inline]
    pub(super) fn acknowledge(&mut self, bit: Bit) -> Option<Bit> {
        if !self.is_free() {
            return None;
        }
        match &mut self.half {
            Half::Framed(receiver) => receiver.acknowledge(bit),
            Half::Classic(classic) => classic.acknowledge(bit),
            Half::Undecided(..) => None,
        }
    }

    #[inline]
    pub(super) fn next_owed(&mut self) -> Option<Bit> {
        let State::Owed(acks) = &mut self.state else { return None };
        let ack = acks.next();
        if acks.is_empty() {
            self.state = State::Listening;
        }
        ack
    }

    fn owe(&mut self, acks: Acks) {
        self.state = if acks.is_empty() { State::Listening } else { State::Owed(acks) };
    }

    fn follow(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Acks(acks) => self.owe(acks),
            Outcome::Held => self.state = State::Held,
        }
    }

    /// Processes the next bit that waits.
    #[inline]
    pub(super) fn process(&mut self, now: Instant) {
        let Some(bit) = self.pending.take() else { return };
        // No other sender wanted the floor when the last turn ended; this bit begins the next turn.
        self.turn_over = false;
        match &mut self.half {
            Half::Framed(receiver) => match receiver.handle_bit(bit) {
                Reply::Acknowledge(ack) => self.owe(Acks::of(Some(ack))),
                Reply::VerdictComplete(ack) => {
                    self.owe(Acks::of(Some(ack)));
                    self.turn_over = true;
                }
                Reply::Frame => self.state = State::Held,
                Reply::Ignored => {}
            },
            Half::Classic(classic) => {
                let outcome = classic.handle_bit(bit, now);
                self.follow(outcome);
            }
            Half::Undecided(detector, classic) => {
                let detection = detector.feed(bit);
                if detection == Detection::Framed {
                    let ack = classic.bit_ack(Bit::One);
                    let is_frame = detector.has_frame_begun();
                    return self.begin_framed(ack, is_frame.then_some(bit));
                }
                let outcome = classic.handle_bit(bit, now);
                if detection == Detection::Classic {
                    self.begin_classic();
                }
                self.follow(outcome);
            }
        }
    }

    /// The sender turns out to be a framed one, and the last bit of its mark is acknowledged with
    /// `ack`. What the classic half has read of the mark is dropped. `first` is the first bit of
    /// the frame, if it has come.
    #[cold]
    #[inline(never)]
    fn begin_framed(&mut self, ack: Option<Bit>, first: Option<Bit>) {
        self.half = Half::Framed(Receiver::resuming(ack.unwrap_or(Bit::One)));
        let Half::Framed(receiver) = &mut self.half else { return };
        let owed = match first.map(|bit| receiver.handle_bit(bit)) {
            None => ack,
            Some(Reply::Acknowledge(ack) | Reply::VerdictComplete(ack)) => Some(ack),
            Some(Reply::Frame | Reply::Ignored) => None,
        };
        self.owe(Acks::of(owed));
    }

    /// The sender turns out to be a classic one.
    #[cold]
    #[inline(never)]
    fn begin_classic(&mut self) {
        if let Half::Undecided(_, classic) = &self.half {
            self.half = Half::Classic(classic.clone());
        }
    }

    /// The classic half, if the sender is a classic one or may be.
    const fn classic(&self) -> Option<&ClassicHalf> {
        match &self.half {
            Half::Undecided(_, classic) | Half::Classic(classic) => Some(classic),
            Half::Framed(_) => None,
        }
    }

    /// Passes something on to the classic half, if the session is ready for a bit.
    fn tell(&mut self, tell: impl FnOnce(&mut ClassicHalf) -> Outcome) {
        let is_listening = matches!(self.state, State::Listening);
        if let Half::Undecided(_, classic) | Half::Classic(classic) = &mut self.half
            && is_listening
        {
            let outcome = tell(classic);
            self.follow(outcome);
        }
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[inline]
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Listening => self.classic()?.poll_timeout(),
            State::Owed(_) | State::Held | State::Muted => None,
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.tell(|classic| classic.handle_timeout(now));
    }

    /// To be called when the sender has been seen to wait for a signal.
    pub(super) fn handle_pause(&mut self, now: Instant) {
        self.tell(|classic| classic.handle_pause(now));
    }

    /// To be called when the sender has ended: its text that had been held back is released.
    pub(super) fn handle_gone(&mut self) {
        self.tell(ClassicHalf::handle_gone);
    }

    /// Whether the sender waits for the acknowledgment of each bit, so that it can be kept waiting.
    #[inline]
    pub(super) fn can_hold_back(&self) -> bool {
        match &self.half {
            Half::Undecided(_, classic) | Half::Classic(classic) => classic.can_hold_back(),
            Half::Framed(_) => true,
        }
    }

    /// The classic dialect, once it is known.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        match &self.half {
            Half::Classic(classic) => classic.dialect(),
            Half::Undecided(..) | Half::Framed(_) => None,
        }
    }

    /// What the sender waits for before it goes on, once that has been found out.
    pub(super) fn waits(&self) -> Option<Waits> {
        self.classic()?.waits()
    }

    /// What to remember of the sender's program.
    pub(super) fn memory(&self) -> Memory {
        self.classic().map(ClassicHalf::memory).unwrap_or_default()
    }

    /// What the host is being told, if this session is held.
    pub(super) fn payload(&self) -> Option<Payload<'_>> {
        let State::Held = &self.state else { return None };
        match &self.half {
            Half::Framed(receiver) => {
                let frame = receiver.frame()?;
                Some(Payload {
                    peer: self.peer,
                    protocol: Protocol::Framed,
                    first: frame.first,
                    last: frame.last,
                    coding: frame.coding,
                    length: frame.length,
                    offset: frame.offset,
                    octets: frame.payload,
                })
            }
            Half::Undecided(_, classic) | Half::Classic(classic) => Some(Payload {
                peer: self.peer,
                protocol: Protocol::Classic,
                first: classic.offset() == 0,
                last: classic.is_last(),
                coding: 0,
                length: classic.length(),
                offset: classic.offset(),
                octets: classic.octets(),
            }),
        }
    }

    pub(super) fn accept(&mut self) {
        if !matches!(self.state, State::Held) {
            return;
        }
        let outcome = match &mut self.half {
            Half::Framed(receiver) => Outcome::Acks(Acks::of(receiver.accept())),
            Half::Undecided(_, classic) | Half::Classic(classic) => {
                self.turn_over = classic.is_last();
                classic.accept()
            }
        };
        self.follow(outcome);
    }

    pub(super) fn refuse(&mut self, reason: RefusalReason) {
        match &mut self.half {
            Half::Framed(receiver) => {
                if let Some(ack) = receiver.refuse(reason) {
                    self.owe(Acks::of(Some(ack)));
                }
            }
            Half::Undecided(..) | Half::Classic(_) => {
                self.state = State::Muted;
                self.turn_over = true;
                self.pending = Pending::default();
            }
        }
    }

    /// Octets delivered of a message that has begun and not ended.
    pub(super) fn octets_at_risk(&self) -> Option<u64> {
        match &self.half {
            Half::Framed(receiver) => receiver.octets_at_risk(),
            Half::Undecided(_, classic) | Half::Classic(classic) => {
                let is_heard = !matches!(self.state, State::Muted);
                is_heard.then(|| classic.octets_at_risk()).flatten()
            }
        }
    }
}

#[cfg(test)]
impl<const OCTETS: usize> Session<OCTETS> {
    /// See [`Exchange::forget_the_past`](super::Exchange::forget_the_past).
    pub(super) fn forget_the_past(&mut self, is_sent: impl Fn(u32, &[u8]) -> bool) {
        let peer = self.peer;
        match &mut self.half {
            Half::Undecided(..) | Half::Classic(_) => {}
            Half::Framed(receiver) => receiver.forget_the_past(|octets| is_sent(peer, octets)),
        }
    }
}
