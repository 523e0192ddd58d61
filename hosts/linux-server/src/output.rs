//! Where messages are written: one after the other, never mixed, never blocking.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};

use minitalk_core::Instant;
use minitalk_core::exchange::{Payload, Protocol};
use minitalk_signals::{Interest, is_ready};
use serde_json::Value;

use crate::cli::Options;
use crate::message::{Message, Style};
use crate::peers::Known;
use crate::reason::Reason;
use crate::serve::ServeError;

/// Silence after which a message is cut while others wait for the output.
pub(crate) const STALL_MICROS: u64 = 5_000_000;

/// Lines that are no messages and are kept while there is no room for them, on a full disk for example.
const HELD_LINES_MAX: usize = 64;

/// A pipe that poll(2) calls writable takes at least this much without blocking (pipe(7)).
const PIPE_BUF: usize = 4096;

/// Standard output, or a file, and the messages on their way to it.
///
/// The first one is written as it arrives; the others are kept and written when it is their turn.
#[derive(Debug)]
pub(crate) struct Output {
    sink: File,
    /// Whether a write may have to wait: not to a regular file, which is always ready (poll(2)).
    may_block: bool,
    style: Style,
    /// Whether the end of a message has to reach the disk before it is confirmed.
    sync: bool,
    messages: VecDeque<Message>,
    /// Lines that are no messages and found no room, until something else is written.
    held: VecDeque<Message>,
    /// The last line was begun and will not be completed.
    is_torn: bool,
}

/// Something safe, which may be accepted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) peer: u32,
    /// The message that is complete with it, if one is.
    pub(crate) completed: Option<Completed>,
}

/// A message that has been written to its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Completed {
    pub(crate) protocol: Protocol,
    pub(crate) octets: u64,
    pub(crate) seconds: f64,
}

impl Output {
    /// The output that the user asked for.
    pub(crate) fn new(options: &Options) -> Result<Self, ServeError> {
        let (sink, is_terminal) = if let Some(path) = &options.output {
            let opened = File::options().append(true).create(true).open(path);
            let path = path.display().to_string();
            (opened.map_err(|error| ServeError::File { path, error })?, false)
        } else {
            let stdout = io::stdout();
            let sink = stdout.as_fd().try_clone_to_owned().map_err(ServeError::Output)?;
            (File::from(sink), stdout.is_terminal())
        };
        let style = match (options.raw, options.json, is_terminal) {
            (true, _, _) => Style::Raw,
            (false, true, _) => Style::Json,
            (false, false, true) => Style::Terminal,
            (false, false, false) => Style::Text,
        };
        let may_block = !sink.metadata().is_ok_and(|metadata| metadata.is_file());
        let (messages, held) = (VecDeque::new(), VecDeque::new());
        let sync = options.sync;
        Ok(Self { sink, may_block, style, sync, messages, held, is_torn: false })
    }

    /// Takes a line that is no message, to be written in its turn.
    pub(crate) fn push_line(&mut self, object: &Value) {
        self.messages.push_back(Message::line(object));
        self.retry_held();
    }

    /// Puts the line that could not be written aside, until something else is to be written.
    pub(crate) fn hold_line(&mut self) {
        if let Some(mut line) = self.messages.pop_front() {
            self.is_torn |= line.is_torn();
            line.rewind();
            self.held.push_back(line);
        }
        if self.held.len() > HELD_LINES_MAX {
            self.held.pop_front();
        }
    }

    /// Lets the lines that were put aside go first, but not into the middle of a message.
    fn retry_held(&mut self) {
        if self.messages.front().is_none_or(|front| !front.is_torn()) {
            while let Some(line) = self.held.pop_back() {
                self.messages.push_front(line);
            }
        }
    }

    /// Takes a piece of a message.
    pub(crate) fn push(&mut self, piece: &Payload<'_>, sender: Option<&Known>, now: Instant) {
        let arriving = |message: &&mut Message| message.peer == piece.peer && message.is_arriving();
        if let Some(message) = self.messages.iter_mut().find(arriving) {
            message.push(piece, now);
        } else {
            let mut message = Message::new(piece, sender, self.style, now);
            message.push(piece, now);
            self.messages.push_back(message);
            self.retry_held();
        }
    }

