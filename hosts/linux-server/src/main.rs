//! `minitalk-server`: prints its PID, then every message that arrives bit by bit as `SIGUSR1` and
//! `SIGUSR2`.

mod cli;
mod error;
mod farewell;
mod look;
mod reason;
mod report;
mod serve;
mod start;

use std::io::stdout;
use std::process::ExitCode;

use clap::CommandFactory;
use minitalk_cli::generate;

use crate::cli::Options;
use crate::error::ServerError;
use crate::serve::Server;

fn main() -> ExitCode {
    match run(&Options::from_command_line()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_termination() => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), ServerError> {
    if let Some(what) = options.generate {
        return generate::write(what, Options::command(), &mut stdout())
            .map_err(ServerError::Generate);
    }
    // What does not fit is refused, as on a full disk.
    let _ = minitalk_signals::survive_file_size_limit();
    Server::start(options)?.serve()
}
