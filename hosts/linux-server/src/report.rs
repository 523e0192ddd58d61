//! What the operator is told: lines on standard error, or JSON objects among the messages.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use minitalk::{Connected, Ended, Happening, Stray};
use minitalk_cli::limit::{Limiter, Told};
use minitalk_cli::text::{count, shown};
use minitalk_cli::{json, note};
use minitalk_core::Instant;
use serde::Serialize;

use crate::cli::Options;
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

/// Something that the operator may want to know. Those that serde does not skip are JSON objects,
/// too; messages bring their own, with the text (see `look.rs`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Notice {
    Listening {
        pid: u32,
        name: Option<String>,
    },
    Refused {
        peer: u32,
        #[serde(flatten)]
        reason: Reason,
    },
    Damaged {
        peer: u32,
    },
    DoesNotWait {
        peer: u32,
    },
    Misanswered {
        peer: u32,
    },
    Stray {
        peer: Option<u32>,
        #[serde(skip)]
        program: Option<String>,
        #[serde(flatten)]
        reason: Reason,
        /// Strays that this one stands for.
        others: u64,
    },
    Stopped {
        signal: String,
        messages: u64,
        strays: u64,
    },
    #[serde(skip)]
    Connected(Connected),
    #[serde(skip)]
    Message(Ended),
    #[serde(skip)]
    Left {
        peer: u32,
    },
    #[serde(skip)]
    Cut {
        peer: u32,
        octets: u64,
        reason: Reason,
    },
    #[serde(skip)]
    Full {
        places: usize,
    },
}

impl Notice {
    /// Who is told of it. Of those that anybody can cause as often as he likes, also the kind, and
    /// how many of a kind are told at once.
    fn audience(&self) -> (Level, Option<(&'static str, u32)>) {
        match self {
            Self::Stray { reason, .. } => (Level::Normal, Some((reason.word, 1))),
            Self::Full { .. } => (Level::Normal, Some(("full", 1))),
            Self::Damaged { .. } => (Level::Normal, Some(("damaged", 1))),
            Self::DoesNotWait { .. } => (Level::Normal, Some(("does_not_wait", 1))),
            Self::Misanswered { .. } => (Level::Normal, Some(("misanswered", 1))),
            Self::Cut { .. } => (Level::Normal, Some(("cut", 8))),
            Self::Refused { .. } => (Level::Normal, Some(("refused", 8))),
            Self::Stopped { strays: 1.., .. } => (Level::Normal, None),
            Self::Listening { .. }
            | Self::Connected(_)
            | Self::Message(_)
            | Self::Left { .. }
            | Self::Stopped { .. } => (Level::Verbose, None),
        }
    }

    const fn is_stray(&self) -> bool {
        matches!(self, Self::Stray { .. })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { pid, name: Some(name) } => {
                write!(f, "listening as {name} with PID {pid}")
            }
            Self::Listening { pid, name: None } => write!(f, "listening with PID {pid}"),
            Self::Connected(Connected { peer, uid, program, .. }) => {
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
            Self::Stray { peer: Some(peer), program, reason, .. } => {
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
            Self::Stopped { signal, messages, strays } => {
                write!(f, "stopped ({signal}) after {}", count(*messages, "message"))?;
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
    is_json: bool,
    /// What is to be told next.
    fresh: Vec<Notice>,
    limiter: Limiter<Notice>,
}

impl Reporter {
    pub(crate) fn new(options: &Options) -> Self {
        let (level, is_json) = (options.level(), options.json);
        Self { level, is_json, fresh: Vec::new(), limiter: Limiter::default() }
    }

    pub(crate) const fn is_json(&self) -> bool {
        self.is_json
    }

    /// Takes something to be told.
    pub(crate) fn note(&mut self, notice: Notice) {
        self.fresh.push(notice);
    }

    /// Takes what has happened and is only to be told.
    pub(crate) fn hear(&mut self, happening: Happening<'_>) {
        self.note(match happening {
            Happening::Connected(connected) => Notice::Connected(connected),
            Happening::Left { peer } => Notice::Left { peer },
            Happening::Damaged { peer } => Notice::Damaged { peer },
            Happening::Misanswered { peer } => Notice::Misanswered { peer },
            Happening::DoesNotWait { peer } => Notice::DoesNotWait { peer },
            Happening::Full { places } => Notice::Full { places },
            Happening::Stray(Stray { peer, program, cause, .. }) => {
                Notice::Stray { peer, program, reason: Reason::from(&cause), others: 0 }
            }
            Happening::Piece(_)
            | Happening::Ended(_)
            | Happening::Cut { .. }
            | Happening::Refused { .. }
            | Happening::Terminate(_)
            | Happening::Ready { .. }
            | Happening::TimedOut => return,
        });
    }

    /// Tells what there is to tell. Of one kind no more than one notice a second is told, which
    /// stands for the others. The lines of JSON for it.
    pub(crate) fn report(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for notice in std::mem::take(&mut self.fresh) {
            // Of messages, programs want to know each; of strays, how many.
            if !notice.is_stray() {
                lines.extend(self.line(&notice));
            }
            let told = match notice.audience() {
                (_, Some((kind, at_once))) => self.limiter.admit(kind, at_once, notice, now),
                (_, None) => Some(Told { what: notice, others: 0 }),
            };
            lines.extend(told.and_then(|told| self.tell(told)));
        }
        while let Some(told) = self.limiter.due(now) {
            lines.extend(self.tell(told));
        }
        lines
    }

    /// When there is something to [report](Self::report) although nothing has happened.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.limiter.deadline()
    }

    /// Writes a line to standard error, if the operator wants to know.
    fn tell(&self, Told { what: mut notice, others: count }: Told<Notice>) -> Option<Vec<u8>> {
        match count {
            _ if self.level < notice.audience().0 => {}
            0 => note(PROGRAM, &notice),
            _ => note(PROGRAM, &format_args!("{notice} (and {count} more of this kind)")),
        }
        if let Notice::Stray { others, .. } = &mut notice {
            *others = count;
            return self.line(&notice);
        }
        None
    }

    fn line(&self, notice: &Notice) -> Option<Vec<u8>> {
        let line = json::line(notice).ok().filter(|_| self.is_json);
        line.map(String::into_bytes)
    }
}

/// The error that ends the program.
pub(crate) fn error(error: &dyn Error) {
    note(PROGRAM, &format_args!("error: {error}"));
}

const PROGRAM: &str = "minitalk-server";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_is_told_and_what_goes_right_only_on_request() {
        let cut = Notice::Cut { peer: 7, octets: 1, reason: Reason::ended() };
        assert_eq!(cut.audience().0, Level::Normal);
        let line = "PID 7 ended in the middle of a message; 1 byte of it had arrived";
        assert_eq!(cut.to_string(), line);
        assert_eq!(Notice::Left { peer: 7 }.audience().0, Level::Verbose);
        let stopped = |strays| Notice::Stopped { signal: "SIGINT".to_owned(), messages: 2, strays };
        assert_eq!(stopped(0).audience().0, Level::Verbose);
        assert_eq!(stopped(3).audience().0, Level::Normal);
        assert_eq!(
            stopped(3).to_string(),
            "stopped (SIGINT) after 2 messages; ignored 3 stray signals in all",
        );
    }
}
