//! The checks: a table, and a function for each.

mod arguments;
mod binaries;
mod crowd;
mod disturbances;
mod ends;
mod receipts;
mod resources;
mod start;
mod strangers;
mod texts;

use std::io;

use serde::Serialize;

use crate::bench::Bench;
use crate::verdict::Verdict;

/// What a check is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Group {
    Required,
    Bonus,
    Robust,
    Clean,
    FramedServer,
    FramedClient,
}

impl Group {
    pub(crate) const ALL: [Self; 6] = [
        Self::Required,
        Self::Bonus,
        Self::Robust,
        Self::Clean,
        Self::FramedServer,
        Self::FramedClient,
    ];

    /// Whether a pair that does not pass all of this group is wrong.
    pub(crate) const fn is_required(self) -> bool {
        matches!(self, Self::Required | Self::FramedServer | Self::FramedClient)
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Bonus => "bonus",
            Self::Robust => "robust",
            Self::Clean => "clean",
            Self::FramedServer => "server",
            Self::FramedClient => "client",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Required => "Required by the exercise",
            Self::Bonus => "Bonus",
            Self::Robust => "Robust",
            Self::Clean => "Clean",
            Self::FramedServer => "Server, by the sections of docs/protocol.md",
            Self::FramedClient => "Client, by the sections of docs/protocol.md",
        }
    }
}

/// One thing that a pair is tested for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) group: Group,
    /// What is true for a pair that passes.
    pub(crate) sentence: &'static str,
    /// Whether nothing else may run at the same time, because it measures or is delicate. The other
    /// checks mostly wait.
    pub(crate) is_alone: bool,
    pub(crate) run: fn(&Bench) -> io::Result<Verdict>,
}

/// All checks, in the order in which they are run and shown.
#[rustfmt::skip]
pub(crate) const CHECKS: &[Check] = &[
    Check { name: "pid", group: Group::Required, sentence: "the server shows its PID", is_alone: true, run: start::pid },
    Check { name: "short", group: Group::Required, sentence: "a short text arrives", is_alone: true, run: texts::short },
    Check { name: "ends", group: Group::Required, sentence: "the client ends when its text is sent", is_alone: true, run: texts::client_ends },
    Check { name: "100", group: Group::Required, sentence: "100 characters arrive", is_alone: true, run: texts::hundred },
    Check { name: "time", group: Group::Required, sentence: "100 characters take less than a second", is_alone: true, run: texts::time },
    Check { name: "2000", group: Group::Required, sentence: "2,000 characters arrive", is_alone: true, run: texts::two_thousand },
    Check { name: "series", group: Group::Required, sentence: "several clients one after another", is_alone: true, run: texts::series },
    Check { name: "receipt", group: Group::Bonus, sentence: "the server confirms the message", is_alone: true, run: receipts::receipt },
    Check { name: "unicode", group: Group::Bonus, sentence: "accents, other scripts and emoji arrive", is_alone: true, run: texts::unicode },
    Check { name: "split", group: Group::Bonus, sentence: "no character is split, wherever it is", is_alone: true, run: texts::split },
    Check { name: "bytes", group: Group::Robust, sentence: "every byte from 1 to 255 arrives", is_alone: true, run: texts::bytes },
    Check { name: "20000", group: Group::Robust, sentence: "20,000 characters arrive", is_alone: true, run: texts::twenty_thousand },
    Check { name: "100000", group: Group::Robust, sentence: "100,000 characters arrive", is_alone: true, run: texts::hundred_thousand },
    Check { name: "after-empty", group: Group::Robust, sentence: "the text after an empty one arrives", is_alone: true, run: ends::after_empty },
    Check { name: "confirmed", group: Group::Robust, sentence: "a receipt means that the text is written", is_alone: true, run: receipts::written },
    Check { name: "prompt", group: Group::Robust, sentence: "answers and bits that come at once are not missed", is_alone: true, run: disturbances::prompt },
    Check { name: "arguments", group: Group::Robust, sentence: "too few or too many arguments end the client", is_alone: false, run: arguments::count },
    Check { name: "empty", group: Group::Robust, sentence: "the client ends on the empty text", is_alone: false, run: ends::empty },
    Check { name: "pid-0", group: Group::Robust, sentence: "PID 0 is refused", is_alone: false, run: arguments::zero },
    Check { name: "pid-nobody", group: Group::Robust, sentence: "the client ends if nobody has the PID", is_alone: false, run: strangers::nobody },
    Check { name: "pid-innocent", group: Group::Robust, sentence: "a process that is no server survives", is_alone: false, run: strangers::innocent },
    Check { name: "pid-forbidden", group: Group::Robust, sentence: "the client ends if it may not signal", is_alone: false, run: strangers::forbidden },
    Check { name: "killed-server", group: Group::Robust, sentence: "the client ends if the server is killed", is_alone: false, run: disturbances::killed_server },
    Check { name: "pid-minus-1", group: Group::Robust, sentence: "PID -1 is refused", is_alone: true, run: arguments::minus_one },
    Check { name: "pid-text", group: Group::Robust, sentence: "a PID that is no number is refused", is_alone: true, run: arguments::text },
    Check { name: "pid-huge", group: Group::Robust, sentence: "a PID that is too large is refused", is_alone: true, run: arguments::huge },
    Check { name: "two-clients", group: Group::Robust, sentence: "two clients at once", is_alone: true, run: crowd::two },
    Check { name: "eight-clients", group: Group::Robust, sentence: "eight clients at once", is_alone: true, run: crowd::eight },
    Check { name: "killed-client", group: Group::Robust, sentence: "the text after a killed client arrives", is_alone: true, run: disturbances::killed_client },
    Check { name: "stopped-server", group: Group::Robust, sentence: "a server that is stopped and continued", is_alone: true, run: disturbances::stopped_server },
    Check { name: "stopped-client", group: Group::Robust, sentence: "a client that is stopped and continued", is_alone: true, run: disturbances::stopped_client },
    Check { name: "stray", group: Group::Robust, sentence: "a stray signal does no harm", is_alone: true, run: disturbances::stray },
    Check { name: "memory", group: Group::Clean, sentence: "the server does not grow with each message", is_alone: true, run: resources::memory },
    Check { name: "idle", group: Group::Clean, sentence: "an idle server uses no processor time", is_alone: true, run: resources::idle },
    Check { name: "functions", group: Group::Clean, sentence: "only functions that the exercise allows", is_alone: true, run: binaries::functions },
    Check { name: "memory-errors", group: Group::Clean, sentence: "no memory error and no leak is found", is_alone: true, run: binaries::memory_errors },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_used_once_and_every_line_fits_a_terminal() {
        for (index, check) in CHECKS.iter().enumerate() {
            assert!(CHECKS[..index].iter().all(|other| other.name != check.name), "{}", check.name);
            assert!(check.sentence.chars().count() <= 50, "{}", check.sentence);
        }
    }
}
