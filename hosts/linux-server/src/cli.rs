//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::error::Error as UsageError;
use clap::{ArgAction, Parser, ValueHint};
use minitalk::names::Name;
use minitalk_cli::options::{self, usage};
use minitalk_core::classic::{Dialect, ParseDialectError};
use minitalk_core::exchange::Protocols;

/// Show text that other processes send with nothing but SIGUSR1 and SIGUSR2
///
/// Prints its PID on the first line, then every message as it arrives, and a newline after each
/// that does not end with one. Stop it with Ctrl-C, or with: kill PID
#[derive(Debug, Parser)]
#[command(version, override_usage = USAGE, after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// Write the bytes of the messages to standard output and nothing else; the PID goes to
    /// standard error
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,

    /// Write one JSON object a line: listening, message, cut, refused, stray, stopped
    #[arg(long)]
    pub(crate) json: bool,

    /// Stop after the first message
    #[arg(long, conflicts_with = "count")]
    pub(crate) once: bool,

    /// Stop after this many messages
    #[arg(long, value_name = "N", value_parser = options::parse_count)]
    #[arg(allow_negative_numbers = true)]
    pub(crate) count: Option<u64>,

    /// Refuse messages of more than SIZE bytes, for example 1M or 64KiB. The default is 1MiB with
    /// --json and --exec, otherwise no limit
    #[arg(long, value_name = "SIZE", value_parser = options::parse_size)]
    #[arg(allow_negative_numbers = true)]
    pub(crate) max_message: Option<u64>,

    /// Append the messages to FILE instead of writing them to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Run CMD in a shell for each message, with the text on its standard input, instead of writing
    /// it; the message is confirmed if CMD succeeds
    #[arg(long, value_name = "CMD", conflicts_with_all = ["raw", "json", "output"])]
    #[arg(value_hint = ValueHint::CommandString)]
    pub(crate) exec: Option<String>,

    /// Write before each message when it began and who sent it
    #[arg(short, long, conflicts_with = "raw")]
    pub(crate) timestamps: bool,

    /// Confirm a message only when it is on the disk
    #[arg(long, requires = "output")]
    pub(crate) sync: bool,

    /// Let clients find this server as NAME, not only by its PID
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<Name>,

    /// Write the PID to FILE, which is removed at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) pid_file: Option<PathBuf>,

    /// Which protocols clients may speak
    #[arg(long, default_value = "auto", value_name = "NAME")]
    #[arg(value_parser = options::choice(PROTOCOLS))]
    pub(crate) protocol: Protocols,

    /// How classic clients speak, for example one=usr1,order=lsb; auto works it out for each client
    #[arg(long_help = options::dialect_help(DIALECT_HELP))]
    #[arg(long, default_value = "auto", value_parser = parse_dialect)]
    #[arg(value_name = "LIST")]
    pub(crate) dialect: DialectChoice,

    /// Wait this long before each acknowledgment to a client that is another minitalk, for example
    /// 500us
    #[arg(long, value_name = "TIME")]
    #[arg(value_parser = options::within(options::parse_duration, ..=PACE_MAX, PACE_TOO_LONG))]
    pub(crate) pace: Option<Duration>,

    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help = options::TRACE_HELP)]
    pub(crate) trace: Option<PathBuf>,

    /// Show on standard error what goes over the line, as it happens
    #[arg(long)]
    pub(crate) watch: bool,

    #[arg(long, value_name = "DURATION", value_parser = options::pause())]
    #[arg(help = options::SLOW_HELP)]
    pub(crate) slow: Option<Duration>,

    /// Acknowledge every process, even one that does not handle the signals and will be killed by
    /// it
    #[arg(long)]
    pub(crate) acknowledge_anyone: bool,

    /// Report nothing on standard error except what ends the server
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Report on standard error who connects, sends and leaves
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub(crate) verbose: bool,
}

/// How classic clients speak; `None` to guess it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DialectChoice(pub(crate) Option<Dialect>);

fn parse_dialect(text: &str) -> Result<DialectChoice, ParseDialectError> {
    let given = (text != "auto").then(|| text.parse());
    Ok(DialectChoice(given.transpose()?))
}

/// With `--json` and `--exec` a message is kept until it has ended, so its length must be limited.
const WHOLE_OCTETS_MAX: u64 = 1024 * 1024;

impl Options {
    /// Parses the command line; ends the program on wrong usage, --help and --version.
    pub(crate) fn from_command_line() -> Self {
        options::parse(std::env::args_os(), None, tip)
    }

    /// The number of messages after which to end.
    pub(crate) fn messages_max(&self) -> Option<u64> {
        if self.once { Some(1) } else { self.count }
    }

    /// The largest number of octets of a message.
    pub(crate) fn octets_max(&self) -> Option<u64> {
        self.max_message.or((self.json || self.exec.is_some()).then_some(WHOLE_OCTETS_MAX))
    }
}

/// The hint for wrong usage.
fn tip(error: &UsageError) -> Option<&'static str> {
    if usage::is_about(error, ["--json", "--raw"]) {
        return Some(
            "--raw writes the bytes of the messages and nothing else, --json nothing but objects: \
             choose one",
        );
    }
    let is_text = usage::unknown(error).is_some_and(|word| !word.starts_with('-'));
    is_text.then_some(
        "the server takes no text: start it without, and send with: minitalk-client PID TEXT",
    )
}

const PROTOCOLS: [(&str, &str, Protocols); 2] = [
    ("auto", "Framed and classic, told apart by their first bits", Protocols::Both),
    ("classic", "Classic only: eight bits a byte", Protocols::ClassicOnly),
];

/// Nothing else happens during the pause.
const PACE_MAX: Duration = Duration::from_millis(100);
const PACE_TOO_LONG: &str = "it is longer than 100ms, and nobody else is served while it lasts";

const DIALECT_HELP: &str =
    "How classic clients speak. The default, auto, works it out for each client. Otherwise";

const USAGE: &str = "minitalk-server [OPTIONS]";

const EXAMPLES: &str = include_str!("after_help.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        options::assert_well_formed::<Options>();
    }

    #[test]
    fn sizes_are_written_as_people_write_them() {
        let size = |text: &str| {
            Options::try_parse_from(["s", "--max-message", text])
                .map(|options| options.octets_max())
        };
        assert_eq!(size("64").unwrap(), Some(64));
        assert_eq!(size("2k").unwrap(), Some(2000));
        assert_eq!(size("2KiB").unwrap(), Some(2048));
        assert!(size("many").is_err());
    }

    #[test]
    fn json_is_limited_even_if_nobody_says_so() {
        let options = Options::try_parse_from(["s", "--json"]).unwrap();
        assert_eq!(options.octets_max(), Some(WHOLE_OCTETS_MAX));
    }
}
