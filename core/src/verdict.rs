//! What the receiver says of a frame, spelled in acknowledgments.
//!
//! The acknowledgments of the eight bits of the flag that follows a frame carry the verdict: eight
//! times [`Bit::One`] is *accepted*, eight times [`Bit::Zero`] is *refused*, and the ordinary
//! alternation simply going on is *not accepted, send it again*. A refusal is followed by eight
//! more bits, all zero, whose acknowledgments spell the [reason](RefusalReason).
//!
//! Why a constant: a late or doubled signal shifts or flips an alternation but never makes it
//! constant. `docs/protocol.md`, section "Verdict", has the argument and what was tried before.

use core::fmt;

use crate::Bit;

/// Bits whose acknowledgments spell a verdict: those of one flag.
pub(crate) const VERDICT_BITS: u8 = 8;

/// Bits whose acknowledgments spell the reason of a refusal.
pub(crate) const REASON_BITS: u8 = 8;

/// Why a receiver will not take a message, now or after any repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
    /// The sender was silent for too long while others waited.
    Stalled,
}

impl RefusalReason {
    const ALL: [Self; 6] = [
        Self::TooLong,
        Self::OutputFailed,
        Self::ShuttingDown,
        Self::Version,
        Self::OutOfSequence,
        Self::Stalled,
    ];

    /// The number on the wire, 1 to 14. The numbers in between are left out because their spelling,
    /// slipped by one symbol, would be that of another.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::TooLong => 1,
            Self::OutputFailed => 2,
            Self::ShuttingDown => 4,
            Self::Version => 6,
            Self::OutOfSequence => 7,
            Self::Stalled => 8,
        }
    }

    /// The octet spelled in the acknowledgments, most significant bit first: the code in the upper
    /// half and its complement in the lower, so that no single slip makes one reason into another.
    #[must_use]
    pub(crate) const fn spelled(self) -> u8 {
        (self.code() << 4) | (!self.code() & 0x0F)
    }

    /// The reason that `octet` spells, if it is one.
    #[must_use]
    pub(crate) fn from_spelled(octet: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.spelled() == octet)
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
            Self::Stalled => "the sender was silent for too long while others waited",
        })
    }
}

/// The bit of `octet` at `position`, counted from the most significant, which is 0.
pub(crate) fn bit_at(octet: u8, position: u8) -> Bit {
    Bit::from_bool(octet.wrapping_shl(u32::from(position)) & 0x80 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_back_from_its_spelling() {
        for reason in RefusalReason::ALL {
            assert_eq!(RefusalReason::from_spelled(reason.spelled()), Some(reason));
        }
    }

    #[test]
    fn no_reason_turns_into_another_by_one_wrong_or_slipped_symbol() {
        for reason in RefusalReason::ALL {
            let spelled = reason.spelled();
            for position in 0..8 {
                assert_eq!(RefusalReason::from_spelled(spelled ^ (1 << position)), None);
            }
            for slipped in [spelled << 1, (spelled << 1) | 1, spelled >> 1, (spelled >> 1) | 0x80] {
                assert_eq!(RefusalReason::from_spelled(slipped).filter(|&r| r != reason), None);
            }
        }
    }

    #[test]
    fn bits_are_counted_from_the_most_significant() {
        assert_eq!(bit_at(0x80, 0), Bit::One);
        assert_eq!(bit_at(0x80, 1), Bit::Zero);
        assert_eq!(bit_at(0x01, 7), Bit::One);
    }
}
