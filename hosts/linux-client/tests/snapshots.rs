//! What the client says, word for word. After an intended change, `SNAPSHOTS=overwrite cargo test
//! --package minitalk-client --test snapshots` updates the snapshots.

#![expect(clippy::needless_raw_string_hashes, reason = "that is how snapbox writes them")]

use minitalk_harness::said;
use snapbox::{assert_data_eq, file, str};

fn stdout(words: &str, code: i32) -> String {
    said("minitalk-client", words, code).0
}

fn stderr(words: &str, code: i32) -> String {
    said("minitalk-client", words, code).1
}

#[test]
fn the_help_says_what_there_is() {
    assert_data_eq!(stdout("--help", 0), file!["snapshots/help.txt"]);
}

#[test]
fn the_man_page_says_the_same() {
    assert_data_eq!(stdout("--generate man", 0), file!["snapshots/man.txt"]);
}

#[test]
fn a_number_that_is_no_pid_is_told_with_the_way_out() {
    assert_data_eq!(
        stderr("0 hi", 3),
        str![[r#"
minitalk-client: PID 0 is not a process id (they are 1 to 4194304); nothing was delivered; use the PID that minitalk-server prints on its first line, or see which servers run with --list

"#]]
    );
}

#[test]
fn a_name_that_nobody_has_is_told_with_the_way_out() {
    assert_data_eq!(
        stderr("nobody hi", 3),
        str![[r#"
minitalk-client: no server is called 'nobody'; nothing was delivered; see which servers run with --list; a server gets a name with: minitalk-server --name NAME

"#]]
    );
}

#[test]
fn what_is_neither_a_pid_nor_a_name_is_wrong_usage() {
    assert_data_eq!(
        stderr(".b hi", 2),
        str![[r#"
minitalk-client: invalid value '.b' for '[SERVER]': it is not a PID, and a name does not begin with a dot; see --help

"#]]
    );
}

#[test]
fn two_modes_at_once_are_wrong_usage() {
    assert_data_eq!(
        stderr("--check --ping 5", 2),
        str![[r#"
minitalk-client: the argument '--check' cannot be used with '--ping'; see --help

"#]]
    );
}

#[test]
fn a_failure_is_an_object_on_a_line() {
    assert_data_eq!(
        stdout("--json 0 hi", 3),
        str![[r#"
{"event":"failed","pid":0,"code":3,"reason":"not_a_pid","known":"nothing","bytes":0,"sentence":"PID 0 is not a process id (they are 1 to 4194304); nothing was delivered; use the PID that minitalk-server prints on its first line, or see which servers run with --list"}

"#]]
    );
    assert_data_eq!(
        stdout("--json nobody hi", 3),
        str![[r#"
{"event":"failed","pid":null,"code":3,"reason":"unknown_name","known":"nothing","bytes":0,"sentence":"no server is called 'nobody'; nothing was delivered; see which servers run with --list; a server gets a name with: minitalk-server --name NAME"}

"#]]
    );
}

#[test]
fn a_check_is_an_object_on_a_line() {
    assert_data_eq!(
        stdout("--json --check 0", 3),
        str![[r#"
{"event":"check","pid":0,"deliverable":false,"code":3,"reason":"not_a_pid","sentence":"PID 0 is not a process id (they are 1 to 4194304); use the PID that minitalk-server prints on its first line, or see which servers run with --list"}

"#]]
    );
}

#[test]
fn a_client_without_a_server_is_told_what_a_server_is() {
    assert_data_eq!(
        stderr("--json", 2),
        str![[r#"
minitalk-client: the following required arguments were not provided: <SERVER>; the server is a PID, which minitalk-server shows on its first line, or a name; see --list; see --help

"#]]
    );
}

#[test]
fn a_text_has_no_place_in_another_mode() {
    assert_data_eq!(
        stderr("--check 5 hi", 2),
        str![[r#"
minitalk-client: the argument '--check' cannot be used with '[TEXT]...'; see --help

"#]]
    );
}

#[test]
fn a_dialect_is_not_framed() {
    assert_data_eq!(
        stderr("--protocol framed --dialect one=usr1 5 hi", 2),
        str![[r#"
minitalk-client: a dialect is how a classic server speaks: leave out --protocol framed, or --dialect; see --help

"#]]
    );
}

#[test]
fn what_is_no_duration_or_number_is_wrong_usage() {
    assert_data_eq!(
        stderr("--timeout soon 5 hi", 2),
        str![[r#"
minitalk-client: invalid value 'soon' for '--timeout <DURATION>': it is not a duration: write for example 500us, 10ms, 2s or 1m; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--pace 3 5 hi", 2),
        str![[r#"
minitalk-client: invalid value '3' for '--pace <DURATION>': it is not a duration: write for example 500us, 10ms, 2s or 1m; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--ping 5 -c 0", 2),
        str![[r#"
minitalk-client: invalid value '0' for '--count <NUMBER>': it is not a whole number from 1 up; see --help

"#]]
    );
}

#[test]
fn the_short_help_is_a_summary() {
    assert_data_eq!(stdout("-h", 0), file!["snapshots/help-short.txt"]);
}
