//! The result of a check.

use serde::Serialize;

use crate::picture::Picture;
use crate::why::Why;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// Sometimes passed: how many times, and the number of tries.
    Flaky {
        passed: usize,
        of: usize,
    },
    /// It could not be tried here, or makes no sense for this pair.
    Skipped,
}

/// The result of one check.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// What was observed, in a few words.
    pub(crate) fact: String,
    /// The reason, if it is known.
    pub(crate) why: Option<Why>,
    /// The line around the place where it went wrong.
    #[serde(skip)]
    pub(crate) picture: Option<Picture>,
}

impl Verdict {
    pub(crate) fn passed(fact: impl Into<String>) -> Self {
        Self::new(Outcome::Passed, fact)
    }

    pub(crate) fn failed(fact: impl Into<String>) -> Self {
        Self::new(Outcome::Failed, fact)
    }

    pub(crate) fn skipped(fact: impl Into<String>) -> Self {
        Self::new(Outcome::Skipped, fact)
    }

    fn new(outcome: Outcome, fact: impl Into<String>) -> Self {
        Self { outcome, fact: fact.into(), why: None, picture: None }
    }

    pub(crate) fn of(is_passed: bool, fact: impl Into<String>) -> Self {
        if is_passed { Self::passed(fact) } else { Self::failed(fact) }
    }

    pub(crate) fn because(self, why: impl Into<Option<Why>>) -> Self {
        Self { why: why.into(), ..self }
    }

    pub(crate) fn pictured(self, picture: Option<Picture>) -> Self {
        Self { picture, ..self }
    }

    pub(crate) fn is_passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

/// The results of several tries of the same thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) of: usize,
}

impl Tally {
    /// Counts another try.
    pub(crate) fn count(&mut self, is_passed: bool) {
        self.passed += usize::from(is_passed);
        self.of += 1;
    }

    /// Whether the tries had different results.
    pub(crate) fn is_mixed(&self) -> bool {
        self.passed != 0 && self.passed != self.of
    }

    /// The verdict with these words, or with the numbers if the results differ.
    pub(crate) fn verdict(&self, passed: String, failed: String) -> Verdict {
        match *self {
            Self { passed: count, of } if count == of => Verdict::passed(passed),
            Self { passed: 0, .. } => Verdict::failed(failed),
            Self { passed: count, of } => Verdict::new(
                Outcome::Flaky { passed: count, of },
                format!("{count} of {of} times; else {failed}"),
            ),
        }
    }
}
