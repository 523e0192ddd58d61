//! What the operator is told: lines on standard error, or JSON objects among the messages.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use minitalk::Ended;
use minitalk_cli::limit::{Limiter, Told};
use minitalk_cli::note;
use minitalk_cli::text::shown;
use minitalk_core::Instant;

use crate::json::Object;
use crate::reason::Reason;

/// How much the operator wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Only what ends the server.
    Quiet,
    /// What went wrong.
    Normal,
    /// Who came, sent and left as well.
    Verbose,
}

/// Something that the operator may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Listening { pid: u32, name: Option<String> },
    Connected { peer: u32, uid: u32, program: String },
    Message(Ended),
    Left { peer: u32 },
    Cut { peer: u32, octets: u64, reason: Reason },
    Refused { peer: u32, reason: Reason },
    Damaged { peer: u32 },
    DoesNotWait { peer: u32 },
    Misanswered { peer: u32 },
    Stray { peer: Option<u32>, program: Option<String>, reason: Reason },
    Full { places: usize },
    Stopped { reason: &'static str, messages: u64, strays: u64 },
}

impl Notice {
    /// Who is told of it.
    fn level(&self) -> Level {
        match self {
            Self::Cut { .. }
            | Self::Refused { .. }
            | Self::Damaged { .. }
            | Self::DoesNotWait { .. }
            | Self::Misanswered { .. }
            | Self::Stray { .. }
            | Self::Full { .. }
            | Self::Stopped { strays: 1.., .. } => Level::Normal,
            Self::Listening { .. }
            | Self::Connected { .. }
            | Self::Message(_)
            | Self::Left { .. }
            | Self::Stopped { .. } => Level::Verbose,
        }
    }

    /// The kind of those that anybody can cause as often as he likes, and how many of a kind are
    /// told at once.
    fn kind(&self) -> Option<(&'static str, u32)> {
        match self {
            Self::Stray { reason, .. } => Some((reason.word, 1)),
            Self::Full { .. } => Some(("full", 1)),
            Self::Damaged { .. } => Some(("damaged", 1)),
            Self::DoesNotWait { .. } => Some(("does_not_wait", 1)),
            Self::Misanswered { .. } => Some(("misanswered", 1)),
            Self::Cut { .. } => Some(("cut", 8)),
            Self::Refused { .. } => Some(("refused", 8)),
            Self::Listening { .. }
            | Self::Connected { .. }
            | Self::Message(_)
            | Self::Left { .. }
            | Self::Stopped { .. } => None,
        }
    }

    /// Whether it is about a signal that is part of no message.
    pub(crate) const fn is_stray(&self) -> bool {
        matches!(self, Self::Stray { .. })
    }

