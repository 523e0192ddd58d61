//! `--list`: the running servers, by name and by number.

use std::fmt::Write;

use minitalk::names;
use minitalk_cli::report::{self, Event, line};
use minitalk_cli::text::uptime;
use minitalk_signals::user_name;
use serde::Serialize;

use crate::cli::Options;
use crate::explain::Trouble;

/// A server.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "server")]
struct Server {
    pid: u32,
    /// `None` if it was started without one.
    name: Option<String>,
    uid: u32,
    user: Option<String>,
    uptime_seconds: u64,
}

/// All registered servers.
#[derive(Debug, Serialize)]
struct Servers(Vec<Server>);

/// Lists all registered servers. Returns the exit code.
pub(crate) fn run(options: &Options) -> Result<u8, Trouble> {
    let entries = names::list().map_err(|error| Trouble::NoMessage(error.into()))?;
    let servers = entries.into_iter().map(|names::Registered { name, pid, uid, uptime }| Server {
        pid,
        name: name.map(|name| name.to_string()),
        uid,
        user: user_name(uid),
        uptime_seconds: uptime.as_secs(),
    });
    report::show(&Servers(servers.collect()), options, options.json)?;
    Ok(0)
}

impl Event<Options> for Servers {
    fn objects(&self) -> serde_json::Result<String> {
        self.0.iter().map(line).collect()
    }

    fn text(&self, _options: &Options) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let names = self.0.iter().filter_map(|server| Some(server.name.as_ref()?.chars().count()));
        let width = names.max().unwrap_or_default().max(4);
        let mut table = format!("{:>7}  {:width$}  {:12}  UPTIME\n", "PID", "NAME", "USER");
        for Server { pid, name, uid, user, uptime_seconds } in &self.0 {
            let name = name.as_deref().unwrap_or("-");
            let user = user.clone().unwrap_or_else(|| uid.to_string());
            let uptime = uptime(*uptime_seconds);
            let _ = writeln!(table, "{pid:>7}  {name:width$}  {user:12}  {uptime}");
        }
        table
    }

    fn notes(&self, options: &Options) -> Vec<String> {
        let is_told = self.0.is_empty() && !options.quiet && !options.json;
        let line = "no server runs; start one with: minitalk-server --name NAME";
        is_told.then(|| line.to_owned()).into_iter().collect()
    }
}
