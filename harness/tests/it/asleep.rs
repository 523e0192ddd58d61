//! Minitalks that miss a signal that comes while they are awake.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

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
    // Otherwise nearly every bit would have to be sent again, after a quarter of a second each. A
    // few resends happen if the client loses its processor between checking and sending.
    assert!(number("resent_bits") <= number("bits") / 10, "{shown}");
}

/// A client that loses its processor for longer than the server waits for it misses its
/// acknowledgment and waits for ever. On a busy machine that happens once in a while, but not
/// always.
#[test]
fn a_client_that_pauses_after_some_work_is_acknowledged_while_it_sleeps() {
    let program = compile("pausing_client", "");
    let arrives = || {
        let server = Server::start();
        let mut command = Command::new(&program);
        let mut client = Running::spawn(command.args([&server.pid().to_string(), TEXT]));
        let deadline = Instant::now() + Duration::from_secs(10);
        while client.is_running() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(2));
        }
        let has_ended = !client.is_running();
        if has_ended {
            server.wait_until_shown(&format!("{TEXT}\n"));
        }
        has_ended
    };
    assert!((0..5).any(|_| arrives()));
}
