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
mod stats;

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;
use minitalk_shared::generate;

use crate::cli::{Mode, Options};
use crate::failure::Failure;
use crate::json::FailedLine;
use crate::note::note;

fn main() -> ExitCode {
    let options = Options::from_command_line();
    let code = match options.mode() {
        Mode::Send(server) => send::run(server, &options).map(|()| 0),
        Mode::Ping(server) => ping::run(server, &options).map(written),
        Mode::Check(server) => match server.find() {
            Ok(pid) => Ok(written(check::run(pid, options.json))),
            Err(error) => Err(Failure::not_found(error)),
        },
        Mode::List => list::run(&options).map(|shown| written((0, shown))),
        Mode::Generate(what) => {
            let shown = generate::write(what, Options::command(), &mut io::stdout());
            Ok(written((0, shown)))
        }
    };
    ExitCode::from(code.unwrap_or_else(|failure| failed(&failure, &options)))
}

/// Says why, to people and, if they are there, to programs.
fn failed(failure: &Failure, options: &Options) -> u8 {
    if options.json {
        // When nobody reads any more, the exit code still tells.
        let _ = json::print(&FailedLine::from(failure));
    }
    note(failure);
    failure.code()
}

/// The exit code, unless what it is about could not be shown. A reader that has seen enough is no error.
fn written((code, shown): (u8, io::Result<()>)) -> u8 {
    match shown {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            note(&format_args!("cannot write to standard output: {error}"));
            1
        }
        Ok(()) | Err(_) => code,
    }
}
