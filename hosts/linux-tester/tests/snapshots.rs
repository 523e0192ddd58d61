//! What the tester says, word for word. After a change that is meant, `SNAPSHOTS=overwrite cargo
//! test --package minitalk-tester --test snapshots` takes the new words over.

#![expect(clippy::needless_raw_string_hashes, reason = "that is how snapbox writes them")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use snapbox::{assert_data_eq, file, str};

fn tester(words: &str) -> Output {
    Command::new(program())
        .args(words.split_whitespace())
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .output()
        .expect("the tester can be run")
}

/// The tester that was built with this test. `CARGO_BIN_EXE_…` does not get through the compiler's
/// wrapper, which is a shell script, and shells drop variables with a hyphen.
fn program() -> PathBuf {
    let test = env::current_exe().expect("the path of this program is known");
    let folder = test.ancestors().nth(2).expect("tests are in target/<profile>/deps");
    folder.join("minitalk-tester")
}

fn stderr(words: &str, code: i32) -> String {
    let output = tester(words);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stderr).expect("words are UTF-8")
}

fn stdout(words: &str) -> String {
    let output = tester(words);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).expect("words are UTF-8")
}

#[test]
fn the_help_says_what_there_is() {
    assert_data_eq!(stdout("--help"), file!["snapshots/help.txt"]);
}

#[test]
fn the_short_help_is_a_summary() {
    assert_data_eq!(stdout("-h"), file!["snapshots/help-short.txt"]);
}

#[test]
fn the_man_page_says_the_same() {
    assert_data_eq!(stdout("--generate man"), file!["snapshots/man.txt"]);
}

#[test]
fn each_shell_is_told_of_the_options() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&format!("--generate {shell}")).contains("report"), "{shell}");
    }
}

#[test]
fn the_documentation_lists_the_checks_there_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tester.md");
    let page = fs::read_to_string(path).expect("the page is there");
    for list in [stdout("--list"), stdout("--list --framed")] {
        let block = format!("```text\n{list}```");
        assert!(page.contains(&block), "put this into docs/tester.md:\n{list}");
    }
}

#[test]
fn a_folder_without_programs_is_told_with_the_way_out() {
    assert_data_eq!(
        stderr("/nonexistent", 3),
        str![[r#"
minitalk-tester: there is no program server in /nonexistent; build it first, or with --make, or say which it is with --server

"#]]
    );
}

#[test]
fn a_check_that_does_not_exist_is_wrong_usage() {
    assert_data_eq!(
        stderr("--only everything", 2),
        str![[r#"
minitalk-tester: there is no check 'everything'; see which there are with --list

"#]]
    );
}
