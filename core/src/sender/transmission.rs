//! Which bit goes next, and how long its acknowledgment may take.

use super::{Outstanding, Phase, SETTLE_MICROS, Sender};
use crate::verdict::bit_at;
use crate::{Bit, Instant, hdlc};

/// How much longer than one bit a pair may take before it is given up: to resend it is cheap, but
/// if only one of the two was lost the whole frame must be repeated, and a receiver that lost its
/// time slice is far more common than a lost signal.
const PAIR_PATIENCE: u64 = 8;

/// The least time to wait for an acknowledgment that other senders or the output may hold back: to ask
/// again and again would only hide the others' bits.
const PATIENCE_MICROS: u64 = 50_000;

/// The same in a reason, which no resend would leave readable: a receiver that lost its processor for a moment
/// is to be waited for.
const REASON_PATIENCE_MICROS: u64 = 250_000;

/// The most that these become by doubling.
pub(super) const PATIENCE_MICROS_MAX: u64 = 1_000_000;

impl<const N: usize> Sender<N> {
    /// The next bit to transmit now, if there is one.
    #[inline]
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        match self.outstanding {
            Outstanding::None => self.next_bit(now),
            Outstanding::One { bit, sent_at } => self.second_of_pair(bit, sent_at),
            Outstanding::Resent { bit, due: true } => {
                self.outstanding = Outstanding::Resent { bit, due: false };
                self.deadline = Some(now.after_micros(self.bit_timeout_micros()));
                self.statistics.resent_bits = self.statistics.resent_bits.saturating_add(1);
                self.count_bit();
                Some(bit)
            }
            Outstanding::ResentPair { seen, due: Some(bit) } => {
                let due = (!bit.is_one()).then_some(Bit::One);
                self.outstanding = Outstanding::ResentPair { seen, due };
                self.deadline = Some(now.after_micros(self.pair_timeout_micros()));
                self.statistics.resent_bits = self.statistics.resent_bits.saturating_add(1);
                self.count_bit();
                Some(bit)
            }
            Outstanding::Resent { due: false, .. }
            | Outstanding::Settling
            | Outstanding::Pair { .. }
            | Outstanding::ResentPair { due: None, .. } => None,
        }
    }

    /// Lets the timeout of what is under way, or of what is being listened for, run from `now`.
    ///
    /// A host that polls for acknowledgments need not read the clock for each: it may pass the time of its
    /// last reading to the other methods, and call this once, with a new one, before it waits after all. What was
    /// acknowledged before counts as a round trip of no time: of less than the host polls.
    pub fn restart_timeout(&mut self, now: Instant) {
        let timeout_micros = match (&mut self.outstanding, self.phase) {
            (Outstanding::One { sent_at, .. }, _) => {
                *sent_at = now;
                self.bit_timeout_micros()
            }
            (Outstanding::Pair { sent_at, .. }, _) => {
                *sent_at = now;
                self.pair_timeout_micros()
            }
            (Outstanding::Settling, _) => SETTLE_MICROS,
            (Outstanding::None, Phase::Quiet) => self.timer.timeout_micros(),
            (
                Outstanding::None | Outstanding::Resent { .. } | Outstanding::ResentPair { .. },
                _,
            ) => {
                return;
            }
        };
        self.deadline = Some(now.after_micros(timeout_micros));
    }

    fn next_bit(&mut self, now: Instant) -> Option<Bit> {
        self.patience_micros = 0;
        let bit = match self.phase {
            Phase::Ready | Phase::Quiet | Phase::Ended => return None,
            // A mark is not patient: the receiver may not know of its sender, if its bit was hidden.
            Phase::Mark { .. } | Phase::Abort { .. } => Bit::One,
            Phase::Frame => {
                let bit = self.upcoming.take()?;
                self.look_ahead();
                // It may be another sender's turn, or the frame has to be written first.
                if self.acknowledged == 0 || self.upcoming.is_none() {
                    self.patience_micros = PATIENCE_MICROS;
                }
                bit
            }
            Phase::Verdict { position, .. } => bit_at(hdlc::FLAG, position),
            Phase::Reason { .. } => {
                self.patience_micros = REASON_PATIENCE_MICROS;
                Bit::Zero
            }
        };
        self.outstanding = Outstanding::One { bit, sent_at: now };
        self.deadline = Some(now.after_micros(self.bit_timeout_micros()));
        self.count_bit();
        Some(bit)
    }

    /// A one may follow a zero before the zero is acknowledged: they are different signals, and the
    /// kernel delivers the zero first. Only within a frame, and never in a repeated one.
    fn second_of_pair(&mut self, first: Bit, sent_at: Instant) -> Option<Bit> {
        let in_frame = match self.phase {
            Phase::Frame => self.checked && self.pairs && !self.repeated,
            Phase::Ready
            | Phase::Mark { .. }
            | Phase::Verdict { .. }
            | Phase::Reason { .. }
            | Phase::Quiet
            | Phase::Abort { .. }
            | Phase::Ended => false,
        };
        if first.is_one() || !in_frame || self.upcoming != Some(Bit::One) {
            return None;
        }
        self.outstanding = Outstanding::Pair { seen: None, sent_at };
        self.deadline = Some(sent_at.after_micros(self.pair_timeout_micros()));
        self.look_ahead();
        self.count_bit();
        Some(Bit::One)
    }

    #[inline]
    pub(super) fn look_ahead(&mut self) {
        self.upcoming = self.cursor.next(&self.content);
        // With the last bit of the closing flag the receiver has all it needs.
        self.exposed |= self.upcoming.is_none();
    }

    fn bit_timeout_micros(&self) -> u64 {
        self.timer.timeout_micros().max(self.patience_micros)
    }

    const fn pair_timeout_micros(&self) -> u64 {
        self.timer.timeout_micros().saturating_mul(PAIR_PATIENCE)
    }

    #[inline]
    fn count_bit(&mut self) {
        self.statistics.bits = self.statistics.bits.saturating_add(1);
    }
}
