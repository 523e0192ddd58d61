//! Minitalks that miss a signal which comes while they are awake.

use std::process::Command;

use minitalk_harness::{Programs, Running, Server};

use crate::peers::compile;

/// Twenty bytes and a NUL are 168 bits.
const TEXT: &str = "twenty bytes of text";

#[test]
fn a_server_that_acknowledges_before_it_is_ready_is_sent_to_while_it_sleeps() {
    let server = Server::start_command(&mut Command::new(compile("hasty_server", "")));
    let mut command = Programs::build().client();
    command.args(["--dialect=receipt=none", "--json", "--stats", "--timeout=2m"]);
    let client = Running::spawn(command.args([&server.pid().to_string(), "--", TEXT])).finish();
    server.wait_until_shown(&format!("{TEXT}\n"));
    let shown = String::from_utf8_lossy(&client.stdout).into_owned();
    let number = |member: &str| -> u64 {
        let (_, rest) = shown.split_once(&format!("\"{member}\":")).expect("statistics");
        rest.split(|letter: char| !letter.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    // Nearly every bit would have to be sent again, after a quarter of a second each; a processor that
    // is taken from the client between its look and its bit accounts for a few.
    assert!(number("resent_bits") <= number("bits") / 10, "{shown}");
}
