//! `minitalk-client`: sends text to a server bit by bit as `SIGUSR1` and `SIGUSR2`.

mod check;
mod cli;
mod explain;
mod list;
mod ping;
mod send;
mod tap;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use minitalk::Address;
use minitalk_cli::options::files::{self, Stream};

use crate::cli::{Mode, Options};
use crate::explain::Trouble;

fn main() -> ExitCode {
    let options = Options::from_command_line();
    run(&options).unwrap_or_else(|trouble| trouble.tell(&options)).into()
}

/// Does what the user wants; the exit code.
fn run(options: &Options) -> Result<u8, Trouble> {
    let mode = options.mode();
    let shows = !matches!(mode, Mode::Send(_)) || options.json;
    files::check_open(Stream::Input, options.reads_stdin())?;
    files::check_open(Stream::Output, shows)?;
    files::check_open(Stream::Error, options.stats && !options.json)?;
    if let (Mode::Send(server) | Mode::Ping(server), Some(time)) = (mode, options.wait) {
        await_start(server, time, options)?;
    }
    match mode {
        Mode::Send(server) => send::run(server, options),
        Mode::Ping(server) => ping::run(server, options),
        Mode::Check(server) => check::run(server, options),
        Mode::List => list::run(options),
    }
}

/// Waits for the server, for `time` at most. What is wrong with one that has not come is said by
/// whoever talks to it.
fn await_start(server: &Address, time: Duration, options: &Options) -> Result<(), Trouble> {
    let left = options.ends_at().map(|at| at.saturating_duration_since(Instant::now()));
    match left.filter(|left| *left < time) {
        Some(left) if !server.await_start(left) => Err(Trouble::NotStarted(server.clone())),
        Some(_) => Ok(()),
        None => {
            let _ = server.await_start(time);
            Ok(())
        }
    }
}
