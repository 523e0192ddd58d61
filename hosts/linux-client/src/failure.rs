//! What can go wrong, said in one sentence: the PID, the cause, what has been delivered, the way out.

use std::fmt;
use std::io;

use minitalk::admission::Refusal;
use minitalk::names::FindError;
use minitalk_core::classic::EncodeError;
use minitalk_core::{Bit, RefusalReason};
use minitalk_signals::{
    OpenLineError, ReadProcessError, SendError, Termination, WaitError, user_name,
};

use crate::json::{self, FailedLine};
use crate::note::note;
use crate::way::Way;

/// Why the message was not, or may not have been, delivered.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) pid: i64,
    pub(crate) cause: Cause,
    pub(crate) delivered: Delivered,
}

/// What is known of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// The server has confirmed so many octets of it, in order, and has taken no more.
    Octets(u64),
    /// It has confirmed so many, and may have taken the piece after them as well, which has so many.
    AtLeast { octets: u64, unheard: u64 },
    /// All of it was sent, and the server may or may not have written it.
    Unknown,
    /// Classic, which confirms bits: so many whole bytes were acknowledged.
    Acknowledged(u64),
    /// There was no message to send.
    NoMessage,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Cause {
    Find(FindError),
    Trace(io::Error),
    Refusal(Refusal),
    Line(OpenLineError),
    Wait(WaitError),
    Send(SendError),
    Input(io::Error),
    Encode(EncodeError),
    TimedOut { seconds: f64, way: Way },
    Died,
    Rejected(Option<RefusalReason>),
    NotFramed(Way),
    UnexpectedAck { ack: Bit, is_first: bool },
    Doubled,
    Disturbed,
    Interrupted(Termination),
}

impl Failure {
    /// The server was given by a name, and there is no such server.
    pub(crate) fn not_found(error: FindError) -> Self {
        Self::before_sending(0, Cause::Find(error))
    }

    /// A failure before the first bit was sent.
    pub(crate) fn before_sending(pid: i64, cause: Cause) -> Self {
        Self { pid, cause, delivered: Delivered::Octets(0) }
    }

    /// The same where something else was to be done than to send.
    pub(crate) fn without_message(self) -> Self {
        Self { delivered: Delivered::NoMessage, ..self }
    }

    /// Says why, to people and, if they are there, to programs. The exit code.
    pub(crate) fn tell(&self, is_json: bool) -> u8 {
        if is_json {
            // When nobody reads any more, the exit code still tells.
            let _ = json::print(&FailedLine::from(self));
        }
        note(self);
        self.code()
    }

    /// The exit code, as documented in `--help`.
    pub(crate) fn code(&self) -> u8 {
        match &self.cause {
            Cause::Interrupted(termination) => {
                128 + u8::try_from(termination.number()).unwrap_or(0)
            }
            // Whatever ended the link: all was sent, and may have been written.
            _ if self.delivered == Delivered::Unknown => 7,
            Cause::Refusal(
                Refusal::NotPermitted { .. }
                | Refusal::AcknowledgmentNotPermitted { .. }
                | Refusal::NamespaceInside,
            )
            | Cause::Send(SendError::NotPermitted) => 4,
            Cause::Refusal(Refusal::Unopened(_) | Refusal::Unreadable(_))
            | Cause::Find(FindError::Folder(_) | FindError::Io { .. } | FindError::Proc(_))
            | Cause::Trace(_)
            | Cause::Line(_)
            | Cause::Wait(_)
            | Cause::Input(_)
            | Cause::Send(SendError::Unsupported | SendError::Os(_)) => 1,
            Cause::Encode(_) => 2,
            Cause::Find(_)
            | Cause::Refusal(_)
            | Cause::NotFramed(_)
            | Cause::UnexpectedAck { .. } => 3,
            Cause::Rejected(_) => 8,
            Cause::Doubled | Cause::Disturbed => 7,
            Cause::TimedOut { .. } => 5,
            Cause::Died | Cause::Send(SendError::Gone) => 6,
        }
    }

