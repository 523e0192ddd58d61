//! The message and, of it, the frame under way.

use super::OfferError;
use crate::Bit;
use crate::frame::{Frame, Header, PAYLOAD_OCTETS_MAX, Sequence, VERSION};
use crate::hdlc::Cursor;

/// A message that is sent frame by frame, each again and again until it is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Outgoing<const N: usize> {
    /// What the first frame says, until that is made.
    header: Option<Header>,
    /// N(S) of the frame under way, or of the next one.
    sequence: Sequence,
    /// The frame under way, or the one before it.
    content: heapless::Vec<u8, N>,
    payload_octets: usize,
    pub(super) is_last: bool,
    pub(super) is_repeated: bool,
    /// Whether the whole frame has been on the line: from then on it may have been delivered.
    pub(super) is_exposed: bool,
    cursor: Cursor,
    /// The bit after the one transmitted last.
    upcoming: Option<Bit>,
}

impl<const N: usize> Outgoing<N> {
    pub(super) const fn new(number: u32, length: Option<u64>) -> Self {
        Self {
            header: Some(Header { version: VERSION, message: number, length }),
            sequence: Sequence::FIRST,
            content: heapless::Vec::new(),
            payload_octets: 0,
            is_last: false,
            is_repeated: false,
            is_exposed: false,
            cursor: Cursor::new(),
            upcoming: None,
        }
    }

    /// Makes the next frame of these octets.
    pub(super) fn load(&mut self, payload: &[u8], is_last: bool) -> Result<(), OfferError> {
        if payload.len() > PAYLOAD_OCTETS_MAX {
            return Err(OfferError::TooLong);
        }
        let frame = Frame { sequence: self.sequence, header: self.header, last: is_last, payload };
        frame.encode(&mut self.content).map_err(|_| OfferError::TooLong)?;
        self.header = None;
        self.payload_octets = payload.len();
        self.is_last = is_last;
        self.is_repeated = false;
        Ok(())
    }

    /// Goes to the first bit of the frame, or to the one after its opening flag.
    pub(super) fn begin(&mut self, cursor: Cursor) {
        self.cursor = cursor;
        self.look_ahead();
    }

    #[inline]
    pub(super) const fn upcoming(&self) -> Option<Bit> {
        self.upcoming
    }

    /// The next bit of the frame, its closing flag included.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Bit> {
        let bit = self.upcoming?;
        self.look_ahead();
        Some(bit)
    }

    #[inline]
    fn look_ahead(&mut self) {
        self.upcoming = self.cursor.next(&self.content);
        // With the last bit of the closing flag the receiver has all it needs.
        self.is_exposed |= self.upcoming.is_none();
    }

    /// The frame is accepted. Returns how many octets of the message it was.
    pub(super) fn accept(&mut self) -> usize {
        self.is_exposed = false;
        self.sequence = self.sequence.next();
        self.payload_octets
    }
}

#[cfg(test)]
impl<const N: usize> Outgoing<N> {
    /// See [`Sender::forget_the_past`](super::Sender::forget_the_past).
    pub(super) fn forget_the_past(&mut self) {
        self.cursor = Cursor::new();
        self.upcoming = None;
    }
}
