//! What the receiver says of a frame, spelled in acknowledgments.
//!
//! The acknowledgments of the eight bits of the flag that follows a frame carry the verdict: eight
//! times [`Bit::One`] is *accepted*, eight times [`Bit::Zero`] is *refused*, and the ordinary
//! alternation simply going on is *not accepted, send it again*. A refusal is followed by sixteen
//! more bits, all zero, whose acknowledgments spell the [reason](RefusalReason).
//!
//! Why a constant: a late or doubled signal shifts or flips an alternation but never makes it
//! constant. `docs/protocol.md`, section "Verdict", has the argument, and what would be too little.

use core::fmt;

use crate::Bit;

/// Bits whose acknowledgments spell a verdict: those of one flag.
pub const VERDICT_BITS: u8 = 8;

/// Bits of the code of a reason.
const CODE_BITS: u8 = 4;

/// Acknowledgments that spell each bit of the code, all alike: so far apart are two codes that
/// three symbols lost and three more that do not belong there make none of another.
const SYMBOLS_PER_CODE_BIT: u8 = 4;

/// Bits whose acknowledgments spell the reason of a refusal.
pub const REASON_BITS: u8 = CODE_BITS * SYMBOLS_PER_CODE_BIT;

/// Why a receiver will not take a message, now or after any repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RefusalReason {
    /// The message is longer than the receiver takes.
    TooLong,
    /// The receiver cannot write what it receives.
    OutputFailed,
    /// The receiver is about to end.
    ShuttingDown,
    /// The receiver does not speak the version named in the header.
    Version,
    /// The frame belongs to a message that the receiver knows nothing of.
    OutOfSequence,
    /// The message kept others waiting for too long: its sender was silent, or it had no end.
    Stalled,
    /// The receiver does not know how the message is coded.
    Coding,
    /// The message is not what its first or its last frame says of it.
    Mismatch,
}

impl RefusalReason {
    /// Every reason there is.
    pub const ALL: [Self; 8] = [
        Self::TooLong,
        Self::OutputFailed,
        Self::ShuttingDown,
        Self::Version,
        Self::OutOfSequence,
        Self::Stalled,
        Self::Coding,
        Self::Mismatch,
    ];

    /// The number on the wire, 1 to 14: 0 and 15 would be spelled by a line on which only one
    /// symbol gets through.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::TooLong => 1,
            Self::OutputFailed => 2,
            Self::ShuttingDown => 4,
            Self::Version => 6,
            Self::OutOfSequence => 7,
            Self::Stalled => 8,
            Self::Coding => 9,
            Self::Mismatch => 12,
        }
    }

    /// The acknowledgment at `position`, 0 to 15, of the spelling: the code's most significant bit
    /// four times, then the next one.
    #[must_use]
    pub(crate) fn symbol_at(self, position: u8) -> Bit {
        bit_at(self.code() << (8 - CODE_BITS), position / SYMBOLS_PER_CODE_BIT)
    }

    /// The reason that these sixteen acknowledgments spell, the first one in the most significant
    /// place, if they spell one exactly.
    #[must_use]
    pub fn from_spelled(symbols: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.spelled() == symbols)
    }

    fn spelled(self) -> u16 {
        (0..REASON_BITS).fold(0, |symbols, position| {
            (symbols << 1) | u16::from(self.symbol_at(position).is_one())
        })
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the message is longer than it takes",
            Self::OutputFailed => "it could not write its output",
            Self::ShuttingDown => "it is shutting down",
            Self::Version => "it speaks another version of the protocol",
            Self::OutOfSequence => "it does not know the beginning of the message",
            Self::Stalled => "the message kept others waiting for too long",
            Self::Coding => "it does not know how the message is coded",
            Self::Mismatch => "the message is not what its first or its last frame says of it",
        })
    }
}

impl core::error::Error for RefusalReason {}

/// The bit of `octet` at `position`, counted from the most significant, which is 0.
pub(crate) fn bit_at(octet: u8, position: u8) -> Bit {
    Bit::from_bool(octet.wrapping_shl(u32::from(position)) & 0x80 != 0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_reason_is_read_back_from_its_spelling() {
        for reason in RefusalReason::ALL {
            assert_eq!(RefusalReason::from_spelled(reason.spelled()), Some(reason));
        }
    }

    /// All that can be left of each of these when one symbol is lost.
    fn without_one(spellings: &BTreeSet<Vec<Bit>>) -> BTreeSet<Vec<Bit>> {
        let mut shorter = BTreeSet::new();
        for spelling in spellings {
            for lost in 0..spelling.len() {
                let mut rest = spelling.clone();
                rest.remove(lost);
                shorter.insert(rest);
            }
        }
        shorter
    }

    /// What is heard of one with `n` symbols lost and `n` strange ones is another only if, with `n`
    /// lost, the same can be left of both.
    #[test]
    fn three_symbols_lost_and_three_strange_ones_make_no_reason_of_another() {
        let rests = RefusalReason::ALL.map(|reason| {
            let spelling = (0..REASON_BITS).map(|position| reason.symbol_at(position)).collect();
            let whole = BTreeSet::from([spelling]);
            without_one(&without_one(&without_one(&whole)))
        });
        for (index, rest) in rests.iter().enumerate() {
            for other in &rests[..index] {
                assert!(rest.is_disjoint(other));
            }
        }
    }

    #[test]
    fn a_line_on_which_one_symbol_gets_through_spells_no_reason() {
        assert_eq!(RefusalReason::from_spelled(u16::MIN), None);
        assert_eq!(RefusalReason::from_spelled(u16::MAX), None);
    }

    #[test]
    fn bits_are_counted_from_the_most_significant() {
        assert_eq!(bit_at(0x80, 0), Bit::One);
        assert_eq!(bit_at(0x80, 1), Bit::Zero);
        assert_eq!(bit_at(0x01, 7), Bit::One);
    }
}
