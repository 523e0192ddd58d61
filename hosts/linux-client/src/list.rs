//! `--list`: the servers that run, by name and by number.

use minitalk::{Failure, names};
use minitalk_signals::{ProcessIdentity, ProcessStatus, process_ids, user_name};
use serde::Serialize;

use crate::explain::{self, Trouble};
use crate::report::Report;

/// What the kernel calls our server: it keeps 15 bytes of a name, and the name has no more.
pub(crate) const PROGRAM: &str = "minitalk-server";

/// A server.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "server")]
pub(crate) struct Server {
    pub(crate) pid: u32,
    /// None if it was started without one, or by another user.
    pub(crate) name: Option<String>,
    pub(crate) uid: u32,
    pub(crate) user: Option<String>,
    pub(crate) uptime_seconds: Option<u64>,
}

/// Tells of all servers that can be seen. The exit code.
pub(crate) fn run(report: &dyn Report) -> Result<u8, Trouble> {
    let servers =
        servers().map_err(|error| Trouble::from(Failure::from(error)).without_message())?;
    explain::output(report.servers(&servers))?;
    Ok(0)
}

/// Those that have a name, and those that run our program.
fn servers() -> Result<Vec<Server>, names::FindError> {
    let mut servers: Vec<Server> = names::list()?
        .into_iter()
        .map(|entry| server(entry.pid, entry.name.map(|name| name.to_string()), entry.uid))
        .collect();
    let registered: Vec<u32> = servers.iter().map(|server| server.pid).collect();
    for status in processes()?.filter(|status| !registered.contains(&status.pid)) {
        if status.name == PROGRAM && status.survived().contains_line() {
            servers.push(server(status.pid, None, status.uids.real));
        }
    }
    Ok(servers)
}

fn server(pid: u32, name: Option<String>, uid: u32) -> Server {
    let identity = ProcessIdentity::of(pid).ok().flatten();
    let uptime_seconds = identity.map(|identity| identity.uptime().as_secs());
    Server { pid, name, uid, user: user_name(uid), uptime_seconds }
}

fn processes() -> Result<impl Iterator<Item = ProcessStatus>, names::FindError> {
    let pids = process_ids()?;
    Ok(pids.into_iter().filter_map(|pid| ProcessStatus::read(pid).ok()))
}
