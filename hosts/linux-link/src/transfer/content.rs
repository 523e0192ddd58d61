//! What goes into the frames of a message: its bytes, as they are or coded.

use std::io::{self, ErrorKind};

use minitalk_core::frame::PAYLOAD_OCTETS_MAX;

use crate::coding::{self, Decoder, Encoder};
use crate::input::{Input, Piece};

/// A complete message that is shorter is not coded: starting an encoder would take longer than
/// sending what it could save.
const BYTES_MIN: usize = 128;

/// The size of the first block, on which coding is tried. It is kept until a frame is accepted.
const BLOCK_BYTES_MAX: usize = 64 * 1024;

/// If the end of the message is not in sight, coding may make the first block longer by this many
/// octets, since the text after it can refer back to it.
const WORSE_OCTETS_MAX: usize = 8;

/// What goes into the frames of a message.
#[derive(Debug)]
pub(crate) struct Content<'i> {
    input: Input<'i>,
    way: Way,
    /// Bytes of the text that have been put into frames, and those of them in accepted frames.
    offered: u64,
    accepted: u64,
}

#[derive(Debug)]
enum Way {
    /// The first bytes of the message will decide.
    Undecided,
    Plain,
    Coded(Box<Coded>),
}

/// A message that is coded.
#[derive(Debug)]
struct Coded {
    encoder: Encoder,
    /// Decodes the same octets as the receiver, so it is known exactly how much text that has.
    decoder: Decoder,
    /// The text so far, while the receiver may still refuse the coding.
    kept: Option<Vec<u8>>,
    has_unflushed: bool,
    is_complete: bool,
}

impl<'i> Content<'i> {
    pub(crate) const fn new(input: Input<'i>, may_be_coded: bool) -> Self {
        let way = if may_be_coded { Way::Undecided } else { Way::Plain };
        Self { input, way, offered: 0, accepted: 0 }
    }

    /// The source of the message, to be watched while a piece is pending.
    pub(crate) const fn input(&self) -> &Input<'i> {
        &self.input
    }

    /// Bytes of the text in accepted frames: exactly those that the receiver can decode.
    pub(crate) const fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Bytes of the text in the frame in flight.
    pub(crate) const fn unheard(&self) -> u64 {
        self.offered - self.accepted
    }

    /// How the message is coded, from the first [piece](Self::next) on.
    pub(crate) const fn coding(&self) -> u8 {
        match self.way {
            Way::Undecided | Way::Plain => 0,
            Way::Coded(_) => coding::BROTLI,
        }
    }

    /// The number of octets of the message, if known. Call this before taking the first piece.
    pub(crate) fn announce_length(&mut self) -> io::Result<Option<u64>> {
        match self.way {
            Way::Undecided | Way::Plain => self.input.announce_length(),
            Way::Coded(_) => Ok(None),
        }
    }

    /// Looks for the next piece, without waiting for it.
    pub(crate) fn next(&mut self) -> io::Result<Piece> {
        if matches!(self.way, Way::Undecided) {
            if self.input.next()? == Piece::Pending {
                return Ok(Piece::Pending);
            }
            self.decide()?;
        }
        match &mut self.way {
            Way::Undecided | Way::Plain => self.input.next(),
            Way::Coded(coded) => coded.next(&mut self.input),
        }
    }

    /// Takes a piece that [`next`](Self::next) has found.
    pub(crate) fn take(&mut self, octets: usize) -> io::Result<&[u8]> {
        match &mut self.way {
            Way::Undecided | Way::Plain => {
                self.offered += octets as u64;
                Ok(self.input.take(octets))
            }
            Way::Coded(coded) => {
                let octets = coded.encoder.take(octets);
                self.offered += text_bytes(&mut coded.decoder, octets)?;
                Ok(octets)
            }
        }
    }

    /// The frame in flight has been accepted.
    pub(crate) fn accept(&mut self) {
        self.accepted = self.offered;
        if let Way::Coded(coded) = &mut self.way {
            coded.kept = None;
        }
    }

    /// Starts again without coding, if the message is coded and nothing has been accepted. Returns
    /// whether it did.
    pub(crate) fn go_back(&mut self) -> bool {
        let Way::Coded(coded) = &mut self.way else { return false };
        let Some(kept) = coded.kept.take() else { return false };
        self.input.put_back(kept);
        self.way = Way::Plain;
        self.offered = 0;
        true
    }

    /// Decides to code the message if that makes its first block smaller.
    fn decide(&mut self) -> io::Result<()> {
        let length = self.input.announce_length()?;
        let block = self.input.all();
        let block = &block[..block.len().min(BLOCK_BYTES_MAX)];
        let is_whole = length.is_some_and(|length| length == block.len() as u64);
        let is_worth_it = !is_whole || block.len() >= BYTES_MIN;
        if !is_worth_it || !coding::may_shrink(block) && (is_whole || block.len() >= BYTES_MIN) {
            self.way = Way::Plain;
            return Ok(());
        }
        let mut coded = Coded {
            encoder: Encoder::new(length),
            decoder: Decoder::new(),
            kept: Some(Vec::new()),
            has_unflushed: false,
            is_complete: false,
        };
        let bytes = block.len();
        while coded.kept_bytes() < bytes {
            match self.input.next()? {
                Piece::Ready { bytes, last } => coded.push(self.input.take(bytes), last),
                Piece::Pending => break,
            }
        }
        coded.flush();
        let octets = coded.encoder.octets().len();
        let is_smaller = if length.is_some() {
            octets + octets / 16 < coded.kept_bytes()
        } else {
            octets <= coded.kept_bytes() + WORSE_OCTETS_MAX
        };
        self.way = Way::Coded(Box::new(coded));
        if !is_smaller {
            self.go_back();
        }
        Ok(())
    }
}

