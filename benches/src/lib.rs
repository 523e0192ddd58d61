//! What the benches share: the text that they send and its bits, the yardstick, the two programs.

pub mod corpus;
pub mod crowd;
pub mod damaged;
pub mod figures;
pub mod idle;
pub mod link;
pub mod load;
pub mod programs;
pub mod round;
pub mod yardstick;

use minitalk_core::Bit;
use minitalk_core::classic::{Dialect, Encoder};
use minitalk_core::hdlc::Framer;

/// Octets that look random and are the same in every run.
#[must_use]
pub fn octets(count: usize) -> Vec<u8> {
    let mut state: u32 = 0x2545_F491;
    let mut next = || {
        // Marsaglia's xorshift32.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..count).map(|_| next()).collect()
}

/// The same without NUL, which classic cannot carry.
#[must_use]
pub fn text(count: usize) -> Vec<u8> {
    octets(count).into_iter().map(|octet| octet.max(1)).collect()
}

/// `text` as classic bits.
///
/// # Panics
///
/// If it contains NUL.
#[must_use]
pub fn classic_bits(text: &[u8]) -> Vec<Bit> {
    Encoder::new(Dialect::DEFAULT, text).expect("no NUL").collect()
}

/// `octets` as bits of frames of `frame_octets` each.
#[must_use]
pub fn framed_bits(octets: &[u8], frame_octets: usize) -> Vec<Bit> {
    octets.chunks(frame_octets).flat_map(Framer::new).collect()
}
