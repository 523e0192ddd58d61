//! How wrong usage is reported, the same way by all programs.

use std::collections::BTreeSet;
use std::process::Command;

use minitalk_harness::{Programs, Running};

/// The long options that the help lists.
fn options(mut program: Command) -> BTreeSet<String> {
    let help = Running::spawn(program.arg("-h")).finish().text();
    // An alias may be on a line of its own.
    let (listed, _) = help.split_once("\nExamples:").expect("it has examples");
    let words = listed.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

/// What a program says about a wrong command line.
fn said(mut program: Command, words: &str) -> String {
    let ended = Running::spawn(program.args(words.split(' '))).finish();
    assert_eq!((ended.code(), ended.text().as_str()), (2, ""), "{words}: {ended:?}");
    ended.stderr
}

#[test]
fn wrong_usage_is_one_line_that_begins_with_the_program_and_ends_with_the_way_out() {
    let programs = Programs::build();
    for words in ["--nonsense", "-Z", "--protocol nonsense", "--trace", "--generate man --watch"] {
        for (program, name) in
            [(programs.client(), "minitalk-client"), (programs.server(), "minitalk-server")]
        {
            let said = said(program, words);
            assert!(said.starts_with(&format!("{name}: ")), "{said}");
            assert!(said.ends_with("; see --help\n"), "{said}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }
}

#[test]
fn an_option_that_only_the_other_program_has_is_known_as_such() {
    let programs = Programs::build();
    let (of_client, of_server) = (options(programs.client()), options(programs.server()));
    assert!(of_client.len() > 15 && of_server.len() > 15, "{of_client:?} {of_server:?}");
    for (program, wrong, other) in [
        (0, of_server.difference(&of_client), "--. is an option of minitalk-server"),
        (1, of_client.difference(&of_server), "--. is an option of minitalk-client"),
    ] {
        for option in wrong {
            let program = if program == 0 { programs.client() } else { programs.server() };
            let said = said(program, option);
            assert!(said.contains(&other.replace("--.", option)), "{said}");
        }
    }
}

#[test]
fn what_is_mistyped_is_guessed() {
    let programs = Programs::build();
    for (program, wrong, guess) in [
        (programs.client(), "--vebose 1 hi", "--verbose"),
        (programs.server(), "--vebose", "--verbose"),
        (programs.client(), "--protocol clasic 1 hi", "classic"),
        (programs.server(), "Hello", "minitalk-client PID TEXT"),
        (programs.server(), "4242 Hello", "minitalk-client PID TEXT"),
    ] {
        let said = said(program, wrong);
        assert!(said.contains(guess), "{said}");
    }
}
