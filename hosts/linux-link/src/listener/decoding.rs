//! A coded message that arrives.

use minitalk_core::RefusalReason;
use minitalk_core::exchange::{Payload, Protocol};

use super::{Happening, Listener};
use crate::Observer;
use crate::coding::{DecodeError, Decoder};

/// Bytes of text that are told at a time. Of one frame there may be any number of such pieces: each
/// is decoded when the one before it has been accepted.
const PIECE_BYTES_MAX: usize = 4096;

/// A coded message that arrives.
#[derive(Debug)]
pub(super) struct Decoding {
    decoder: Decoder,
    /// The frame under way, what was decoded of it, and whether it is the last one.
    octets: Vec<u8>,
    taken: usize,
    last: bool,
    /// Whether there may be more text in it.
    has_more: bool,
    /// Bytes of text that have been told, and whether any piece has.
    offset: u64,
    is_begun: bool,
}

/// The next piece of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoded {
    pub(super) first: bool,
    pub(super) last: bool,
    pub(super) length: Option<u64>,
    pub(super) offset: u64,
}

impl Decoding {
    pub(super) fn new() -> Self {
        Self {
            decoder: Decoder::new(),
            octets: Vec::new(),
            taken: 0,
            last: false,
            has_more: false,
            offset: 0,
            is_begun: false,
        }
    }

    /// Takes the next frame.
    pub(super) fn load(&mut self, payload: &Payload<'_>) {
        self.octets.clear();
        self.octets.extend_from_slice(payload.octets);
        (self.taken, self.last, self.has_more) = (0, payload.last, true);
    }

    /// Whether there may be more text in the frame.
    pub(super) const fn has_more(&self) -> bool {
        self.has_more
    }

    /// Decodes the next piece into `text`. Each frame has one at least; it may be empty.
    pub(super) fn next(&mut self, text: &mut Vec<u8>) -> Result<Decoded, DecodeError> {
        text.resize(PIECE_BYTES_MAX, 0);
        let step = self.decoder.decode(&self.octets[self.taken..], text)?;
        text.truncate(step.bytes);
        self.taken += step.octets;
        self.has_more = step.has_more;
        let last = self.last && !step.has_more;
        if last {
            self.decoder.finish()?;
        }
        let (first, offset) = (!self.is_begun, self.offset);
        self.is_begun = true;
        self.offset += step.bytes as u64;
        Ok(Decoded { first, last, length: self.decoder.length(), offset })
    }
}

impl<O: Observer> Listener<O> {
    /// Decodes more for one of those whose last piece has been accepted; false if there are none.
    pub(super) fn decode_more(&mut self) -> bool {
        let Some(peer) = self.decoding.pop_front() else { return false };
        self.decode(peer);
        true
    }

    /// Decodes the next piece of the frame of `peer`, to be told, or refuses the message.
    pub(super) fn decode(&mut self, peer: u32) {
        let now = self.woken_at;
        // It may have been refused, or have gone, since it was accepted.
        let Some(decoded) = self.senders.decode(peer, &mut self.octets) else { return };
        let told = self.senders.decoded(peer).unwrap_or_default();
        let decoded = decoded.map_err(DecodeError::reason).and_then(|decoded| {
            let end = decoded.offset.saturating_add(self.octets.len() as u64);
            let total = decoded.length.unwrap_or(0).max(end);
            let is_too_long = self.octets_max.is_some_and(|octets_max| total > octets_max);
            if is_too_long { Err(RefusalReason::TooLong) } else { Ok(decoded) }
        });
        match decoded {
            Ok(Decoded { first, last, length, offset }) => {
                let payload = Payload {
                    peer,
                    protocol: Protocol::Framed,
                    first,
                    last,
                    coding: 0,
                    length,
                    offset,
                    octets: &self.octets,
                };
                if let Some((piece, cut)) = self.senders.take(&payload, now) {
                    self.news.extend(cut);
                    self.piece = Some(piece);
                }
            }
            Err(reason) => {
                self.refuse(peer, reason);
                self.news.push_back(Happening::Refused { peer, octets: told, reason });
            }
        }
    }
}