    /// What to do about it.
    pub(crate) fn way_out(&self) -> String {
        let pid = self.pid;
        let unknown = self.delivered == Delivered::Unknown;
        match &self.cause {
            Cause::Refusal(Refusal::Unknown) => {
                "if it is another minitalk, say how it speaks with --protocol classic or --dialect; our own are shown by --list"
                    .to_owned()
            }
            Cause::Refusal(
                Refusal::WouldDie { .. } | Refusal::Deaf { .. } | Refusal::Unlike,
            ) => {
                "use the PID that minitalk-server prints on its first line, or --force if you mean it"
                    .to_owned()
            }
            Cause::Refusal(Refusal::NotPermitted { uid }) => {
                format!("run the client as {}", user(*uid))
            }
            Cause::Refusal(Refusal::AcknowledgmentNotPermitted { uid }) => {
                format!("run client and server as the same user, for example the client as {}", user(*uid))
            }
            Cause::Refusal(Refusal::NamespaceInside) => {
                "run client and server in the same container".to_owned()
            }
            Cause::Refusal(Refusal::Unreadable(ReadProcessError::OtherProc | ReadProcessError::NoProc)) => {
                "mount /proc in this PID namespace (unshare has --mount-proc for it)".to_owned()
            }
            Cause::Refusal(Refusal::Thread { of }) => format!("use {of}"),
            Cause::Refusal(_) => {
                "use the PID that minitalk-server prints on its first line, or see which there are with --list"
                    .to_owned()
            }
            Cause::Find(FindError::Unknown(_) | FindError::Ended { .. }) => {
                "see which there are with --list; a server gets a name with: minitalk-server --name NAME"
                    .to_owned()
            }
            Cause::TimedOut { way, .. } | Cause::NotFramed(way) => way.advice(pid, unknown),
            Cause::Trace(_) => "choose another file".to_owned(),
            Cause::Died | Cause::Send(_) | Cause::Wait(_) | Cause::Interrupted(_) if unknown => {
                "look at what it has written before you send again".to_owned()
            }
            Cause::UnexpectedAck { ack, .. } if unknown => {
                let receipt = match ack {
                    Bit::Zero => "usr1-instead",
                    Bit::One => "usr2-instead",
                };
                format!(
                    "look at what it has written before you send again, and say how it acknowledges the end of a message with --dialect, for example receipt={receipt}"
                )
            }
            Cause::Died | Cause::Send(SendError::Gone) => {
                "start a server and try again".to_owned()
            }
            Cause::Rejected(Some(RefusalReason::TooLong)) => "send less at a time".to_owned(),
            Cause::Rejected(_) => "see what the server says on its standard error".to_owned(),
            Cause::UnexpectedAck { ack: Bit::Zero, is_first: true } => {
                "say how it acknowledges with --dialect, for example ack=usr1".to_owned()
            }
            Cause::UnexpectedAck { ack: Bit::One, is_first: true } => {
                "say how it acknowledges with --dialect, for example ack=usr2".to_owned()
            }
            Cause::UnexpectedAck { is_first: false, .. } => {
                "say how it acknowledges bytes and messages with --dialect, for example ack=echo or receipt=none"
                    .to_owned()
            }
            Cause::Encode(_) => "send it without --protocol classic".to_owned(),
            Cause::Doubled | Cause::Disturbed => {
                "look at what the server shows, and send again without --protocol classic if it is ours"
                    .to_owned()
            }
            Cause::Interrupted(_) => "send it again".to_owned(),
            Cause::Find(_)
            | Cause::Line(_)
            | Cause::Wait(_)
            | Cause::Send(_)
            | Cause::Input(_) => {
                "this is a fault of the system, not of the server".to_owned()
            }
        }
    }
}

