//! What a receiver remembers of its sender's message, and what it makes of a frame.

use super::rules::Rules;
use crate::frame::{Attempt, CHECK_OCTETS, Check, Frame, ParseFrameError, Sequence};
use crate::hdlc::{FCS_OCTETS, Fcs};
use crate::slot::Slot;
use crate::verdict::RefusalReason;

/// A frame that a flag has closed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closed<'a> {
    pub(super) content: &'a [u8],
    /// Its FCS as received.
    pub(super) fcs: [u8; FCS_OCTETS],
    /// The FCS register after both.
    pub(super) residue: Fcs,
}

/// What is to be done with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgment {
    /// It is the first or next frame of a message, and waits for the host.
    Deliver(Held),
    /// It is a repetition of the frame that was delivered last.
    Repeated,
    Refuse(RefusalReason),
    /// Its FCS is wrong, or its content makes no sense.
    Damaged,
}

/// What is known of a frame that waits for the host, in addition to what is known of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Held {
    /// Where its payload begins in its content, and how many octets it has.
    pub(super) begin: usize,
    pub(super) octets: usize,
}

/// The message in progress, or the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    number: u32,
    /// The frame that was delivered last.
    pub(super) latest: Latest,
    /// The check of the frames before that one.
    check: Check,
    /// The octets of all of them.
    pub(super) octets: u64,
    /// The length that the first frame gave.
    pub(super) length: Option<u64>,
    pub(super) coding: u8,
    pub(super) refused: Option<RefusalReason>,
}

/// How a frame is recognised when it is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Latest {
    pub(super) sequence: Sequence,
    pub(super) first: bool,
    pub(super) last: bool,
    /// The FCS without the mask.
    pub(super) fcs: u32,
}

impl Message {
    /// Whether more frames of it may come.
    pub(super) const fn is_open(&self) -> bool {
        self.refused.is_none() && !self.latest.last
    }
}

/// What is remembered between frames.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Memory {
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    pub(super) message: Slot<Message>,
    /// The FCS register after a frame in the middle of an unknown message.
    stranger: Option<Fcs>,
}

impl Memory {
    pub(super) const fn new() -> Self {
        Self { message: Slot::Empty, stranger: None }
    }

    /// Compares a frame with those before. A frame that is to be delivered is remembered at once.
    pub(super) fn judge(&mut self, closed: Closed<'_>, rules: Rules) -> Judgment {
        match rules.parse(closed.content) {
            Ok(frame) if frame.header.is_some() => self.judge_first(&frame, closed, rules),
            Ok(frame) => self.judge_later(&frame, closed, rules),
            Err(ParseFrameError::Version(_)) if Attempt::of(closed.residue, 0).is_some() => {
                Judgment::Refuse(RefusalReason::Version)
            }
            Err(
                ParseFrameError::Address
                | ParseFrameError::Control
                | ParseFrameError::Header
                | ParseFrameError::Octets
                | ParseFrameError::Version(_),
            ) => Judgment::Damaged,
        }
    }

    fn judge_first(&mut self, frame: &Frame<'_>, closed: Closed<'_>, rules: Rules) -> Judgment {
        let (Some(header), Some(attempt)) = (frame.header, Attempt::of(closed.residue, 0)) else {
            return Judgment::Damaged;
        };
        let latest = Latest::of(frame, closed, attempt.mask(0));
        if let Some(message) = self.message.as_ref()
            && message.number == header.message
            && rules.is_repeated(attempt, message.latest, latest)
        {
            return message.refused.map_or(Judgment::Repeated, Judgment::Refuse);
        }
        self.deliver(
            Message {
                number: header.message,
                latest,
                check: Check::new(),
                octets: 0,
                length: header.length,
                coding: header.coding,
                refused: None,
            },
            frame,
            closed,
        )
    }

    fn judge_later(&mut self, frame: &Frame<'_>, closed: Closed<'_>, rules: Rules) -> Judgment {
        let Some(&message) = self.message.as_ref() else {
            return self.meet_stranger(closed.residue);
        };
        let Some(attempt) = Attempt::of(closed.residue, message.number) else {
            return if message.is_open() {
                Judgment::Damaged
            } else {
                self.meet_stranger(closed.residue)
            };
        };
        if let Some(reason) = message.refused {
            return Judgment::Refuse(reason);
        }
        let latest = Latest::of(frame, closed, attempt.mask(message.number));
        if rules.is_repeated(attempt, message.latest, latest) {
            Judgment::Repeated
        } else if message.is_open() && frame.sequence == message.latest.sequence.next() {
            let mut check = message.check;
            check.update(message.latest.fcs);
            self.deliver(Message { latest, check, ..message }, frame, closed)
        } else {
            Judgment::Refuse(RefusalReason::OutOfSequence)
        }
    }

    /// Delivers a frame of `message`, if it agrees with what the first and the last frame say.
    fn deliver(&mut self, message: Message, frame: &Frame<'_>, closed: Closed<'_>) -> Judgment {
        let octets = frame.payload.len();
        let all = message.octets.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        let is_too_long = message.length.is_some_and(|length| all > length);
        let is_too_short = frame.is_last() && message.length.is_some_and(|length| all < length);
        let is_other = frame.check.is_some_and(|check| check != message.check.finish(all));
        if is_too_long || is_too_short || is_other {
            return Judgment::Refuse(RefusalReason::Mismatch);
        }
        self.message = Slot::Full(Message { octets: all, ..message });
        self.stranger = None;
        let trailer = octets.saturating_add(if frame.is_last() { CHECK_OCTETS } else { 0 });
        Judgment::Deliver(Held { begin: closed.content.len().saturating_sub(trailer), octets })
    }

    /// Handles a frame in the middle of an unknown message. The mask of its FCS is unknown as well,
    /// so whether the FCS is good cannot be known. If the next frame has the same mask, both are
    /// good.
    fn meet_stranger(&mut self, residue: Fcs) -> Judgment {
        let is_known = |stranger| stranger == residue || stranger == residue.complemented();
        if self.stranger.is_some_and(is_known) {
            return Judgment::Refuse(RefusalReason::OutOfSequence);
        }
        self.stranger = Some(residue);
        Judgment::Damaged
    }
}

impl Latest {
    fn of(frame: &Frame<'_>, closed: Closed<'_>, mask: u32) -> Self {
        Self {
            sequence: frame.sequence,
            first: frame.header.is_some(),
            last: frame.is_last(),
            fcs: u32::from_le_bytes(closed.fcs) ^ mask,
        }
    }
}
