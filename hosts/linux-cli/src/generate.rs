//! Man pages and shell completions, made by the program that they are about.

mod completions;
mod man;

use std::io::{self, Write, stdout};
use std::process;

use clap::{Command, ValueEnum};
use clap_complete::Shell;

use crate::options::files::{Stream, check_open};
use crate::report::note;

/// What can be made of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Generate {
    /// A man page
    Man,
    /// Completions for bash
    #[value(alias = "complete-bash")]
    Bash,
    /// Completions for zsh
    #[value(alias = "complete-zsh")]
    Zsh,
    /// Completions for fish
    #[value(alias = "complete-fish")]
    Fish,
    /// The servers that run, for the completions
    #[value(hide = true)]
    Servers,
}

/// Writes what was asked for about `command` to standard output, and ends the program.
pub(crate) fn run(what: Generate, command: Command) -> ! {
    if let Err(error) = check_open(Stream::Output, true) {
        note(&error);
    } else if let Err(error) = write(what, command, &mut stdout()) {
        note(&format_args!("cannot write to standard output: {error}"));
    } else {
        process::exit(0);
    }
    process::exit(1)
}

fn write(what: Generate, command: Command, to: &mut dyn Write) -> io::Result<()> {
    match what {
        Generate::Man => man::write(command, to),
        Generate::Bash => completions::write(Shell::Bash, command, to),
        Generate::Zsh => completions::write(Shell::Zsh, command, to),
        Generate::Fish => completions::write(Shell::Fish, command, to),
        Generate::Servers => completions::write_servers(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    /// A small command line with everything that matters here.
    pub(super) fn command() -> Command {
        Command::new("talk")
            .version("1.2")
            .about("Talks")
            .arg(Arg::new("loud").long("loud").help("Shouts"))
            .after_help("Examples:\n  talk -x    .hushed\n\nExit status:\n  0  done")
    }

    #[test]
    fn each_shell_is_told_of_the_options() {
        for what in [Generate::Bash, Generate::Zsh, Generate::Fish] {
            let mut made = Vec::new();
            write(what, command(), &mut made).unwrap();
            assert!(String::from_utf8(made).unwrap().contains("loud"), "{what:?}");
        }
    }
}
