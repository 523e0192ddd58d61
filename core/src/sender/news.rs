//! What a sender reports.

use core::fmt;

use crate::verdict::RefusalReason;

/// News for the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Event {
    /// The frame offered last was accepted: its `octets` arrived intact, once, in order. If it was
    /// the `last` one, the whole message has been written by the receiver: this is the receipt.
    Accepted {
        /// Payload octets of the frame.
        octets: usize,
        /// Whether the message is complete.
        last: bool,
    },
    /// The receiver refuses the message. `None` if the reason could not be determined.
    Refused(Option<RefusalReason>),
    /// The peer acknowledges bits, but not as this protocol does: most likely it speaks classic.
    NotFramed,
    /// The receiver has heard the same frame to its end many times in a row and never found it
    /// intact, though each acknowledgment was right. Most likely it has no room for a frame of this
    /// length, or the line inverts bits.
    NotAccepted,
    /// The requested abort has been sent.
    Aborted,
}

/// What a sender is doing: the states of the drawing in `docs/protocol.md`, section "Sender".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Phase {
    /// It waits for a payload.
    Ready,
    /// It sends ones that abort whatever frame the receiver may be in.
    Mark,
    /// It sends a frame, its flags included.
    Frame,
    /// It sends the flag whose acknowledgments are the verdict.
    Verdict,
    /// It sends zeros whose acknowledgments are the reason of a refusal.
    Reason,
    /// It sends nothing until no acknowledgment has come for a while.
    Quiet,
    /// It sends ones because the application gave up.
    Abort,
    /// It will send nothing more.
    Ended,
}

/// Why a payload was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OfferError {
    /// The frame before it has not been accepted yet, or the message has ended. The sender is
    /// unchanged.
    NotReady,
    /// The payload is longer than a frame can carry, or than this sender has room for. The sender
    /// is unchanged.
    TooLong {
        /// The largest number of octets that it accepts.
        octets_max: usize,
    },
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady => f.write_str("the sender is not ready for a payload"),
            Self::TooLong { octets_max } => {
                write!(f, "a payload of one frame has {octets_max} octets at most")
            }
        }
    }
}

impl core::error::Error for OfferError {}

/// What a sender has done so far. Counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Statistics {
    /// Bits transmitted, resent ones included.
    pub bits: u64,
    /// Bits transmitted again because no acknowledgment came in time.
    pub resent_bits: u64,
    /// Frames transmitted again from their opening flag.
    pub repeated_frames: u64,
    /// Frames accepted.
    pub accepted_frames: u64,
    /// Payload octets accepted.
    pub accepted_octets: u64,
    /// Acknowledgments that came when none was expected.
    pub stray_acks: u64,
}
