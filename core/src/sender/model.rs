//! What the model asks of a sender.

use super::{Outstanding, Phase, Sender, Statistics};
use crate::hdlc::Cursor;
use crate::retransmission::RetransmissionTimer;
use crate::{Bit, Instant};

impl<const N: usize> Sender<N> {
    /// Forgets what nothing depends on any more, so that states that will behave alike are equal:
    /// the model has fewer of them to look at.
    pub(crate) fn forget_the_past(&mut self, never_gives_up: bool) {
        if never_gives_up {
            self.foreign_starts = 0;
            self.resent &= matches!(self.phase, Phase::Verdict { .. } | Phase::Reason { .. });
        }
        if !self.pairs {
            self.checked &= !never_gives_up;
        }
        self.statistics = Statistics::default();
        (self.progress, self.acknowledged, self.furthest) = (0, 0, 0);
        self.timer = RetransmissionTimer::new();
        self.patience_micros = 0;
        self.deadline = self.deadline.map(|_| Instant::ZERO);
        if !matches!(self.phase, Phase::Frame) {
            self.cursor = Cursor::new();
            self.upcoming = None;
        }
        if matches!(self.phase, Phase::Mark { .. } | Phase::Quiet) {
            self.last_ack = Bit::Zero;
        }
        if matches!(self.phase, Phase::Quiet) {
            (self.checked, self.resent) = (false, false);
        }
    }

    /// Whether bits of a frame are being sent, rather than those of a mark or a verdict.
    pub(crate) const fn is_in_frame(&self) -> bool {
        matches!(self.phase, Phase::Frame)
    }

    /// Whether the whole frame has been acknowledged and its verdict has not.
    pub(crate) const fn is_in_verdict(&self) -> bool {
        matches!(self.phase, Phase::Verdict { .. })
    }

    /// Whether two bits are under way, neither of them resent.
    pub(crate) const fn has_pair_under_way(&self) -> bool {
        matches!(self.outstanding, Outstanding::Pair { .. })
    }

    /// Whether two bits are under way that have been resent.
    pub(crate) const fn has_resent_pair_under_way(&self) -> bool {
        matches!(self.outstanding, Outstanding::ResentPair { .. })
    }
}
