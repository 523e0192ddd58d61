//! What a relay is asked to do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use minitalk_core::Bit;
use serde::{Deserialize, Serialize};

use super::recording::{Party, Recording};

/// A client to be run through a relay, and what should happen on the way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The PID of the server.
    pub(crate) server: u32,
    /// The program of the client.
    pub(crate) client: PathBuf,
    /// If not empty, no client is run: these signals, 1 or 2, are sent instead, each as soon as the
    /// server has given this many answers to the one before.
    pub(crate) replay: Vec<(u8, usize)>,
    /// How many times they are sent, at most, within the limit.
    pub(crate) times: u64,
    /// If present, there is no server: the relay is a framed server with these faults.
    pub(crate) receives: Option<Faults>,
    /// The text that the client should send.
    pub(crate) text: Vec<u8>,
    /// When symbols are passed on.
    pub(crate) passing: Passing,
    /// What else should happen.
    pub(crate) steps: Vec<Step>,
    /// The time limit for everything, in milliseconds.
    pub(crate) limit_millis: u64,
}

/// What a framed server does wrong, to see how the client reacts. Bits are counted from 0.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Faults {
    /// This bit is read inverted.
    pub(crate) damages: Option<usize>,
    /// The acknowledgment of this bit is not sent.
    pub(crate) loses: Option<usize>,
    /// This bit is taken twice and acknowledged twice.
    pub(crate) doubles: Option<usize>,
    /// The acknowledgment of this bit is late by this many milliseconds.
    pub(crate) hold: Option<(usize, u64)>,
    /// The message is refused.
    pub(crate) refuses: bool,
}

/// When a symbol is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Passing {
    /// At once.
    AtOnce,
    /// At once, by a relay that never sleeps, and so sees which of two symbols that come together
    /// was first. On a busy machine such a relay gets in the way, because the scheduler prefers
    /// processes that wake from sleep.
    Seen,
    /// As soon as the receiver has taken what was sent before: no symbol is lost on the way.
    Taken,
    /// As soon as the receiver sleeps, and so is certainly waiting.
    Asleep,
    /// Never. The relay answers each of this many symbols itself with this signal, 1 or 2, as
    /// quickly as any server could. (It cannot do so for both ends at once: equal signals that meet
    /// at the relay would become one.)
    Answered { usr: u8, symbols: usize },
}

impl Passing {
    /// Whether the relay never sleeps.
    pub(super) const fn polls(self) -> bool {
        matches!(self, Self::Seen | Self::Answered { .. })
    }
}

/// Something that the relay does at a certain moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) when: Moment,
    pub(crate) what: Action,
}

/// The moment when this symbol has come from this side, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    pub(crate) from: Party,
    pub(crate) index: usize,
}

/// What may be done when a symbol has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    /// It is passed on this many milliseconds later.
    Hold(u64),
    /// It is never passed on.
    Drop,
    /// It is passed on twice, the second time when the receiver has taken the first copy (or at
    /// once, if the relay passes symbols on at once). Two equal signals that meet become one.
    Double,
    /// A third process sends this signal, 1 or 2, to the server before it is passed on.
    Stray(u8),
    /// The program is killed.
    Kill(Party),
    /// The program is stopped, and continued this many milliseconds later.
    Stop(Party, u64),
}

impl Plan {
    /// A plan for a client that sends `text`, undisturbed.
    pub(crate) fn new(server: u32, client: &Path, text: &[u8], limit: Duration) -> Self {
        Self {
            server,
            client: client.to_owned(),
            replay: Vec::new(),
            times: 1,
            receives: None,
            text: text.to_owned(),
            passing: Passing::Taken,
            steps: Vec::new(),
            limit_millis: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// The same plan, with another rule for passing symbols on.
    pub(crate) fn passing(self, passing: Passing) -> Self {
        Self { passing, ..self }
    }

    /// The same plan, with the symbols of a recording instead of a client's.
    pub(crate) fn replaying(self, recording: &Recording, times: u64) -> Self {
        let exchanges = recording.exchanges().into_iter();
        let replay = exchanges.map(|exchange| (usr(exchange.bit), exchange.answers.len()));
        Self { replay: replay.collect(), times, ..self }
    }

    /// The same plan, with these bits instead of a client's, each answered once.
    pub(crate) fn sending(self, bits: &[Bit]) -> Self {
        Self { replay: bits.iter().map(|bit| (usr(*bit), 1)).collect(), ..self }
    }

    /// The same plan, with the relay as a framed server.
    pub(crate) fn receiving(self, faults: Faults) -> Self {
        Self { receives: Some(faults), ..self }
    }

    /// The same plan, with another event.
    pub(crate) fn step(mut self, from: Party, index: usize, what: Action) -> Self {
        self.steps.push(Step { when: Moment { from, index }, what });
        self
    }
}

/// The number of the signal for a symbol: 1 or 2.
const fn usr(bit: Bit) -> u8 {
    if bit.is_one() { 2 } else { 1 }
}
