//! The rules that the model breaks, one at a time, to show that it notices: all of them, and
//! nothing else.

use crate::Bit;
use crate::detect::MARK_BITS;
use crate::verdict::VERDICT_BITS;

/// Ones before a frame that is repeated. Acknowledgments of the first attempt that come after all
/// can let the sender run ahead of the receiver, so that some of these are lost; enough must be
/// left for an abort, or what the receiver has of the first attempt could be closed by the next
/// flag.
const REPEATED_MARK_BITS: u8 = 2 * MARK_BITS;

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
    /// A second acknowledgment of what was resent means nothing.
    NoSettling,
    /// The mark before a frame that is repeated is no longer than that of a new one.
    ShortMark,
}

/// The rules as they are, or, in tests, without one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Rules {
    #[cfg(test)]
    pub(super) broken: Option<Broken>,
}

impl Rules {
    pub(super) const fn new() -> Self {
        Self {
            #[cfg(test)]
            broken: None,
        }
    }

    #[inline]
    pub(super) fn alternates(self, last_ack: Bit, ack: Bit) -> bool {
        ack != last_ack || self.breaks(Broken::ParityIgnored)
    }

    /// Whether a verdict with this many ones, the last of them `ack`, says *accepted*.
    pub(super) fn is_accepted(self, ones: u8, ack: Bit) -> bool {
        ones == VERDICT_BITS || self.breaks(Broken::VerdictOfOneBit) && ack.is_one()
    }

    /// Under a storm of one signal only the other one gets through: an alternation then looks
    /// constant.
    pub(super) fn verdict_counts(self, resent: bool) -> bool {
        !resent || self.breaks(Broken::ResentVerdictCounts)
    }

    /// What goes for a verdict goes for a reason: with a bit resent it may spell another one.
    pub(super) fn reason_counts(self, resent: bool) -> bool {
        !resent || self.breaks(Broken::ResentReasonCounts)
    }

    pub(super) fn waits_for_quiet(self) -> bool {
        !self.breaks(Broken::NoQuiet)
    }

    pub(super) fn settles(self) -> bool {
        !self.breaks(Broken::NoSettling)
    }

    pub(super) fn mark_bits(self, is_repeated: bool) -> u8 {
        let is_long = is_repeated && !self.breaks(Broken::ShortMark);
        if is_long { REPEATED_MARK_BITS } else { MARK_BITS }
    }

    #[cfg(test)]
    fn breaks(self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "in a test the answer is another one")]
    const fn breaks(self, _rule: Broken) -> bool {
        false
    }
}
