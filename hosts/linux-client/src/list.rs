//! `--list`: the servers that run, by name and by number.

use std::io::{self, Write};

use minitalk::names;
use minitalk_signals::{ProcessIdentity, ProcessStatus, process_ids, user_name};
use serde::Serialize;

use crate::cli::Options;
use crate::failure::Failure;
use crate::json;
use crate::note::note;

/// What the kernel calls our server: it keeps 15 bytes of a name, and the name has no more.
pub(crate) const PROGRAM: &str = "minitalk-server";

/// A server.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "server")]
struct Server {
    pid: u32,
    /// None if it was started without one, or by another user.
    name: Option<String>,
    uid: u32,
    user: Option<String>,
    uptime_seconds: Option<u64>,
}

/// Prints all that can be seen. The exit code, and whether it could be shown.
pub(crate) fn run(options: &Options) -> Result<(u8, io::Result<()>), Failure> {
    let servers = servers().map_err(Failure::not_found)?;
    if options.json {
        return Ok((0, servers.iter().try_for_each(json::print)));
    }
    if servers.is_empty() {
        if !options.quiet {
            note(&"no server runs; start one with: minitalk-server --name NAME");
        }
        return Ok((0, Ok(())));
    }
    Ok((0, print(&servers)))
}

/// Those with a name, and those that can be told by their program.
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

fn print(servers: &[Server]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let widest = servers.iter().filter_map(|server| Some(server.name.as_ref()?.chars().count()));
    let width = widest.max().unwrap_or_default().max(4);
    writeln!(stdout, "{:>7}  {:width$}  {:12}  UPTIME", "PID", "NAME", "USER")?;
    for Server { pid, name, uid, user, uptime_seconds } in servers {
        let name = name.as_deref().unwrap_or("-");
        let user = user.clone().unwrap_or_else(|| uid.to_string());
        let uptime = uptime_seconds.map_or("?".to_owned(), uptime);
        writeln!(stdout, "{pid:>7}  {name:width$}  {user:12}  {uptime}")?;
    }
    Ok(())
}

/// `3d 4h`, `4h 5m`, `5m 6s`, `6s`.
fn uptime(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m {}s", seconds % 60),
        3_600..86_400 => format!("{hours}h {}m", minutes % 60),
        86_400.. => format!("{days}d {}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uptime_has_its_two_largest_units() {
        let rows = [(5, "5s"), (65, "1m 5s"), (3_660, "1h 1m"), (90_000, "1d 1h")];
        for (seconds, expected) in rows {
            assert_eq!(uptime(seconds), expected);
        }
    }
}
