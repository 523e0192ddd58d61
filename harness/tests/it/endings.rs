//! A program dies, stops, is interrupted, or is not read from.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_harness::{PATIENCE, Programs, Running, Server};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use crate::common::{
    BOTH, Speak, assert_delivered, assert_failed, assert_serves, client, digits, in_foreground,
    octets, start, start_with_input, wait_until_stopped,
};

/// Long enough to be interrupted in the middle, on any machine.
fn long_text() -> String {
    "0123456789".repeat(10_000)
}

fn foreground_server() -> Server {
    Server::start_command(&mut in_foreground(Programs::build().server_path()))
}

/// Starts to send a long text and waits until the beginning of it has been shown.
fn start_long(speak: Speak, server: &mut Server) -> Running {
    let client = start(speak, server.pid(), &long_text());
    server.running().wait_for_stdout(|bytes| bytes.len() > 300);
    client
}

/// Stops a child and waits until it has stopped.
fn stop(child: &Running) {
    child.signal(Signal::SIGSTOP);
    wait_until_stopped(child);
}

#[test]
fn what_a_killed_client_had_sent_is_marked_as_cut_off() {
    for speak in BOTH {
        let mut server = Server::start();
        let client = start_long(speak, &mut server);
        client.signal(Signal::SIGKILL);
        let pid = client.pid();
        assert_eq!(client.finish().code(), -9);
        let words = format!("PID {pid} ended in the middle of a message");
        server.running().wait_for_stderr(&words);
        server.running().wait_for_stdout(|bytes| bytes.ends_with(b" [cut off]\n"));
        let shown = server.shown();
        assert!(long_text().starts_with(shown.trim_end_matches(" [cut off]\n")), "{speak:?}");
        for speak in BOTH {
            assert_serves(&server, speak);
        }
    }
}

#[test]
fn a_client_whose_server_is_killed_says_so_at_once() {
    for speak in BOTH {
        let mut server = Server::start();
        let client = start_long(speak, &mut server);
        server.running().signal(Signal::SIGKILL);
        let words = [&format!("PID {} has ended", server.pid()), "start a server"];
        assert_failed(&client.finish(), 6, &words);
    }
}

#[test]
fn a_server_that_was_stopped_goes_on_with_nothing_lost() {
    for speak in BOTH {
        let mut server = Server::start();
        let text = digits(30_000);
        let client = start(speak, server.pid(), &text);
        server.running().wait_for_stdout(|bytes| bytes.len() > 300);
        stop(server.running());
        let words =
            format!("is stopped; waiting for it; continue it with: kill -CONT {}", server.pid());
        client.wait_for_stderr(&words);
        server.running().signal(Signal::SIGCONT);
        let end = client.finish_within(PATIENCE * 3);
        assert_eq!(end.code(), 0, "{}", end.stderr);
        assert_eq!(server.stop().text(), format!("{text}\n"), "{speak:?}");
    }
}

#[test]
fn a_client_gives_up_on_a_server_that_stays_stopped() {
    for speak in BOTH {
        let mut server = Server::start();
        stop(server.running());
        let pid = server.pid().to_string();
        let late = client(&[speak.option(), "--timeout=500ms", &pid, "hi"]);
        assert_failed(&late, 5, &["is stopped", &format!("kill -CONT {pid}")]);
        server.running().signal(Signal::SIGCONT);
        assert_serves(&server, speak);
    }
}

#[test]
fn a_server_stopped_in_the_middle_for_too_long_is_given_up_and_cuts_the_message() {
    for speak in BOTH {
        let mut server = Server::start();
        let pid = server.pid().to_string();
        let text = long_text();
        let mut command = Programs::build().client();
        let client = Running::spawn(command.args([speak.option(), "--timeout=2s", &pid, &text]));
        server.running().wait_for_stdout(|bytes| bytes.len() > 300);
        stop(server.running());
        let late = client.finish();
        assert_eq!(late.code(), 5, "{}", late.stderr);
        let last = late.stderr.lines().last().unwrap_or_default();
        for word in ["is stopped", "for 2 s", &format!("kill -CONT {pid}")] {
            assert!(last.contains(word), "no {word:?} in {last:?}");
        }
        server.running().signal(Signal::SIGCONT);
        server.running().wait_for_stdout(|bytes| bytes.ends_with(b" [cut off]\n"));
        assert_serves(&server, speak);
    }
}

#[test]
fn an_interrupted_client_exits_as_a_shell_expects_and_the_server_marks_the_cut() {
    for speak in BOTH {
        for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
            let mut server = Server::start();
            let client = start_long(speak, &mut server);
            let pid = client.pid();
            client.signal(signal);
            assert_failed(&client.finish(), code, &["interrupted"]);
            server.running().wait_for_stderr(&format!("PID {pid} "));
            server.running().wait_for_stdout(|bytes| bytes.ends_with(b" [cut off]\n"));
            assert_serves(&server, speak);
        }
    }
}

