//! Reports to the operator of a server: lines on standard error, and JSON objects on request.

use std::fmt::Display;

use minitalk_core::Instant;
use serde::Serialize;

use super::limit::{Limiter, Told};
use super::{line, note};

/// How much an operator wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only what ends the program.
    Quiet,
    /// What went wrong.
    Normal,
    /// What went right as well.
    Verbose,
}

impl Level {
    /// What `--quiet` and `--verbose` ask for.
    #[must_use]
    pub const fn of(is_quiet: bool, is_verbose: bool) -> Self {
        match (is_quiet, is_verbose) {
            (true, _) => Self::Quiet,
            (false, false) => Self::Normal,
            (false, true) => Self::Verbose,
        }
    }
}

/// Something that an operator may want to know. It is also a JSON object if it can be serialized.
pub trait Notice: Display + Serialize {
    /// The lowest level at which it is reported.
    fn level(&self) -> Level;

    /// The kind of a notice that others can cause any number of times, and how many of that kind
    /// are reported at once.
    fn kind(&self) -> Option<(&'static str, u32)>;

    /// Records that it stands for others of its kind. Returns false if programs want each of them
    /// instead.
    fn stand_for(&mut self, others: u64) -> bool;
}

/// Reports to an operator.
#[derive(Debug)]
pub struct Reporter<N> {
    level: Level,
    is_json: bool,
    /// What is to be reported next.
    fresh: Vec<N>,
    limiter: Limiter<N>,
}

impl<N: Notice> Reporter<N> {
    /// A reporter for this `level`.
    #[must_use]
    pub fn new(level: Level, is_json: bool) -> Self {
        Self { level, is_json, fresh: Vec::new(), limiter: Limiter::default() }
    }

    /// Whether JSON objects are wanted.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.is_json
    }

    /// Adds something to be reported.
    pub fn note(&mut self, notice: N) {
        self.fresh.push(notice);
    }

    /// Reports what there is. Of one kind, at most one notice per second is reported, which stands
    /// for the others. Returns the lines of JSON.
    pub fn report(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for mut notice in std::mem::take(&mut self.fresh) {
            if !notice.stand_for(0) {
                lines.extend(self.line(&notice));
            }
            let told = match notice.kind() {
                Some((kind, at_once)) => self.limiter.admit(kind, at_once, notice, now),
                None => Some(Told { what: notice, others: 0 }),
            };
            lines.extend(told.and_then(|told| self.tell(told)));
        }
        while let Some(told) = self.limiter.due(now) {
            lines.extend(self.tell(told));
        }
        lines
    }

    /// When there will be something to [report](Self::report) even if nothing happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.limiter.deadline()
    }

    /// Writes a line to standard error, if the operator wants to know. Returns the line of JSON.
    fn tell(&self, Told { what: mut notice, others }: Told<N>) -> Option<Vec<u8>> {
        match others {
            _ if self.level < notice.level() => {}
            0 => note(&notice),
            _ => note(&format_args!("{notice} (and {others} more of this kind)")),
        }
        if notice.stand_for(others) { self.line(&notice) } else { None }
    }

    fn line(&self, notice: &N) -> Option<Vec<u8>> {
        let line = line(notice).ok().filter(|_| self.is_json);
        line.map(String::into_bytes)
    }
}
