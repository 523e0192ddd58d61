//! What the client tells of: to people, or to programs.

mod json;
mod people;

use std::fmt::Display;
use std::io;
use std::time::Duration;

use minitalk::{Confirmation, Protocol, Receipt, Tally};
use minitalk_cli::round_trips::{RoundTrips, Summary};
use serde::Serialize;

use crate::check::Findings;
use crate::cli::Options;
use crate::explain::{Explanation, Trouble};
use crate::list::Server;
use crate::ping::{PingLine, ProbeLine};

/// Who tells what has happened, and how.
pub(crate) trait Report {
    /// A message has been sent.
    fn sent(&self, line: &SentLine) -> io::Result<()>;
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
        Box::new(people::People { is_quiet: options.quiet, shows_dialect: options.stats })
    }
}

/// Tells of a failure; its exit code.
pub(crate) fn failed(trouble: &Trouble, options: &Options, report: &dyn Report) -> u8 {
    let explanation = trouble.explain(options);
    report.failed(&explanation);
    explanation.code
}

/// A message has been sent, and `event` says whether that is all that is known.
#[derive(Debug, Serialize)]
pub(crate) struct SentLine {
    event: &'static str,
    pub(crate) pid: u32,
    protocol: &'static str,
    bytes: u64,
    seconds: f64,
    /// How a classic server was observed to speak.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dialect: Option<String>,
    #[serde(skip)]
    pub(crate) confirmation: Confirmation,
}

impl SentLine {
    pub(crate) fn new(pid: u32, receipt: &Receipt, totals: &Totals) -> Self {
        let &Receipt { bytes, confirmation, dialect, .. } = receipt;
        let event = match confirmation {
            Confirmation::Message => "delivered",
            Confirmation::Bits => "acknowledged",
            Confirmation::Nothing => "sent",
        };
        let dialect = dialect.map(|dialect| dialect.to_string());
        let Totals { protocol, seconds, .. } = *totals;
        Self { event, pid, protocol, bytes, seconds, dialect, confirmation }
    }

    /// The exit code, as documented in `--help`.
    pub(crate) const fn code(&self) -> u8 {
        match self.confirmation {
            Confirmation::Message | Confirmation::Bits => 0,
            Confirmation::Nothing => 9,
        }
    }
}

/// What sending a message took.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "stats")]
pub(crate) struct Totals {
    protocol: &'static str,
    /// Bytes of the message that have been delivered, or acknowledged.
    bytes: u64,
    seconds: f64,
    /// Bits on the line, those sent again included.
    bits: u64,
    bits_per_second: u64,
    resent_bits: u64,
    repeated_frames: u64,
    /// None if there was no round trip that could be measured.
    round_trip: Option<Summary>,
}

impl Totals {
    pub(crate) fn new(protocol: Protocol, tally: &Tally, round_trips: Option<&RoundTrips>) -> Self {
        let &Tally { bytes, bits, resent_bits, repeated_frames, micros, .. } = tally;
        Self {
            protocol: match protocol {
                Protocol::Framed => "framed",
                Protocol::Classic => "classic",
            },
            bytes,
            seconds: Duration::from_micros(micros).as_secs_f64(),
            bits,
            bits_per_second: bits.saturating_mul(1_000_000) / micros.max(1),
            resent_bits,
            repeated_frames,
            round_trip: round_trips.and_then(RoundTrips::summary),
        }
    }
}

/// Tells people something, on standard error.
pub(crate) fn note(line: &dyn Display) {
    minitalk_cli::note("minitalk-client", line);
}