#[test]
fn a_client_that_waits_for_a_stopped_server_can_be_interrupted() {
    for speak in BOTH {
        let mut server = Server::start();
        stop(server.running());
        let client = start(speak, server.pid(), "hi");
        client.wait_for_stderr("is stopped");
        client.signal(Signal::SIGINT);
        assert_eq!(client.finish().code(), 130);
    }
}

#[test]
fn a_server_ends_when_it_is_asked_to() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let mut server = foreground_server();
        server.running().signal(signal);
        let end = server.finish();
        assert_eq!((end.code(), end.stderr.as_str()), (0, ""), "{signal}");
    }
}

#[test]
fn a_server_that_is_asked_to_end_in_the_middle_says_what_it_cuts() {
    for speak in BOTH {
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            let mut server = foreground_server();
            let client = start_long(speak, &mut server);
            server.running().signal(signal);
            let end = server.finish();
            assert_eq!(end.code(), 0, "{}", end.stderr);
            let words = format!("PID {} was still sending", client.pid());
            assert!(end.stderr.contains(&words), "{}", end.stderr);
            assert!(end.text().ends_with(" [cut off]\n"), "{speak:?}");
            assert_failed(&client.finish(), 6, &["has ended"]);
        }
    }
}

/// A source that repeatedly produces a little, until nobody reads it any more.
fn trickle(mut source: impl Write + Send + 'static) {
    thread::spawn(move || {
        while source.write_all(b".").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
}

#[test]
fn a_server_that_has_had_its_last_message_refuses_the_others_with_the_reason() {
    let mut server = Server::start_with(&["--once", "--verbose"]);
    let pid = server.pid().to_string();
    let open = || Running::spawn_with_pipe(Programs::build().client().args(["--timeout=2m", &pid]));
    let (first, mut source) = open();
    source.write_all(b"the only one").expect("the client reads");
    server.wait_until_shown("the only one");
    let (second, other_source) = open();
    trickle(other_source);
    let late = second.pid();
    server.running().wait_for_stderr(&format!("PID {late} (minitalk-client)"));
    drop(source);
    assert_delivered(&first.finish());
    assert_failed(&second.finish(), 8, &["refused the message", "it is shutting down"]);
    let end = server.finish();
    assert_eq!(end.code(), 0);
    assert_eq!(end.text(), "the only one\n");
    let words = format!("refused the message of PID {late}: it is shutting down");
    assert!(end.stderr.contains(&words), "{}", end.stderr);
}

#[test]
fn what_has_not_ended_with_the_last_message_is_refused() {
    for style in ["--raw", "--verbose", "--json"] {
        let mut server = Server::start_with(&["--once", style]);
        let pid = server.pid().to_string();
        let begin = |text: &[u8]| {
            let mut command = Programs::build().client();
            let (client, mut source) =
                Running::spawn_with_pipe(command.args(["--timeout=2m", &pid]));
            source.write_all(text).expect("the client reads");
            (client, source)
        };
        let (first, source) = begin(b"the only one");
        if style != "--json" {
            server.running().wait_for_stdout(|bytes| bytes.ends_with(b"the only one"));
        }
        let (second, other_source) = begin(b"another");
        wait_until_idle(&[server.running().pid(), first.pid(), second.pid()]);
        drop(source);
        assert_delivered(&first.finish());
        let words = format!("refused the message of PID {}: it is shutting down", second.pid());
        server.running().wait_for_stderr(&words);
        drop(other_source);
        assert_failed(&second.finish(), 8, &["refused the message", "it is shutting down"]);
        let end = server.finish();
        let text = end.text();
        match style {
            "--json" => {
                let count = |event| text.matches(&format!("\"event\":\"{event}\"")).count();
                assert_eq!((count("message"), count("refused"), count("cut")), (1, 1, 1), "{text}");
            }
            "--raw" => assert_eq!(text, "the only one"),
            // They take turns while both pause.
            _ => assert!(text.starts_with("the only one") && text.ends_with('\n'), "{text}"),
        }
    }
}

#[test]
fn a_server_under_nohup_stays_when_the_terminal_goes() {
    let mut command = Command::new("env");
    command.arg("--ignore-signal=HUP").arg(Programs::build().server_path());
    let mut server = Server::start_command(&mut command);
    server.running().signal(Signal::SIGHUP);
    assert_serves(&server, Speak::Framed);
    assert_eq!(server.stop().code(), 0);
}

#[test]
fn a_server_that_cannot_say_its_pid_ends_and_says_why() {
    let full = File::options().write(true).open("/dev/full").expect("Linux has /dev/full");
    let end = Running::spawn_into(&mut Programs::build().server(), full).finish();
    assert_eq!(end.code(), 1);
    assert!(end.stderr.contains("No space left on device"), "{}", end.stderr);
}

#[test]
fn a_full_disk_is_the_reason_of_a_refusal_and_not_the_end_of_the_server() {
    let full = File::options().write(true).open("/dev/full").expect("Linux has /dev/full");
    let mut server = Server::start_into(&[], full);
    for _ in 0..3 {
        let client = start(Speak::Framed, server.pid(), "hi");
        let pid = client.pid();
        assert_failed(&client.finish(), 8, &["refused the message", "could not write"]);
        let words = format!("refused the message of PID {pid}: cannot write: No space left");
        server.running().wait_for_stderr(&words);
    }
    let pid = server.pid().to_string();
    let late = client(&[Speak::Classic.option(), "--timeout=500ms", &pid, "hi"]);
    assert_failed(&late, 7, &["whether it was written is unknown"]);
    assert_eq!(server.stop().code(), 0);
}

#[test]
fn a_server_whose_reader_is_gone_refuses_and_ends() {
    let (reader, writer) = io::pipe().expect("a pipe");
    let server = Server::start_into(&[], writer);
    drop(reader);
    let client = start(Speak::Framed, server.pid(), "hi");
    assert_failed(&client.finish(), 8, &["refused the message", "could not write"]);
    let end = server.finish();
    assert_eq!(end.code(), 1);
    assert!(end.stderr.contains("Broken pipe"), "{}", end.stderr);
    assert!(end.stderr.contains("has not been confirmed"), "{}", end.stderr);
}

/// What is in the pipe before anything is sent: nearly as much as it can hold.
static FILLER: [u8; 60 * 1024] = [b'.'; 60 * 1024];

/// More than the server keeps plus what the rest of the pipe can hold.
const BLOCKED_OCTETS: usize = 80_000;

/// Starts to send to a server whose output nobody reads, and waits until the pipe is full and there
/// is no more progress.
fn start_without_reader(bytes: &[u8]) -> (Server, Running, PipeReader) {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    writer.write_all(&FILLER).expect("a pipe holds 64 KiB");
    let full = writer.try_clone().expect("a descriptor");
    let mut server = Server::start_into(&[], writer);
    let client = start_with_input(Speak::Framed, server.pid(), bytes);
    wait_until_full(&full);
    drop(full);
    wait_until_idle(&[server.running().pid(), client.pid()]);
    (server, client, reader)
}

/// Waits until the last page of a pipe is in use.
fn wait_until_full(pipe: &PipeWriter) {
    let deadline = Instant::now() + PATIENCE * 3;
    let has_room = || {
        let mut watched = [PollFd::new(pipe.as_fd(), PollFlags::POLLOUT)];
        poll(&mut watched, PollTimeout::ZERO).expect("a pipe can be polled") > 0
    };
    while has_room() {
        assert!(Instant::now() < deadline, "nothing is written");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until processes have done almost nothing for a while.
///
/// There is no event for something that does not happen.
fn wait_until_idle(pids: &[u32]) {
    let deadline = Instant::now() + PATIENCE * 3;
    let ticks = || pids.iter().map(|&pid| processor_ticks(pid)).sum::<u64>();
    let mut before = ticks();
    loop {
        thread::sleep(Duration::from_millis(1500));
        let now = ticks();
        if now.saturating_sub(before) <= 2 {
            return;
        }
        assert!(Instant::now() < deadline, "still busy");
        before = now;
    }
}

/// The processor time of a process, in hundredths of a second (`proc_pid_stat(5)`).
fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it has not ended");
    let (_, fields) = stat.rsplit_once(')').expect("the name ends");
    fields.split_whitespace().skip(11).take(2).filter_map(|time| time.parse::<u64>().ok()).sum()
}

#[test]
fn a_reader_that_looks_away_for_a_while_loses_nothing() {
    let bytes = octets(BLOCKED_OCTETS);
    let (server, client, mut reader) = start_without_reader(&bytes);
    assert_eq!(client.stderr_so_far(), "");
    let reading = thread::spawn(move || {
        let mut read = Vec::new();
        reader.read_to_end(&mut read).map(|_| read)
    });
    assert_delivered(&client.finish_within(PATIENCE * 3));
    assert_eq!(server.stop().code(), 0);
    let read = reading.join().expect("the reader does not panic").expect("a pipe can be read");
    assert!(read == [FILLER.as_slice(), &bytes].concat());
}

#[test]
fn a_server_that_nobody_reads_can_still_be_ended() {
    let (server, client, reader) = start_without_reader(&octets(BLOCKED_OCTETS));
    let pid = client.pid();
    let end = server.stop();
    assert_eq!(end.code(), 0);
    assert!(end.stderr.contains(&format!("PID {pid} was still sending")), "{}", end.stderr);
    assert_failed(&client.finish(), 6, &["has ended"]);
    drop(reader);
}
