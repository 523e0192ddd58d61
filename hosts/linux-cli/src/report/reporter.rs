//! What the operator of a server is told: lines on standard error, and JSON objects if wanted.

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

/// Something that an operator may want to know. Those that can be serialized are JSON objects, too.
pub trait Notice: Display + Serialize {
    /// The lowest level at which it is told.
    fn level(&self) -> Level;

    /// The kind of those that anybody can cause as often as he likes, and how many of a kind are
    /// told at once.
    fn kind(&self) -> Option<(&'static str, u32)>;

    /// Notes that it stands for others of its kind. False if programs want to know of each of them
    /// instead.
    fn stand_for(&mut self, others: u64) -> bool;
}

/// Tells an operator.
#[derive(Debug)]
pub struct Reporter<N> {
    level: Level,
    is_json: bool,
    /// What is to be told next.
    fresh: Vec<N>,
    limiter: Limiter<N>,
}

impl<N: Notice> Reporter<N> {
    /// Tells what is to be told at this `level`.
    #[must_use]
    pub fn new(level: Level, is_json: bool) -> Self {
        Self { level, is_json, fresh: Vec::new(), limiter: Limiter::default() }
    }

    /// Whether there are to be JSON objects.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.is_json
    }

    /// Takes something to be told.
    pub fn note(&mut self, notice: N) {
        self.fresh.push(notice);
    }

    /// Tells what there is to tell. Of one kind no more than one notice a second is told, which
    /// stands for the others. The lines of JSON for it.
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

    /// When there is something to [report](Self::report) although nothing has happened.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.limiter.deadline()
    }

    /// Writes a line to standard error, if the operator wants to know.
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
