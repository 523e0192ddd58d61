//! The report for a terminal of 80 columns.

use std::io::{self, Write};

use super::{Report, drawing, mark};
use crate::checks::Group;
use crate::verdict::Verdict;
use crate::why::Why;

const WIDTH: usize = 78;

/// How far an explanation is indented.
const INDENT: &str = "      ";

/// Writes the report.
pub(crate) fn write(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    writeln!(to, "{} and {}", report.server, report.client)?;
    writeln!(to, "\nWhat it speaks")?;
    for sentence in &report.speech {
        wrapped(to, sentence, "  ", "    ")?;
    }
    if report.speech.is_empty() {
        wrapped(to, "not known: no text could be read from its signals", "  ", "    ")?;
    }
    match report.with_ours() {
        Some(command) => wrapped(to, &format!("with ours:  {command}"), "  ", "              ")?,
        None if !report.speech.is_empty() => {
            wrapped(to, "with ours:  no setting says this", "  ", "    ")?;
        }
        None => {}
    }
    let mut told: Vec<&'static str> = Vec::new();
    for group in Group::ALL {
        if report.of_group(group).next().is_none() {
            continue;
        }
        let (passed, of) = report.score(group);
        writeln!(to, "\n{}", spread(group.title(), &format!("{passed} of {of}")))?;
        for (check, verdict) in report.of_group(group) {
            line(to, check.sentence, verdict)?;
            let Some(why) = &verdict.why else { continue };
            if told.contains(&why.cause) {
                writeln!(to, "{INDENT}The cause is one that is explained above ({}).", why.cause)?;
                continue;
            }
            told.push(why.cause);
            explain(to, why)?;
            if let Some(picture) = &verdict.picture {
                drawing::in_text(picture, INDENT, to)?;
            }
        }
    }
    if let Some(note) = report.note() {
        writeln!(to)?;
        wrapped(to, &note, "", "")?;
    }
    writeln!(to, "\n{:.0} seconds", report.took.as_secs_f64())
}

fn line(to: &mut dyn Write, sentence: &str, verdict: &Verdict) -> io::Result<()> {
    let begin = format!("  {} {sentence}", mark(verdict.outcome));
    let fits = begin.chars().count() + 2 + verdict.fact.chars().count() <= WIDTH;
    if verdict.fact.is_empty() {
        writeln!(to, "{begin}")
    } else if fits {
        writeln!(to, "{}", spread(&begin, &verdict.fact))
    } else {
        writeln!(to, "{begin}")?;
        wrapped(to, &verdict.fact, INDENT, INDENT)
    }
}

/// Writes what happened, why, and what to read.
fn explain(to: &mut dyn Write, why: &Why) -> io::Result<()> {
    wrapped(to, &why.happened, INDENT, INDENT)?;
    wrapped(to, why.because, INDENT, INDENT)?;
    wrapped(to, &format!("Read: {}", why.read), INDENT, INDENT)
}

/// Two texts, at the left and the right end of a line.
fn spread(left: &str, right: &str) -> String {
    let used = left.chars().count() + right.chars().count();
    format!("{left}{}{right}", " ".repeat(WIDTH.saturating_sub(used).max(1)))
}

/// Writes a text in lines that fit.
fn wrapped(to: &mut dyn Write, text: &str, first: &str, rest: &str) -> io::Result<()> {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in text.split_inclusive(' ') {
        if !is_empty && line.chars().count() + word.trim_end().chars().count() > WIDTH {
            writeln!(to, "{}", line.trim_end())?;
            rest.clone_into(&mut line);
        }
        line.push_str(word);
        is_empty = false;
    }
    writeln!(to, "{}", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_broken_at_spaces() {
        let mut bytes = Vec::new();
        wrapped(&mut bytes, &"word ".repeat(40), "  ", "    ").unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.lines().count() > 2);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH && line.starts_with("  ")));
    }

    #[test]
    fn both_ends_of_a_line_are_used() {
        assert_eq!(spread("a", "b").chars().count(), WIDTH);
    }
}
