//! What the tester says, word for word. After an intended change, `SNAPSHOTS=overwrite cargo test
//! --package minitalk-tester --test snapshots` updates the snapshots.

#![expect(clippy::needless_raw_string_hashes, reason = "that is how snapbox writes them")]

use std::fs;
use std::path::Path;

use minitalk_harness::said;
use snapbox::{assert_data_eq, file, str};

fn stdout(words: &str) -> String {
    said("minitalk-tester", words, 0).0
}

fn stderr(words: &str, code: i32) -> String {
    said("minitalk-tester", words, code).1
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
