//! Why something did not go as its sender wanted: a word for programs, a sentence for people.

use std::fmt;
use std::io;

use minitalk::admission::Refusal;
use minitalk_core::RefusalReason;
use minitalk_signals::SendError;
use serde_json::{Value, json};

use crate::peers::TurnedAway;

/// Why a message was cut or refused, or a signal ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    /// Stays the same when the sentence changes; `docs/json.md` lists them all.
    word: &'static str,
    sentence: String,
}

impl Reason {
    pub(crate) fn new(word: &'static str, sentence: impl Into<String>) -> Self {
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

    pub(crate) fn cannot_acknowledge(error: SendError) -> Self {
        Self::new("not_permitted", format!("cannot acknowledge: {error}"))
    }

    /// Adds itself to a JSON object.
    pub(crate) fn describe(&self, mut object: Value) -> Value {
        object["reason"] = json!(self.word);
        object["sentence"] = json!(self.sentence);
        object
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

impl From<&TurnedAway> for Reason {
    fn from(why: &TurnedAway) -> Self {
        let word = match why.0 {
            Refusal::WouldDie { .. } | Refusal::Deaf { .. } | Refusal::Unlike => "would_die",
            _ => "not_found",
        };
        Self::new(word, why.to_string())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
