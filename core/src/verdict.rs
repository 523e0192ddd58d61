//! What the receiver says about a frame, spelled in acknowledgments.
//!
//! The acknowledgments of the eight bits of the flag that follows a frame carry the verdict: eight
//! times [`Bit::One`] means *accepted*, eight times [`Bit::Zero`] means *refused*, and the ordinary
//! alternation means *not accepted, send it again*. After a refusal come sixteen more bits, all
//! zero, whose acknowledgments spell the [reason](RefusalReason).
//!
//! The verdict is a constant because a late or doubled signal shifts or inverts an alternation but
//! never makes it constant. `docs/protocol.md`, section "Verdict", has the argument, and what would
//! not suffice.

use core::fmt;

use crate::Bit;

/// The number of bits whose acknowledgments spell a verdict: those of one flag.
pub const VERDICT_BITS: u8 = 8;

/// The number of bits in the code of a reason.
const CODE_BITS: u8 = 4;

/// How many acknowledgments, all alike, spell each bit of the code. That puts codes so far apart
/// that three lost symbols and three foreign ones do not turn one code into another.
const SYMBOLS_PER_CODE_BIT: u8 = 4;

/// The number of bits whose acknowledgments spell the reason of a refusal.
pub const REASON_BITS: u8 = CODE_BITS * SYMBOLS_PER_CODE_BIT;

/// Why a receiver does not accept a message, now or after any repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RefusalReason {
    /// The message is longer than the receiver accepts.
    TooLong,
    /// The receiver cannot write what it receives.
    OutputFailed,
    /// The receiver is about to end.
    ShuttingDown,
    /// The receiver does not speak the version named in the header.
    Version,
    /// The frame belongs to a message that the receiver does not know.
    OutOfSequence,
    /// The message kept others waiting for too long: its sender was silent, or it had no end.
    Stalled,
    /// The receiver does not know how the message is coded.
    Coding,
    /// The message does not agree with its first or its last frame.
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

    /// The number on the wire, 1 to 14. A line on which only one symbol gets through would spell 0
    /// or 15.
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

    /// The acknowledgment at `position`, 0 to 15, of the spelling: each bit of the code four times,
    /// the most significant first.
    #[must_use]
    pub(crate) fn symbol_at(self, position: u8) -> Bit {
        bit_at(self.code() << (8 - CODE_BITS), position / SYMBOLS_PER_CODE_BIT)
    }

    /// The reason spelled by these sixteen acknowledgments, the first one in the most significant
    /// place; `None` if they spell none exactly.
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

/// The bit of `octet` at `position`; the most significant bit is at 0.
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

    /// Everything that can be left of each of these when one symbol is lost.
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

    /// One spelling with `n` symbols lost and `n` foreign ones added can equal another only if the
    /// two can become equal by losing `n` symbols each.
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