    /// Ends what has arrived of the message of `peer`, if any of it has; says how many octets.
    pub(crate) fn cut(&mut self, peer: u32, reason: &Reason) -> Option<u64> {
        let arriving = |message: &&mut Message| message.peer == peer && message.is_arriving();
        let message = self.messages.iter_mut().find(arriving)?;
        message.cut(reason);
        Some(message.octets)
    }

    /// Drops the message of `peer`, of which nothing more can be written.
    pub(crate) fn drop_message(&mut self, peer: u32) {
        let mut dropped = self.messages.iter().filter(|message| message.peer == peer);
        self.is_torn |= dropped.any(Message::is_torn);
        self.messages.retain(|message| message.peer != peer);
    }

    /// Forgets what is to be written: nobody reads any more, and nobody is told that it is written.
    pub(crate) fn discard(&mut self) {
        for message in &mut self.messages {
            message.written(message.unwritten().len());
        }
    }

    /// The senders of messages that have not been written to their end.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = u32> {
        self.messages.iter().map(|message| message.peer)
    }

    /// The senders of messages of which more was to come.
    pub(crate) fn arriving(&self) -> impl Iterator<Item = u32> {
        self.messages.iter().filter(|message| message.is_arriving()).map(|message| message.peer)
    }

    /// Writes what can be written without waiting.
    ///
    /// # Errors
    ///
    /// The sender of the message that could not be written, and why.
    pub(crate) fn write(&mut self) -> Result<(), (u32, io::Error)> {
        while let Some(message) = self.messages.front_mut() {
            let unwritten = message.unwritten();
            if unwritten.is_empty() {
                if !message.is_over() {
                    return Ok(());
                }
                self.messages.pop_front();
                continue;
            }
            if self.may_block && !is_writable(self.sink.as_fd()) {
                return Ok(());
            }
            if self.is_torn {
                let end = self.style.end_of_torn().as_bytes();
                self.sink.write_all(end).map_err(|error| (message.peer, error))?;
                self.is_torn = false;
            }
            let part = &unwritten[..unwritten.len().min(PIPE_BUF)];
            match self.sink.write(part) {
                Ok(0) => return Err((message.peer, ErrorKind::WriteZero.into())),
                Ok(count) => {
                    message.written(count);
                    if self.sync && message.is_written() {
                        self.sink.sync_data().map_err(|error| (message.peer, error))?;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err((message.peer, error)),
            }
        }
        Ok(())
    }

    /// A piece that is safe and may be accepted, if there is one.
    pub(crate) fn next_answer(&mut self) -> Option<Answer> {
        let answer = self.messages.iter_mut().find_map(|message| {
            message.take_answer().then(|| Answer {
                peer: message.peer,
                completed: (!message.is_arriving()).then(|| Completed {
                    protocol: message.protocol,
                    octets: message.octets,
                    seconds: message.seconds(),
                }),
            })
        });
        while self.messages.front().is_some_and(Message::is_over) {
            self.messages.pop_front();
        }
        answer
    }

    /// Whether something is to be written.
    #[inline]
    pub(crate) fn is_behind(&self) -> bool {
        self.messages.front().is_some_and(|message| !message.unwritten().is_empty())
    }

    /// Where it is written.
    pub(crate) fn sink(&self) -> BorrowedFd<'_> {
        self.sink.as_fd()
    }

    /// The sender whose message keeps others from being written, and when it will have been silent
    /// for too long.
    pub(crate) fn stall(&self) -> Option<(u32, Instant)> {
        let front = self.messages.front()?;
        let stalls = self.messages.len() > 1 && front.is_arriving() && front.unwritten().is_empty();
        stalls.then(|| (front.peer, front.heard_at.after_micros(STALL_MICROS)))
    }

    /// Tells that `peer` has sent or been sent a symbol: however slow its bytes are, it is not silent.
    pub(crate) fn hear(&mut self, peer: u32, now: Instant) {
        let arriving = |message: &&mut Message| message.peer == peer && message.is_arriving();
        if let Some(message) = self.messages.iter_mut().find(arriving) {
            message.heard_at = now;
        }
    }
}

fn is_writable(sink: BorrowedFd<'_>) -> bool {
    is_ready(sink, Interest::Writable)
}
