//! `minitalk-client`: sends text to a server bit by bit as `SIGUSR1` and `SIGUSR2`.

mod check;
mod cli;
mod explain;
mod list;
mod ping;
mod send;
mod tap;

use std::process::ExitCode;

use minitalk::Failure;
use minitalk_cli::options::files::{self, Stream};

use crate::cli::{Mode, Options};
use crate::explain::Trouble;

fn main() -> ExitCode {
    let options = Options::from_command_line();
    run(&options).unwrap_or_else(|trouble| trouble.tell(&options)).into()
}

/// Does what the user asked for. Returns the exit code.
fn run(options: &Options) -> Result<u8, Trouble> {
    let mode = options.mode();
    let shows = !matches!(mode, Mode::Send(_)) || options.json;
    files::check_open(Stream::Input, options.reads_stdin())?;
    files::check_open(Stream::Output, shows)?;
    files::check_open(Stream::Error, options.stats && !options.json)?;
    if let (Mode::Send(server) | Mode::Ping(server), Some(time)) = (mode, options.wait) {
        server.await_start(time, options.ends_at()).map_err(Failure::from)?;
    }
    match mode {
        Mode::Send(server) => send::run(server, options),
        Mode::Ping(server) => ping::run(server, options),
        Mode::Check(server) => check::run(server, options),
        Mode::List => list::run(options),
    }
}
