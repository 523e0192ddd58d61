//! Content coding: fewer octets go over the line than the text has.
//!
//! `docs/protocol.md`, section 4, "Content coding", has the rules. A message is coded as a whole or
//! not at all; [`Encoder`] and [`Decoder`] are the two ends of coding [`BROTLI`].

mod decoder;
mod encoder;
mod memory;
mod varint;

pub use decoder::{DecodeError, Decoder, Step};
pub use encoder::Encoder;
pub use memory::DECODER_OCTETS_MAX;

/// The number of the coding: the length of the text, then one Brotli stream (RFC 7932).
pub const BROTLI: u8 = 1;

/// The codings that this library knows, in the form of [`Exchange::with_codings`].
///
/// [`Exchange::with_codings`]: minitalk_core::exchange::Exchange::with_codings
pub(crate) const KNOWN: u16 = 1 | 1 << BROTLI;

/// log2 of the window: how far back in the text a stream may refer, and how much a decoder keeps.
const WINDOW_BITS: u32 = 16;

/// Whether a text may shrink, at a glance.
///
/// In data that is random, encrypted or already compressed, two octets are equal once in 256 times;
/// in text, base64 and programs at least four times as often. Counting them takes one pass.
pub(crate) fn may_shrink(text: &[u8]) -> bool {
    let mut counts = [0_u64; 256];
    for &octet in text {
        counts[usize::from(octet)] += 1;
    }
    let equal_pairs: u64 = counts.iter().map(|&count| count * count.saturating_sub(1)).sum();
    let length = text.len() as u64;
    let pairs = length * length.saturating_sub(1);
    256 * equal_pairs * 2 > pairs * 3
}

#[cfg(test)]
mod tests;
