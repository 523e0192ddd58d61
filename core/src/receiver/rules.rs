//! The rules that the model breaks, one at a time, to show that it notices. Everything that serves
//! that purpose is here.

use super::memory::Latest;
use crate::frame::{Attempt, Frame, ParseFrameError};

/// A rule of the protocol that a receiver can be told to break, in tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// A frame that was accepted before is delivered again.
    RepeatedDelivered,
    /// A repetition of a bit whose acknowledgment is held back is acknowledged.
    HeldNotIgnored,
    /// A frame may have any number of octets, whatever number it gives.
    OctetsIgnored,
    /// A frame is taken for a repetition if it has the number of the one before.
    RepeatedByNumber,
    /// Both of the last two, as in version 1 of the protocol.
    Version1,
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

    /// Whether `frame` is a repetition of `latest`.
    pub(super) fn is_repeated(self, attempt: Attempt, latest: Latest, frame: Latest) -> bool {
        if self.breaks(Broken::RepeatedByNumber) || self.breaks(Broken::Version1) {
            return (frame.sequence, frame.first) == (latest.sequence, latest.first);
        }
        attempt == Attempt::Repeated && frame == latest && !self.breaks(Broken::RepeatedDelivered)
    }

    /// Whether bits that come while an acknowledgment is held back are processed.
    #[inline]
    pub(super) fn hears_while_held(self) -> bool {
        self.breaks(Broken::HeldNotIgnored)
    }

    pub(super) fn parse(self, content: &[u8]) -> Result<Frame<'_>, ParseFrameError> {
        let parsed = Frame::parse(content);
        let takes_any = self.breaks(Broken::OctetsIgnored) || self.breaks(Broken::Version1);
        match (parsed, content) {
            (Err(ParseFrameError::Octets), [address, control, _, payload @ ..]) if takes_any => {
                let sequence = Frame::parse(&[*address, control & 0b1110, 0])?.sequence;
                Ok(Frame { sequence, header: None, payload, check: None })
            }
            (parsed, _) => parsed,
        }
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
