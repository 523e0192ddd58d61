//! The command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::builder::ValueParser;
use clap::error::{Error as UsageError, ErrorKind};
use clap::{ArgGroup, CommandFactory, Parser, ValueHint};
use minitalk::admission::Trust;
use minitalk::{Address, Config, Dialect, Protocol};
use minitalk_cli::options::{self, parse_seconds_or_duration, usage, within};
use minitalk_core::classic::ParseDialectError;

/// Send text to a minitalk server with nothing but SIGUSR1 and SIGUSR2
///
/// Returns when the server has confirmed that it has written the whole message.
#[derive(Debug, Parser)]
#[command(version, override_usage = USAGE, after_help = EXAMPLES)]
#[command(group(ArgGroup::new("mode").args(MODES)))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Options {
    /// The server: its PID, which it shows on its first line, its name, or a file with its PID
    /// (a path with a '/')
    #[arg(
        allow_negative_numbers = true,
        required_unless_present = "list",
        conflicts_with = "list"
    )]
    server: Option<Address>,

    /// The text: words, joined by single spaces. Without a text, or if it is '-', standard input is
    /// sent. Write -- before a text that begins with '-'
    #[arg(conflicts_with_all = MODES)]
    pub(crate) text: Vec<OsString>,

    /// The protocol: framed (any bytes, checked) or classic (that of the minitalk exercise).
    /// The default is framed, or classic if the program is called `client` or `client_bonus`
    #[arg(long, value_name = "NAME", value_parser = options::choice(PROTOCOLS))]
    protocol: Option<Protocol>,

    /// How a classic server speaks, for example one=usr1,order=lsb; --help has the list.
    /// Implies --protocol classic
    #[arg(long_help = options::dialect_help("How a classic server speaks")
        + ". Implies --protocol classic")]
    #[arg(long, value_name = "LIST", value_parser = dialect)]
    dialect: Option<Dialect>,

    /// Give up after this long without progress, in seconds or as a duration
    #[arg(long, default_value = "10s", value_parser = timeout(), value_name = "DURATION")]
    pub(crate) timeout: Duration,

    /// Give up after this total time, in seconds or as a duration, even if the message is getting
    /// through. Waiting for the server counts
    #[arg(long, short = 'w', value_parser = timeout(), value_name = "DURATION")]
    #[arg(conflicts_with_all = ["list", "check"])]
    pub(crate) deadline: Option<Duration>,

    /// The minimum time from one bit to the next, for a classic server. The default is 500us if it
    /// does not acknowledge bits, otherwise none
    #[arg(long, value_parser = options::parse_duration, value_name = "DURATION")]
    #[arg(allow_negative_numbers = true)]
    pub(crate) pace: Option<Duration>,

    /// Wait up to this long for the server to start, if it is not running yet
    #[arg(long, value_parser = parse_seconds_or_duration, value_name = "DURATION")]
    #[arg(conflicts_with_all = ["list", "check"])]
    pub(crate) wait: Option<Duration>,

    /// Never have two bits in flight at once: slower, but easier to follow in a trace
    #[arg(long, conflicts_with_all = MODES)]
    pub(crate) single_bits: bool,

    /// Do not compress the message
    #[arg(long, conflicts_with_all = MODES)]
    no_compress: bool,

    /// Send even to a process that the first bit will kill
    #[arg(long)]
    force: bool,

    /// Show progress from the start, not only after half a second. Nothing is shown unless standard
    /// error is a terminal
    #[arg(long, conflicts_with_all = ["quiet", "list", "check", "ping"])]
    pub(crate) progress: bool,

    /// Show neither progress nor notes, only errors
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// At the end, show bits, bits per second, resends, and how long round trips took
    #[arg(long, short = 'v', visible_alias = "verbose", conflicts_with_all = MODES)]
    pub(crate) stats: bool,

    /// Print what happens as JSON on standard output, one object a line
    #[arg(long)]
    pub(crate) json: bool,

    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help = options::TRACE_HELP)]
    pub(crate) trace: Option<PathBuf>,

    /// Show on standard output what goes over the line, as it happens
    #[arg(long, conflicts_with_all = ["json", "list", "check"])]
    pub(crate) watch: bool,

    #[arg(long, value_name = "DURATION", value_parser = options::pause())]
    #[arg(conflicts_with_all = MODES, help = options::SLOW_HELP)]
    pub(crate) slow: Option<Duration>,

    /// List the running servers: PID, name, user, uptime
    #[arg(long, help_heading = INSTEAD)]
    list: bool,

    /// Show whether a message could be delivered, and if not why, without sending anything
    #[arg(long, help_heading = INSTEAD)]
    check: bool,

    /// Measure the round trips of signals to the server, which shows nothing. Stops at Ctrl-C, or
    /// after -c probes
    #[arg(long, help_heading = INSTEAD)]
    ping: bool,

    /// Stop after this many probes
    #[arg(short = 'c', long, value_name = "NUMBER", help_heading = INSTEAD)]
    #[arg(value_parser = options::parse_count)]
    pub(crate) count: Option<u64>,

    /// Time from one probe to the next, in seconds or as a duration, at least 200ms. The default
    /// is 1s
    #[arg(short = 'i', long, value_name = "DURATION", help_heading = INSTEAD)]
    #[arg(value_parser = interval())]
    interval: Option<Duration>,

    /// After the last probe, draw a histogram of the round trips
    #[arg(long, help_heading = INSTEAD)]
    pub(crate) histogram: bool,

    #[arg(skip)]
    called_client: bool,

    /// When the program was started.
    #[arg(skip = Instant::now())]
    started: Instant,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode<'a> {
    Send(&'a Address),
    Check(&'a Address),
    Ping(&'a Address),
    List,
}

impl Options {
    /// Parses the command line; ends the program on wrong usage, --help and --version.
    pub(crate) fn from_command_line() -> Self {
        let words: Vec<OsString> = std::env::args_os().collect();
        let called_client = words.first().is_some_and(|name| is_client(Path::new(name)));
        let options = options::parse(words, Some(INSTEAD), tip);
        let options = Self { called_client, ..options };
        options.contradiction().map_or(options, |error| usage::exit(&error, None))
    }

    /// What is wrong with the combination of options.
    fn contradiction(&self) -> Option<UsageError> {
        let is_framed = self.protocol == Some(Protocol::Framed);
        let is_of_ping = self.count.is_some() || self.interval.is_some() || self.histogram;
        let sentence = if is_framed && self.dialect.is_some() {
            "a dialect is how a classic server speaks: leave out --protocol framed, or --dialect"
        } else if is_of_ping && !self.ping {
            "--count, --interval and --histogram are options of --ping: add it, or leave them out"
        } else {
            return None;
        };
        Some(Self::command().error(ErrorKind::ArgumentConflict, sentence))
    }

    /// What to do.
    pub(crate) fn mode(&self) -> Mode<'_> {
        match &self.server {
            Some(server) if self.check => Mode::Check(server),
            Some(server) if self.ping => Mode::Ping(server),
            Some(server) => Mode::Send(server),
            None => Mode::List,
        }
    }

    /// Whether standard input is the message: there are no words, or the only one is `-`.
    pub(crate) fn reads_stdin(&self) -> bool {
        let has_text = !self.text.is_empty() && self.text != ["-"];
        matches!(self.mode(), Mode::Send(_)) && !has_text
    }

    pub(crate) fn protocol(&self) -> Protocol {
        match self.protocol {
            Some(protocol) => protocol,
            None if self.called_client || self.dialect.is_some() => Protocol::Classic,
            None => Protocol::Framed,
        }
    }

    /// The time from one ping to the next.
    pub(crate) fn interval(&self) -> Duration {
        self.interval.unwrap_or(Duration::from_secs(1))
    }

    /// When to give up, even if there is progress.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        self.started.checked_add(self.deadline?)
    }

    /// How a classic server speaks.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect.unwrap_or(Dialect::OBSERVING)
    }

    /// Whether the user vouches for the server.
    pub(crate) fn trust(&self) -> Trust {
        if self.force {
            Trust::Forced
        } else if self.protocol.is_some() || self.dialect.is_some() || self.called_client {
            Trust::Told
        } else {
            Trust::Unspoken
        }
    }

    /// How to talk to the server.
    pub(crate) fn config(&self) -> Config {
        Config {
            protocol: self.protocol(),
            dialect: self.dialect(),
            pace: self.pace,
            slow: self.slow,
            timeout: self.timeout,
            deadline: self.ends_at(),
            // Those who watch the line want to see letters.
            compress: !self.no_compress && !self.watch,
            // A pair of bits is hard to follow.
            single_bits: self.single_bits || self.watch || self.slow.is_some(),
            trust: self.trust(),
            takes_terminations: true,
        }
    }
}

