//! Descriptors that are closed, full, or not ready: nothing is lost, and no program waits for ever.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use minitalk_harness::{Programs, Running};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::common::{Scene, run, wait_until};

/// How soon a program that is asked to end must have ended. A second is wanted; a busy machine gets
/// more.
const SOON: Duration = Duration::from_secs(10);

/// A command for which the shell has redirected a descriptor.
fn with(scene: &Scene, redirection: &str, command: &Command) -> Command {
    let mut shell = scene.command("sh");
    shell.args(["-c", &format!("exec \"$@\" {redirection}"), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

/// Asks a program to end, and makes sure that it does.
#[track_caller]
fn assert_ends(program: Running, signal: Signal) -> minitalk_harness::Finished {
    program.signal(signal);
    let asked = Instant::now();
    let ended = program.finish_within(SOON);
    assert!(asked.elapsed() < SOON);
    ended
}

#[test]
fn a_server_without_the_output_that_it_needs_does_not_start() {
    let scene = Scene::new();
    for options in [&[][..], &["--json"], &["--raw"]] {
        let mut server = scene.server();
        let ended = run(&mut with(&scene, ">&-", server.args(options)));
        assert_eq!(ended.code(), 1, "{options:?}: {ended:?}");
        assert!(ended.stderr.contains("standard output"), "{options:?}: {ended:?}");
    }
}

/// The two ends of a full pipe.
fn full_pipe() -> (io::PipeReader, io::PipeWriter) {
    let (reader, writer) = io::pipe().expect("a pipe");
    let mut filler = Command::new("dd");
    filler.args(["if=/dev/zero", "bs=4096", "count=1000", "oflag=nonblock"]);
    let copy = writer.try_clone().expect("a descriptor");
    let status = filler.stdin(Stdio::null()).stdout(copy).stderr(Stdio::null()).status();
    // It ends with an error when nothing more fits.
    assert!(status.is_ok());
    (reader, writer)
}

#[test]
fn a_server_whose_standard_error_takes_nothing_more_serves_and_ends() {
    let scene = Scene::new();
    let (_reader, writer) = full_pipe();
    let output = scene.join("out");
    let mut server = scene.server();
    server.arg("--verbose").arg("--output").arg(&output);
    let mut server = server
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(writer)
        .spawn()
        .expect("the server can be run");
    let mut line = String::new();
    let mut stdout = io::BufReader::new(server.stdout.take().expect("a pipe"));
    io::BufRead::read_line(&mut stdout, &mut line).expect("it says its PID");
    for text in ["one", "two"] {
        let sent = run(scene.client().args([&server.id().to_string(), text]));
        assert_eq!(sent.code(), 0, "{sent:?}");
    }
    assert_eq!(fs::read(&output).expect("it is there"), b"one\ntwo\n");
    let pid = nix::unistd::Pid::from_raw(server.id().cast_signed());
    nix::sys::signal::kill(pid, Signal::SIGTERM).expect("a child can be signalled");
    let asked = Instant::now();
    wait_until("it has ended", || server.try_wait().expect("it is ours").is_some());
    assert!(asked.elapsed() < SOON);
}

#[test]
fn a_server_that_waits_for_the_reader_of_its_fifo_can_be_ended() {
    let scene = Scene::new();
    for (number, signal) in [Signal::SIGTERM, Signal::SIGHUP].into_iter().enumerate() {
        let fifo = scene.join(&format!("fifo{number}"));
        mkfifo(&fifo, Mode::S_IRWXU).expect("the folder is ours");
        let mut server = scene.command("env");
        server.arg("--default-signal=HUP,INT").arg(Programs::build().server_path());
        let server = Running::spawn(server.arg("--output").arg(&fifo));
        // It sleeps in open(2), or wherever it waits.
        wait_until("it waits", || crate::common::state(server.pid()) == Some('S'));
        let ended = assert_ends(server, signal);
        assert_eq!(ended.text(), "", "nobody is told a PID: {ended:?}");
    }
    // With a reader it serves.
    let fifo = scene.join("fifo0");
    let mut command = scene.server();
    let server = Running::spawn(command.arg("--raw").arg("--output").arg(&fifo));
    let mut reader = fs::File::open(&fifo).expect("the server opens the other end");
    server.wait_for_stdout(|bytes| bytes.ends_with(b"\n"));
    let sent = run(scene.client().args([&server.pid().to_string(), "hello"]));
    assert_eq!(sent.code(), 0, "{sent:?}");
    let mut text = [0; 5];
    reader.read_exact(&mut text).expect("it was written");
    assert_eq!(&text, b"hello");
    assert_ends(server, Signal::SIGTERM);
}

#[test]
fn a_client_ends_on_request_while_its_standard_error_takes_nothing_more() {
    let scene = Scene::new();
    let (reader, writer) = full_pipe();
    let mut server = scene.server();
    let server = Running::spawn(&mut server);
    server.wait_for_stdout(|bytes| bytes.ends_with(b"\n"));
    let (input, mut open) = io::pipe().expect("a pipe");
    let mut client = scene.command("env");
    client.arg("--default-signal=INT").arg(Programs::build().client_path());
    client.args([&server.pid().to_string(), "-"]).stdin(input).stdout(Stdio::null());
    let mut client = client.stderr(writer).spawn().expect("the client can be run");
    open.write_all(b"the beginning").expect("the client reads");
    let shown = server.wait_for_stdout(|bytes| bytes.ends_with(b"the beginning"));
    assert!(!shown.is_empty());
    let pid = nix::unistd::Pid::from_raw(client.id().cast_signed());
    nix::sys::signal::kill(pid, Signal::SIGINT).expect("a child can be signalled");
    let asked = Instant::now();
    wait_until("it has ended", || client.try_wait().expect("it is ours").is_some());
    assert!(asked.elapsed() < SOON);
    assert_eq!(client.wait().expect("it is ours").code(), Some(130));
    let _ = reader.as_fd();
}
