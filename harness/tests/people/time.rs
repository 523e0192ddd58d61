//! Options about time: a deadline, and slow motion.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_harness::{Finished, Programs, Running, Server};
use nix::sys::signal::Signal;

use super::{client, folder};

/// More than any of the clients below can send in the time that it is given.
const LONG_BYTES: usize = 20_000_000;

/// Runs the client with this deadline in seconds, and a message that takes longer.
fn within(seconds: &str, words: &[&str]) -> Finished {
    let path = folder("deadline").join("long");
    if !path.exists() {
        fs::write(&path, vec![b'x'; LONG_BYTES]).expect("a file can be written");
    }
    let mut command = Programs::build().client();
    let command = command.args(["--no-compress", "-w", seconds]).args(words);
    Running::start(command.stdin(fs::File::open(path).expect("it was written"))).finish()
}

#[test]
fn a_deadline_ends_a_client_wherever_it_is_and_what_was_confirmed_is_said() {
    let server = Server::start_into(&[], std::process::Stdio::null());
    let pid = server.pid().to_string();
    for (words, confirmed) in [
        (&[pid.as_str()][..], "bytes were accepted and may have been written"),
        (&["--protocol", "classic", &pid], "bytes were acknowledged"),
        (&["--wait", "60", "nobody-at-all"], "nothing was delivered"),
    ] {
        // On a busy machine nothing may be confirmed in a short time.
        let is_said = ["0.5", "2", "8", "30"].into_iter().any(|seconds| {
            let ended = within(seconds, words);
            assert_eq!(ended.code(), 5, "{words:?}: {ended:?}");
            assert!(ended.stderr.contains("--deadline"), "the way out: {ended:?}");
            ended.stderr.contains(confirmed)
        });
        assert!(is_said, "{words:?}");
    }
    let mut command = Programs::build().client();
    let (waiting, pipe) = Running::spawn_with_pipe(command.args(["-w", "0.5", &pid]));
    let ended = waiting.finish();
    drop(pipe);
    assert_eq!(ended.code(), 5, "it waits for its input: {ended:?}");
    assert!(ended.stderr.contains("nothing was delivered"), "{ended:?}");
}

#[test]
fn a_deadline_ends_a_client_that_is_kept_waiting() {
    // A raw server cannot put the long message aside.
    let mut server = Server::start_with(&["--raw"]);
    let path = folder("kept").join("long");
    fs::write(&path, vec![b'x'; LONG_BYTES]).expect("a file can be written");
    let mut command = Programs::build().client();
    let command = command.args(["--no-compress", &server.pid().to_string()]);
    let long = Running::start(command.stdin(fs::File::open(path).expect("it is there")));
    server.running().wait_for_stdout(|bytes| bytes.len() > 100);
    let kept = client(&format!("-w 0.5 {} hi", server.pid()));
    // On a busy machine it may not even have had a turn.
    assert!([5, 7].contains(&kept.code()), "{kept:?}");
    assert!(kept.stderr.contains("within 0.5 s"), "{kept:?}");
    long.signal(Signal::SIGKILL);
    server.running().signal(Signal::SIGSTOP);
    let stopped = client(&format!("-w 0.5 {} hi", server.pid()));
    assert_eq!(stopped.code(), 5, "{stopped:?}");
    server.running().signal(Signal::SIGCONT);
}

#[test]
fn a_deadline_of_a_ping_is_that_of_ping() {
    let server = Server::start();
    let pid = server.pid();
    for (words, code) in [("-w 2", 0), ("-w 60 -c 1", 0), ("-w 1 -c 1000", 1)] {
        let ended = client(&format!("--ping -i 0.2 {words} {pid}"));
        assert_eq!(ended.code(), code, "{words}: {ended:?}");
        assert!(ended.text().contains(" ping statistics "), "{words}: {ended:?}");
    }
}

#[test]
fn a_message_that_is_sent_in_time_is_sent_as_ever() {
    let server = Server::start();
    let sent = client(&format!("--deadline 5m {} hi", server.pid()));
    assert_eq!((sent.code(), sent.stderr.as_str()), (0, ""), "{sent:?}");
}

/// Slow motion is for watching: apart from the time, nothing may change.
#[test]
fn slow_motion_at_either_end_or_both_changes_nothing_but_the_time() {
    let slow = &["--slow", "25ms"][..];
    thread::scope(|scope| {
        for (server, words, protocol, bits) in [
            (slow, "", "classic", 16),
            (slow, "", "framed", 100),
            (&[], "--slow 25ms", "classic", 16),
            (slow, "--slow 25ms", "framed", 100),
        ] {
            scope.spawn(move || send_slowly(&Server::start_with(server), words, protocol, bits));
        }
    });
}

fn send_slowly(server: &Server, words: &str, protocol: &str, bits: u32) {
    let began = Instant::now();
    let line = format!("--json --stats --protocol {protocol} {words} {} A", server.pid());
    let sent = client(&line);
    assert_eq!(sent.code(), 0, "{words} {protocol}: {sent:?}");
    let took = began.elapsed();
    assert!(took > Duration::from_millis(25) * bits, "{words} {protocol}: {took:?}");
    // A busy machine may cause a resend or two, but the pause must not.
    let text = sent.text();
    let few = (0..5).any(|bits| text.contains(&format!("\"resent_bits\":{bits},")));
    assert!(few, "{words} {protocol}: {text}");
    server.wait_until_shown("A\n");
}

#[test]
fn a_server_in_slow_motion_ends_when_it_is_asked_to() {
    let server = Server::start_with(&["--slow", "1s", "--watch"]);
    let mut command = Programs::build().client();
    let sending = Running::spawn(command.args([&server.pid().to_string(), "hi"]));
    let mut server = server;
    server.running().wait_for_stderr("→ 1");
    assert_eq!(server.stop().code(), 0);
    assert!([6, 7, 8].contains(&sending.finish().code()));
}
