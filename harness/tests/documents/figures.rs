//! Every measured figure must be accompanied by the command that measures it.

use super::{documents, read};

/// The units of measured figures. Limits and timeouts, in bytes and seconds, are not measured.
const UNITS: [&str; 9] = [
    "kbit/s",
    "Mbit/s",
    "bits per second",
    "instructions",
    "µs a bit",
    "states",
    "runs/s",
    "executions",
    "% of the lines",
];

/// How a command begins.
const PROGRAMS: [&str; 8] =
    ["`just ", "`cargo ", "`tools/", "`compare", "`strace", "`perf", "`minitalk-", "SEED="];

/// The sections of a document: the text under each heading of the second level.
fn sections(document: &str) -> Vec<String> {
    let text = read(document);
    format!("\n{text}").split("\n## ").map(str::to_owned).collect()
}

fn has_figure(section: &str) -> bool {
    let lines = section.lines().filter(|line| !line.starts_with("```"));
    lines.filter(|line| line.contains(|c: char| c.is_ascii_digit())).any(|line| {
        UNITS.iter().any(|unit| {
            line.match_indices(unit).any(|(at, _)| {
                let before = line[..at].trim_end();
                before.ends_with(|c: char| c.is_ascii_digit())
            })
        })
    })
}

#[test]
fn every_section_with_a_figure_names_its_command() {
    let mut count = 0;
    for document in documents() {
        for section in sections(&document) {
            // Everything in this document is measured.
            let is_measured = document == "docs/performance.md" && section.contains("| --:|")
                || section.contains("--:|")
                || has_figure(&section);
            if !is_measured {
                continue;
            }
            count += 1;
            let title = section.lines().next().unwrap_or_default();
            let names_one = PROGRAMS.iter().any(|program| section.contains(program))
                || section.contains("performance.md");
            assert!(names_one, "{document}, {title}: by which command was it measured?");
        }
    }
    assert!(count > 5, "only {count} sections");
}
