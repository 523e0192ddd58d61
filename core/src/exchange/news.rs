//! The inputs and outputs of an exchange other than bits.

use core::fmt;

use crate::Bit;
use crate::classic::Memory;

/// Which protocols senders may speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Protocols {
    /// Both. They are told apart by their first bits, if the
    /// [dialect](crate::classic::Dialect::admits_framed) allows it.
    #[default]
    Both,
    /// Every sender is taken for a classic one.
    ClassicOnly,
}

/// The protocol of one sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Protocol {
    /// Eight bits for each byte.
    Classic,
    /// HDLC frames.
    Framed,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "classic",
            Self::Framed => "framed",
        })
    }
}

/// What the host has to do next, or to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "an output that is dropped is lost"]
pub enum Output<'a> {
    /// Send `symbol` to the process `peer`.
    Transmit {
        /// The sender to acknowledge.
        peer: u32,
        /// The acknowledgment.
        symbol: Bit,
        /// Whether the acknowledgment had to wait, for the floor or for the host, since the bit
        /// came. The process may have become another program since then, so the host must examine
        /// it again.
        held_back: bool,
    },
    /// Octets have arrived. The sender waits until [`Exchange::accept`](super::Exchange::accept) or
    /// [`Exchange::refuse`](super::Exchange::refuse) is called for it, now or later. A sender whose
    /// dialect does not acknowledge single bits does not wait: what it sends before then is
    /// [lost](Handled::Lost).
    Payload(Payload<'a>),
    /// The message of `peer` was refused because it is longer than [the
    /// limit](super::Exchange::with_octets_max).
    TooLong {
        /// The sender.
        peer: u32,
        /// Octets of the message that had been delivered before.
        offset: u64,
    },
    /// `peer` has ended and is forgotten.
    Closed {
        /// The sender.
        peer: u32,
        /// Octets delivered of the message that was cut off, if one was.
        cut: Option<u64>,
        /// What to remember of its program, if its dialect was guessed.
        memory: Memory,
    },
}

/// A piece of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Payload<'a> {
    /// The sender.
    pub peer: u32,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// Whether the message begins with this piece.
    pub first: bool,
    /// Whether it ends with this piece. Accepting the last piece confirms the whole message.
    pub last: bool,
    /// How the octets of the message are coded: 0 for not at all, or one of [those that the host
    /// knows](super::Exchange::with_codings).
    pub coding: u8,
    /// Total length in octets, if the beginning of the message gave it.
    pub length: Option<u64>,
    /// Octets that came before this piece.
    pub offset: u64,
    /// The octets of this piece.
    pub octets: &'a [u8],
}

/// Why a sender was not given a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum OpenError {
    /// All places are taken by living senders. One becomes free when a sender ends.
    Full,
    /// It has one already.
    AlreadyOpen,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "all places are taken",
            Self::AlreadyOpen => "the sender has a place already",
        })
    }
}

impl core::error::Error for OpenError {}

/// What became of a bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "an unknown sender is to be opened, or its bit is lost"]
pub enum Handled {
    /// It will be processed, at once or when its sender gets the floor.
    Taken,
    /// The same symbol of the same sender still waits, so this one is a repetition: ignored.
    Repeated,
    /// Its sender's dialect does not acknowledge single bits, and the host has not answered what
    /// came before: the bit is lost, and the message is damaged.
    Lost,
    /// Its sender's message was refused for good, and nothing more is accepted from it: ignored.
    Ignored,
    /// Its sender has no place: [open](super::Exchange::open) one first.
    Unknown,
}
