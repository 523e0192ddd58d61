//! HDLC framing on a bit-synchronous line (ISO/IEC 13239; RFC 1662, section 5).
//!
//! ```text
//!            ├──── zeros inserted here ────┤
//! ┌──────────┬──────────────────┬──────────┬──────────┐
//! │ flag     │ content          │ FCS      │ flag     │
//! │ 01111110 │ 8 × n bits       │ 32 bits  │ 01111110 │
//! └──────────┴──────────────────┴──────────┴──────────┘
//!   8 bits     1 ≤ n ≤ N − 4                 8 bits, and the opening flag of the next frame
//! ```
//!
//! Octets are sent least significant bit first. Between the flags a zero is inserted after every
//! five ones, so six ones in a row are always a flag and seven or more always an abort. A receiver
//! therefore finds the next frame whatever has happened to the line before, and the FCS-32 (RFC
//! 1662, C.3) shows whether that frame is intact.
//!
//! Two frames may share a flag, and two flags the zero between them (`011111101111110`).
//!
//! [`Framer`] turns content into bits, [`Cursor`] does the same for a sender that owns its buffer,
//! [`Deframer`] turns bits into content.
//!
//! # Other protocols
//!
//! The framing above is that of this crate's own protocol. Most others have two octets of FCS
//! instead of four. That is a type parameter: [`Fcs16`], or [`NoFcs`] for frames with another check
//! or none. Address and control octets are part of the content and have no meaning here. If the
//! line is coded (NRZI, a scrambler), decode it before [`feed`](Deframer::feed), bit by bit.
//!
//! | protocol | deframer | content begins with |
//! |---|---|---|
//! | AX.25 | `Deframer<332, Fcs16>` | addresses of 7 octets each, control, protocol identifier |
//! | X.25 (LAPB), ISDN (LAPD) | `Deframer<266, Fcs16>` | address, control |
//! | PPP in HDLC-like framing | `Deframer<1506, Fcs16>`, after LCP perhaps `Fcs` | `FF 03`, protocol |
//! | frames whose FCS others check | `Deframer<N, NoFcs>` | whatever stands after the flag |
//!
//! ```
//! use minitalk_core::Bit;
//! use minitalk_core::hdlc::{Deframed, Deframer, Fcs16};
//!
//! // ITU-T X.25, appendix I: the command SABM (P = 1) to the address A, as it is transmitted.
//! let line = "01111110 11000000 1111 1 0 100 11011010 00110111 01111110";
//! let mut deframer = Deframer::<266, Fcs16>::new();
//! let mut frames = Vec::new();
//! for symbol in line.chars().filter(|symbol| *symbol != ' ') {
//!     if let Ok(Deframed::Frame(content)) = deframer.feed(Bit::from_bool(symbol == '1')) {
//!         frames.push(content.to_vec());
//!     }
//! }
//! assert_eq!(frames, [[0x03, 0x3F]]);
//! ```
//!
//! # Overhead
//!
//! Two flags and the FCS take 48 bits per frame, or 40 where frames share a flag. Random content
//! gets one zero for every 62 bits, any content at most one for every 5. Bits on the line for 256
//! octets of content, which are 2048 bits:
//!
//! | content               | zeros inserted | bits on the line | more than the content |
//! |-----------------------|---------------:|-----------------:|----------------------:|
//! | all zeros             |              0 |             2096 |                 2.3 % |
//! | random, on average    |           33.5 |           2129.5 |                 4.0 % |
//! | all ones              |            410 |             2506 |                22.4 % |

mod check_sequence;
mod deframer;
mod fcs;
mod fcs16;
mod framer;
#[cfg(test)]
mod standards;

pub use check_sequence::{CheckSequence, NoFcs};
pub(crate) use deframer::Unchecked;
pub use deframer::{Deframed, Deframer, FeedError};
pub use fcs::{FCS_OCTETS, Fcs};
pub use fcs16::{FCS16_OCTETS, Fcs16};
pub use framer::{Cursor, Framer, Section};

use crate::Bit;

/// The octet between frames, `01111110` on the line.
pub const FLAG: u8 = 0x7E;

/// The bits of a [`FLAG`] in the order in which they are sent.
pub const FLAG_BITS: [Bit; 8] =
    [Bit::Zero, Bit::One, Bit::One, Bit::One, Bit::One, Bit::One, Bit::One, Bit::Zero];

/// The number of consecutive ones that abort a frame; more do so as well.
pub const ABORT_ONES: u8 = 7;

/// The number of consecutive ones that content may have; a zero is inserted after them.
const ONES_MAX: u8 = 5;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    /// Octets of content in the table above.
    const OCTETS: u32 = 256;

    #[test]
    fn the_flag_bits_are_the_flag_least_significant_bit_first() {
        let octet = FLAG_BITS.iter().rev().fold(0, |octet, bit| octet << 1 | u8::from(*bit));
        assert_eq!(octet, FLAG);
    }

    /// A row of the table above: zeros inserted, bits on the line, overhead.
    fn row(name: &str, digits: usize, inserted: f64) -> String {
        let content = f64::from(OCTETS) * 8.0;
        let bits = content + 48.0 + inserted;
        let more = (bits / content - 1.0) * 100.0;
        format!("| {name:21} | {inserted:14.digits$} | {bits:16.digits$} | {more:19.1} % |")
    }

    fn inserted(content: &[u8; 256]) -> u32 {
        u32::try_from(Framer::new(content).count()).unwrap() - OCTETS * 8 - 48
    }

    #[test]
    fn the_table_of_overhead_says_what_the_framer_does() {
        let table = include_str!("hdlc.rs");
        let contains = |row: String| assert!(table.contains(&row), "{row}");
        contains(row("all zeros", 0, inserted(&[0; 256]).into()));
        contains(row("all ones", 0, inserted(&[0xFF; 256]).into()));
        contains(row("random, on average", 1, 33.5));

        let mut random = minitalk_testing::Random::new(1);
        let frames = 4000;
        let all: u32 =
            (0..frames).map(|_| inserted(&core::array::from_fn(|_| random.octet()))).sum();
        // Four standard errors: the average of this many frames has a standard error of 0.09.
        let average = f64::from(all) / f64::from(frames);
        assert!((average - 33.5).abs() < 0.36, "{average}");
    }
}