impl Coded {
    fn kept_bytes(&self) -> usize {
        self.kept.as_ref().map_or(0, Vec::len)
    }

    fn push(&mut self, text: &[u8], last: bool) {
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(text);
        }
        self.encoder.push(text);
        self.has_unflushed = true;
        if last {
            self.encoder.finish();
            self.is_complete = true;
        }
    }

    fn flush(&mut self) {
        if self.has_unflushed && !self.is_complete {
            self.encoder.flush();
            self.has_unflushed = false;
        }
    }

    /// Feeds text to the encoder until it has enough octets for a frame, or there is no more text.
    fn next(&mut self, input: &mut Input<'_>) -> io::Result<Piece> {
        // While the receiver may still refuse the coding, only the first block is kept, so no more
        // is read.
        let may_grow = self.kept.is_none();
        while may_grow && !self.is_complete && self.encoder.octets().len() <= PAYLOAD_OCTETS_MAX {
            match input.next()? {
                Piece::Ready { bytes, last } => self.push(input.take(bytes), last),
                Piece::Pending if self.has_unflushed => self.flush(),
                Piece::Pending => break,
            }
        }
        Ok(match self.encoder.octets().len() {
            0 if !self.is_complete => Piece::Pending,
            left => Piece::Ready {
                bytes: left.min(PAYLOAD_OCTETS_MAX),
                last: self.is_complete && left <= PAYLOAD_OCTETS_MAX,
            },
        })
    }
}

/// How many bytes of text a receiver can decode from these octets.
fn text_bytes(decoder: &mut Decoder, mut octets: &[u8]) -> io::Result<u64> {
    let (mut text, mut bytes) = ([0; 4096], 0);
    loop {
        let step = decoder.decode(octets, &mut text);
        // An error would be a bug in the encoder. Its output must not be sent.
        let step = step.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        octets = &octets[step.octets..];
        bytes += step.bytes as u64;
        if !step.has_more {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
mod tests;
