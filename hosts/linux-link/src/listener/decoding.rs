//! A coded message while it arrives.

use minitalk_core::RefusalReason;
use minitalk_core::exchange::{Payload, Protocol};

use super::{Happening, Listener};
use crate::Observer;
use crate::coding::{DecodeError, Decoder};

/// The largest number of bytes of text reported at a time. One frame may lead to any number of such
/// pieces: each is decoded when the one before it has been accepted.
const PIECE_BYTES_MAX: usize = 4096;

/// A coded message while it arrives.
#[derive(Debug)]
pub(super) struct Decoding {
    decoder: Decoder,
    /// The current frame, how much of it has been decoded, and whether it is the last one.
    octets: Vec<u8>,
    taken: usize,
    last: bool,
    /// Whether the frame may hold more text.
    has_more: bool,
    /// Bytes of text reported so far, and whether any piece has been reported.
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

    /// Whether the frame may hold more text.
    pub(super) const fn has_more(&self) -> bool {
        self.has_more
    }

    /// Decodes the next piece into `text`. Each frame leads to at least one piece, which may be
    /// empty.
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
    /// Decodes more for a sender whose last piece has been accepted; false if there is none.
    pub(super) fn decode_more(&mut self) -> bool {
        let Some(peer) = self.decoding.pop_front() else { return false };
        self.decode(peer);
        true
    }

    /// Decodes the next piece of the frame of `peer`, to be reported, or refuses the message.
    pub(super) fn decode(&mut self, peer: u32) {
        let now = self.woken_at;
        // Since it was accepted, the message may have been refused, or the sender may have ended.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coding::Encoder;

    fn coded(text: &[u8], length: Option<u64>) -> Vec<u8> {
        let mut encoder = Encoder::new(length);
        encoder.push(text);
        encoder.finish();
        encoder.octets().to_vec()
    }

    /// The text of a message in frames of this many octets, and what was reported about its pieces.
    fn text(octets: &[u8], frame: usize) -> Result<(Vec<u8>, Vec<Decoded>), DecodeError> {
        let (mut decoding, mut text) = (Decoding::new(), Vec::new());
        let (mut all, mut pieces) = (Vec::new(), Vec::new());
        let count = octets.chunks(frame).count();
        for (number, octets) in octets.chunks(frame).enumerate() {
            decoding.load(&Payload {
                peer: 7,
                protocol: Protocol::Framed,
                first: number == 0,
                last: number + 1 == count,
                coding: 1,
                length: None,
                offset: 0,
                octets,
            });
            while decoding.has_more() {
                let piece = decoding.next(&mut text)?;
                assert_eq!(piece.offset, all.len() as u64);
                all.extend_from_slice(&text);
                pieces.push(piece);
            }
        }
        Ok((all, pieces))
    }

    #[test]
    fn pieces_say_where_they_belong_and_only_the_first_and_the_last_that_they_are() {
        let message = vec![b'x'; 3 * PIECE_BYTES_MAX];
        let octets = coded(&message, Some(message.len() as u64));
        for frame in [1, 5, octets.len()] {
            let (text, pieces) = text(&octets, frame).unwrap();
            assert!(text == message, "{frame}");
            for (number, piece) in (1..).zip(&pieces) {
                assert_eq!((piece.first, piece.last), (number == 1, number == pieces.len()));
            }
            assert_eq!(pieces.last().unwrap().length, Some(message.len() as u64));
        }
    }

    #[test]
    fn the_last_frame_must_be_the_end_of_the_text() {
        let octets = coded(b"a text of some words, and words again", None);
        for frame in [5, 256] {
            for end in 0..octets.len() {
                let cut = text(&octets[..end], frame).map(|(_, pieces)| pieces.len());
                assert!(cut == Err(DecodeError::End) || end == 0, "{end}");
            }
            let longer = [octets.as_slice(), b"x"].concat();
            assert_eq!(text(&longer, frame).unwrap_err(), DecodeError::End);
            let other_length = coded(b"five!", Some(6));
            assert_eq!(text(&other_length, frame).unwrap_err(), DecodeError::Length);
        }
    }
}
