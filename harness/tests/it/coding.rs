//! Content coding: text takes fewer octets on the line; nothing else changes.

use std::fs::File;
use std::io::Write;
use std::process::Command;

use minitalk_harness::{Finished, PATIENCE, Programs, Running, Server};
use nix::sys::signal::Signal;
use tempfile::{TempDir, tempdir};

use crate::common::{assert_delivered, assert_failed, octets};
use crate::peers::compile;

/// The lines of a log, similar but not identical.
fn log(lines: usize) -> Vec<u8> {
    let noise = octets(lines);
    let line = |(number, noise): (usize, u8)| {
        let (minute, second) = (number / 60 % 60, number % 60);
        format!("Nov 27 09:{minute:02}:{second:02} host daemon[421]: request {noise} done\n")
    };
    noise.into_iter().enumerate().flat_map(|pair| line(pair).into_bytes()).collect()
}

/// A server that writes what it receives to a file, and a file to send from.
struct Bench {
    folder: TempDir,
    server: Server,
}

impl Bench {
    fn new(options: &[&str]) -> Self {
        let folder = tempdir().expect("a folder of our own");
        let output = File::create(folder.path().join("written")).expect("a folder of our own");
        Self { server: Server::start_into(options, output), folder }
    }

    fn written(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("written")).expect("it is there")
    }

    fn send(&self, text: &[u8], options: &[&str]) -> Running {
        send_to(&self.server, &self.folder, text, options)
    }
}

fn send_to(server: &Server, folder: &TempDir, text: &[u8], options: &[&str]) -> Running {
    let path = folder.path().join("text");
    std::fs::write(&path, text).expect("a folder of our own");
    let mut command = Programs::build().client();
    command.args(["--timeout=2m", "--protocol=framed"]).args(options);
    let input = File::open(path).expect("it is there");
    Running::start(command.arg(server.pid().to_string()).stdin(input))
}

/// A number in a line of JSON from the client.
fn number(client: &Finished, event: &str, member: &str) -> Option<u64> {
    let text = client.text();
    let line = text.lines().find(|line| line.contains(&format!("\"event\":\"{event}\"")))?;
    let rest = line.split(&format!("\"{member}\":")).nth(1)?;
    rest.split([',', '}']).next()?.parse().ok()
}

/// How many octets on the line this text takes.
fn coded_octets(bench: &Bench, text: &[u8], options: &[&str]) -> u64 {
    let options = [["--json", "--stats"].as_slice(), options].concat();
    let before = bench.written().len();
    let client = bench.send(text, &options).finish_within(PATIENCE * 3);
    assert_eq!((client.code(), client.stderr.as_str()), (0, ""));
    assert!(bench.written()[before..] == *text, "what was written is what was sent");
    let length = text.len() as u64;
    assert_eq!(number(&client, "stats", "bytes"), Some(length));
    assert_eq!(number(&client, "delivered", "bytes"), Some(length));
    number(&client, "stats", "octets").expect("it says so")
}

#[test]
fn text_takes_fewer_octets_and_noise_as_many_as_it_has() {
    let bench = Bench::new(&[]);
    let readme = include_bytes!("../../../README.md");
    assert!(coded_octets(&bench, &readme[..7000], &[]) * 2 < 7000);
    assert!(coded_octets(&bench, include_bytes!("coding.rs"), &[]) * 3 < 10_000);
    assert!(coded_octets(&bench, &log(2_000), &[]) * 8 < 100_000);
    assert_eq!(coded_octets(&bench, &octets(3_000), &[]), 3_000);
    assert_eq!(coded_octets(&bench, b"too short to gain", &[]), 17);
    assert_eq!(coded_octets(&bench, &readme[..2000], &["--no-compress"]), 2_000);
    assert_eq!(coded_octets(&bench, b"", &[]), 0);
}

#[test]
fn what_is_written_into_a_pipe_line_by_line_arrives_line_by_line() {
    let server = Server::start_with(&["--raw"]);
    let mut command = Programs::build().client();
    let (client, mut source) =
        Running::spawn_with_pipe(command.args(["--timeout=2m", &server.pid().to_string()]));
    let text = log(40);
    let mut shown = String::new();
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        source.write_all(line).expect("the client reads");
        shown += str::from_utf8(line).expect("text");
        wait_until(|| server.shown() == shown);
    }
    drop(source);
    assert_delivered(&client.finish());
}

fn wait_until(is_so: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "it does not come");
        std::thread::yield_now();
    }
}