/// Acknowledgments and receipts are observed unless the text specifies them.
fn dialect(text: &str) -> Result<Dialect, ParseDialectError> {
    Dialect::OBSERVING.with_settings(text)
}

const PROTOCOLS: [(&str, &str, Protocol); 2] = [
    ("framed", "HDLC frames: checked, numbered, any bytes", Protocol::Framed),
    ("classic", "Eight bits a byte, NUL at the end", Protocol::Classic),
];

/// The heading of the options that do something other than sending, and most of those options.
const INSTEAD: &str = "Instead of sending";
const MODES: [&str; 3] = ["list", "check", "ping"];

/// The hint for wrong usage.
fn tip(error: &UsageError) -> Option<&'static str> {
    let is_without_server = error.kind() == ErrorKind::MissingRequiredArgument
        && error.to_string().contains("\n  <SERVER>");
    is_without_server.then_some(
        "the server is a PID, which minitalk-server shows on its first line, or a name; see --list",
    )
}

/// The time to wait for progress.
fn timeout() -> ValueParser {
    let sentence = "the server would have no time to answer: write for example 10s";
    within(parse_seconds_or_duration, Duration::from_micros(1).., sentence)
}

/// The time between pings: at least that of ping(8). The server keeps the line for a pinging client
/// for up to 100 ms, and the bits of others have to get through in between.
fn interval() -> ValueParser {
    let sentence = "it is less than 200ms, and would leave no time for other clients";
    within(parse_seconds_or_duration, Duration::from_millis(200).., sentence)
}