    /// The JSON object, for those that have one. A message and a cut one bring their own, with the
    /// text (see `entry.rs`).
    pub(crate) fn object(&self, others: u64) -> Option<Object<'_>> {
        Some(match self {
            &Self::Listening { pid, ref name } => Object::Listening { pid, name: name.as_deref() },
            &Self::Refused { peer, ref reason } => Object::Refused { peer, reason },
            &Self::Damaged { peer } => Object::Damaged { peer },
            &Self::DoesNotWait { peer } => Object::DoesNotWait { peer },
            &Self::Misanswered { peer } => Object::Misanswered { peer },
            &Self::Stray { peer, ref reason, .. } => Object::Stray { peer, reason, others },
            &Self::Stopped { reason: signal, messages, strays } => {
                Object::Stopped { signal, messages, strays }
            }
            Self::Connected { .. }
            | Self::Message(_)
            | Self::Left { .. }
            | Self::Cut { .. }
            | Self::Full { .. } => return None,
        })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { pid, name: Some(name) } => {
                write!(f, "listening as {name} with PID {pid}")
            }
            Self::Listening { pid, name: None } => write!(f, "listening with PID {pid}"),
            Self::Connected { peer, uid, program } => {
                write!(f, "PID {peer} ({}) of user {uid} is sending", shown(program))
            }
            &Self::Message(Ended { peer, protocol, dialect, octets, micros, .. }) => {
                write!(f, "PID {peer} has sent a message: {}, {protocol}", count(octets, "byte"))?;
                if let Some(dialect) = dialect {
                    write!(f, " ({dialect})")?;
                }
                write!(f, ", {:.3} s", Duration::from_micros(micros).as_secs_f64())
            }
            Self::Left { peer } => write!(f, "PID {peer} has ended"),
            Self::Cut { peer, octets, reason } => {
                write!(f, "PID {peer} {reason}; {} of it had arrived", count(*octets, "byte"))
            }
            Self::Refused { peer, reason } => {
                write!(f, "refused the message of PID {peer}: {reason}")
            }
            Self::Damaged { peer } => write!(
                f,
                "PID {peer} has sent more than could be written, and does not wait: bits of its \
                 message are lost"
            ),
            Self::DoesNotWait { peer } => write!(
                f,
                "PID {peer} does not wait for acknowledgments; signals do not queue: bits of its \
                 messages may be lost"
            ),
            Self::Misanswered { peer } => write!(
                f,
                "PID {peer} ended where it was acknowledged; the next process of its program is \
                 acknowledged with another signal: start it again"
            ),
            Self::Stray { peer: Some(peer), program, reason } => {
                write!(f, "ignored a signal from PID {peer}")?;
                if let Some(program) = program {
                    write!(f, " ({})", shown(program))?;
                }
                write!(f, ": {reason}")
            }
            Self::Stray { peer: None, reason, .. } => write!(f, "ignored a signal {reason}"),
            Self::Full { places } => {
                write!(f, "{places} clients are connected; others wait until one of them ends")
            }
            Self::Stopped { reason, messages, strays } => {
                write!(f, "stopped ({reason}) after {}", count(*messages, "message"))?;
                match strays {
                    0 => Ok(()),
                    _ => write!(f, "; ignored {} in all", count(*strays, "stray signal")),
                }
            }
        }
    }
}

/// Tells the operator.
#[derive(Debug)]
pub(crate) struct Reporter {
    level: Level,
    limiter: Limiter<Notice>,
}

impl Reporter {
    pub(crate) fn new(level: Level) -> Self {
        Self { level, limiter: Limiter::default() }
    }

    /// Lets a notice through unless too many of its kind have been told lately. It is told later
    /// then, and stands for all of them.
    pub(crate) fn admit(&mut self, notice: Notice, now: Instant) -> Option<Told<Notice>> {
        match notice.kind() {
            Some((kind, at_once)) => self.limiter.admit(kind, at_once, notice, now),
            None => Some(Told { what: notice, others: 0 }),
        }
    }

    /// What was not let through and may be told now.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Told<Notice>> {
        self.limiter.due(now)
    }

    /// When [`due`](Self::due) has something.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.limiter.deadline()
    }

    /// Writes a line to standard error, if the operator wants to know.
    pub(crate) fn tell(&self, told: &Told<Notice>) {
        let Told { what: notice, others } = told;
        match others {
            _ if self.level < notice.level() => {}
            0 => note(PROGRAM, notice),
            _ => note(PROGRAM, &format_args!("{notice} (and {others} more of this kind)")),
        }
    }
}

/// The error that ends the program.
pub(crate) fn error(error: &dyn Error) {
    note(PROGRAM, &format_args!("error: {error}"));
}

const PROGRAM: &str = "minitalk-server";

/// `1 byte`, `2 bytes`.
fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_is_told_and_what_goes_right_only_on_request() {
        let cut = Notice::Cut { peer: 7, octets: 1, reason: Reason::ended() };
        assert_eq!(cut.level(), Level::Normal);
        let line = "PID 7 ended in the middle of a message; 1 byte of it had arrived";
        assert_eq!(cut.to_string(), line);
        assert_eq!(Notice::Left { peer: 7 }.level(), Level::Verbose);
        let stopped = |strays| Notice::Stopped { reason: "SIGINT", messages: 2, strays };
        assert_eq!(stopped(0).level(), Level::Verbose);
        assert_eq!(stopped(3).level(), Level::Normal);
        assert_eq!(
            stopped(3).to_string(),
            "stopped (SIGINT) after 2 messages; ignored 3 stray signals in all",
        );
    }
}
