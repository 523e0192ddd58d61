//! `minitalk-server`: prints its PID, then every message that arrives bit by bit as `SIGUSR1` and
//! `SIGUSR2`.

mod announce;
mod cli;
mod entry;
mod exec;
mod json;
mod output;
mod reason;
mod report;
mod serve;
mod tap;
mod text;
mod turns;

use std::process::ExitCode;

use clap::CommandFactory;
use minitalk_cli::generate::Generate;

use crate::cli::Options;
use crate::serve::Server;

fn main() -> ExitCode {
    let options = Options::from_command_line();
    if let Some(what) = options.generate {
        return generate(what);
    }
    // What does not fit is refused, as on a full disk.
    let _ = minitalk_signals::survive_file_size_limit();
    match Server::start(&options).and_then(Server::serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_termination() => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Writes a man page or completions.
fn generate(what: Generate) -> ExitCode {
    match minitalk_cli::generate::write(what, Options::command(), &mut std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::FAILURE
        }
    }
}