/// Public testers call the program by the names of the exercise and expect the classic protocol.
fn is_client(program: &Path) -> bool {
    program.file_name().is_some_and(|name| name == "client" || name == "client_bonus")
}

const USAGE: &str = "\
minitalk-client [OPTIONS] <SERVER> [TEXT]...
       minitalk-client [OPTIONS] --check <SERVER>
       minitalk-client [OPTIONS] --ping <SERVER>
       minitalk-client [OPTIONS] --list
       minitalk-client --generate <WHAT>";

const EXAMPLES: &str = include_str!("after_help.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        options::assert_well_formed::<Options>();
    }

    #[test]
    fn the_modes_exclude_each_other() {
        for words in ["--list 1", "--list --check", "--check --ping 1", "--ping 1 text", ""] {
            let words = ["c"].into_iter().chain(words.split_whitespace());
            assert!(Options::try_parse_from(words.clone()).is_err(), "{words:?}");
        }
        for words in ["--list", "--check 1", "--ping logs -c 1 -i 0.2", "1 text"] {
            let words = ["c"].into_iter().chain(words.split_whitespace());
            assert!(Options::try_parse_from(words.clone()).is_ok(), "{words:?}");
        }
    }

    #[test]
    fn pings_leave_time_for_others() {
        let interval = |time| Options::try_parse_from(["c", "1", "--ping", "-i", time]);
        assert_eq!(interval("0.2").unwrap().interval(), Duration::from_millis(200));
        for (time, part) in [("199ms", "less than 200ms"), ("x", "not a duration")] {
            let error = interval(time).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn the_protocol_is_framed_unless_something_says_classic() {
        let parse = |words: &[&str]| Options::try_parse_from(words).unwrap();
        assert_eq!(parse(&["c", "1", "hi"]).protocol(), Protocol::Framed);
        assert_eq!(parse(&["c", "1", "--dialect", "order=lsb"]).protocol(), Protocol::Classic);
        let called = Options { called_client: true, ..parse(&["client", "1", "hi"]) };
        assert_eq!(called.protocol(), Protocol::Classic);
        let asked = parse(&["c", "1", "--protocol", "framed"]);
        assert_eq!(Options { called_client: true, ..asked }.protocol(), Protocol::Framed);
    }

    #[test]
    fn a_dialect_contradicts_the_framed_protocol() {
        let parse = |words: &[&str]| Options::try_parse_from(words).unwrap();
        let framed = parse(&["c", "1", "--protocol", "framed", "--dialect", "order=lsb"]);
        assert!(framed.contradiction().is_some());
        let classic = parse(&["c", "1", "--protocol", "classic", "--dialect", "order=lsb"]);
        assert!(classic.contradiction().is_none());
    }

    #[test]
    fn options_of_a_ping_without_it_are_wrong_usage() {
        let parse = |words: &str| Options::try_parse_from(words.split(' ')).unwrap();
        for words in ["c 1 -c 3 hi", "c 1 -i 1 hi", "c 1 --histogram hi", "c 1 -c 3"] {
            assert!(parse(words).contradiction().is_some(), "{words}");
        }
        assert!(parse("c 1 --ping -c 3 -i 1 --histogram").contradiction().is_none());
    }

    #[test]
    fn a_timeout_leaves_time_to_answer() {
        let timeout = |time| Options::try_parse_from(["c", "1", "--timeout", time]);
        assert_eq!(timeout("0.2").unwrap().timeout, Duration::from_millis(200));
        for time in ["0", "0s", "0.0000001"] {
            assert!(timeout(time).unwrap_err().to_string().contains("no time"), "{time}");
        }
    }

    #[test]
    fn only_the_very_names_of_the_exercise_mean_classic() {
        assert!(is_client(Path::new("./client")));
        assert!(is_client(Path::new("./client_bonus")));
        assert!(is_client(Path::new("/tmp/x/client")));
        assert!(!is_client(Path::new("/usr/bin/minitalk-client")));
        assert!(!is_client(Path::new("")));
    }
}
