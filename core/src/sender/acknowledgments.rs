//! What an acknowledgment means, phase by phase.

use super::broken::Broken;
use super::{Event, FOREIGN_STARTS_MAX, Outstanding, Phase, SETTLE_MICROS, Sender};
use crate::hdlc::Cursor;
use crate::verdict::{REASON_BITS, RefusalReason, VERDICT_BITS};
use crate::{Bit, Instant};

impl<const N: usize> Sender<N> {
    /// An acknowledgment of the one bit that was under way.
    #[inline]
    pub(super) fn take_ack(&mut self, ack: Bit, now: Instant) {
        let alternates = ack != self.last_ack || self.breaks(Broken::ParityIgnored);
        self.last_ack = ack;
        self.advance(1);
        match self.phase {
            Phase::Mark { left } => match left.checked_sub(1) {
                Some(0) | None => self.start_frame(Cursor::new()),
                Some(left) => self.phase = Phase::Mark { left },
            },
            Phase::Frame => {
                if alternates {
                    self.checked = true;
                    self.foreign_starts = 0;
                    self.end_frame_if_complete();
                } else {
                    self.note_foreign_start();
                    self.fall_out_of_step(now);
                }
            }
            Phase::Verdict { position, ones } => self.take_verdict(ack, position, ones, now),
            Phase::Reason { position, spelled } => self.take_reason(ack, position, spelled),
            Phase::Abort { left } => match left.checked_sub(1) {
                Some(0) | None => self.end(Event::Aborted),
                Some(left) => self.phase = Phase::Abort { left },
            },
            Phase::Ready | Phase::Quiet | Phase::Ended => {}
        }
    }

    #[inline]
    pub(super) fn advance(&mut self, bits: u32) {
        self.acknowledged = self.acknowledged.saturating_add(bits);
        if self.acknowledged > self.furthest {
            self.furthest = self.acknowledged;
            self.progress = self.progress.saturating_add(1);
        }
    }

    #[inline]
    pub(super) fn end_frame_if_complete(&mut self) {
        if self.upcoming.is_none() {
            self.phase = Phase::Verdict { position: 0, ones: 0 };
            self.resent = false;
        }
    }

    fn take_verdict(&mut self, ack: Bit, position: u8, ones: u8, now: Instant) {
        let ones = if ack.is_one() { ones.saturating_add(1) } else { ones };
        let position = position.saturating_add(1);
        if position < VERDICT_BITS {
            self.phase = Phase::Verdict { position, ones };
        } else if self.breaks(Broken::VerdictOfOneBit) && ack.is_one() {
            self.frame_accepted();
        } else if self.resent && !self.breaks(Broken::ResentVerdictCounts) {
            // Under a storm of one signal only the other one gets through: an alternation then
            // looks constant.
            self.fall_out_of_step(now);
        } else if ones == VERDICT_BITS {
            self.frame_accepted();
        } else if ones == 0 {
            self.phase = Phase::Reason { position: 0, spelled: 0 };
        } else {
            self.fall_out_of_step(now);
        }
    }

    fn take_reason(&mut self, ack: Bit, position: u8, spelled: u16) {
        let spelled = (spelled << 1) | u16::from(ack.is_one());
        let position = position.saturating_add(1);
        if position < REASON_BITS {
            self.phase = Phase::Reason { position, spelled };
        } else {
            self.exposed = false;
            // What goes for a verdict goes for a reason: with a bit resent it may spell another one.
            let counts = !self.resent || self.breaks(Broken::ResentReasonCounts);
            let reason = RefusalReason::from_spelled(spelled).filter(|_| counts);
            self.end(Event::Refused(reason));
        }
    }

    fn frame_accepted(&mut self) {
        let octets = self.payload_octets;
        self.exposed = false;
        self.in_step = true;
        self.foreign_starts = 0;
        self.sequence = self.sequence.next();
        self.statistics.accepted_frames = self.statistics.accepted_frames.saturating_add(1);
        self.statistics.accepted_octets = self
            .statistics
            .accepted_octets
            .saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        self.phase = if self.last { Phase::Ended } else { Phase::Ready };
        self.event = Some(Event::Accepted { octets, last: self.last });
    }

    /// A second acknowledgment of a bit that was resent: both copies arrived.
    pub(super) fn take_second_ack(&mut self, ack: Bit, now: Instant) {
        match self.phase {
            // One more one in a mark does no harm.
            Phase::Mark { .. } | Phase::Abort { .. } => {
                self.last_ack = ack;
                self.deadline = Some(now.after_micros(SETTLE_MICROS));
            }
            Phase::Frame | Phase::Verdict { .. } | Phase::Reason { .. } => {
                self.fall_out_of_step(now);
            }
            Phase::Ready | Phase::Quiet | Phase::Ended => self.take_stray_ack(now),
        }
    }

    /// An acknowledgment although no bit is under way.
    pub(super) fn take_stray_ack(&mut self, now: Instant) {
        self.statistics.stray_acks = self.statistics.stray_acks.saturating_add(1);
        match self.phase {
            Phase::Quiet => self.stay_quiet(now),
            Phase::Ready => self.in_step = false,
            Phase::Mark { .. } | Phase::Frame | Phase::Verdict { .. } | Phase::Reason { .. } => {
                self.fall_out_of_step(now);
            }
            Phase::Abort { .. } | Phase::Ended => {}
        }
    }

    /// Nothing the other end says can be trusted until the line has been quiet.
    pub(super) fn fall_out_of_step(&mut self, now: Instant) {
        if self.event.is_some() {
            return;
        }
        self.statistics.repeated_frames = self.statistics.repeated_frames.saturating_add(1);
        self.in_step = false;
        self.repeated = true;
        self.outstanding = Outstanding::None;
        if self.breaks(Broken::NoQuiet) {
            self.start_mark();
            return;
        }
        self.phase = Phase::Quiet;
        self.stay_quiet(now);
    }

    /// What was resent has been acknowledged: listen whether that happens twice.
    pub(super) fn settle(&mut self, now: Instant) {
        self.timer.forget_back_off();
        if self.breaks(Broken::NoSettling) {
            self.outstanding = Outstanding::None;
            self.deadline = None;
            return;
        }
        self.outstanding = Outstanding::Settling;
        self.deadline = Some(now.after_micros(SETTLE_MICROS));
    }

    fn stay_quiet(&mut self, now: Instant) {
        self.deadline = Some(now.after_micros(self.timer.timeout_micros()));
    }

    /// The very first acknowledgment that is checked was wrong although nothing was resent: an
    /// accident, or a peer that does not alternate at all.
    fn note_foreign_start(&mut self) {
        if self.checked || self.resent {
            return;
        }
        self.foreign_starts = self.foreign_starts.saturating_add(1);
        if self.foreign_starts >= FOREIGN_STARTS_MAX {
            self.end(Event::NotFramed);
        }
    }
}
