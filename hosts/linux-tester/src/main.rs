//! `minitalk-tester`: finds out whether a minitalk is right and, if not, why.

mod bench;
mod checks;
mod cli;
mod client;
mod diagnosis;
mod framed;
mod isolation;
mod judge;
mod launch;
mod picture;
mod process;
mod reading;
mod relay;
mod report;
mod role;
mod screen;
mod server;
mod speech;
mod subject;
mod texts;
mod verdict;
mod why;

use std::ffi::OsString;
use std::process::ExitCode;

use minitalk_cli::options;

use crate::cli::Options;
use crate::judge::JudgeError;
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
            run(&options(&arguments), is_isolated)
        }
        Some(role) => role::play(role, &arguments),
        None => {
            // Wrong usage is reported before anything is started.
            let options = options(&arguments);
            if options.list {
                return list(if options.framed { framed::CHECKS } else { checks::CHECKS });
            }
            isolation::run(&arguments)
        }
    }
}

fn options(arguments: &[OsString]) -> Options {
    let name = OsString::from("minitalk-tester");
    let words = std::iter::once(&name).chain(arguments).cloned();
    options::parse(words, Some(cli::INSTEAD), |_| None)
}

/// Lists the checks.
fn list(checks: &[checks::Check]) -> ExitCode {
    for check in checks {
        println!("{:<15} {:<9} {}", check.name, check.group.word(), check.sentence);
    }
    ExitCode::SUCCESS
}

/// Does what the options ask for. Returns the exit code.
fn run(options: &Options, is_isolated: bool) -> ExitCode {
    match judge::judge(options, is_isolated) {
        Ok(is_right) => ExitCode::from(u8::from(!is_right)),
        Err(error) => {
            eprintln!("minitalk-tester: {error}");
            ExitCode::from(if matches!(error, JudgeError::NoSuchCheck(_)) {
                2
            } else {
                NOTHING_TO_JUDGE
            })
        }
    }
}
