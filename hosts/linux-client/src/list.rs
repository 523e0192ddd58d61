//! `--list`: the servers that run, by name and by number.

use minitalk::names;
use minitalk_signals::user_name;
use serde::Serialize;

use crate::explain::{self, Trouble};
use crate::report::Report;

/// A server.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "server")]
pub(crate) struct Server {
    pub(crate) pid: u32,
    /// None if it was started without one.
    pub(crate) name: Option<String>,
    pub(crate) uid: u32,
    pub(crate) user: Option<String>,
    pub(crate) uptime_seconds: u64,
}

/// Tells of all servers that have registered. The exit code.
pub(crate) fn run(report: &dyn Report) -> Result<u8, Trouble> {
    let entries = names::list().map_err(|error| Trouble::NoMessage(error.into()))?;
    let servers: Vec<Server> = entries
        .into_iter()
        .map(|names::Registered { name, pid, uid, uptime }| Server {
            pid,
            name: name.map(|name| name.to_string()),
            uid,
            user: user_name(uid),
            uptime_seconds: uptime.as_secs(),
        })
        .collect();
    explain::output(report.servers(&servers))?;
    Ok(0)
}
