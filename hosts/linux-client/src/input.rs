//! The message: words of the command line, or standard input as it comes.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

use minitalk_core::frame::PAYLOAD_OCTETS_MAX;
use minitalk_signals::{Interest, is_ready};

use crate::failure::{Cause, Failure};

/// The message, in pieces that fit a frame.
#[derive(Debug)]
pub(crate) struct Input {
    ready: Vec<u8>,
    taken: usize,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Stdin(io::Stdin),
    Ended,
}

/// The next piece of the message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So many octets, which [`Input::piece`] holds; `last` if they end the message.
    Ready { octets: usize, last: bool },
    /// Nothing yet: standard input has to be waited for.
    Pending,
}

impl Input {
    /// `text`, words joined by spaces, or standard input if there are no words.
    pub(crate) fn new(text: &[OsString]) -> Self {
        if text.is_empty() {
            return Self { ready: Vec::new(), taken: 0, source: Source::Stdin(io::stdin()) };
        }
        let words: Vec<&[u8]> = text.iter().map(|word| word.as_bytes()).collect();
        Self { ready: words.join(&b' '), taken: 0, source: Source::Ended }
    }

    /// Total number of octets, where it is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.source {
            Source::Ended => u64::try_from(self.ready.len()).ok(),
            Source::Stdin(_) => None,
        }
    }

    /// Total number of octets, for people: that of a file may change while it is being sent.
    pub(crate) fn length_hint(&self) -> Option<u64> {
        let Source::Stdin(stdin) = &self.source else { return self.length() };
        let file = File::from(stdin.as_fd().try_clone_to_owned().ok()?);
        let metadata = file.metadata().ok()?;
        let position = (&file).stream_position().ok()?;
        metadata.is_file().then(|| metadata.len().saturating_sub(position))
    }

    /// Looks for the next piece, without waiting for it. What a slow source has is sent at once.
    pub(crate) fn next(&mut self) -> io::Result<Piece> {
        while self.left() <= PAYLOAD_OCTETS_MAX {
            if !self.read()? {
                break;
            }
        }
        let ended = matches!(self.source, Source::Ended);
        Ok(match self.left() {
            0 if !ended => Piece::Pending,
            left => Piece::Ready {
                octets: left.min(PAYLOAD_OCTETS_MAX),
                last: ended && left <= PAYLOAD_OCTETS_MAX,
            },
        })
    }

    /// Takes `octets` of the message out.
    pub(crate) fn piece(&mut self, octets: usize) -> &[u8] {
        let start = self.taken;
        self.taken = (start + octets).min(self.ready.len());
        &self.ready[start..self.taken]
    }

    /// Standard input, to be watched while a piece is pending.
    pub(crate) fn watch(&self) -> Option<BorrowedFd<'_>> {
        match &self.source {
            Source::Stdin(stdin) => Some(stdin.as_fd()),
            Source::Ended => None,
        }
    }

    /// Everything to the end, waiting for it.
    pub(crate) fn read_all(mut self, pid: i64) -> Result<Vec<u8>, Failure> {
        if let Source::Stdin(stdin) = &mut self.source {
            let read = stdin.read_to_end(&mut self.ready);
            read.map_err(|error| Failure::before_sending(pid, Cause::Input(error)))?;
        }
        Ok(self.ready)
    }

    fn left(&self) -> usize {
        self.ready.len() - self.taken
    }

    /// Reads what standard input has; false if it has nothing now, or has ended.
    fn read(&mut self) -> io::Result<bool> {
        let Source::Stdin(stdin) = &mut self.source else { return Ok(false) };
        if !is_ready(stdin.as_fd(), Interest::Readable) {
            return Ok(false);
        }
        self.ready.drain(..self.taken);
        self.taken = 0;
        let mut buffer = [0; 16 * 1024];
        match stdin.lock().read(&mut buffer) {
            Ok(0) => self.source = Source::Ended,
            Ok(count) => self.ready.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(matches!(self.source, Source::Stdin(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(words: &[&str]) -> Vec<(usize, bool)> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let mut input = Input::new(&words);
        let mut pieces = Vec::new();
        loop {
            match input.next().unwrap() {
                Piece::Ready { octets, last } => {
                    assert_eq!(input.piece(octets).len(), octets);
                    pieces.push((octets, last));
                    if last {
                        return pieces;
                    }
                }
                Piece::Pending => panic!("words are there at once"),
            }
        }
    }

    #[test]
    fn words_are_joined_by_single_spaces() {
        let words = ["a", "b", ""].map(OsString::from);
        let mut input = Input::new(&words);
        assert_eq!(input.length(), Some(4));
        assert_eq!(input.piece(4), b"a b ");
    }

    #[test]
    fn the_last_piece_is_known_to_be_the_last() {
        assert_eq!(pieces(&[""]), [(0, true)]);
        assert_eq!(pieces(&["abc"]), [(3, true)]);
        let (one, two) = ("x".repeat(PAYLOAD_OCTETS_MAX), "x".repeat(PAYLOAD_OCTETS_MAX + 1));
        assert_eq!(pieces(&[&one]), [(PAYLOAD_OCTETS_MAX, true)]);
        assert_eq!(pieces(&[&two]), [(PAYLOAD_OCTETS_MAX, false), (1, true)]);
    }
}
