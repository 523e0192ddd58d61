//! What the operator is told: lines on standard error, or JSON objects among the messages.

mod limit;

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::AsFd;

use minitalk_cli::text::shown;
use minitalk_core::Instant;
use minitalk_core::exchange::Protocol;

use crate::json::Object;
use crate::reason::Reason;
use crate::sink::Sink;
use limit::Limiter;

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
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Notice {
    Listening { pid: u32, name: Option<String> },
    Connected { peer: u32, uid: u32, program: String },
    Message { peer: u32, protocol: Protocol, octets: u64, seconds: f64 },
    Left { peer: u32 },
    Cut { peer: u32, octets: u64, reason: Reason },
    Refused { peer: u32, reason: Reason },
    Damaged { peer: u32 },
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
            | Self::Stray { .. }
            | Self::Full { .. }
            | Self::Stopped { strays: 1.., .. } => Level::Normal,
            Self::Listening { .. }
            | Self::Connected { .. }
            | Self::Message { .. }
            | Self::Left { .. }
            | Self::Stopped { .. } => Level::Verbose,
        }
    }

    /// The kind of those that anybody can cause as often as he likes, and how many of a kind are told at once.
    fn kind(&self) -> Option<(&'static str, u32)> {
        match self {
            Self::Stray { reason, .. } => Some((reason.word, 1)),
            Self::Full { .. } => Some(("full", 1)),
            Self::Damaged { .. } => Some(("damaged", 1)),
            Self::Cut { .. } => Some(("cut", 8)),
            Self::Refused { .. } => Some(("refused", 8)),
            Self::Listening { .. }
            | Self::Connected { .. }
            | Self::Message { .. }
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
            &Self::Stray { peer, ref reason, .. } => Object::Stray { peer, reason, others },
            &Self::Stopped { reason: signal, messages, strays } => {
                Object::Stopped { signal, messages, strays }
            }
            Self::Connected { .. }
            | Self::Message { .. }
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
            Self::Message { peer, protocol, octets, seconds } => {
                let octets = count(*octets, "byte");
                write!(f, "PID {peer} has sent a message: {octets}, {protocol}, {seconds:.3} s")
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
                "PID {peer} has sent more than could be written, and does not wait: bits of its message are lost"
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
    /// None if there is no standard error: then there is nobody to tell.
    sink: Option<Sink>,
    /// Lines that found no room.
    dropped: u64,
    limiter: Limiter,
}

impl Reporter {
    pub(crate) fn new(level: Level) -> Self {
        let sink = Sink::of(io::stderr().as_fd()).ok();
        Self { level, sink, dropped: 0, limiter: Limiter::default() }
    }

    /// Lets a notice through unless too many of its kind have been told lately. It is told later then, and
    /// stands for all of them.
    pub(crate) fn admit(&mut self, notice: Notice, now: Instant) -> Option<Told> {
        self.limiter.admit(notice, now)
    }

    /// What was not let through and may be told now.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Told> {
        self.limiter.due(now)
    }

    /// When [`due`](Self::due) has something.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.limiter.deadline()
    }

    /// Writes a line to standard error, if the operator wants to know.
    pub(crate) fn tell(&mut self, told: &Told) {
        if self.level >= told.notice.level() {
            self.write(told);
        }
    }

    fn write(&mut self, line: &dyn fmt::Display) {
        let Some(sink) = &mut self.sink else { return };
        if self.dropped > 0 {
            let dropped = format!("{} could not be written here", count(self.dropped, "line"));
            if sink.write(note(&dropped).as_bytes()).is_ok() {
                self.dropped = 0;
            }
        }
        // In one write, so that no other program writes into the middle of it.
        if self.dropped > 0 || sink.write(note(line).as_bytes()).is_err() {
            self.dropped += 1;
        }
    }
}

/// A notice, and how many others of its kind it stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) notice: Notice,
    pub(crate) others: u64,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.notice.fmt(f)?;
        match self.others {
            0 => Ok(()),
            others => write!(f, " (and {others} more of this kind)"),
        }
    }
}

/// The error that ends the program.
pub(crate) fn error(error: &dyn Error) {
    Reporter::new(Level::Quiet).write(&format_args!("error: {error}"));
}

fn note(line: &dyn fmt::Display) -> String {
    format!("minitalk-server: {line}\n")
}

/// `1 byte`, `2 bytes`.
fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minitalk_core::RefusalReason;

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

    #[test]
    fn one_line_stands_for_many_of_its_kind() {
        let notice = Notice::Refused { peer: 7, reason: RefusalReason::Stalled.into() };
        let told = Told { notice, others: 3 };
        assert!(told.to_string().ends_with(" for too long (and 3 more of this kind)"));
    }
}