impl Cause {
    /// One word for programs; see `docs/json.md`. It stays the same when the sentence changes.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Find(FindError::Unknown(_)) => "unknown_name",
            Self::Find(FindError::Ended { .. }) => "no_such_process",
            Self::Find(FindError::Elsewhere { .. }) => "other_namespace",
            Self::Find(FindError::Ambiguous { .. }) => "ambiguous_name",
            Self::Refusal(refusal) => match refusal {
                Refusal::OutOfRange => "not_a_pid",
                Refusal::Itself => "itself",
                Refusal::NoSuchProcess => "no_such_process",
                Refusal::Zombie => "zombie",
                Refusal::Thread { .. } => "thread",
                Refusal::NotPermitted { .. } => "not_permitted",
                Refusal::AcknowledgmentNotPermitted { .. } => "answer_not_permitted",
                Refusal::WouldDie { .. } | Refusal::Unlike => "would_die",
                Refusal::Unknown => "not_known",
                Refusal::Replaced => "replaced",
                Refusal::Deaf { .. } => "ignores_signals",
                Refusal::NamespaceInside => "other_namespace",
                Refusal::Unopened(_) | Refusal::Unreadable(_) => "system",
            },
            Self::Send(SendError::NotPermitted) => "not_permitted",
            Self::Died | Self::Send(SendError::Gone) => "died",
            Self::Find(FindError::Folder(_) | FindError::Io { .. } | FindError::Proc(_))
            | Self::Trace(_)
            | Self::Line(_)
            | Self::Wait(_)
            | Self::Send(_) => "system",
            Self::Input(_) => "input",
            Self::Encode(_) => "not_encodable",
            Self::TimedOut { way: Way::Continue, .. } => "stopped",
            Self::TimedOut { way: Way::Turn, .. } => "busy",
            Self::TimedOut { .. } => "timeout",
            Self::Rejected(_) => "refused",
            Self::NotFramed(_) => "not_framed",
            Self::UnexpectedAck { .. } => "unexpected_acknowledgment",
            Self::Doubled => "doubled",
            Self::Disturbed => "disturbed",
            Self::Interrupted(_) => "interrupted",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !matches!(self.cause, Cause::Find(_)) {
            write!(f, "PID {} ", self.pid)?;
        }
        write!(f, "{}; ", self.cause)?;
        if self.delivered != Delivered::NoMessage {
            write!(f, "{}; ", self.delivered)?;
        }
        f.write_str(&self.way_out())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refusal(refusal) => {
                write!(f, "{refusal}")?;
                match refusal {
                    Refusal::NotPermitted { uid } | Refusal::AcknowledgmentNotPermitted { uid } => {
                        write!(f, " (it runs as {})", user(*uid))
                    }
                    _ => Ok(()),
                }
            }
            Self::Find(error) => error.fmt(f),
            Self::Trace(error) => write!(f, "was not signalled: cannot write the trace: {error}"),
            Self::Line(error) => write!(f, "was not signalled: {error}"),
            Self::Wait(error) => write!(f, "can no longer be heard: {error}"),
            Self::Send(error) => write!(f, "cannot be signalled: {error}"),
            Self::Input(error) => write!(f, "got no more: cannot read standard input: {error}"),
            Self::Encode(error) => {
                write!(f, "was not signalled: {error}, which classic cannot send")
            }
            Self::TimedOut { seconds, way: Way::Continue } => {
                write!(f, "is stopped and has not answered for {seconds} s")
            }
            Self::TimedOut { seconds, way: Way::Turn } => {
                write!(f, "has been busy with other clients for {seconds} s")
            }
            Self::TimedOut { seconds, .. } => {
                write!(f, "has made no progress for {seconds} s")
            }
            Self::Died => f.write_str("has ended"),
            Self::Rejected(Some(reason)) => write!(f, "refuses the message: {reason}"),
            Self::Rejected(None) => {
                f.write_str("refuses the message, for a reason it could not make clear")
            }
            Self::NotFramed(_) => f.write_str("answers, but does not speak the framed protocol"),
            Self::UnexpectedAck { ack, .. } => {
                let name = match ack {
                    Bit::Zero => "SIGUSR1",
                    Bit::One => "SIGUSR2",
                };
                write!(f, "answered with {name}, which this dialect does not expect there")
            }
            Self::Doubled => f.write_str("has taken a bit twice, so the text is damaged"),
            Self::Disturbed => f.write_str(
                "may have lost a bit: another process sent this one a signal at the same time",
            ),
            Self::Interrupted(_) => {
                f.write_str("was being sent to when the client was interrupted")
            }
        }
    }
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octets(0) | Self::NoMessage => f.write_str("nothing was delivered"),
            Self::Octets(1) => f.write_str("1 byte was confirmed"),
            Self::Octets(octets) => write!(f, "{octets} bytes were confirmed"),
            Self::AtLeast { octets: 0, unheard } => {
                write!(f, "nothing was confirmed, and up to {unheard} bytes may have been written")
            }
            Self::AtLeast { octets, unheard } => {
                Self::Octets(*octets).fmt(f)?;
                write!(f, ", and up to {unheard} more may have been written")
            }
            Self::Unknown => {
                f.write_str("the whole message was sent, and whether it was written is unknown")
            }
            Self::Acknowledged(0) => f.write_str("no whole byte was acknowledged"),
            Self::Acknowledged(1) => f.write_str("1 byte was acknowledged"),
            Self::Acknowledged(octets) => write!(f, "{octets} bytes were acknowledged"),
        }
    }
}

