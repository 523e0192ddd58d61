//! What the operator is told: lines on standard error, or JSON objects among the messages.

use std::error::Error;
use std::fmt;
use std::io::Write;

use minitalk_core::exchange::Protocol;
use serde_json::{Value, json};

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

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Happening {
    Listening { pid: u32, name: Option<String> },
    Connected { peer: u32, uid: u32, program: String },
    Message { peer: u32, protocol: Protocol, octets: u64, seconds: f64 },
    Left { peer: u32 },
    Cut { peer: u32, octets: u64, reason: Reason },
    Refused { peer: u32, reason: Reason },
    Damaged { peer: u32 },
    Stray { peer: Option<u32>, program: String, reason: Reason },
    Full { sessions: usize },
    Stopped { reason: &'static str, messages: u64, strays: u64 },
}

impl Happening {
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

    /// The JSON object, for those that have one. A message and a cut one bring their own, with the
    /// text (see `message.rs`).
    pub(crate) fn json(&self) -> Option<Value> {
        Some(match self {
            Self::Listening { pid, name } => {
                json!({"event": "listening", "pid": pid, "name": name})
            }
            Self::Refused { peer, reason } => {
                reason.describe(json!({"event": "refused", "peer": peer}))
            }
            Self::Damaged { peer } => json!({"event": "damaged", "peer": peer}),
            Self::Stray { peer, reason, .. } => {
                reason.describe(json!({"event": "stray", "peer": peer}))
            }
            Self::Stopped { reason, messages, strays } => {
                json!({"event": "stopped", "signal": reason, "messages": messages, "strays": strays})
            }
            Self::Connected { .. }
            | Self::Message { .. }
            | Self::Left { .. }
            | Self::Cut { .. }
            | Self::Full { .. } => return None,
        })
    }

    /// Writes it to standard error, if the operator wants to know.
    pub(crate) fn tell(&self, level: Level) {
        if level >= self.level() {
            note(self);
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listening { pid, name: Some(name) } => {
                write!(f, "listening as {name} with PID {pid}")
            }
            Self::Listening { pid, name: None } => write!(f, "listening with PID {pid}"),
            Self::Connected { peer, uid, program } => {
                write!(f, "PID {peer}{program} of user {uid} is sending")
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
                write!(f, "ignored a signal from PID {peer}{program}: {reason}")
            }
            Self::Stray { peer: None, reason, .. } => write!(f, "ignored a signal {reason}"),
            Self::Full { sessions } => {
                write!(f, "{sessions} clients are connected; others wait until one of them ends")
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

/// The error that ends the program.
pub(crate) fn error(error: &dyn Error) {
    note(&format_args!("error: {error}"));
}

fn note(line: &dyn fmt::Display) {
    // In one write, so that no other program writes into the middle of it. When standard error is gone
    // there is nobody left to tell.
    let _ = std::io::stderr().write_all(format!("minitalk-server: {line}\n").as_bytes());
}

/// `1 byte`, `2 bytes`.
fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_is_told_and_what_goes_right_only_on_request() {
        let cut =
            Happening::Cut { peer: 7, octets: 1, reason: Reason::new("x", "was interrupted") };
        assert_eq!(cut.level(), Level::Normal);
        assert_eq!(cut.to_string(), "PID 7 was interrupted; 1 byte of it had arrived");
        assert_eq!(Happening::Left { peer: 7 }.level(), Level::Verbose);
        let stopped = |strays| Happening::Stopped { reason: "SIGINT", messages: 2, strays };
        assert_eq!(stopped(0).level(), Level::Verbose);
        assert_eq!(stopped(3).level(), Level::Normal);
        assert_eq!(
            stopped(3).to_string(),
            "stopped (SIGINT) after 2 messages; ignored 3 stray signals in all",
        );
    }

    #[test]
    fn json_names_are_the_documented_ones() {
        let stray =
            Happening::Stray { peer: None, program: String::new(), reason: Reason::new("x", "y") };
        let expected = json!({"event": "stray", "peer": null, "reason": "x", "sentence": "y"});
        assert_eq!(stray.json(), Some(expected));
    }
}
