//! Why something was not done as its sender wanted: a word for programs, a sentence for people.

use std::io;

use minitalk::StrayCause;
use minitalk::admission::Refusal;
use minitalk_core::RefusalReason;
use serde::Serialize;

/// Why a message was cut or refused, or a signal ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    /// Stays the same when the sentence changes; `docs/json.md` lists all of them.
    #[serde(rename = "reason")]
    pub(crate) word: &'static str,
    pub(crate) sentence: String,
}

impl Reason {
    fn new(word: &'static str, sentence: impl Into<String>) -> Self {
        Self { word, sentence: sentence.into() }
    }

    /// The sender of a message has ended, or has given the message up.
    pub(crate) fn ended() -> Self {
        Self::new("ended", "ended in the middle of a message")
    }

    /// The server ends before the message.
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
        let word = match cause {
            StrayCause::Refused(
                Refusal::WouldDie { .. } | Refusal::Deaf { .. } | Refusal::Unlike,
            ) => "would_die",
            StrayCause::Refused(_) | StrayCause::Watch(_) => "not_found",
            StrayCause::NoMessage => "no_message",
            StrayCause::Send(_) => "not_permitted",
            StrayCause::Outside => "outside",
            StrayCause::Forged { .. } => "forged",
            _ => "other",
        };
        Self::new(word, cause.to_string())
    }
}
