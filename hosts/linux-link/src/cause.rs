//! Why a message was not, or may not have been, delivered.

use std::fmt;
use std::io;

use minitalk_core::classic::EncodeError;
use minitalk_core::{Bit, RefusalReason};
use minitalk_signals::{OpenLineError, OsError, SendError, Termination, WaitError, WatchError};
use thiserror::Error;

use crate::admission::Refusal;
use crate::diagnosis::Diagnosis;
use crate::names::FindError;

/// A message was not delivered, or it is not known whether it was.
#[derive(Debug)]
pub struct Failure {
    /// The PID of the server; `None` if no server has the name.
    pub pid: Option<i64>,
    /// What happened.
    pub cause: Cause,
    /// What the server has received of the message.
    pub delivered: Delivered,
}

/// What is known of a message that was not confirmed. Bytes are bytes of the sender's text.
///
/// The framed protocol confirms that a piece was *accepted*, that is, kept, and only at the end of
/// the message that all of it was *written*. So less may have been written than was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// None of it has been written.
    Nothing,
    /// The server has accepted `bytes`, in order, and may have accepted up to `unheard` bytes more.
    /// It has written nothing else.
    Accepted {
        /// Accepted bytes.
        bytes: u64,
        /// Bytes of the current piece, for which there was no answer.
        unheard: u64,
    },
    /// All of it was sent, and the server may or may not have written it.
    Unknown,
    /// In the classic protocol: every bit of this many bytes was acknowledged.
    Acknowledged(u64),
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Nothing => f.write_str("nothing was delivered"),
            Self::Accepted { bytes: 0, unheard } => {
                write!(f, "up to {unheard} bytes may have been written")
            }
            Self::Accepted { bytes, unheard: 0 } => {
                write!(f, "{} accepted and may have been written", Bytes(bytes))
            }
            Self::Accepted { bytes, unheard } => {
                let most = bytes + unheard;
                write!(f, "{} accepted, and up to {most} may have been written", Bytes(bytes))
            }
            Self::Unknown => {
                f.write_str("the whole message was sent, and whether it was written is unknown")
            }
            Self::Acknowledged(0) => f.write_str("no whole byte was acknowledged"),
            Self::Acknowledged(bytes) => write!(f, "{} acknowledged", Bytes(bytes)),
        }
    }
}

/// `1 byte was`, `2 bytes were`.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 byte was"),
            bytes => write!(f, "{bytes} bytes were"),
        }
    }
}

/// What happened.
/// Each except [`Find`](Self::Find) is the second half of a sentence about the server, without its
/// number.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Cause {
    /// No server was found by its name.
    #[error(transparent)]
    Find(FindError),
    /// The process must not be signalled.
    #[error(transparent)]
    Refusal(Refusal),
    /// The line of this process could not be opened.
    #[error("was not signalled: {0}")]
    Line(OpenLineError),
    /// The kernel refused what an [`Interrupter`](crate::Interrupter) needs.
    #[error("was not signalled: {0}")]
    Interrupter(OsError),
    /// Waiting for signals failed.
    #[error("cannot be heard any more: {0}")]
    Wait(WaitError),
    /// A descriptor could not be watched.
    #[error("cannot be heard any more: {0}")]
    Watch(WatchError),
    /// A signal could not be sent.
    #[error("{}", of_sending(*.0))]
    Send(SendError),
    /// The message could not be read.
    #[error("did not get the whole message: cannot read it: {0}")]
    Input(io::Error),
    /// The dialect cannot carry the message.
    #[error("was not signalled: {0}, which classic cannot send")]
    Encode(EncodeError),
    /// The text begins with `0xFF`, as no UTF-8 text does: to a server that accepts both protocols,
    /// that is the beginning of a framed message.
    #[error(
        "was not signalled: text that begins with the byte 0xFF would be taken for a framed message"
    )]
    LooksFramed,
    /// There has been no progress for [`Config::timeout`](crate::Config::timeout).
    #[error("has made no progress for too long")]
    TimedOut(Diagnosis),
    /// The server has ended.
    #[error("has ended")]
    Died,
    /// The server refused the message. `None` if its reason could not be determined.
    #[error("refused the message{}", of_rejection(*.0))]
    Rejected(Option<RefusalReason>),
    /// The peer answers, but not as the framed protocol does.
    #[error("answers, but does not speak the framed protocol; it may have shown stray characters")]
    NotFramed(Diagnosis),
    /// A classic server answered with a symbol that the dialect does not have there.
    #[error("answered with {}, which this dialect does not expect there", of_symbol(*.ack))]
    UnexpectedAck {
        /// The symbol.
        ack: Bit,
        /// Whether it was the answer to the first bit.
        is_first: bool,
    },
    /// A classic server has a bit twice: the text is damaged.
    #[error("has taken a bit twice: the text it shows is damaged")]
    Doubled,
    /// A signal of a third process may have hidden the acknowledgment of a classic server.
    #[error("may have missed a bit: another process signalled this client meanwhile")]
    Disturbed,
    /// The transfer was interrupted, or the deadline has passed.
    #[error("has not confirmed the whole message{}", of_interruption(*.0))]
    Interrupted(Interruption),
}

fn of_sending(error: SendError) -> String {
    match error {
        SendError::Gone => Cause::Died.to_string(),
        SendError::NotPermitted => "may no longer be signalled by this user".to_owned(),
        SendError::Unsupported | SendError::Os(_) => format!("cannot be signalled: {error}"),
    }
}

fn of_rejection(reason: Option<RefusalReason>) -> String {
    match reason {
        Some(reason) => format!(": {reason}"),
        None => ", but its reason did not come through".to_owned(),
    }
}

const fn of_interruption(interruption: Interruption) -> &'static str {
    match interruption {
        Interruption::Signal(_) | Interruption::Program => ": this client was interrupted",
        Interruption::Deadline => " in time",
    }
}

const fn of_symbol(symbol: Bit) -> &'static str {
    match symbol {
        Bit::Zero => "SIGUSR1",
        Bit::One => "SIGUSR2",
    }
}

/// What interrupted a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interruption {
    /// A signal, if [`Config::takes_terminations`](crate::Config::takes_terminations) is set.
    Signal(Termination),
    /// An [`Interrupter`](crate::Interrupter).
    Program,
    /// The [deadline](crate::Config::deadline) has passed.
    Deadline,
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
    /// One line for a log. A program with human users should also suggest what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "PID {pid} {}; {}", self.cause, self.delivered),
            None => self.cause.fmt(f),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_written_is_not_denied() {
        let said = |bytes, unheard| Delivered::Accepted { bytes, unheard }.to_string();
        assert_eq!(said(0, 256), "up to 256 bytes may have been written");
        assert_eq!(said(512, 0), "512 bytes were accepted and may have been written");
        assert_eq!(said(1, 256), "1 byte was accepted, and up to 257 may have been written");
    }

    #[test]
    fn a_failure_is_one_line_for_a_log() {
        let failure = Failure::before_sending(42, Cause::Rejected(Some(RefusalReason::Stalled)));
        let line = failure.to_string();
        assert!(line.starts_with("PID 42 refused the message: "), "{line}");
        assert!(line.ends_with("; nothing was delivered"), "{line}");
    }
}
