//! What `--json` prints: one object a line, as `docs/json.md` describes.

use std::io::{self, Write};

use minitalk_cli::json::line;
use serde::Serialize;

use crate::failure::{Cause, Delivered, Failure};
use crate::stats::Totals;

/// Prints an object on a line of its own.
pub(crate) fn print(object: &impl Serialize) -> io::Result<()> {
    let line = line(object)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()
}

/// The message has been delivered.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "delivered")]
pub(crate) struct DeliveredLine {
    pid: i64,
    protocol: &'static str,
    bytes: u64,
    seconds: f64,
}

impl DeliveredLine {
    pub(crate) fn new(pid: i64, totals: &Totals) -> Self {
        Self { pid, protocol: totals.protocol, bytes: totals.bytes, seconds: totals.seconds }
    }
}

/// Something was not done.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "failed")]
pub(crate) struct FailedLine {
    /// None if the server was given by a name that nobody has.
    pid: Option<i64>,
    code: u8,
    reason: &'static str,
    /// What the server has of the message: `delivered` octets were confirmed, `at_least` so many and perhaps the
    /// piece after them, `acknowledged` bytes were heard, of an `unknown` number may have been written. None if there was no message to send.
    known: Option<&'static str>,
    bytes: Option<u64>,
    sentence: String,
}

impl From<&Failure> for FailedLine {
    fn from(failure: &Failure) -> Self {
        let (known, bytes) = match failure.delivered {
            Delivered::Octets(octets) => (Some("delivered"), Some(octets)),
            Delivered::AtLeast { octets, .. } => (Some("at_least"), Some(octets)),
            Delivered::Acknowledged(octets) => (Some("acknowledged"), Some(octets)),
            Delivered::Unknown => (Some("unknown"), None),
            Delivered::NoMessage => (None, None),
        };
        let has_pid = !matches!(failure.cause, Cause::Find(_));
        Self {
            pid: has_pid.then_some(failure.pid),
            code: failure.code(),
            reason: failure.cause.word(),
            known,
            bytes,
            sentence: failure.to_string(),
        }
    }
}
