//! The bits in flight, and the one timer of a sender.

use super::transmission::{PAIR_PATIENCE, PATIENCE_MICROS_MAX};
use crate::retransmission::RetransmissionTimeout;
use crate::{Bit, Instant};

/// How long to listen for a second acknowledgment after a bit was resent: long enough for a
/// receiver that is awake, as one that has just answered is.
const SETTLE_MICROS: u64 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outstanding {
    /// Nothing: the next bit may be sent.
    None,
    /// One bit.
    One { bit: Bit, sent_at: Instant },
    /// One bit whose timeout has expired. `due` if it is to be transmitted now.
    Resent { bit: Bit, due: bool },
    /// A resent bit has been acknowledged; a second acknowledgment would mean that it arrived
    /// twice.
    Settling,
    /// A zero and a one. `seen` is the acknowledgment that has come, if any.
    Pair { seen: Option<Bit>, sent_at: Instant },
    /// A pair of which neither bit was acknowledged in time. `due` is the bit to transmit now.
    ResentPair { seen: Option<Bit>, due: Option<Bit> },
}

/// What the timer is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Timer {
    /// Nothing.
    Off,
    /// The bits in flight have not been acknowledged.
    Retransmission,
    /// By then a second acknowledgment of a resent bit would have come.
    Settling,
    /// By then no more acknowledgments are on their way.
    Quiet,
}

/// What an acknowledgment says about the bits in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acknowledged {
    /// It is that of one bit, which was `resent` or not.
    One { resent: bool },
    /// It is that of one bit of a pair. The other bit's is still to come.
    Half,
    /// It is that of the second bit of a pair, which was `resent` or not: both bits have arrived.
    Pair { resent: bool },
    /// It is that of the second bit of a pair, but the same as that of the first.
    Contradiction,
    /// It is another one for a bit that was resent: both copies arrived.
    Twice,
    /// It belongs to nothing: no bit is in flight.
    Stray,
}

/// What the expiry of the timer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expired {
    /// The bits in flight must be sent again.
    Resend,
    /// One bit of a pair was acknowledged, and it is impossible to tell which.
    HalfPair,
    /// A resent bit has arrived only once.
    Settled,
    /// The line is quiet.
    Quiet,
}

/// The bits in flight, what they wait for, and how long.
///
/// The timer is set if and only if a bit is in flight, a second acknowledgment is being listened
/// for, or the line has to become quiet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Flight {
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    outstanding: Outstanding,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    timer: Timer,
    /// When the timer expires, unless it is off.
    timer_at: Instant,
    timeout: RetransmissionTimeout,
    /// The shortest time to wait for the bit in flight, if its acknowledgment may be held back or a
    /// resend would cost the reason of a refusal; otherwise 0.
    patience_micros: u64,
}

