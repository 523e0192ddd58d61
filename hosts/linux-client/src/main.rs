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
        Mode::Ping(server) => ping::run(server, &options),
        Mode::Check(server) => match server.find() {
            Ok(pid) => Ok(written(check::run(pid, options.json))),
            Err(error) => Err(Failure::not_found(error)),
        },
        Mode::List => Ok(written(list::run(&options).map(|()| 0))),
        Mode::Generate(what) => {
            Ok(written(generate::write(what, Options::command(), &mut io::stdout()).map(|()| 0)))
        }
    };
    ExitCode::from(code.unwrap_or_else(|failure| failed(&failure, &options)))
}

/// Says why, to people and, if they are there, to programs.
fn failed(failure: &Failure, options: &Options) -> u8 {
    if options.json {
        json::print(&FailedLine::from(failure));
    }
    note(failure);
    failure.code()
}

/// The exit code after writing to standard output. A reader that has seen enough is no error.
fn written(result: io::Result<u8>) -> u8 {
    result.unwrap_or_else(|error| {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return 0;
        }
        note(&error);
        1
    })
}
