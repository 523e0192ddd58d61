//! Which bit is sent next, and how long its acknowledgment may take.

use super::{Sender, State};
use crate::verdict::bit_at;
use crate::{Bit, Instant, hdlc};

/// How many times longer than a single bit a pair may take. Resending a pair is cheap, but if only
/// one of its bits was lost the whole frame must be repeated, and a receiver that lost its time
/// slice is far more common than a lost signal.
pub(super) const PAIR_PATIENCE: u64 = 8;

/// The shortest time to wait for an acknowledgment that other senders or the output may hold back:
/// sending the bit again and again would only hide the bits of others.
const PATIENCE_MICROS: u64 = 50_000;

/// The same at the beginning of a mark. Shorter, because the receiver may not know its sender yet,
/// if the first bit was hidden.
const MARK_PATIENCE_MICROS: u64 = 20_000;

/// The same in a reason, which no resend would leave readable: give a receiver time that lost its
/// processor for a moment.
const REASON_PATIENCE_MICROS: u64 = 250_000;

/// The longest time that these reach by doubling.
pub(super) const PATIENCE_MICROS_MAX: u64 = 1_000_000;

impl<const N: usize> Sender<N> {
    /// The next bit to transmit now, if there is one.
    #[inline]
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        let bit = if self.flight.is_empty() {
            self.next_bit(now)?
        } else if self.flight.is_one_zero() {
            self.second_of_pair()?
        } else {
            let bit = self.flight.resend(now)?;
            self.statistics.resent_bits = self.statistics.resent_bits.saturating_add(1);
            bit
        };
        self.statistics.bits = self.statistics.bits.saturating_add(1);
        Some(bit)
    }

    fn next_bit(&mut self, now: Instant) -> Option<Bit> {
        let (bit, patience_micros) = match self.state {
            State::Ready { .. } | State::Quiet | State::Ended => return None,
            State::Mark { .. } if self.reach.is_at_beginning() => (Bit::One, MARK_PATIENCE_MICROS),
            State::Mark { .. } | State::Abort { .. } => (Bit::One, 0),
            State::Frame => {
                let bit = self.outgoing.next()?;
                // It may be another sender's turn, or the host may have to write the frame first.
                let may_be_held =
                    self.reach.is_at_beginning() || self.outgoing.upcoming().is_none();
                (bit, if may_be_held { PATIENCE_MICROS } else { 0 })
            }
            State::Verdict { position, .. } => (bit_at(hdlc::FLAG, position), 0),
            State::Reason { .. } => (Bit::Zero, REASON_PATIENCE_MICROS),
        };
        self.flight.send(bit, patience_micros, now);
        Some(bit)
    }

    /// A one may be sent before the acknowledgment of the zero before it: they are different
    /// signals, and the kernel delivers the zero first. Only within a frame, and never in a
    /// repeated one.
    fn second_of_pair(&mut self) -> Option<Bit> {
        let in_frame = match self.state {
            State::Frame => {
                !self.is_single && self.parity.is_checked && !self.outgoing.is_repeated()
            }
            State::Ready { .. }
            | State::Mark { .. }
            | State::Verdict { .. }
            | State::Reason { .. }
            | State::Quiet
            | State::Abort { .. }
            | State::Ended => false,
        };
        if !in_frame || self.outgoing.upcoming() != Some(Bit::One) {
            return None;
        }
        self.flight.send_second();
        self.outgoing.next()
    }
}
