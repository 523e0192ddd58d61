//! How messages are written.

use crate::{Ended, Piece};

/// How messages are written.
///
/// Each message is written by a clone of the program's format, which may keep state between two
/// pieces. The text is appended to `to`. [`Raw`] writes nothing but the octets.
pub trait Format: Clone {
    /// Why a message was cut.
    type Reason;

    /// Whether a message is kept until it has ended, instead of being written as it arrives.
    fn is_whole(&self) -> bool {
        false
    }

    /// Writes what comes before the first octet of a message.
    fn begin(&mut self, first: &Piece<'_>, to: &mut Vec<u8>) {
        let _ = (first, to);
    }

    /// Writes the next octets of the message.
    fn take(&mut self, octets: &[u8], to: &mut Vec<u8>);

    /// Ends the message. With `cut`, it was cut off for this reason.
    ///
    /// `to` holds the part of the message that has not been written: all of it, if messages are
    /// [whole](Self::is_whole).
    fn end(&mut self, message: &Ended, cut: Option<&Self::Reason>, to: &mut Vec<u8>) {
        let _ = (message, cut, to);
    }

    /// The mark where a message is put aside for another one. `None` if the format has no such
    /// mark: then no message is put aside.
    fn aside(&self) -> Option<&'static str> {
        None
    }

    /// Writes what comes before the next part of a message that was put aside.
    fn resume(&self, peer: u32, to: &mut Vec<u8>) {
        let _ = (peer, to);
    }

    /// What ends a line the rest of which could not be written.
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
