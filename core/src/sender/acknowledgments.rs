//! What an acknowledgment means in each state.

use super::flight::Acknowledged;
use super::{Event, Sender, State};
use crate::hdlc::Cursor;
use crate::slot::Slot;
use crate::verdict::{REASON_BITS, RefusalReason, VERDICT_BITS};
use crate::{Bit, Instant};

/// How many failures in a row, each at the first acknowledgment that is checked and without any
/// resend, show that the peer does not speak this protocol.
const FOREIGN_STARTS_MAX: u8 = 3;

/// How many frames in a row the receiver must have heard to their end without accepting them before
/// it is assumed that it never will. On a line that loses one bit in a thousand, a frame of 2,400
/// bits gets through in 64 attempts, except once in a few hundred cases.
const REJECTIONS_MAX: u8 = 64;

impl<const N: usize> Sender<N> {
    /// Takes an acknowledgment of the receiver.
    // Inlined into a loop with the other calls, it costs a quarter more instructions.
    #[inline(never)]
    pub fn handle_ack(&mut self, ack: Bit, now: Instant) {
        match self.flight.acknowledge(ack, now) {
            Acknowledged::One { resent } => {
                if resent {
                    self.flight.settle(now);
                }
                self.take_ack(ack, now);
            }
            // After two different acknowledgments the alternation is where it was before.
            Acknowledged::Pair { resent } => {
                if resent {
                    self.flight.settle(now);
                }
                self.reach.advance(2);
                self.end_frame_if_complete();
            }
            Acknowledged::Contradiction => self.fall_out_of_step(now),
            Acknowledged::Twice if self.rules.settles() => self.take_second_ack(ack, now),
            Acknowledged::Half | Acknowledged::Twice => {}
            Acknowledged::Stray => self.take_stray_ack(now),
        }
    }

    /// Handles the acknowledgment of the only bit in flight.
    #[inline]
    fn take_ack(&mut self, ack: Bit, now: Instant) {
        let alternates = self.rules.alternates(self.parity.last_ack, ack);
        self.parity.last_ack = ack;
        self.reach.advance(1);
        match self.state {
            State::Mark { left } => match left.checked_sub(1) {
                Some(0) | None => self.start_frame(Cursor::new()),
                Some(left) => self.state = State::Mark { left },
            },
            State::Frame => {
                if alternates {
                    self.parity.is_checked = true;
                    self.parity.foreign_starts = 0;
                    self.end_frame_if_complete();
                } else {
                    self.take_wrong_parity(now);
                }
            }
            State::Verdict { position, ones } => self.take_verdict(ack, position, ones, now),
            State::Reason { position, spelled } => self.take_reason(ack, position, spelled),
            State::Abort { left } => match left.checked_sub(1) {
                Some(0) | None => self.end(Event::Aborted),
                Some(left) => self.state = State::Abort { left },
            },
            State::Ready { .. } | State::Quiet | State::Ended => {}
        }
    }

    #[inline]
    fn end_frame_if_complete(&mut self) {
        if self.outgoing.upcoming().is_none() {
            self.state = State::Verdict { position: 0, ones: 0 };
            self.resent = false;
        }
    }

    /// Handles a wrong acknowledgment: an accident, or a peer that does not alternate at all, if it
    /// happens again and again at the very first acknowledgment that is checked although nothing
    /// was resent.
    #[cold]
    fn take_wrong_parity(&mut self, now: Instant) {
        if !self.parity.is_checked && !self.resent {
            self.parity.foreign_starts = self.parity.foreign_starts.saturating_add(1);
            if self.parity.foreign_starts >= FOREIGN_STARTS_MAX {
                self.end(Event::NotFramed);
                return;
            }
        }
        self.fall_out_of_step(now);
    }

    fn take_verdict(&mut self, ack: Bit, position: u8, ones: u8, now: Instant) {
        let ones = if ack.is_one() { ones.saturating_add(1) } else { ones };
        let position = position.saturating_add(1);
        if position < VERDICT_BITS {
            self.state = State::Verdict { position, ones };
        } else if !self.rules.verdict_counts(self.resent) {
            self.fall_out_of_step(now);
        } else if self.rules.is_accepted(ones, ack) {
            self.frame_accepted();
        } else if ones == 0 {
            self.state = State::Reason { position: 0, spelled: 0 };
        } else {
            self.take_rejection(ones, now);
        }
    }

    /// Handles a verdict whose acknowledgments were not all alike. If they went on alternating,
    /// half of them are ones, and the receiver has heard the frame to its end.
    #[cold]
    fn take_rejection(&mut self, ones: u8, now: Instant) {
        if ones == VERDICT_BITS / 2 {
            self.rejections = self.rejections.saturating_add(1);
            if self.rejections >= REJECTIONS_MAX {
                self.end(Event::NotAccepted);
                return;
            }
        }
        self.fall_out_of_step(now);
    }

    fn take_reason(&mut self, ack: Bit, position: u8, spelled: u16) {
        let spelled = (spelled << 1) | u16::from(ack.is_one());
        let position = position.saturating_add(1);
        if position < REASON_BITS {
            self.state = State::Reason { position, spelled };
        } else {
            self.outgoing.is_exposed = false;
            let reason = RefusalReason::from_spelled(spelled);
            self.end(Event::Refused(reason.filter(|_| self.rules.reason_counts(self.resent))));
        }
    }

    fn frame_accepted(&mut self) {
        let (octets, last) = (self.outgoing.accept(), self.outgoing.is_last);
        self.parity.foreign_starts = 0;
        self.rejections = 0;
        self.statistics.accepted_frames = self.statistics.accepted_frames.saturating_add(1);
        self.statistics.accepted_octets = self
            .statistics
            .accepted_octets
            .saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        self.state = if last { State::Ended } else { State::Ready { in_step: true } };
        self.event = Slot::Full(Event::Accepted { octets, last });
    }

    /// Handles a second acknowledgment of a bit that was resent: both copies arrived.
    #[cold]
    fn take_second_ack(&mut self, ack: Bit, now: Instant) {
        match self.state {
            // An additional one in a mark does no harm.
            State::Mark { .. } | State::Abort { .. } => {
                self.parity.last_ack = ack;
                self.flight.listen_on(now);
            }
            State::Frame | State::Verdict { .. } | State::Reason { .. } => {
                self.fall_out_of_step(now);
            }
            State::Ready { .. } | State::Quiet | State::Ended => self.take_stray_ack(now),
        }
    }

    /// Handles an acknowledgment although no bit is in flight.
    #[cold]
    fn take_stray_ack(&mut self, now: Instant) {
        self.statistics.stray_acks = self.statistics.stray_acks.saturating_add(1);
        match self.state {
            State::Quiet => self.flight.await_quiet(now),
            State::Ready { .. } => self.state = State::Ready { in_step: false },
            State::Mark { .. } | State::Frame | State::Verdict { .. } | State::Reason { .. } => {
                self.fall_out_of_step(now);
            }
            State::Abort { .. } | State::Ended => {}
        }
    }
}
