//! What the model needs from a sender.

use super::{Broken, Sender, State, Statistics};
use crate::Bit;
use crate::sender::reach::Reach;

impl<const N: usize> Sender<N> {
    /// The same sender, which breaks a rule.
    pub(crate) const fn breaking(mut self, rule: Option<Broken>) -> Self {
        self.rules.broken = rule;
        self
    }

    /// Forgets state that no longer matters, so that states that will behave alike are equal and
    /// the model has fewer of them to explore.
    pub(crate) fn forget_the_past(&mut self) {
        self.statistics = Statistics::default();
        // No model has enough faults for this to matter.
        self.rejections = 0;
        // Whether there has been any progress decides only how long a bit waits, and no time passes
        // in the model.
        self.reach = Reach::new();
        self.flight.forget_the_past();
        if !matches!(self.state, State::Frame | State::Verdict { .. }) {
            self.outgoing.forget_the_past();
        }
        if matches!(self.state, State::Mark { .. } | State::Quiet) {
            self.parity.last_ack = Bit::Zero;
        }
        if matches!(self.state, State::Quiet) {
            (self.parity.is_checked, self.resent) = (false, false);
        }
    }

    /// Whether two bits are in flight, neither of them resent.
    pub(crate) const fn has_pair_under_way(&self) -> bool {
        self.flight.is_pair()
    }

    /// Whether two bits are in flight that have been resent.
    pub(crate) const fn has_resent_pair_under_way(&self) -> bool {
        self.flight.is_resent_pair()
    }
}
