//! Framed peers in plain C, written from `docs/protocol.md` and without our code.

use std::io::Write;
use std::process::Command;

use minitalk_core::RefusalReason;
use minitalk_harness::{Finished, PATIENCE, Programs, Running, Server};
use nix::sys::signal::Signal;

use crate::common::{assert_delivered, assert_failed, wait_until_stopped};
use crate::peers::compile;

/// Takes several frames, and has everything that zero-bit insertion has to handle.
fn long_text() -> String {
    ('\u{1}'..='\u{1FF}').filter(|&letter| letter != '\n').collect()
}

fn our_server(options: &[&str]) -> Server {
    Server::start_with(options)
}

fn c_server(arguments: &[&str]) -> Server {
    Server::start_command(Command::new(compile("framed_server", "")).args(arguments))
}

fn from_c(server: &Server, text: &str) -> Finished {
    let mut command = Command::new(compile("framed_client", ""));
    Running::spawn(command.args([&server.pid().to_string(), text])).finish_within(PATIENCE * 3)
}

fn from_us(server: &Server, text: &str) -> Finished {
    let mut command = Programs::build().client();
    let pid = server.pid().to_string();
    Running::spawn(command.args(["--protocol=framed", "--timeout=2m", &pid, "--", text]))
        .finish_within(PATIENCE * 3)
}

#[test]
fn a_client_written_from_the_protocol_is_understood() {
    let server = our_server(&["--raw"]);
    let long = long_text();
    let texts = ["Hello, World!", "", "é 世界 😀", &long];
    for text in texts {
        let client = from_c(&server, text);
        assert_eq!(client.code(), 0, "{text:?}: {client:?}");
    }
    let end = server.stop();
    assert_eq!((end.code(), end.text()), (0, texts.concat()));
}

#[test]
fn a_client_written_from_the_protocol_is_told_why_it_is_refused() {
    let server = our_server(&["--max-message=300"]);
    // By then one of its frames has been accepted.
    assert_eq!(from_c(&server, &long_text()).code(), 10 + 1);
    assert_eq!(from_c(&server, "still there").code(), 0);
}

#[test]
fn a_client_that_becomes_another_program_is_served_as_that_one() {
    let server = our_server(&[]);
    let pid = server.pid().to_string();
    let mut command = Command::new(compile("framed_client", ""));
    command.args([&pid, "as it was"]).arg(Programs::build().client_path());
    let became = Running::spawn(command.args(["--timeout=20s", &pid, "as it is"]));
    assert_delivered(&became.finish_within(PATIENCE * 3));
    server.wait_until_shown("as it was\nas it is\n");
}

#[test]
fn a_frame_that_is_complete_only_when_the_server_has_had_its_last_message_is_refused() {
    let server = our_server(&["--once"]);
    let mut client = Programs::build().client();
    let client = client.args(["--timeout=2m", &server.pid().to_string()]);
    let (last, mut source) = Running::spawn_with_pipe(client);
    source.write_all(b"the last one").expect("the client reads");
    server.wait_until_shown("the last one");
    let mut command = Command::new(compile("framed_client", "STOPS_AFTER=100"));
    let late = Running::spawn(command.args([&server.pid().to_string(), "late"]));
    wait_until_stopped(&late);
    drop(source);
    assert_delivered(&last.finish());
    late.signal(Signal::SIGCONT);
    let code = i32::from(RefusalReason::ShuttingDown.code());
    assert_eq!(late.finish().code(), 10 + code);
    assert_eq!(server.finish().text(), "the last one\n");
}

#[test]
fn a_server_written_from_the_protocol_understands_us() {
    let server = c_server(&["10000"]);
    let long = long_text();
    let texts = ["Hello, World!", "", "é 世界 😀", &long];
    for text in texts {
        assert_delivered(&from_us(&server, text));
    }
    assert_eq!(from_c(&server, "and its like").code(), 0);
    server.wait_until_shown(&format!("{}\nand its like\n", texts.join("\n")));
}

#[test]
fn a_server_written_from_the_protocol_tells_us_why_it_refuses() {
    let server = c_server(&["300"]);
    let refused = from_us(&server, &long_text());
    assert_failed(&refused, 8, &["refused the message", "is longer than it takes"]);
    assert_delivered(&from_us(&server, "still there"));
}

#[test]
fn what_a_server_wrote_before_it_died_unheard_is_not_denied() {
    // Three frames: two of 256 octets, and the rest.
    let text = "0123456789".repeat(60);
    for (frames, written, code, words) in [
        ("1", 256, 6, "up to 256 bytes may have been written"),
        ("2", 512, 6, "256 bytes were accepted, and up to 512 may have been written"),
        ("3", 601, 7, "the whole message was sent, and whether it was written is unknown"),
    ] {
        let server = c_server(&["10000", frames]);
        let client = from_us(&server, &text);
        assert_failed(&client, code, &["has ended", words]);
        assert_eq!(server.finish().stdout.len(), written);
    }
}
