//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueHint};
use minitalk_cli::options;

/// Find out whether a minitalk is right and, if not, why
///
/// Runs the programs `server` and `client` of a folder, looks at every signal that goes between
/// them, and says which dialect they speak, which checks they pass, and what is wrong where they
/// fail.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Options {
    /// The folder of the programs `server` and `client`, and of those of the bonus
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    pub(crate) folder: PathBuf,

    /// The server, if it has another name or place
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    pub(crate) server: Option<PathBuf>,

    /// The client, if it has another name or place
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    pub(crate) client: Option<PathBuf>,

    /// Run make in the folder first
    #[arg(long)]
    pub(crate) make: bool,

    /// Only this check; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,

    /// Run each check this many times
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = options::parse_count)]
    pub(crate) repeat: u64,

    /// Judge a peer of the framed protocol, written from docs/protocol.md: both programs, or the
    /// one named with --server or --client
    #[arg(long, conflicts_with = "learn")]
    pub(crate) framed: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// Write a report with pictures of the line to this file, for a browser
    #[arg(long, value_name = "FILE.html", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,

    /// Only find out which dialect the pair speaks
    #[arg(long, help_heading = INSTEAD)]
    #[arg(conflicts_with_all = ["only", "report", "list"])]
    pub(crate) learn: bool,

    /// List the checks
    #[arg(long, help_heading = INSTEAD)]
    pub(crate) list: bool,
}

/// The heading of the options that do something other than judge.
pub(crate) const INSTEAD: &str = "Instead of all checks";

const AFTER_HELP: &str = "\
Examples:
  minitalk-tester ~/minitalk                  judge ~/minitalk/server and client
  minitalk-tester --make --report out.html    build first, and draw pictures
  minitalk-tester --only two-clients          one check; --list has their names
  minitalk-tester --learn                     how our programs talk to yours

Exit status:
  0    all checks that the exercise requires are passed
  1    one of them is not
  2    wrong usage
  3    there is nothing to judge: no programs, or make failed
  130  interrupted (128 and the number of the signal)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        options::assert_well_formed::<Options>();
    }
}
