//! Octets in, text out, in bounded steps.

use std::fmt;

use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use minitalk_core::RefusalReason;
use thiserror::Error;

use super::memory::{Budget, DECODER_OCTETS_MAX};
use super::varint::{Arriving, Fed};

/// Octets in, text out, in bounded steps.
///
/// It takes 64 KiB for the window and a few KiB more for ordinary text, and never more than
/// [`DECODER_OCTETS_MAX`](super::DECODER_OCTETS_MAX), whatever comes.
///
/// # Examples
///
/// ```
/// use minitalk::coding::{Decoder, Encoder};
///
/// let mut encoder = Encoder::new(Some(5));
/// encoder.push(b"Hello");
/// encoder.finish();
/// let (mut decoder, mut text) = (Decoder::new(), [0; 100]);
/// let step = decoder.decode(encoder.octets(), &mut text)?;
/// assert_eq!(&text[..step.bytes], b"Hello");
/// assert!(!step.has_more);
/// decoder.finish()?;
/// # Ok::<(), minitalk::coding::DecodeError>(())
/// ```
pub struct Decoder {
    stage: Stage,
    state: Box<BrotliState<Budget, Budget, Budget>>,
    /// The length of the text in bytes, if the stream gives it.
    length: Option<u64>,
    /// Bytes of text decoded so far.
    bytes: u64,
}

/// What the next octets belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Length(Arriving),
    Window,
    Stream,
    Ended,
    Failed(DecodeError),
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Octets consumed.
    pub octets: usize,
    /// Bytes of text produced.
    pub bytes: usize,
    /// Whether the octets so far may hold more text: call again before passing more octets.
    pub has_more: bool,
}

/// Why octets cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The stream begins in a way that a receiver need not know: with a length in a longer form
    /// than necessary, or with another window.
    #[error("it begins in a way that is not known")]
    Beginning,
    /// It is not a Brotli stream.
    #[error("it is not well-formed")]
    Stream,
    /// Decoding it takes too much memory.
    #[error("to decode it takes too much memory")]
    Memory,
    /// Octets follow the end of the stream, or the end is missing.
    #[error("it has another end than its last frame")]
    End,
    /// The text does not have the length that its beginning gives.
    #[error("its text has another length than its beginning says")]
    Length,
}

impl DecodeError {
    /// Why a receiver refuses such a message.
    #[must_use]
    pub const fn reason(self) -> RefusalReason {
        match self {
            Self::Beginning | Self::Stream | Self::Memory => RefusalReason::Coding,
            Self::End | Self::Length => RefusalReason::Mismatch,
        }
    }
}

impl Decoder {
    /// A decoder for one message.
    #[must_use]
    pub fn new() -> Self {
        Self::with_octets_max(DECODER_OCTETS_MAX)
    }

    pub(super) fn with_octets_max(octets_max: usize) -> Self {
        let budget = Budget::new(octets_max);
        let mut state = BrotliState::new_strict(budget.clone(), budget.clone(), budget);
        // The window is allocated at once: what a sender costs does not depend on what it sends.
        state.set_initial_ring_buffer_size(u32::MAX);
        Self {
            stage: Stage::Length(Arriving::default()),
            state: Box::new(state),
            length: None,
            bytes: 0,
        }
    }

    /// The length of the whole text in bytes, once the beginning of the message has come, if it
    /// gives it.
    #[must_use]
    pub const fn length(&self) -> Option<u64> {
        self.length
    }

    /// Takes octets of the message, and decodes as much of them as `text` has room for.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], now and for everything that follows.
    pub fn decode(&mut self, octets: &[u8], text: &mut [u8]) -> Result<Step, DecodeError> {
        self.decode_all(octets, text).inspect_err(|&error| self.stage = Stage::Failed(error))
    }

    /// Checks that the text has ended, and that it has the length that was announced.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.stage {
            Stage::Ended if self.length.is_some_and(|length| length != self.bytes) => {
                Err(DecodeError::Length)
            }
            Stage::Ended => Ok(()),
            Stage::Failed(error) => Err(error),
            Stage::Length(_) | Stage::Window | Stage::Stream => Err(DecodeError::End),
        }
    }

    fn decode_all(&mut self, octets: &[u8], text: &mut [u8]) -> Result<Step, DecodeError> {
        let mut taken = 0;
        loop {
            let rest = &octets[taken..];
            match (&mut self.stage, rest.first()) {
                (Stage::Failed(error), _) => return Err(*error),
                (Stage::Ended, Some(_)) => return Err(DecodeError::End),
                (Stage::Length(_) | Stage::Window | Stage::Ended, None) => {
                    return Ok(Step { octets: taken, bytes: 0, has_more: false });
                }
                (Stage::Length(arriving), Some(&octet)) => {
                    match arriving.feed(octet) {
                        Fed::More => {}
                        Fed::Bad => return Err(DecodeError::Beginning),
                        Fed::Length(length) => {
                            self.length = length;
                            self.stage = Stage::Window;
                        }
                    }
                    taken += 1;
                }
                // RFC 7932, section 9.1: a zero bit means a window of 64 KiB.
                (Stage::Window, Some(octet)) if octet & 1 != 0 => {
                    return Err(DecodeError::Beginning);
                }
                (Stage::Window, Some(_)) => self.stage = Stage::Stream,
                (Stage::Stream, _) => {
                    let step = self.decode_stream(rest, text)?;
                    return Ok(Step { octets: taken + step.octets, ..step });
                }
            }
        }
    }

    fn decode_stream(&mut self, octets: &[u8], text: &mut [u8]) -> Result<Step, DecodeError> {
        let (mut left, mut taken) = (octets.len(), 0);
        let (mut room, mut bytes, mut total) = (text.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            octets,
            &mut room,
            &mut bytes,
            text,
            &mut total,
            &mut self.state,
        );
        self.bytes += bytes as u64;
        if self.length.is_some_and(|length| self.bytes > length) {
            return Err(DecodeError::Length);
        }
        match result {
            BrotliResult::ResultFailure => return Err(self.failure()),
            BrotliResult::ResultSuccess if left > 0 => return Err(DecodeError::End),
            BrotliResult::ResultSuccess => self.stage = Stage::Ended,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        // The library asks for input when it has none, even if there was no room for all of the
        // text.
        let has_more = match result {
            BrotliResult::NeedsMoreOutput => true,
            BrotliResult::NeedsMoreInput => room == 0,
            BrotliResult::ResultSuccess | BrotliResult::ResultFailure => false,
        };
        Ok(Step { octets: taken, bytes, has_more })
    }

    fn failure(&self) -> DecodeError {
        let code = self.state.error_code as i32;
        // Of the format's error codes, -21 to -30 are about memory.
        if (-30..=-21).contains(&code) { DecodeError::Memory } else { DecodeError::Stream }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("stage", &self.stage)
            .field("length", &self.length)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
