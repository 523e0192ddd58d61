//! `minitalk-client`: sends text to a server bit by bit as `SIGUSR1` and `SIGUSR2`.

mod check;
mod cli;
mod explain;
mod histogram;
mod list;
mod note;
mod ping;
mod progress;
mod report;
mod send;
mod stats;
mod tap;

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;
use minitalk_cli::generate;

use crate::cli::{Mode, Options};
use crate::explain::Trouble;
use crate::report::Report;

fn main() -> ExitCode {
    let options = Options::from_command_line();
    let report = report::of(&options);
    let code = run(&options, &*report)
        .unwrap_or_else(|trouble| report::failed(&trouble, &options, &*report));
    ExitCode::from(code)
}

/// Does what the user wants; the exit code.
fn run(options: &Options, report: &dyn Report) -> Result<u8, Trouble> {
    match options.mode() {
        Mode::Send(server) => send::run(server, options, report),
        Mode::Ping(server) => ping::run(server, options, report),
        Mode::Check(server) => check::run(server, options, report),
        Mode::List => list::run(report),
        Mode::Generate(what) => {
            generate::write(what, Options::command(), &mut io::stdout())?;
            Ok(0)
        }
    }
}
