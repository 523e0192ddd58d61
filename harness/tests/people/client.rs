//! The client in unexpected environments.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use minitalk_harness::{Finished, Programs, Running, Server};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use super::{client, folder};

/// Much more than the second that a program may take to end, because the machine may be busy.
const SOON: Duration = Duration::from_secs(8);

/// Runs the client from a shell, with these redirections.
fn redirected(words: &str, redirections: &str) -> Finished {
    let mut shell = Command::new("sh");
    let line = format!("exec \"$0\" {words} {redirections}");
    Running::spawn(shell.args(["-c", &line]).arg(Programs::build().client_path())).finish()
}

/// A full pipe.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    let takes_more = |writer: &PipeWriter| {
        let mut watched = [PollFd::new(writer.as_fd(), PollFlags::POLLOUT)];
        poll(&mut watched, PollTimeout::ZERO).expect("it can be looked at") > 0
    };
    while takes_more(&writer) {
        writer.write_all(&[b'.'; 4096]).expect("there is room");
    }
    (reader, writer)
}

#[test]
fn a_descriptor_that_is_needed_and_closed_is_refused_at_the_start() {
    let server = Server::start();
    let pid = server.pid();
    for (words, redirections, name) in [
        (format!("{pid}"), "<&-", "standard input"),
        (format!("{pid} -"), "<&-", "standard input"),
        (format!("--protocol classic {pid}"), "<&-", "standard input"),
        (format!("--json {pid} hi"), ">&-", "standard output"),
        ("--list".to_owned(), ">&-", "standard output"),
        (format!("--check {pid}"), ">&-", "standard output"),
        (format!("--ping -c 1 {pid}"), ">&-", "standard output"),
        ("--generate man".to_owned(), ">&-", "standard output"),
    ] {
        let ended = redirected(&words, redirections);
        assert_eq!(ended.code(), 1, "{words} {redirections}: {ended:?}");
        assert!(ended.stderr.contains(&format!("{name} is closed")), "{ended:?}");
    }
    assert_eq!(redirected(&format!("--stats {pid} hi"), "2>&-").code(), 1);
    assert_eq!(redirected(&format!("{pid} hi"), "<&- >&- 2>&-").code(), 0, "it needs none of them");
    server.wait_until_shown("hi\n");
}

#[test]
fn what_cannot_be_said_is_dropped_and_the_exit_code_is_the_same() {
    let (_reader, full) = full_pipe();
    let mut command = Programs::build().client();
    let mut client = command.args(["0", "hi"]).stderr(full).spawn().expect("it runs");
    let began = Instant::now();
    while client.try_wait().expect("it is ours").is_none() {
        assert!(began.elapsed() < SOON, "it blocks");
        std::thread::yield_now();
    }
    assert_eq!(client.wait().expect("it is ours").code(), Some(3));
}

/// Asks a client to end, and makes sure that it does so soon, with one of these codes.
fn ends_soon(client: Running, codes: &[i32], state: &str) {
    let asked = Instant::now();
    client.signal(Signal::SIGTERM);
    let ended = client.finish();
    assert!(codes.contains(&ended.code()), "{state}: {ended:?}");
    assert!(asked.elapsed() < SOON, "{state}: {:?}", asked.elapsed());
}

#[test]
fn a_client_ends_on_request_in_every_state() {
    let mut server = Server::start();
    let pid = server.pid().to_string();
    for protocol in ["framed", "classic"] {
        let mut command = Programs::build().client();
        let command = command.args(["--protocol", protocol, &pid]);
        let (client, pipe) = Running::spawn_with_pipe(command);
        wait_until_armed(&client);
        ends_soon(client, &[143], "it waits for its input");
        drop(pipe);
    }
    let (_reader, full) = full_pipe();
    let mut command = Programs::build().client();
    let client = Running::spawn_into(command.args(["--ping", "-i", "0.2", &pid]), full);
    wait_until_armed(&client);
    // Whether the first answer has come by now decides.
    ends_soon(client, &[0, 1], "nobody reads its figures");

    server.running().signal(Signal::SIGSTOP);
    for (words, code) in [
        (&["--protocol", "framed", &pid, "hi"][..], 143),
        (&["--protocol", "classic", &pid, "hi"], 143),
        (&["--ping", &pid], 1),
    ] {
        let client = Running::spawn(Programs::build().client().args(words));
        wait_until_armed(&client);
        ends_soon(client, &[code], "the server is stopped");
    }
    server.running().signal(Signal::SIGCONT);
}

