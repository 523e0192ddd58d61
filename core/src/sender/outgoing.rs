//! The message, and its current frame.

use super::OfferError;
use crate::Bit;
use crate::frame::{
    Attempt, Check, Frame, Header, LATER_OVERHEAD_OCTETS, Sequence, payload_octets_max,
};
use crate::hdlc::Cursor;
use crate::slot::Slot;

/// A message that is sent frame by frame, each repeated until it is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Outgoing<const N: usize> {
    pub(super) header: Header,
    /// The check and the number of octets of the frames that have been accepted.
    check: Check,
    octets: u64,
    /// N(S) of the current frame or, between two frames, of the next one.
    sequence: Sequence,
    /// Whether that is not the first frame of the message.
    has_begun: bool,
    pub(super) is_last: bool,
    /// The current frame, or the last one.
    content: [u8; N],
    content_octets: usize,
    payload_octets: usize,
    attempt: Attempt,
    /// Whether all of the frame has been on the line: from then on it may have been delivered.
    pub(super) is_exposed: bool,
    cursor: Cursor,
    /// The bit after the one transmitted last.
    upcoming: Slot<Bit>,
}

impl<const N: usize> Outgoing<N> {
    pub(super) const fn new(message: u32, length: Option<u64>) -> Self {
        Self {
            header: Header { coding: 0, message, length },
            check: Check::new(),
            octets: 0,
            sequence: Sequence::FIRST,
            has_begun: false,
            is_last: false,
            content: [0; N],
            content_octets: 0,
            payload_octets: 0,
            attempt: Attempt::First,
            is_exposed: false,
            cursor: Cursor::UNSET,
            upcoming: Slot::Empty,
        }
    }

    /// Makes the next frame of these octets.
    pub(super) fn load(&mut self, payload: &[u8], is_last: bool) -> Result<(), OfferError> {
        let header = (!self.has_begun).then_some(self.header);
        let header_octets = header.map_or(0, Header::octets);
        let overhead_octets = header_octets.saturating_add(LATER_OVERHEAD_OCTETS);
        let octets_max = payload_octets_max(N, overhead_octets);
        if payload.len() > octets_max {
            return Err(OfferError::TooLong { octets_max });
        }
        let frame = Frame {
            sequence: self.sequence,
            header,
            payload,
            check: is_last.then(|| self.check.finish(self.octets_with(payload.len()))),
        };
        self.content_octets =
            frame.encode(&mut self.content).map_err(|_| OfferError::TooLong { octets_max })?;
        self.payload_octets = payload.len();
        self.is_last = is_last;
        self.attempt = Attempt::First;
        Ok(())
    }

    /// Whether the frame has been sent before, at least in part.
    pub(super) const fn is_repeated(&self) -> bool {
        matches!(self.attempt, Attempt::Repeated)
    }

    /// From now on the frame is a repetition.
    pub(super) fn repeat(&mut self) {
        self.attempt = Attempt::Repeated;
    }

    /// Goes to the first bit of the frame, or of its opening flag.
    pub(super) fn begin(&mut self, cursor: Cursor) {
        let mask = if self.has_begun { self.header.message } else { 0 };
        self.cursor = cursor.masked(self.attempt.mask(mask));
        self.look_ahead();
    }

    #[inline]
    pub(super) fn upcoming(&self) -> Option<Bit> {
        self.upcoming.as_ref().copied()
    }

    /// The next bit of the frame, its closing flag included.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Bit> {
        let bit = self.upcoming()?;
        self.look_ahead();
        Some(bit)
    }

    #[inline]
    fn look_ahead(&mut self) {
        let content = self.content.get(..self.content_octets).unwrap_or_default();
        self.upcoming = if let Some(bit) = self.cursor.next(content) {
            Slot::Full(bit)
        } else {
            // With the last bit of the closing flag the receiver has everything it needs.
            self.is_exposed = true;
            Slot::Empty
        };
    }

    /// Handles the acceptance of the frame, all of which has been sent. Returns its number of
    /// payload octets.
    pub(super) fn accept(&mut self) -> usize {
        if let Some(fcs) = self.cursor.fcs() {
            self.check.update(fcs.value());
        }
        self.octets = self.octets_with(self.payload_octets);
        self.sequence = self.sequence.next();
        self.has_begun = true;
        self.is_exposed = false;
        self.payload_octets
    }

    fn octets_with(&self, more: usize) -> u64 {
        self.octets.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
impl<const N: usize> Outgoing<N> {
    /// See [`Sender::forget_the_past`](super::Sender::forget_the_past).
    pub(super) fn forget_the_past(&mut self) {
        self.cursor = Cursor::new();
        self.upcoming = Slot::Empty;
    }
}
