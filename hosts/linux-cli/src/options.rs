//! What the command lines have in common.

pub mod files;
pub mod usage;

use std::ffi::OsString;
use std::ops::RangeBounds;
use std::time::Duration;

use clap::builder::{
    EnumValueParser, PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser,
};
use clap::error::Error;
use clap::{Arg, Command, CommandFactory, Parser, ValueHint};
use minitalk_core::classic::Setting;
use thiserror::Error as ThisError;

use crate::generate::{self, Generate};
use crate::report;

/// Parses the command line. Ends the program on wrong usage, and after `--help`, `--version` and
/// `--generate`, which is added to the options of `T` under this heading.
///
/// `tip` may return a hint for wrong usage that clap does not have.
pub fn parse<T: Parser>(
    words: impl IntoIterator<Item = OsString>,
    heading: Option<&'static str>,
    tip: fn(&Error) -> Option<&'static str>,
) -> T {
    let command = command::<T>(heading);
    report::set_program(command.get_name());
    let exit = |error: Error| -> ! { usage::exit(&error, tip(&error)) };
    let matches = command.clone().try_get_matches_from(words);
    let mut matches = matches.unwrap_or_else(|error| exit(error));
    if let Some(what) = matches.remove_one("generate") {
        generate::run(what, command);
    }
    T::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| exit(error))
}

/// The command line, with the option that all programs have.
fn command<T: CommandFactory>(heading: Option<&'static str>) -> Command {
    let generate = Arg::new("generate").long("generate").value_name("WHAT").exclusive(true);
    let generate = generate.value_parser(EnumValueParser::<Generate>::new());
    let help = "Write a man page, or completions for a shell, to standard output";
    // A shell cannot complete anything that is neither a file nor a command.
    let hinted = |arg: Arg| match arg.get_value_hint() {
        ValueHint::Unknown if arg.get_action().takes_values() => arg.value_hint(ValueHint::Other),
        _ => arg,
    };
    T::command().arg(generate.help(help).help_heading(heading)).mut_args(hinted)
}

/// The help of `--trace`.
pub const TRACE_HELP: &str = "Record what goes over the line in FILE: as a picture (.svg), as text \
     (.txt), or for GTKWave, PulseView and sigrok (.vcd)";

/// The help of `--slow`.
pub const SLOW_HELP: &str = "Pause after each acknowledgment, for at most 1s: the best way to \
     follow --watch";

/// The range of `--slow`: a request to end has to wait for it.
#[must_use]
pub fn pause() -> ValueParser {
    within(parse_seconds_or_duration, ..=Duration::from_secs(1), "it is longer than 1s")
}

/// The long help of `--dialect`: every part that a dialect may have.
pub fn dialect_help(summary: &str) -> String {
    let parts = Setting::ALL.map(|part| format!("{}={}", part.key(), part.values().join("|")));
    let parts = parts.join(", ");
    format!("{summary}: a comma-separated list of any of {parts}")
}

/// A parser for one of these words, each with its help and its meaning.
pub fn choice<T: Copy + Send + Sync + 'static, const N: usize>(
    choices: [(&'static str, &'static str, T); N],
) -> impl TypedValueParser<Value = T> {
    let words = choices.map(|(word, help, _)| PossibleValue::new(word).help(help));
    PossibleValuesParser::new(words).try_map(move |word| {
        let chosen = choices.iter().find(|(choice, ..)| *choice == word);
        chosen.map(|(.., meaning)| *meaning).ok_or("it is none of them")
    })
}

/// Why a text is not a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("it is not a whole number from 1 up")]
pub struct ParseCountError;

/// Parses a count.
///
/// # Errors
///
/// [`ParseCountError`] for 0 and for anything that is not a number.
pub fn parse_count(text: &str) -> Result<u64, ParseCountError> {
    text.parse().ok().filter(|count| *count > 0).ok_or(ParseCountError)
}

/// Why a text is not a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("it is not a number of bytes: write for example 4096, 64KiB or 1M")]
pub struct ParseSizeError;

/// Parses a number of bytes: `1k` is 1000, `1KiB` is 1024, as in the International System of Units.
///
/// # Errors
///
/// [`ParseSizeError`].
pub fn parse_size(text: &str) -> Result<u64, ParseSizeError> {
    parse_size::parse_size(text).map_err(|_| ParseSizeError)
}

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
pub enum ParseDurationError {
    /// It is something else.
    #[error("it is not a duration: write for example 500us, 10ms, 2s or 1m")]
    Syntax,
    /// It is too short or too long, as this sentence says.
    #[error("{0}")]
    Range(&'static str),
}

/// A parser that calls `parse` and accepts only durations within `range`; `sentence` is the error
/// for others.
pub fn within(
    parse: fn(&str) -> Result<Duration, ParseDurationError>,
    range: impl RangeBounds<Duration> + Clone + Send + Sync + 'static,
    sentence: &'static str,
) -> ValueParser {
    ValueParser::new(move |text: &str| match parse(text) {
        Ok(duration) if !range.contains(&duration) => Err(ParseDurationError::Range(sentence)),
        result => result,
    })
}

/// Parses a duration, such as `200ms`. A number without a unit is ambiguous and refused.
///
/// # Errors
///
/// [`ParseDurationError`].
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    humantime::parse_duration(text).map_err(|_| ParseDurationError::Syntax)
}

/// Parses `0.2`, as ping(8) and timeout(1) do, or `200ms`.
///
/// # Errors
///
/// [`ParseDurationError`].
pub fn parse_seconds_or_duration(text: &str) -> Result<Duration, ParseDurationError> {
    match text.parse().map(Duration::try_from_secs_f64) {
        Ok(Ok(duration)) => Ok(duration),
        Ok(Err(_)) | Err(_) => parse_duration(text),
    }
}

/// Checks that a command line is well-formed, and that the text after its help fits a terminal of
/// 80 columns. For tests.
///
/// # Panics
///
/// If that is not so.
pub fn assert_well_formed<T: CommandFactory>() {
    let command = command::<T>(None);
    let usage = command.clone().render_usage().to_string();
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    for line in examples.lines().chain(usage.lines()) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    command.debug_assert();
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_help_of_a_dialect_has_every_part_of_it() {
        let help = dialect_help("How");
        assert!(help.starts_with("How: a comma"), "{help}");
        assert!(help.contains("of one=usr1|usr2, order=msb|lsb, ack="), "{help}");
    }

    #[test]
    fn a_count_is_one_or_more() {
        assert_eq!(parse_count("1"), Ok(1));
        for text in ["0", "-1", "1.5", "", "many"] {
            assert_eq!(parse_count(text), Err(ParseCountError), "{text:?}");
        }
    }

    #[test]
    fn an_interval_is_in_seconds_unless_it_has_a_unit() {
        for text in ["0.2", "200ms"] {
            assert_eq!(parse_seconds_or_duration(text), Ok(Duration::from_millis(200)));
        }
        for text in ["-1", "x", "", "inf", "NaN"] {
            assert_eq!(
                parse_seconds_or_duration(text),
                Err(ParseDurationError::Syntax),
                "{text:?}"
            );
        }
        assert_eq!(parse_duration("3"), Err(ParseDurationError::Syntax), "seconds, or what?");
    }
}
