//! Wrong usage, reported like everything else: in one line that ends with what to do.

use std::process;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::report::note;

/// The exit code of wrong usage.
const WRONG_USAGE: i32 = 2;

/// Options that one program has and that may be given to another by mistake. Options that both have
/// are left out, and so are those that the other completes to one of its own.
const OPTIONS: [(&str, &[&str]); 2] = [
    (
        "minitalk-client",
        &[
            "timeout",
            "deadline",
            "wait",
            "single-bits",
            "no-compress",
            "force",
            "progress",
            "stats",
            "list",
            "check",
            "ping",
            "interval",
            "histogram",
        ],
    ),
    (
        "minitalk-server",
        &[
            "raw",
            "once",
            "max-message",
            "output",
            "exec",
            "timestamps",
            "sync",
            "name",
            "pid-file",
            "acknowledge-anyone",
        ],
    ),
];

/// Reports wrong usage, ending with `tip` if there is one, and ends the program. Also shows
/// `--help` and `--version`, which clap returns as errors.
pub fn exit(error: &Error, tip: Option<&str>) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    note(&sentence(error, tip));
    process::exit(WRONG_USAGE)
}

/// The error and what to do: `tip`, the program that has the option, or what clap suggests.
fn sentence(error: &Error, tip: Option<&str>) -> String {
    let text = error.to_string();
    let mut paragraphs = text.trim_start_matches("error: ").split("\n\n");
    let joined = |lines: &str| lines.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let cause = paragraphs.next().map(joined).unwrap_or_default();
    let suggested = paragraphs
        .flat_map(str::lines)
        .filter_map(|line| line.trim().strip_prefix("tip: "))
        // A word that looks like an option is hardly ever meant as a text.
        .filter(|tip| !tip.starts_with("to pass"))
        .map(str::to_owned);
    let tip = tip.map(str::to_owned).or_else(|| of_other(error));
    let tips: Vec<String> = tip.map_or_else(|| suggested.collect(), |tip| vec![tip]);
    [vec![cause], tips, vec!["see --help".to_owned()]].concat().join("; ")
}

/// Whether the error is about both of these options.
#[must_use]
pub fn is_about(error: &Error, options: [&str; 2]) -> bool {
    let words = [ContextKind::InvalidArg, ContextKind::PriorArg].map(|kind| word(error, kind));
    let [one, other] = options.map(Some);
    words == [one, other] || words == [other, one]
}

/// The word that the program does not know, if that is the error.
#[must_use]
pub fn unknown(error: &Error) -> Option<&str> {
    let is_unknown = error.kind() == ErrorKind::UnknownArgument;
    word(error, ContextKind::InvalidArg).filter(|_| is_unknown)
}

/// The tip for an option that another program has.
fn of_other(error: &Error) -> Option<String> {
    let option = unknown(error)?.strip_prefix("--")?;
    let (program, _) = OPTIONS.iter().find(|(_, options)| options.contains(&option))?;
    Some(format!("--{option} is an option of {program}"))
}

fn word(error: &Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Options {
        #[arg(long, conflicts_with = "soft")]
        loud: bool,
        #[arg(long)]
        soft: bool,
        #[arg(long, value_parser = ["red", "green"])]
        colour: Option<String>,
        text: Vec<String>,
    }

    fn wrong(words: &str) -> Error {
        Options::try_parse_from(words.split(' ')).unwrap_err()
    }

    #[test]
    fn wrong_usage_is_a_line_with_its_way_out() {
        for (words, line) in [
            ("x --loud --soft", "the argument '--loud' cannot be used with '--soft'; see --help"),
            (
                "x --lout",
                "unexpected argument '--lout' found; a similar argument exists: '--loud'; see \
                 --help",
            ),
            ("x --hard", "unexpected argument '--hard' found; see --help"),
            (
                "x --colour gren",
                "invalid value 'gren' for '--colour <COLOUR>' [possible values: red, green]; a \
                 similar value exists: 'green'; see --help",
            ),
        ] {
            assert_eq!(sentence(&wrong(words), None), line);
        }
        let line = sentence(&wrong("x --lout"), Some("be quiet"));
        assert_eq!(line, "unexpected argument '--lout' found; be quiet; see --help");
    }

    #[test]
    fn a_contradiction_is_about_two_options_in_any_order() {
        for words in ["x --loud --soft", "x --soft --loud"] {
            assert!(is_about(&wrong(words), ["--soft", "--loud"]), "{words}");
        }
        assert!(!is_about(&wrong("x --soft --hard"), ["--soft", "--loud"]));
    }

    #[test]
    fn an_option_of_another_program_is_known_as_such() {
        let tip = |words| of_other(&wrong(words));
        assert_eq!(tip("x --raw").as_deref(), Some("--raw is an option of minitalk-server"));
        assert_eq!(tip("x --low"), None);
    }
}
