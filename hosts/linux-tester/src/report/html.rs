//! The report as a single file for a browser.

use std::io::{self, Write};

use super::{Report, drawing, mark};
use crate::checks::{Check, Group};
use crate::verdict::{Outcome, Verdict};

const STYLE: &str = include_str!("html/style.css");

/// Writes the report.
pub(crate) fn write(report: &Report, to: &mut dyn Write) -> io::Result<()> {
    let title = format!("{} and {}", report.server, report.client);
    writeln!(
        to,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>minitalk: {}</title>\n<style>\n{STYLE}</style></head><body><main>",
        escaped(&title)
    )?;
    writeln!(to, "<h1>{}</h1>", escaped(&title))?;
    writeln!(to, "<h2>What it speaks</h2><ul class=\"speech\">")?;
    for sentence in &report.speech {
        writeln!(to, "<li>{}</li>", escaped(sentence))?;
    }
    if report.speech.is_empty() {
        writeln!(to, "<li>not known: no text could be read from its signals</li>")?;
    }
    writeln!(to, "</ul>")?;
    match report.with_ours() {
        Some(command) => writeln!(to, "<p>With ours: <code>{}</code></p>", escaped(&command))?,
        None if !report.speech.is_empty() => writeln!(to, "<p>No setting of ours says this.</p>")?,
        None => {}
    }
    let mut told: Vec<&'static str> = Vec::new();
    for group in Group::ALL {
        if report.of_group(group).next().is_none() {
            continue;
        }
        let (passed, of) = report.score(group);
        writeln!(to, "<h2>{} <span class=\"score\">{passed} of {of}</span></h2>", group.title())?;
        for (check, verdict) in report.of_group(group) {
            write_check(check, verdict, &mut told, to)?;
        }
    }
    if let Some(note) = report.note() {
        writeln!(to, "<p>{}</p>", escaped(&note))?;
    }
    writeln!(to, "</main></body></html>")
}

/// Writes one check; for a cause that was explained before, only its name.
fn write_check(
    check: &Check,
    verdict: &Verdict,
    told: &mut Vec<&'static str>,
    to: &mut dyn Write,
) -> io::Result<()> {
    let class = match verdict.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Flaky { .. } => "flaky",
        Outcome::Skipped => "skipped",
    };
    writeln!(
        to,
        "<section class=\"{class}\"><h3><b>{}</b> {} <span class=\"fact\">{}</span></h3>",
        mark(verdict.outcome),
        escaped(check.sentence),
        escaped(&verdict.fact)
    )?;
    if let Some(why) = &verdict.why {
        if told.contains(&why.cause) {
            writeln!(
                to,
                "<p class=\"read\">The cause is one that is explained above ({}).</p>",
                why.cause
            )?;
        } else {
            told.push(why.cause);
            writeln!(
                to,
                "<p>{}</p><p>{}</p><p class=\"read\">Read: {}</p>",
                escaped(&why.happened),
                escaped(why.because),
                escaped(why.read)
            )?;
        }
    }
    if let Some(picture) = &verdict.picture {
        let caption = escaped(&picture.title);
        writeln!(
            to,
            "<figure>{}<figcaption>{caption}</figcaption></figure>",
            drawing::in_svg(picture)
        )?;
    }
    writeln!(to, "</section>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
