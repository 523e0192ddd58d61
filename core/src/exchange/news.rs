//! What goes in and comes out besides bits: choices, news and answers.

use core::fmt;

use crate::Bit;
use crate::classic::Memory;

/// Which protocols senders may speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Protocols {
    /// Told apart by their first bits, where the [dialect](crate::classic::Dialect::admits_framed)
    /// allows it.
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
    /// Eight bits a byte.
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

/// What the host is to do next, or to know.
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
        /// Whether it had to wait, for the floor or for the host, since the bit came. Meanwhile the
        /// process may have become another program, so it is to be looked at again.
        held_back: bool,
    },
    /// Octets have arrived. The sender waits until [`Exchange::accept`](super::Exchange::accept) or
    /// [`Exchange::refuse`](super::Exchange::refuse) is called for it, now or later. One whose
    /// dialect acknowledges no single bits does not wait: what it sends meanwhile is
    /// [lost](Handled::Lost).
    Payload(Payload<'a>),
    /// The message of `peer` was refused because it is longer than [the
    /// limit](super::Exchange::with_octets_max).
    TooLong {
        /// The sender.
        peer: u32,
        /// Octets of the message that had been delivered.
        offset: u64,
    },
    /// `peer` is gone and forgotten.
    Closed {
        /// The sender.
        peer: u32,
        /// Octets delivered of a message that was cut off, if one was.
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
    /// Whether it ends with this piece. Accepting the last piece is the receipt of the whole.
    pub last: bool,
    /// How the octets of the message are coded: 0, as they are, or one of [those
    /// known](super::Exchange::with_codings).
    pub coding: u8,
    /// Total length in octets, if the beginning of the message said so.
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
    /// All places are taken by living senders. One becomes free when one of them ends.
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
    /// The same symbol of the same sender still waits, so this one repeats it: ignored.
    Repeated,
    /// Its sender's dialect acknowledges no single bits, and the host has not answered what came
    /// before it: lost, and the message is damaged.
    Lost,
    /// Its sender's message was refused for good and no more of it is listened to: ignored.
    Ignored,
    /// Its sender has no place: [open](super::Exchange::open) one first.
    Unknown,
}