/// Waits until the client has blocked the signal that asks it to end: then its line is open.
fn wait_until_armed(client: &Running) {
    const SIGTERM: u64 = 1 << 14;
    let began = Instant::now();
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", client.pid())).expect("it runs");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
        let caught = u64::from_str_radix(caught.expect("the kernel says so"), 16);
        if caught.is_ok_and(|caught| caught & SIGTERM != 0) {
            return;
        }
        assert!(began.elapsed() < minitalk_harness::PATIENCE, "it never gets its line");
        std::thread::yield_now();
    }
}

#[test]
fn a_classic_client_looks_at_the_server_before_it_reads_its_input() {
    let gone = Running::spawn(&mut Command::new("true"));
    let pid = gone.pid().to_string();
    assert_eq!(gone.finish().code(), 0);
    let mut command = Programs::build().client();
    let (client, _pipe) = Running::spawn_with_pipe(command.args(["--protocol", "classic", &pid]));
    assert_eq!(client.finish().code(), 3);
}

#[test]
fn a_dash_alone_is_standard_input_and_among_words_a_word() {
    let server = Server::start();
    let pid = server.pid().to_string();
    let mut command = Programs::build().client();
    let sent = Running::spawn_with_input(command.args([&pid, "-"]), "from a pipe").finish();
    assert_eq!(sent.code(), 0, "{sent:?}");
    assert_eq!(client(&format!("{pid} a - b")).code(), 0);
    server.wait_until_shown("from a pipe\na - b\n");
}

#[test]
fn classic_text_that_begins_with_ff_is_refused_for_what_it_is() {
    let server = Server::start();
    let pid = server.pid().to_string();
    for protocol in ["classic", "framed"] {
        let mut command = Programs::build().client();
        let command = command.args(["--protocol", protocol, &pid]);
        let sent = Running::spawn_with_input(command, b"\xffhi".to_vec()).finish();
        match protocol {
            "classic" => assert!(sent.code() == 2 && sent.stderr.contains("0xFF"), "{sent:?}"),
            _ => assert_eq!(sent.code(), 0, "{sent:?}"),
        }
    }
}

/// What is drawn on a terminal with this many columns while a shell runs `line`, with the client as
/// `$CLIENT` and a long message in `$MESSAGE`.
fn drawn(columns: u16, line: &str) -> String {
    let message = folder("drawn").join("message");
    fs::write(&message, vec![b'x'; 20_000]).expect("a file can be written");
    let line = format!("stty rows 24 cols {columns} tostop; {line}");
    let mut script = Command::new("script");
    let script = script
        .args(["-qec", &format!("bash -c '{line}'"), "/dev/null"])
        .env("CLIENT", Programs::build().client_path())
        .env("MESSAGE", message)
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    Running::spawn(script).finish().text()
}

#[test]
fn progress_does_not_wrap_on_a_narrow_terminal() {
    let server = Server::start_into(&[], Stdio::null());
    let drawn =
        drawn(40, &format!("\"$CLIENT\" --no-compress --progress {} < \"$MESSAGE\"", server.pid()));
    let plain = without_escapes(&drawn);
    let widest = plain.split(['\r', '\n']).map(str::len).max().unwrap_or_default();
    assert!((6..=40).contains(&widest), "{widest}: {plain:?}");
}

#[test]
fn a_background_job_draws_nothing_and_is_not_stopped_for_it() {
    let server = Server::start_into(&[], Stdio::null());
    let line = format!(
        "set -m; \"$CLIENT\" --no-compress --progress {} < \"$MESSAGE\" & wait $!; echo code $?",
        server.pid()
    );
    let plain = without_escapes(&drawn(80, &line));
    assert!(plain.contains("code 0"), "{plain:?}");
    assert!(!plain.contains("KiB"), "{plain:?}");
}

/// The text of a terminal without its control sequences.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        let end = after.find(|c: char| c.is_ascii_alphabetic()).map_or(after.len(), |at| at + 1);
        rest = &after[end..];
    }
    plain + rest
}

#[test]
fn a_server_that_starts_later_is_waited_for_by_name_and_by_pid_file() {
    let runtime = folder("wait");
    let pid_file = runtime.join("pid");
    let pid_file = pid_file.to_str().expect("the path of a test is UTF-8");
    let run = |words: &[&str]| {
        let mut command = Programs::build().client();
        Running::spawn(command.args(words).env("XDG_RUNTIME_DIR", &runtime))
    };
    let waiting =
        [run(&["--wait", "60", "late", "name"]), run(&["--wait", "60", pid_file, "file"])];
    assert_eq!(run(&["--wait", "0.1", "late", "hi"]).finish().code(), 3, "not for ever");
    let mut command = Programs::build().server();
    let command = command.args(["--name", "late", "--pid-file", pid_file]);
    let server = Server::start_command(command.env("XDG_RUNTIME_DIR", &runtime));
    for client in waiting {
        assert_eq!(client.finish().code(), 0);
    }
    drop(server);
}
