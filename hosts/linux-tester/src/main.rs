//! `minitalk-tester`: tells whether a minitalk is right, and why it is not.

mod bench;
mod cli;
mod client;
mod isolation;
mod launch;
mod process;
mod reading;
mod relay;
mod role;
mod screen;
mod server;
mod speech;
mod subject;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use minitalk_cli::generate;

use crate::bench::Bench;
use crate::cli::Options;
use crate::role::Role;

/// There is nothing to judge.
const NOTHING_TO_JUDGE: u8 = 3;

fn main() -> ExitCode {
    let (role, arguments) = role::of_command_line();
    match role {
        Some(role @ (Role::Inside | Role::Outside)) => {
            let is_isolated = role == Role::Inside;
            if is_isolated && let Err(code) = isolation::settle_inside() {
                return code;
            }
            judge(&options(&arguments), is_isolated)
        }
        Some(role) => role::play(role, &arguments),
        None => {
            // Wrong usage is told before anything is started.
            let options = options(&arguments);
            if let Some(what) = options.generate {
                let written = generate::write(what, Options::command(), &mut io::stdout());
                return ExitCode::from(u8::from(written.is_err()));
            }
            isolation::run(&arguments)
        }
    }
}

fn options(arguments: &[OsString]) -> Options {
    let name = OsString::from("minitalk-tester");
    Options::parse_from(std::iter::once(&name).chain(arguments))
}

fn judge(options: &Options, is_isolated: bool) -> ExitCode {
    if options.make
        && let Err(error) = subject::make(&options.folder)
    {
        eprintln!("minitalk-tester: {error}");
        return ExitCode::from(NOTHING_TO_JUDGE);
    }
    let pair = subject::find(&options.folder, options.server.as_deref(), options.client.as_deref());
    let pair = match pair {
        Ok(pair) => pair,
        Err(error) => {
            eprintln!("minitalk-tester: {error}");
            return ExitCode::from(NOTHING_TO_JUDGE);
        }
    };
    let bench = Bench::new(pair, is_isolated);
    if let Some(learned) = bench.learned() {
        for sentence in speech::sentences(learned) {
            println!("{sentence}");
        }
        println!("{:?}", speech::options(learned));
    } else {
        println!("unread");
    }
    ExitCode::SUCCESS
}