#[test]
fn a_bomb_is_refused_when_its_text_gets_longer_than_a_message_may_be() {
    let bench = Bench::new(&["--max-message=100KiB"]);
    // From a pipe, so that the length is not known in advance.
    let mut command = Programs::build().client();
    let pid = bench.server.pid().to_string();
    let bomb = Running::spawn_with_input(command.args(["--json", &pid]), vec![b'0'; 50 << 20]);
    let client = bomb.finish();
    assert_eq!(client.code(), 8, "{client:?}");
    assert!(client.stderr.contains("is longer than it takes"), "{}", client.stderr);
    let written = bench.written();
    assert!(written.len() <= 100 << 10 && written.iter().all(|&byte| byte == b'0'));
    let accepted = number(&client, "failed", "bytes").expect("it says so");
    assert!(accepted <= written.len() as u64, "{accepted} of {}", written.len());
    // A message that gives its length is refused before any of it is written.
    let before = written.len();
    let client = bench.send(&vec![b'0'; 200 << 10], &[]).finish();
    assert_failed(&client, 8, &["is longer than it takes"]);
    assert_eq!(bench.written().len(), before);
    assert_delivered(&bench.send(&log(1_000), &[]).finish());
}

#[test]
fn a_server_that_knows_no_coding_gets_the_text_as_it_is_and_all_of_it() {
    let folder = tempdir().expect("a folder of our own");
    let mut command = Command::new(compile("framed_server", ""));
    let server = Server::start_command(command.arg("100000"));
    let text = log(200);
    let client = send_to(&server, &folder, &text, &["--json", "--stats"]).finish();
    assert_eq!(client.code(), 0, "{client:?}");
    assert_eq!(number(&client, "stats", "octets"), Some(text.len() as u64));
    let text = String::from_utf8(text).expect("a log is text");
    server.wait_until_shown(&format!("{text}\n"));
    // From a pipe, where nothing can be read twice.
    let mut command = Programs::build().client();
    let pid = server.pid().to_string();
    command.args(["--timeout=2m", "--protocol=framed", &pid]);
    let client = Running::spawn_with_input(&mut command, text.clone());
    assert_delivered(&client.finish());
    server.wait_until_shown(&format!("{text}\n{text}\n"));
}

#[test]
fn what_an_interrupted_client_calls_accepted_is_in_the_output_and_nothing_is_wrong_there() {
    let bench = Bench::new(&[]);
    let text = log(20_000);
    for patience in [1, 300_000, 700_000] {
        let before = bench.written().len();
        let client = bench.send(&text, &["--json"]);
        wait_until(|| bench.written().len() >= before + patience);
        client.signal(Signal::SIGINT);
        let client = client.finish();
        assert_eq!(client.code(), 130, "{client:?}");
        let accepted = number(&client, "failed", "bytes").expect("it says so");
        // At most one frame has been written without its knowledge.
        assert!(accepted + 0x1_0000 > patience as u64, "{accepted}");
        let end = before + usize::try_from(accepted).expect("a length");
        wait_until(|| bench.written().len() >= end);
        // The server has dropped that message, and accepts another.
        assert_delivered(&bench.send(b"<end>", &["--quiet"]).finish());
        let written = bench.written();
        let received = written[before..].strip_suffix(b"<end>").expect("it came last");
        assert!(text.starts_with(received), "wrong bytes");
    }
}

#[test]
fn what_a_client_of_a_killed_server_calls_accepted_was_written() {
    let mut bench = Bench::new(&[]);
    let text = log(20_000);
    let client = bench.send(&text, &["--json"]);
    wait_until(|| bench.written().len() > 200_000);
    bench.server.running().signal(Signal::SIGKILL);
    let client = client.finish();
    assert_eq!(client.code(), 6, "{client:?}");
    let written = bench.written();
    assert!(text.starts_with(&written), "wrong bytes");
    // The server keeps what it has accepted for a moment before it writes it: up to 64 KiB per
    // message.
    let accepted = number(&client, "failed", "bytes").expect("it says so");
    assert!(accepted <= written.len() as u64 + (64 << 10), "{accepted}");
}

#[test]
fn what_arrived_of_a_killed_client_is_the_beginning_of_its_text() {
    let mut bench = Bench::new(&[]);
    let text = log(20_000);
    let client = bench.send(&text, &[]);
    wait_until(|| bench.written().len() > 200_000);
    let pid = client.pid();
    client.signal(Signal::SIGKILL);
    let _ = client.finish();
    let cut = format!("PID {pid} ended in the middle of a message; ");
    let told = bench.server.running().wait_for_stderr(&cut);
    let written = bench.written();
    assert!(text.starts_with(&written), "wrong bytes");
    let octets = told.split(&cut).nth(1).and_then(|rest| rest.split(' ').next());
    assert_eq!(octets.and_then(|octets| octets.parse().ok()), Some(written.len()));
}
