//! `minitalk-client`: sends text to a server bit by bit as `SIGUSR1` and `SIGUSR2`.

mod check;
mod cli;
mod explain;
mod list;
mod ping;
mod report;
mod send;
mod tap;

use std::io::{stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::CommandFactory;
use minitalk::Address;
use minitalk_cli::generate;
use minitalk_signals::{Peer, was_closed_at_start};

use crate::cli::{Mode, Options};
use crate::explain::Trouble;
use crate::report::Report;

/// Time from one look for a server that is waited for to the next.
const LOOK: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let options = Options::from_command_line();
    let report = report::of(&options);
    let code = run(&options, &*report)
        .unwrap_or_else(|trouble| report::failed(&trouble, &options, &*report));
    ExitCode::from(code)
}

/// Does what the user wants; the exit code.
fn run(options: &Options, report: &dyn Report) -> Result<u8, Trouble> {
    if let Some(name) = missing(options) {
        return Err(Trouble::Closed(name));
    }
    if let (Mode::Send(server) | Mode::Ping(server), Some(wait)) = (options.mode(), options.wait) {
        await_start(server, wait);
    }
    match options.mode() {
        Mode::Send(server) => send::run(server, options, report),
        Mode::Ping(server) => ping::run(server, options, report),
        Mode::Check(server) => check::run(server, options, report),
        Mode::List => list::run(report),
        Mode::Generate(what) => {
            generate::write(what, Options::command(), &mut stdout())?;
            Ok(0)
        }
    }
}

/// Waits until the server runs, or for `time`: then it is looked for as ever, and told of.
fn await_start(server: &Address, time: Duration) {
    let began = Instant::now();
    let runs = || {
        let pid = server.find().ok().and_then(|pid| u32::try_from(pid).ok());
        pid.is_some_and(|pid| Peer::open(pid).is_ok_and(|peer| !peer.has_exited()))
    };
    while !runs() && began.elapsed() < time {
        thread::sleep(LOOK);
    }
}

/// A descriptor that is needed and was closed when the program was started.
fn missing(options: &Options) -> Option<&'static str> {
    let is_sending = matches!(options.mode(), Mode::Send(_));
    let needed = [
        ("standard input", options.reads_stdin(), was_closed_at_start(stdin().as_fd())),
        ("standard output", !is_sending || options.json, was_closed_at_start(stdout().as_fd())),
        ("standard error", options.stats && !options.json, was_closed_at_start(stderr().as_fd())),
    ];
    needed
        .into_iter()
        .find(|(_, is_needed, is_closed)| *is_needed && *is_closed)
        .map(|(name, ..)| name)
}
