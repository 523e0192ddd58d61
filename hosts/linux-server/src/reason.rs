//! Why something did not go as its sender wanted: a word for programs, a sentence for people.

use std::fmt;
use std::io;

use minitalk::StrayCause;
use minitalk::admission::Refusal;
use minitalk_core::RefusalReason;
use serde::Serialize;

/// Why a message was cut or refused, or a signal ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    /// Stays the same when the sentence changes; `docs/json.md` lists them all.
    #[serde(rename = "reason")]
    pub(crate) word: &'static str,
    sentence: String,
}

impl Reason {
    fn new(word: &'static str, sentence: impl Into<String>) -> Self {
        Self { word, sentence: sentence.into() }
    }

    /// The sender of a message has ended, or has given it up.
    pub(crate) fn ended() -> Self {
        Self::new("ended", "ended in the middle of a message")
    }

    /// The server ends, and the message has not.
    pub(crate) fn still_sending() -> Self {
        Self::new("shutting_down", "was still sending")
    }

    pub(crate) fn cannot_write(error: &io::Error) -> Self {
        Self::new("output_failed", format!("cannot write: {error}"))
    }
}

impl From<RefusalReason> for Reason {
    fn from(reason: RefusalReason) -> Self {
        let word = match reason {
            RefusalReason::TooLong => "too_long",
            RefusalReason::OutputFailed => "output_failed",
            RefusalReason::ShuttingDown => "shutting_down",
            RefusalReason::Version => "version",
            RefusalReason::OutOfSequence => "out_of_sequence",
            RefusalReason::Stalled => "stalled",
            RefusalReason::Coding => "coding",
            RefusalReason::Mismatch => "mismatch",
        };
        Self::new(word, reason.to_string())
    }
}

impl From<&StrayCause> for Reason {
    fn from(cause: &StrayCause) -> Self {
        match cause {
            StrayCause::Refused(why) => {
                let word = match why {
                    Refusal::WouldDie { .. } | Refusal::Deaf { .. } | Refusal::Unlike => {
                        "would_die"
                    }
                    _ => "not_found",
                };
                Self::new(word, format!("it {why}"))
            }
            StrayCause::NoMessage => Self::new("no_message", cause.to_string()),
            StrayCause::Watch(error) => Self::new("not_found", error.to_string()),
            StrayCause::Send(error) => {
                Self::new("not_permitted", format!("cannot acknowledge: {error}"))
            }
            StrayCause::Outside => Self::new(
                "outside",
                "from outside this PID namespace: its sender has no number here and cannot be \
                 answered; run the client in the same container",
            ),
            StrayCause::Forged { code } => Self::new(
                "forged",
                format!(
                    "that was not sent with kill(2) (si_code {code}): it may name any sender it \
                     likes"
                ),
            ),
            other => Self::new("other", other.to_string()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
