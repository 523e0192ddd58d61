//! `minitalk-server`: prints its PID, then every message that arrives bit by bit as `SIGUSR1` and
//! `SIGUSR2`.

mod cli;
mod look;
mod reason;
mod report;
mod serve;
mod start;

use std::process::ExitCode;

use minitalk_cli::report::note;
use minitalk_signals::{BlockingError, survive_file_size_limit};

use crate::cli::Options;
use crate::serve::Server;

fn main() -> ExitCode {
    let options = Options::from_command_line();
    // A message that would exceed the limit is refused, as on a full disk.
    let _ = survive_file_size_limit();
    match Server::start(&options).and_then(Server::serve) {
        Ok(()) => ExitCode::SUCCESS,
        // A signal asked to end before the server was ready.
        Err(error) if error.is::<BlockingError>() => ExitCode::SUCCESS,
        Err(error) => {
            note(&error);
            ExitCode::FAILURE
        }
    }
}
