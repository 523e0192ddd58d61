//! One object a line on standard output, as `docs/json.md` describes.

use std::io::{self, Write};

use minitalk_cli::json::line;
use serde::Serialize;

use super::people::tell_doubt;
use super::{Report, SentLine, Totals, note};
use crate::check::Findings;
use crate::explain::Explanation;
use crate::list::Server;
use crate::ping::{PingLine, ProbeLine};

/// Tells programs.
#[derive(Debug)]
pub(super) struct Json;

impl Report for Json {
    fn sent(&self, line: &SentLine) -> io::Result<()> {
        tell_doubt(line);
        print(line)
    }

    fn failed(&self, explanation: &Explanation) {
        // When nobody reads any more, the exit code still tells.
        let _ = print(explanation);
        note(&explanation.sentence);
    }

    fn stats(&self, totals: &Totals) -> io::Result<()> {
        print(totals)
    }

    fn servers(&self, servers: &[Server]) -> io::Result<()> {
        servers.iter().try_for_each(print)
    }

    fn check(&self, findings: &Findings) -> io::Result<()> {
        print(findings)
    }

    fn probe(&self, line: &ProbeLine) -> io::Result<()> {
        print(line)
    }

    fn ping(&self, line: &PingLine) -> io::Result<()> {
        print(line)
    }
}

fn print(object: &impl Serialize) -> io::Result<()> {
    let line = line(object)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(line.as_bytes())?;
    stdout.flush()
}
