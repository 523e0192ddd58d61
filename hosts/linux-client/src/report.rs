//! What the client tells of: to people, or to programs.

mod json;
mod people;

use std::io;

use serde::Serialize;

use crate::check::Findings;
use crate::cli::Options;
use crate::explain::{Explanation, Trouble};
use crate::list::Server;
use crate::ping::{PingLine, ProbeLine};
use crate::stats::Totals;

/// Who tells what has happened, and how.
pub(crate) trait Report {
    /// A message has been delivered.
    fn delivered(&self, line: &DeliveredLine) -> io::Result<()>;
    /// Something was not done.
    fn failed(&self, explanation: &Explanation);
    /// What sending a message took.
    fn stats(&self, totals: &Totals) -> io::Result<()>;
    /// The servers that run.
    fn servers(&self, servers: &[Server]) -> io::Result<()>;
    /// What can be said about a process.
    fn check(&self, findings: &Findings) -> io::Result<()>;
    /// A probe was answered.
    fn probe(&self, line: &ProbeLine) -> io::Result<()>;
    /// The figures of all probes.
    fn ping(&self, line: &PingLine) -> io::Result<()>;
}

/// The report that the user wants.
pub(crate) fn of(options: &Options) -> Box<dyn Report> {
    if options.json {
        Box::new(json::Json)
    } else {
        Box::new(people::People { is_quiet: options.quiet })
    }
}

/// Tells of a failure; its exit code.
pub(crate) fn failed(trouble: &Trouble, options: &Options, report: &dyn Report) -> u8 {
    let explanation = trouble.explain(options);
    report.failed(&explanation);
    explanation.code
}

/// A message has been delivered.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "delivered")]
pub(crate) struct DeliveredLine {
    pid: u32,
    protocol: &'static str,
    bytes: u64,
    seconds: f64,
}

impl DeliveredLine {
    pub(crate) const fn new(pid: u32, totals: &Totals) -> Self {
        Self { pid, protocol: totals.protocol, bytes: totals.bytes, seconds: totals.seconds }
    }
}
