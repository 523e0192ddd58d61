//! The processes that the server answers, and those it does not.

use std::collections::HashMap;

use minitalk::admission::{Admission, Admitted, Refusal, Trust};
use minitalk_cli::text::shown;
use minitalk_core::Instant;
use minitalk_signals::ProcessStatus;
use thiserror::Error;

use crate::report::Happening;

/// How long a process that was turned away is not looked at again: under a storm of signals,
/// looking is what costs.
const TURNED_AWAY_MICROS: u64 = 100_000;

/// Turned-away processes remembered at a time.
const TURNED_AWAY_MAX: usize = 256;

/// Why a process is not answered.
#[derive(Debug, Error)]
#[error("it {0}")]
pub(crate) struct TurnedAway(#[from] pub(crate) Refusal);

/// Every process with a place in the exchange.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    admission: Admission,
    /// At most as many as the exchange has places: looking through them beats hashing.
    open: Vec<Known>,
    turned_away: HashMap<u32, Instant>,
}

/// A process that is answered.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) process: Admitted,
    /// Its real user id.
    pub(crate) uid: u32,
    /// Its name in parentheses after a space.
    pub(crate) program: String,
    /// When it was first heard, or, later, when its last message ended.
    pub(crate) since: Instant,
    /// A bit of its message has been lost, and the operator knows.
    is_damaged: bool,
}

impl Peers {
    /// Opens the process `pid` if it survives an acknowledgment, or, with `anyone`, in any case.
    pub(crate) fn admit(&mut self, pid: u32, anyone: bool, now: Instant) -> Result<(), TurnedAway> {
        let trust = if anyone { Trust::Forced } else { Trust::Unspoken };
        let process = self.admission.sender(pid, trust)?;
        let (uid, program) = (process.status().uids.real, in_parentheses(process.status()));
        self.open.push(Known { process, uid, program, since: now, is_damaged: false });
        Ok(())
    }

    /// Remembers that `pid` was turned away.
    pub(crate) fn turn_away(&mut self, pid: u32, now: Instant) {
        if self.turned_away.len() >= TURNED_AWAY_MAX {
            self.turned_away.clear();
        }
        self.turned_away.insert(pid, now.after_micros(TURNED_AWAY_MICROS));
    }

    /// Whether `pid` was turned away a moment ago.
    pub(crate) fn is_turned_away(&self, pid: u32, now: Instant) -> bool {
        self.turned_away.get(&pid).is_some_and(|&until| now < until)
    }

    pub(crate) fn find(&self, pid: u32) -> Option<&Known> {
        self.open.iter().find(|known| known.process.pid() == pid)
    }

    /// Tells that a message of `pid` has ended: what comes now is another one.
    pub(crate) fn between_messages(&mut self, pid: u32, now: Instant) {
        if let Some(known) = self.open.iter_mut().find(|known| known.process.pid() == pid) {
            known.since = now;
            known.is_damaged = false;
        }
    }

    /// Tells that a bit of `pid` was lost: news once a message.
    pub(crate) fn lose(&mut self, pid: u32) -> Option<Happening> {
        let known = self.open.iter_mut().find(|known| known.process.pid() == pid)?;
        let told = std::mem::replace(&mut known.is_damaged, true);
        (!told).then_some(Happening::Damaged { peer: pid })
    }

    pub(crate) fn forget(&mut self, pid: u32) {
        self.open.retain(|known| known.process.pid() != pid);
    }
}

/// The name of the process `pid` in parentheses after a space, if it can be had.
pub(crate) fn name_of(pid: u32) -> String {
    ProcessStatus::read(pid).map_or(String::new(), |status| in_parentheses(&status))
}

/// Whoever runs the process chose its name, and the operator's terminal is not theirs.
fn in_parentheses(status: &ProcessStatus) -> String {
    format!(" ({})", shown(&status.name))
}
