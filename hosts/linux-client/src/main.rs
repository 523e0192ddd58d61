//! `minitalk-client`: sends text to a server bit by bit as `SIGUSR1` and `SIGUSR2`.

mod address;
mod check;
mod classic;
mod cli;
mod failure;
mod framed;
mod input;
mod json;
mod link;
mod list;
mod note;
mod observer;
mod ping;
mod pings;
mod progress;
mod send;
mod silence;
mod stats;
mod way;

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;
use minitalk_cli::generate;

use crate::cli::{Mode, Options};
use crate::failure::Failure;

fn main() -> ExitCode {
    let options = Options::from_command_line();
    ExitCode::from(run(&options).unwrap_or_else(|failure| failure.tell(options.json)))
}

/// Does what the user wants; the exit code.
fn run(options: &Options) -> Result<u8, Failure> {
    let (code, shown) = match options.mode() {
        Mode::Send(server) => return send::run(server, options).map(|()| 0),
        Mode::Ping(server) => ping::run(server, options),
        Mode::Check(server) => check::run(server, options.trust(), options.json),
        Mode::List => list::run(options),
        Mode::Generate(what) => {
            Ok((0, generate::write(what, Options::command(), &mut io::stdout())))
        }
    }
    .map_err(Failure::without_message)?;
    Ok(note::unless_shown(shown).unwrap_or(code))
}
