//! The server on its own.

use std::io;
use std::time::Duration;

use crate::bench::Bench;
use crate::verdict::Verdict;

/// How long a server may take to show its PID.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn pid(bench: &Bench) -> io::Result<Verdict> {
    let mut server = bench.server()?;
    let pid = server.pid().to_string();
    if server.shows_pid(PATIENCE) {
        return Ok(Verdict::passed(""));
    }
    let fact = match server.ending() {
        Some(ending) => format!("the server {ending}"),
        None if server.screen().len() == 0 => "it shows nothing within a second".to_owned(),
        None => format!("its PID is {pid}, and it shows another text"),
    };
    Ok(Verdict::failed(fact))
}