/// `root`, or `user 1234` if there is no name.
fn user(uid: u32) -> String {
    user_name(uid).unwrap_or_else(|| format!("user {uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minitalk_signals::SignalSet;

    #[test]
    fn an_unknown_outcome_has_its_own_code_whatever_ended_the_link() {
        for (cause, code) in [
            (Cause::Died, 6),
            (Cause::TimedOut { seconds: 10.0, way: Way::Patience }, 5),
            (Cause::Send(SendError::Gone), 6),
            (Cause::Send(SendError::NotPermitted), 4),
            (Cause::UnexpectedAck { ack: Bit::One, is_first: false }, 3),
        ] {
            let mut failure = Failure::before_sending(7, cause);
            assert_eq!(failure.code(), code);
            failure.delivered = Delivered::Unknown;
            assert_eq!(failure.code(), 7);
            assert!(failure.way_out().contains("before you send again"), "{failure}");
        }
    }

    #[test]
    fn what_may_have_been_written_is_not_denied() {
        let said = |octets| Delivered::AtLeast { octets, unheard: 256 }.to_string();
        assert_eq!(said(0), "nothing was confirmed, and up to 256 bytes may have been written");
        assert_eq!(said(512), "512 bytes were confirmed, and up to 256 more may have been written");
    }

    #[test]
    fn force_is_offered_only_where_it_helps() {
        let way_out = |refusal| Failure::before_sending(7, Cause::Refusal(refusal)).way_out();
        assert!(!way_out(Refusal::Itself).contains("--force"));
        assert!(way_out(Refusal::Deaf { signals: SignalSet::LINE }).contains("--force"));
    }

    #[test]
    fn an_interrupted_client_exits_as_the_shell_expects() {
        for (termination, code) in [(Termination::Interrupt, 130), (Termination::Terminate, 143)] {
            assert_eq!(Failure::before_sending(7, Cause::Interrupted(termination)).code(), code);
        }
    }

    #[test]
    fn a_sentence_names_the_pid_the_cause_what_arrived_and_the_way_out() {
        let failure = Failure { pid: 42, cause: Cause::Died, delivered: Delivered::Octets(256) };
        assert_eq!(
            failure.to_string(),
            "PID 42 has ended; 256 bytes were confirmed; start a server and try again",
        );
    }
}
