//! What the server says, word for word, before any client has connected; `harness/tests/people` has
//! the rest. After an intended change, `SNAPSHOTS=overwrite cargo test --package minitalk-server
//! --test snapshots` updates the snapshots.

#![expect(clippy::needless_raw_string_hashes, reason = "that is how snapbox writes them")]

use minitalk_harness::said;
use snapbox::{assert_data_eq, file, str};

fn stdout(words: &str) -> String {
    said("minitalk-server", words, 0).0
}

/// What it writes to standard error before it ends with `code`; it writes nothing else.
fn stderr(words: &str, code: i32) -> String {
    let (stdout, stderr) = said("minitalk-server", words, code);
    assert_eq!(stdout, "");
    stderr
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
fn bytes_and_objects_at_once_are_wrong_usage() {
    assert_data_eq!(
        stderr("--json --raw", 2),
        str![[r#"
minitalk-server: the argument '--json' cannot be used with '--raw'; --raw writes the bytes of the messages and nothing else, --json nothing but objects: choose one; see --help

"#]]
    );
}

#[test]
fn other_options_that_contradict_each_other_are_wrong_usage() {
    assert_data_eq!(
        stderr("--once --count 3", 2),
        str![[r#"
minitalk-server: the argument '--once' cannot be used with '--count <N>'; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--quiet --verbose", 2),
        str![[r#"
minitalk-server: the argument '--quiet' cannot be used with '--verbose'; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--generate man --raw", 2),
        str![[r#"
minitalk-server: the argument '--generate <WHAT>' cannot be used with one or more of the other specified arguments; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--sync", 2),
        str![[r#"
minitalk-server: the following required arguments were not provided: --output <FILE>; see --help

"#]]
    );
}

#[test]
fn what_cannot_be_a_name_is_wrong_usage() {
    assert_data_eq!(
        stderr("--name 7x", 2),
        str![[r#"
minitalk-server: invalid value '7x' for '--name <NAME>': a name does not begin with a digit, as a PID does; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--name a/b", 2),
        str![[r#"
minitalk-server: invalid value 'a/b' for '--name <NAME>': a name has no '/'; see --help

"#]]
    );
}

#[test]
fn what_is_no_dialect_is_wrong_usage() {
    assert_data_eq!(
        stderr("--dialect foo", 2),
        str![[r#"
minitalk-server: invalid value 'foo' for '--dialect <LIST>': unknown key in dialect; expected one, order, ack, receipt, end, length, lead, hello, ready or busy; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--dialect one=usr3", 2),
        str![[r#"
minitalk-server: invalid value 'one=usr3' for '--dialect <LIST>': unknown value for one; expected usr1 or usr2; see --help

"#]]
    );
}

#[test]
fn what_is_no_size_or_number_is_wrong_usage() {
    assert_data_eq!(
        stderr("--max-message many", 2),
        str![[r#"
minitalk-server: invalid value 'many' for '--max-message <SIZE>': it is not a number of bytes: write for example 4096, 64KiB or 1M; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--max-message -1", 2),
        str![[r#"
minitalk-server: invalid value '-1' for '--max-message <SIZE>': it is not a number of bytes: write for example 4096, 64KiB or 1M; see --help

"#]]
    );
    assert_data_eq!(
        stderr("--count 0", 2),
        str![[r#"
minitalk-server: invalid value '0' for '--count <N>': it is not a whole number from 1 up; see --help

"#]]
    );
}

#[test]
fn what_is_no_option_is_wrong_usage() {
    assert_data_eq!(
        stderr("--verbos", 2),
        str![[r#"
minitalk-server: unexpected argument '--verbos' found; a similar argument exists: '--verbose'; see --help

"#]]
    );
    assert_data_eq!(
        stderr("hello", 2),
        str![[r#"
minitalk-server: unexpected argument 'hello' found; the server takes no text: start it without, and send with: minitalk-client PID TEXT; see --help

"#]]
    );
}

#[test]
fn a_server_that_cannot_start_tells_nobody_a_pid() {
    assert_data_eq!(
        stderr("--trace /nonexistent/x", 1),
        str![[r#"
minitalk-server: cannot write a trace to /nonexistent/x: the name of a trace ends with .vcd, .svg or .txt

"#]]
    );
    assert_data_eq!(
        stderr("--output /nonexistent/x", 1),
        str![[r#"
minitalk-server: cannot open /nonexistent/x: No such file or directory (os error 2)

"#]]
    );
    assert_data_eq!(
        stderr("--pid-file /nonexistent/x", 1),
        str![[r#"
minitalk-server: cannot write the PID to /nonexistent/x: No such file or directory (os error 2)

"#]]
    );
}
