//! The exit codes in the README are those of the help.

use minitalk_harness::{Programs, Running};

use super::read;

#[test]
fn the_exit_codes_in_the_readme_are_those_of_the_help() {
    let readme = read("README.md");
    let table = between(&readme, "| exit | meaning |\n|---|---|\n", "\n\n");
    let row = |line: &str| {
        let (code, meaning) = line.trim_matches(['|', ' ']).split_once(" | ").expect("two columns");
        (code.to_owned(), meaning.replace('`', ""))
    };
    let of_readme: Vec<_> = table.lines().map(row).collect();
    let help = Running::spawn(Programs::build().client().arg("--help")).finish().text();
    let mut of_help: Vec<(String, String)> = Vec::new();
    for line in between(&help, "Exit status:\n", "\n--check").lines() {
        if let Some((code, meaning)) = line.trim().split_once("  ") {
            of_help.push((code.to_owned(), meaning.trim().to_owned()));
        } else {
            let (_, meaning) = of_help.last_mut().expect("a line goes on");
            meaning.push(' ');
            meaning.push_str(line.trim());
        }
    }
    assert_eq!(of_readme, of_help);
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).expect("it begins") + start.len();
    let to = text[from..].find(end).expect("it ends");
    &text[from..from + to]
}
