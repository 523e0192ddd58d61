//! Commands within sentences: what they name must exist.

use std::collections::BTreeSet;
use std::process::Command;

use minitalk_harness::{Programs, Running};

use super::{documents, read, root};

/// The text between single backquotes, on one line or broken at its end; not in blocks.
fn spans(document: &str) -> Vec<String> {
    let mut is_block = false;
    let mut prose = String::new();
    for line in read(document).lines() {
        if line.starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            prose.push_str(line.trim());
            prose.push(if line.is_empty() { '\n' } else { ' ' });
        }
    }
    let paragraphs = prose.split('\n').map(|paragraph| paragraph.split('`').skip(1).step_by(2));
    paragraphs.flatten().map(str::to_owned).collect()
}

/// The long options of a program.
fn options(mut program: Command) -> BTreeSet<String> {
    let help = Running::spawn(program.arg("--help")).finish().text();
    let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.starts_with("--")).map(str::to_owned).collect()
}

#[test]
fn what_a_command_in_a_sentence_names_is_there() {
    let programs = Programs::build();
    let of_client = options(programs.client());
    let of_server = options(programs.server());
    let tester = read("hosts/linux-tester/tests/snapshots/help.txt");
    let recipes = read("justfile");
    let fuzz = read("fuzz/Cargo.toml");
    let mut count = 0;
    for (document, span) in
        documents().iter().flat_map(|path| spans(path).into_iter().map(move |span| (path, span)))
    {
        let mut words = span.split_whitespace();
        let first = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let has_option = |options: &BTreeSet<String>| {
            let named = rest.iter().filter_map(|word| word.strip_prefix("--"));
            let named = named.map(|word| word.split('=').next().unwrap_or_default());
            named.map(|name| format!("--{name}")).all(|option| options.contains(&option))
        };
        let is_there = match first {
            "minitalk-client" => has_option(&of_client),
            "minitalk-server" => has_option(&of_server),
            "minitalk-tester" => rest
                .iter()
                .filter(|word| word.starts_with("--"))
                .all(|option| tester.contains(*option)),
            "just" => rest.first().is_none_or(|recipe| {
                let is_recipe = |line: &str| {
                    line.strip_prefix(recipe).is_some_and(|rest| rest.starts_with([' ', ':']))
                };
                recipe.starts_with("--") || recipes.lines().any(is_recipe)
            }),
            "cargo" if rest.starts_with(&["fuzz", "run"]) => {
                rest.get(2).is_none_or(|target| fuzz.contains(&format!("name = \"{target}\"")))
            }
            tool if tool.starts_with("tools/") || tool.starts_with(".ci/") => {
                root().join(tool.split('{').next().unwrap_or_default()).exists()
            }
            _ => continue,
        };
        count += 1;
        assert!(is_there, "{document}: `{span}`");
    }
    assert!(count > 50, "only {count} commands");
}
