//! The rules that the model breaks, one at a time, to show that it notices. Everything that serves
//! that purpose is here.

use crate::Bit;
use crate::detect::MARK_BITS;
use crate::verdict::VERDICT_BITS;

/// The number of ones before a frame that is repeated. Late acknowledgments of the first attempt
/// can let the sender run ahead of the receiver, so that some of these ones are lost. Enough must
/// remain for an abort; otherwise the next flag could close what the receiver has of the first
/// attempt.
const REPEATED_MARK_BITS: u8 = 2 * MARK_BITS;

/// A rule of the protocol that a sender can be told to break, in tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// An acknowledgment need not differ from the one before it.
    ParityIgnored,
    /// The last bit of the verdict is taken for the whole verdict.
    VerdictOfOneBit,
    /// A verdict counts although a bit of it was resent.
    ResentVerdictCounts,
    /// A reason counts although a bit of it was resent.
    ResentReasonCounts,
    /// The frame is repeated at once, before the line has been quiet.
    NoQuiet,
    /// A second acknowledgment of a resent bit has no meaning.
    NoSettling,
    /// The mark before a repeated frame is no longer than that of a new one.
    ShortMark,
}

/// The rules, in tests possibly without one of them.
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

    /// Whether a verdict with this many ones, the last of which is `ack`, means *accepted*.
    pub(super) fn is_accepted(self, ones: u8, ack: Bit) -> bool {
        ones == VERDICT_BITS || self.breaks(Broken::VerdictOfOneBit) && ack.is_one()
    }

    /// Whether a verdict counts. Under a storm of one signal only the other one gets through: an
    /// alternation then looks constant.
    pub(super) fn verdict_counts(self, resent: bool) -> bool {
        !resent || self.breaks(Broken::ResentVerdictCounts)
    }

    /// Whether a reason counts. As with a verdict: if a bit was resent, another reason may be
    /// spelled.
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
