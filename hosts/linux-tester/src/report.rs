//! Everything that was found, and the ways of showing it.

mod drawing;
mod html;
mod json;
mod text;

use std::time::Duration;

pub(crate) use html::write as html;
pub(crate) use json::write as json;
pub(crate) use text::write as text;

use crate::checks::{Check, Group};
use crate::verdict::{Outcome, Verdict};

/// What was found about one pair.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) server: String,
    pub(crate) client: String,
    /// What the pair speaks, in sentences; empty if it could not be read.
    pub(crate) speech: Vec<String>,
    /// The options that make our programs speak like it.
    pub(crate) options: Option<String>,
    pub(crate) results: Vec<Judged>,
    /// How many programs waited for each processor, if there were many.
    pub(crate) load: Option<f32>,
    pub(crate) took: Duration,
}

/// One check and its result.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) check: &'static Check,
    pub(crate) verdict: Verdict,
    pub(crate) took: Duration,
}

impl Judged {
    /// A check for which no time was left.
    pub(crate) fn left_out(check: &'static Check) -> Self {
        let verdict = Verdict::skipped(format!("no time left: try --only {}", check.name));
        Self { check, verdict, took: Duration::ZERO }
    }
}

impl Report {
    pub(crate) fn of_group(
        &self,
        group: Group,
    ) -> impl Iterator<Item = (&'static Check, &Verdict)> {
        let results = self.results.iter().filter(move |judged| judged.check.group == group);
        results.map(|judged| (judged.check, &judged.verdict))
    }

    /// How many checks of a group passed, and how many could be tried.
    pub(crate) fn score(&self, group: Group) -> (usize, usize) {
        let tried = self.of_group(group).filter(|(_, verdict)| verdict.outcome != Outcome::Skipped);
        tried.fold((0, 0), |(passed, of), (_, verdict)| {
            (passed + usize::from(verdict.is_passed()), of + 1)
        })
    }

    /// Whether everything that the exercise requires is passed.
    pub(crate) fn is_right(&self) -> bool {
        Group::ALL.into_iter().filter(|group| group.is_required()).all(|group| {
            let (passed, of) = self.score(group);
            passed == of
        })
    }

    /// The command line of our client for talking to such a server.
    pub(crate) fn with_ours(&self) -> Option<String> {
        Some(format!("minitalk-client {} PID TEXT", self.options.as_ref()?))
    }
}

impl Report {
    /// What a busy machine means for the results, if it was one.
    pub(crate) fn note(&self) -> Option<String> {
        let load = self.load?;
        Some(format!(
            "The machine was busy: {load:.0} programs for each processor. A client that sleeps \
             instead of \
             waiting for answers loses bits then, and everything takes longer. Try again when it \
              is quiet."
        ))
    }
}

/// The mark of an outcome.
pub(crate) const fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "✓",
        Outcome::Failed => "✗",
        Outcome::Flaky { .. } => "~",
        Outcome::Skipped => "-",
    }
}
