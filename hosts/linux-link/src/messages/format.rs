//! How messages look where they are written.

use crate::{Ended, Piece};

/// How messages look where they are written.
///
/// Each message is written by a clone of the program's format, which may remember what it needs
/// between two pieces. `to` is where the text goes. [`Raw`] writes nothing but the octets.
pub trait Format: Clone {
    /// Why a message was cut.
    type Reason;

    /// Whether a message is kept until it has ended, instead of being written as it comes.
    fn is_whole(&self) -> bool {
        false
    }

    /// What comes before the first octet of a message.
    fn begin(&mut self, first: &Piece<'_>, to: &mut Vec<u8>) {
        let _ = (first, to);
    }

    /// Writes the next octets of the message.
    fn take(&mut self, octets: &[u8], to: &mut Vec<u8>);

    /// Ends the message. If it was `cut`, no more of it comes, for this reason.
    ///
    /// `to` holds what has not been written of the message: all of it, if messages are
    /// [whole](Self::is_whole).
    fn end(&mut self, message: &Ended, cut: Option<&Self::Reason>, to: &mut Vec<u8>) {
        let _ = (message, cut, to);
    }

    /// What is written where a message is put aside for another one. `None` if that cannot be
    /// marked: then no message is put aside.
    fn aside(&self) -> Option<&'static str> {
        None
    }

    /// What comes before the next part of a message that was put aside.
    fn resume(&self, peer: u32, to: &mut Vec<u8>) {
        let _ = (peer, to);
    }

    /// What ends a line of which the rest could not be written.
    fn torn(&self) -> &'static str {
        ""
    }
}

/// Exactly the octets that arrive, one message after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Raw;

impl Format for Raw {
    type Reason = ();

    fn take(&mut self, octets: &[u8], to: &mut Vec<u8>) {
        to.extend_from_slice(octets);
    }
}
