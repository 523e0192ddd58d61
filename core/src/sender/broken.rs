//! Rules that are deliberately not kept, to show that the model notices.

use super::Sender;

/// A rule of the protocol that a sender can be made to break, in tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// An acknowledgment need not differ from the one before it.
    ParityIgnored,
    /// The last bit of the verdict is taken for all of it.
    VerdictOfOneBit,
    /// A verdict counts although a bit of it was resent.
    ResentVerdictCounts,
    /// A reason counts although a bit of it was resent.
    ResentReasonCounts,
    /// The frame is repeated at once, before the line has been quiet.
    NoQuiet,
    /// Nobody listens for a second acknowledgment after a resend.
    NoSettling,
    /// The mark before a frame that is repeated is no longer than that of a new one.
    ShortMark,
}

impl<const N: usize> Sender<N> {
    #[cfg(test)]
    pub(super) fn breaks(&self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "a test's sender has an answer of its own")]
    pub(super) const fn breaks(&self, _rule: Broken) -> bool {
        false
    }
}
