//! What is reported to the operator: lines on standard error, or JSON objects among the messages.

use std::fmt::{self, Display};
use std::time::Duration;

use minitalk::{Connected, Ended, Happening, Stray};
use minitalk_cli::report::{self, Level};
use minitalk_cli::text::{count, shown};
use serde::Serialize;

use crate::reason::Reason;

/// Something that the operator may want to know. Notices that serde does not skip are JSON objects,
/// too; those of messages, with the text, are in `look.rs`.
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
        /// How many other signals this one stands for.
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
    /// The notice for an event that only has to be reported.
    pub(crate) fn of(happening: Happening<'_>) -> Option<Self> {
        Some(match happening {
            Happening::Connected(connected) => Self::Connected(connected),
            Happening::Left { peer } => Self::Left { peer },
            Happening::Damaged { peer } => Self::Damaged { peer },
            Happening::Misanswered { peer } => Self::Misanswered { peer },
            Happening::DoesNotWait { peer } => Self::DoesNotWait { peer },
            Happening::Full { places } => Self::Full { places },
            Happening::Stray(Stray { peer, program, cause, .. }) => {
                Self::Stray { peer, program, reason: Reason::from(&cause), others: 0 }
            }
            _ => return None,
        })
    }
}

impl report::Notice for Notice {
    fn level(&self) -> Level {
        match self {
            Self::Stopped { strays, .. } if *strays > 0 => Level::Normal,
            _ if self.kind().is_some() => Level::Normal,
            _ => Level::Verbose,
        }
    }

    fn kind(&self) -> Option<(&'static str, u32)> {
        Some(match self {
            Self::Stray { reason, .. } => (reason.word, 1),
            Self::Full { .. } => ("full", 1),
            Self::Damaged { .. } => ("damaged", 1),
            Self::DoesNotWait { .. } => ("does_not_wait", 1),
            Self::Misanswered { .. } => ("misanswered", 1),
            Self::Cut { .. } => ("cut", 8),
            Self::Refused { .. } => ("refused", 8),
            _ => return None,
        })
    }

    fn stand_for(&mut self, count: u64) -> bool {
        // Programs want to know about each message, but only the number of strays.
        let Self::Stray { others, .. } = self else { return false };
        *others = count;
        true
    }
}

impl Display for Notice {
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
                write!(
                    f,
                    "PID {peer} {}; {} of it had arrived",
                    reason.sentence,
                    count(*octets, "byte")
                )
            }
            Self::Refused { peer, reason } => {
                write!(f, "refused the message of PID {peer}: {}", reason.sentence)
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
                write!(f, ": {}", reason.sentence)
            }
            Self::Stray { peer: None, reason, .. } => {
                write!(f, "ignored a signal {}", reason.sentence)
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use minitalk_cli::report::Notice as _;

    #[test]
    fn what_goes_wrong_is_told_and_what_goes_right_only_on_request() {
        let cut = Notice::Cut { peer: 7, octets: 1, reason: Reason::ended() };
        assert_eq!(cut.level(), Level::Normal);
        let line = "PID 7 ended in the middle of a message; 1 byte of it had arrived";
        assert_eq!(cut.to_string(), line);
        assert_eq!(Notice::Left { peer: 7 }.level(), Level::Verbose);
        let stopped = |strays| Notice::Stopped { signal: "SIGINT".to_owned(), messages: 2, strays };
        assert_eq!(stopped(0).level(), Level::Verbose);
        assert_eq!(stopped(3).level(), Level::Normal);
        assert_eq!(
            stopped(3).to_string(),
            "stopped (SIGINT) after 2 messages; ignored 3 stray signals in all",
        );
    }
}