impl Flight {
    pub(super) const fn new() -> Self {
        Self {
            outstanding: Outstanding::None,
            timer: Timer::Off,
            timer_at: Instant::ZERO,
            timeout: RetransmissionTimeout::new(),
            patience_micros: 0,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        (self.timer != Timer::Off).then_some(self.timer_at)
    }

    /// Whether the next bit may be sent.
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self.outstanding, Outstanding::None)
    }

    /// Whether a single zero is in flight, not resent.
    #[inline]
    pub(super) const fn is_one_zero(&self) -> bool {
        matches!(self.outstanding, Outstanding::One { bit: Bit::Zero, .. })
    }

    /// Sends a bit, whose acknowledgment may take at least `patience_micros`.
    #[inline]
    pub(super) fn send(&mut self, bit: Bit, patience_micros: u64, now: Instant) {
        self.patience_micros = patience_micros;
        self.outstanding = Outstanding::One { bit, sent_at: now };
        self.wait(self.bit_timeout_micros(), now);
    }

    /// Sends a one after the zero that is in flight.
    #[inline]
    pub(super) fn send_second(&mut self) {
        if let Outstanding::One { sent_at, .. } = self.outstanding {
            self.outstanding = Outstanding::Pair { seen: None, sent_at };
            self.wait(self.pair_timeout_micros(), sent_at);
        }
    }

    /// The bit that has to be sent again now, if any.
    #[cold]
    pub(super) fn resend(&mut self, now: Instant) -> Option<Bit> {
        match self.outstanding {
            Outstanding::Resent { bit, due: true } => {
                self.outstanding = Outstanding::Resent { bit, due: false };
                self.wait(self.bit_timeout_micros(), now);
                Some(bit)
            }
            Outstanding::ResentPair { seen, due: Some(bit) } => {
                let due = (!bit.is_one()).then_some(Bit::One);
                self.outstanding = Outstanding::ResentPair { seen, due };
                self.wait(self.pair_timeout_micros(), now);
                Some(bit)
            }
            Outstanding::None
            | Outstanding::One { .. }
            | Outstanding::Resent { due: false, .. }
            | Outstanding::Settling
            | Outstanding::Pair { .. }
            | Outstanding::ResentPair { due: None, .. } => None,
        }
    }

    /// Takes an acknowledgment.
    #[inline]
    pub(super) fn acknowledge(&mut self, ack: Bit, now: Instant) -> Acknowledged {
        match self.outstanding {
            Outstanding::One { sent_at, .. } => {
                // The time that others took says nothing about the line.
                if self.patience_micros == 0 {
                    self.timeout.sample(now.micros_since(sent_at));
                }
                self.clear();
                Acknowledged::One { resent: false }
            }
            Outstanding::Pair { seen: None, sent_at } => {
                self.outstanding = Outstanding::Pair { seen: Some(ack), sent_at };
                Acknowledged::Half
            }
            Outstanding::Pair { seen: Some(seen), sent_at } if seen != ack => {
                self.timeout.sample(now.micros_since(sent_at));
                self.clear();
                Acknowledged::Pair { resent: false }
            }
            Outstanding::ResentPair { seen: None, due } => {
                self.outstanding = Outstanding::ResentPair { seen: Some(ack), due };
                Acknowledged::Half
            }
            Outstanding::ResentPair { seen: Some(seen), .. } if seen != ack => {
                Acknowledged::Pair { resent: true }
            }
            Outstanding::Pair { .. } | Outstanding::ResentPair { .. } => {
                Acknowledged::Contradiction
            }
            Outstanding::Resent { .. } => Acknowledged::One { resent: true },
            Outstanding::Settling => Acknowledged::Twice,
            Outstanding::None => Acknowledged::Stray,
        }
    }

    /// The acknowledgment after which nothing is in flight, if it is the next one and nothing was
    /// resent. `last_ack` is the one before the bits in flight: acknowledgments alternate.
    #[inline]
    pub(super) fn last_ack_due(&self, last_ack: Bit) -> Option<Bit> {
        match self.outstanding {
            Outstanding::One { .. } => Some(!last_ack),
            Outstanding::Pair { seen, .. } => seen.map(|seen| !seen),
            Outstanding::None
            | Outstanding::Resent { .. }
            | Outstanding::ResentPair { .. }
            | Outstanding::Settling => None,
        }
    }

    /// Handles the expiry of the timer, if it is time.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Expired> {
        if self.timer_at > now {
            return None;
        }
        match core::mem::replace(&mut self.timer, Timer::Off) {
            Timer::Off => None,
            Timer::Retransmission => Some(self.retransmit()),
            Timer::Settling => {
                self.outstanding = Outstanding::None;
                Some(Expired::Settled)
            }
            Timer::Quiet => Some(Expired::Quiet),
        }
    }

    fn retransmit(&mut self) -> Expired {
        match self.outstanding {
            Outstanding::One { bit, .. } | Outstanding::Resent { bit, .. } => {
                self.timeout.back_off();
                self.patience_micros =
                    self.patience_micros.saturating_mul(2).min(PATIENCE_MICROS_MAX);
                self.outstanding = Outstanding::Resent { bit, due: true };
                Expired::Resend
            }
            Outstanding::Pair { seen: None, .. } | Outstanding::ResentPair { seen: None, .. } => {
                self.timeout.back_off();
                self.outstanding = Outstanding::ResentPair { seen: None, due: Some(Bit::Zero) };
                Expired::Resend
            }
            Outstanding::Pair { seen: Some(_), .. }
            | Outstanding::ResentPair { seen: Some(_), .. } => Expired::HalfPair,
            // The timer runs only while a bit is in flight, so this cannot happen.
            Outstanding::None | Outstanding::Settling => Expired::Settled,
        }
    }

    /// A resent bit has been acknowledged: listens for a second acknowledgment.
    #[cold]
    pub(super) fn settle(&mut self, now: Instant) {
        self.timeout.forget_back_off();
        self.outstanding = Outstanding::Settling;
        self.listen_on(now);
    }

    /// Whether bits are in flight that the receiver answers as soon as it has taken them.
    pub(super) const fn is_answer_due(&self) -> bool {
        matches!(self.timer, Timer::Retransmission) && self.patience_micros == 0
    }

    /// Whether one bit is in flight, whether resent or not.
    pub(super) const fn is_one(&self) -> bool {
        matches!(self.outstanding, Outstanding::One { .. } | Outstanding::Resent { .. })
    }

    /// Postpones the timer, if it is set.
    #[cold]
    pub(super) fn postpone(&mut self, now: Instant, micros: u64) {
        self.timer_at = now.after_micros(micros);
    }

    /// Goes on listening for a second acknowledgment.
    #[cold]
    pub(super) fn listen_on(&mut self, now: Instant) {
        self.set(Timer::Settling, now.after_micros(SETTLE_MICROS));
    }

    /// Forgets the bits in flight, and waits until the line has been quiet.
    #[cold]
    pub(super) fn await_quiet(&mut self, now: Instant) {
        self.outstanding = Outstanding::None;
        let at = now.after_micros(self.timeout.timeout_micros());
        self.set(Timer::Quiet, at);
    }

    /// Forgets the bits in flight.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.outstanding = Outstanding::None;
        self.timer = Timer::Off;
    }

    /// Restarts the timer at `now`. What has been resent keeps its own time.
    pub(super) fn restart(&mut self, now: Instant) {
        match (&mut self.outstanding, self.timer) {
            (Outstanding::One { sent_at, .. }, _) => {
                *sent_at = now;
                self.wait(self.bit_timeout_micros(), now);
            }
            (Outstanding::Pair { sent_at, .. }, _) => {
                *sent_at = now;
                self.wait(self.pair_timeout_micros(), now);
            }
            (Outstanding::Settling, _) => self.listen_on(now),
            (Outstanding::None, Timer::Quiet) => self.await_quiet(now),
            (
                Outstanding::None | Outstanding::Resent { .. } | Outstanding::ResentPair { .. },
                _,
            ) => {}
        }
    }

    #[inline]
    fn wait(&mut self, micros: u64, from: Instant) {
        self.set(Timer::Retransmission, from.after_micros(micros));
    }

    #[inline]
    fn set(&mut self, timer: Timer, at: Instant) {
        self.timer = timer;
        self.timer_at = at;
    }

    fn bit_timeout_micros(&self) -> u64 {
        self.timeout.timeout_micros().max(self.patience_micros)
    }

    fn pair_timeout_micros(&self) -> u64 {
        self.timeout.timeout_micros().saturating_mul(PAIR_PATIENCE)
    }
}

#[cfg(test)]
impl Flight {
    /// See [`Sender::forget_the_past`](super::Sender::forget_the_past).
    pub(super) fn forget_the_past(&mut self) {
        self.timeout = RetransmissionTimeout::new();
        self.patience_micros = 0;
        self.timer_at = Instant::ZERO;
    }

    pub(super) const fn is_pair(&self) -> bool {
        matches!(self.outstanding, Outstanding::Pair { .. })
    }

    pub(super) const fn is_resent_pair(&self) -> bool {
        matches!(self.outstanding, Outstanding::ResentPair { .. })
    }
}
