//! The report for programs: one object on one line.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Judged, Report};
use crate::checks::Group;
use crate::verdict::Outcome;

/// Writes the report.
pub(crate) fn write(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    let checks: Vec<Value> = report
        .results
        .iter()
        .map(|Judged { check, verdict, took }| {
            let (outcome, counts) = match verdict.outcome {
                Outcome::Passed => ("passed", Value::Null),
                Outcome::Failed => ("failed", Value::Null),
                Outcome::Flaky { passed, of } => ("flaky", json!({"passed": passed, "of": of})),
                Outcome::Skipped => ("skipped", Value::Null),
            };
            json!({
                "name": check.name,
                "group": check.group,
                "sentence": check.sentence,
                "outcome": outcome,
                "counts": counts,
                "fact": verdict.fact,
                "why": verdict.why,
                "seconds": took.as_secs_f64(),
            })
        })
        .collect();
    let score = |group| {
        let (passed, of) = report.score(group);
        json!({"group": group, "passed": passed, "of": of})
    };
    let object = json!({
        "server": report.server,
        "client": report.client,
        "speaks": report.speech,
        "options": report.options,
        "right": report.is_right(),
        "scores": Group::ALL.map(score),
        "checks": checks,
        "load": report.load,
        "seconds": report.took.as_secs_f64(),
    });
    writeln!(to, "{object}")
}
