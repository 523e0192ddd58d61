//! Why a message was not, or may not have been, delivered.

use std::error::Error;
use std::fmt;
use std::io;

use minitalk_core::classic::EncodeError;
use minitalk_core::{Bit, RefusalReason};
use minitalk_signals::{OpenLineError, OsError, SendError, Termination, WaitError, WatchError};

use crate::admission::Refusal;
use crate::diagnosis::Diagnosis;
use crate::names::FindError;

/// A message was not delivered, or nobody knows whether it was.
#[derive(Debug)]
pub struct Failure {
    /// The number of the server. `None` if there is no server of the name.
    pub pid: Option<i64>,
    /// What happened.
    pub cause: Cause,
    /// What the server has of the message.
    pub delivered: Delivered,
}

/// What is known of a message that was not confirmed. Bytes are those of the sender's text.
///
/// The framed protocol confirms that pieces are *accepted*, that is kept, and only at the end of
/// the message that all of it is *written*. So less than what is accepted may have been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Nothing of it has been written.
    Nothing,
    /// The server has accepted `bytes`, in order, and may have accepted up to `unheard` bytes more.
    /// It has written no others.
    Accepted {
        /// Accepted bytes.
        bytes: u64,
        /// Bytes of the piece under way, of which nothing was heard.
        unheard: u64,
    },
    /// All of it was sent, and the server may or may not have written it.
    Unknown,
    /// Every bit of this many bytes was acknowledged, in the classic protocol.
    Acknowledged(u64),
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Cause {
    /// No server was found by the name.
    Find(FindError),
    /// The process must not be signalled.
    Refusal(Refusal),
    /// The line of this process could not be opened.
    Line(OpenLineError),
    /// What an [`Interrupter`](crate::Interrupter) needs could not be had.
    Interrupter(OsError),
    /// Waiting for signals failed.
    Wait(WaitError),
    /// A descriptor cannot be waited for.
    Watch(WatchError),
    /// A signal could not be sent.
    Send(SendError),
    /// The message could not be read.
    Input(io::Error),
    /// The message cannot be sent in the dialect.
    Encode(EncodeError),
    /// The text begins with `0xFF`, as nothing in UTF-8 does: to a server that takes both
    /// protocols, that is the beginning of a framed message.
    LooksFramed,
    /// Nothing has got further for [`Config::timeout`](crate::Config::timeout).
    TimedOut(Diagnosis),
    /// The server has ended.
    Died,
    /// The server refuses the message. `None`: its reason could not be made out.
    Rejected(Option<RefusalReason>),
    /// The peer answers, but not as the framed protocol does.
    NotFramed(Diagnosis),
    /// A classic server answered with a symbol that the dialect does not have there.
    UnexpectedAck {
        /// The symbol.
        ack: Bit,
        /// Whether it was the answer to the first bit.
        is_first: bool,
    },
    /// A classic server has a bit twice: the text is damaged.
    Doubled,
    /// A signal of a third process may have hidden the acknowledgment of a classic server.
    Disturbed,
    /// Somebody asked to end.
    Interrupted(Interruption),
}

/// Who asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interruption {
    /// A signal, if [`Config::takes_terminations`](crate::Config::takes_terminations) says so.
    Signal(Termination),
    /// An [`Interrupter`](crate::Interrupter).
    Program,
}

impl Failure {
    /// A failure before the first bit was sent.
    pub(crate) const fn before_sending(pid: i64, cause: Cause) -> Self {
        Self { pid: Some(pid), cause, delivered: Delivered::Nothing }
    }
}

impl From<FindError> for Failure {
    fn from(error: FindError) -> Self {
        Self { pid: None, cause: Cause::Find(error), delivered: Delivered::Nothing }
    }
}

impl fmt::Display for Failure {
    /// One line for a log. A program that talks to people has better words for [`Cause`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "PID {pid}: {:?} ({:?})", self.cause, self.delivered),
            None => write!(f, "{:?}", self.cause),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Find(error) => Some(error),
            Cause::Refusal(error) => Some(error),
            Cause::Line(error) => Some(error),
            Cause::Interrupter(error) => Some(error),
            Cause::Wait(error) => Some(error),
            Cause::Watch(error) => Some(error),
            Cause::Send(error) => Some(error),
            Cause::Input(error) => Some(error),
            Cause::Encode(error) => Some(error),
            Cause::TimedOut(_)
            | Cause::LooksFramed
            | Cause::Died
            | Cause::Rejected(_)
            | Cause::NotFramed(_)
            | Cause::UnexpectedAck { .. }
            | Cause::Doubled
            | Cause::Disturbed
            | Cause::Interrupted(_) => None,
        }
    }
}
