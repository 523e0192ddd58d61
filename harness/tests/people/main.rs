//! What people do besides sending: find servers, ask for reasons, measure, watch.

mod client;
mod json;
mod server;
mod shells;
mod time;
mod trace;
mod usage;
mod words;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use minitalk_harness::{Finished, Programs, Running, Server};
use nix::sys::signal::Signal;

/// Runs the client to its end.
fn client(words: &str) -> Finished {
    let mut command = Programs::build().client();
    Running::spawn(command.args(words.split_whitespace())).finish()
}

/// Replaces every number by `N`, unless it is part of a word.
fn redacted(text: &str) -> String {
    let mut redacted = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_ascii_digit() && !redacted.ends_with(|c: char| c.is_ascii_alphanumeric()) {
            while characters.next_if(|c| c.is_ascii_digit() || *c == '.').is_some() {}
            redacted.push('N');
        } else {
            redacted.push(character);
        }
    }
    redacted
}

/// A separate folder for a test.
fn folder(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{name}-{}-{number}", std::process::id()));
    // Whatever an earlier process with this PID has left, as in a container, is not part of this
    // test.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

#[test]
fn a_ping_is_answered_and_leaves_nothing_at_the_server() {
    let server = Server::start();
    let ping = client(&format!("--ping {} -c 3 -i 0.2", server.pid()));
    assert_eq!(ping.code(), 0, "{ping:?}");
    let text = ping.text();
    assert_eq!(text.matches("8 bits from").count(), 3, "{text}");
    assert!(text.contains("3 probes sent, 3 answered"), "{text}");
    assert!(text.contains("24 round trips"), "{text}");
    // A message after it arrives as usual.
    assert_eq!(client(&format!("{} hi", server.pid())).code(), 0);
    server.wait_until_shown("hi\n");
    let ended = server.stop();
    assert!(!ended.stderr.contains("cut"), "{}", ended.stderr);
}

#[test]
fn a_ping_that_is_interrupted_shows_its_figures() {
    let server = Server::start();
    let mut command = Programs::build().client();
    let ping = Running::spawn(command.args([
        "--ping",
        &server.pid().to_string(),
        "-i",
        "0.2",
        "--histogram",
    ]));
    ping.wait_for_stdout(|bytes| String::from_utf8_lossy(bytes).contains("probe=2"));
    ping.signal(Signal::SIGINT);
    let ended = ping.finish();
    assert!(ended.text().contains("ping statistics") && ended.text().contains('#'), "{ended:?}");
}

#[test]
fn a_check_explains_and_sends_nothing() {
    let server = Server::start();
    let check = client(&format!("--check {}", server.pid()));
    assert_eq!(check.code(), 0, "{check:?}");
    assert!(check.text().contains("yes: a message can be sent"), "{check:?}");
    // A signal would end this one.
    let mut deaf = Running::spawn(Command::new("sleep").arg("600"));
    let check = client(&format!("--check {}", deaf.pid()));
    assert_eq!(check.code(), 3, "{check:?}");
    assert!(check.text().contains("default action: would end it"), "{check:?}");
    assert!(deaf.is_running());
}

#[test]
fn a_check_of_a_stopped_server_says_that_a_message_would_wait() {
    let mut server = Server::start();
    let pid = server.pid();
    server.running().signal(Signal::SIGSTOP);
    let is_stopped = || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it has not ended");
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" T"))
    };
    while !is_stopped() {
        std::thread::yield_now();
    }
    let check = client(&format!("--check {pid}"));
    assert_eq!(check.code(), 0, "{check:?}");
    assert!(check.text().contains("waits until it is continued with: kill -CONT"), "{check:?}");
    server.running().signal(Signal::SIGCONT);
    assert_eq!(server.stop().code(), 0);
}

#[test]
fn what_cannot_be_shown_is_an_error_and_a_reader_that_has_seen_enough_is_none() {
    let server = Server::start();
    let pid = server.pid();
    for words in [format!("--check {pid}"), format!("--ping {pid} -c 1"), "--list --json".into()] {
        let run = |stdout: Stdio| {
            let mut command = Programs::build().client();
            Running::spawn_into(command.args(words.split(' ')), stdout).finish()
        };
        let full = fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        let ended = run(full.into());
        assert_eq!(ended.code(), 1, "{words}: {ended:?}");
        assert!(ended.stderr.contains("cannot write to standard output: No space"), "{ended:?}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = run(writer.into());
        assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""), "{words}");
    }
}

#[test]
fn a_list_has_the_server_and_its_name() {
    let server = Server::start();
    let runtime = folder("list");
    let mut command = Programs::build().client();
    name(&runtime, "logs", server.pid(), 0);
    let list = Running::spawn(command.arg("--list").env("XDG_RUNTIME_DIR", &runtime)).finish();
    let line = list
        .text()
        .lines()
        .find(|line| line.contains(&server.pid().to_string()))
        .map(str::to_owned);
    assert!(line.is_some_and(|line| line.contains("logs")), "{list:?}");
}

#[test]
fn a_message_is_sent_by_name_and_never_to_a_later_process_of_that_number() {
    let server = Server::start();
    let runtime = folder("name");
    let send = |to: &str| {
        let mut command = Programs::build().client();
        Running::spawn(command.args([to, "hi"]).env("XDG_RUNTIME_DIR", &runtime)).finish()
    };
    name(&runtime, "logs", server.pid(), 0);
    assert_eq!(send("logs").code(), 0);
    server.wait_until_shown("hi\n");
    name(&runtime, "stale", server.pid(), 1);
    let stale = send("stale");
    assert_eq!(stale.code(), 3, "{stale:?}");
    assert!(stale.stderr.contains("has ended"), "{stale:?}");
}

#[test]
fn a_server_takes_a_name_and_gives_it_back() {
    let runtime = folder("register");
    let run = |words: [&str; 2]| {
        let mut command = Programs::build().client();
        Running::spawn(command.args(words).env("XDG_RUNTIME_DIR", &runtime)).finish()
    };
    let mut command = Programs::build().server();
    let server =
        Server::start_command(command.args(["--name", "inbox"]).env("XDG_RUNTIME_DIR", &runtime));
    assert_eq!(run(["inbox", "hi"]).code(), 0);
    let check = run(["--check", "inbox"]);
    assert!(check.text().contains("inbox"), "{check:?}");
    let mut command = Programs::build().server();
    let second =
        Running::spawn(command.args(["--name", "inbox"]).env("XDG_RUNTIME_DIR", &runtime)).finish();
    assert!(second.code() != 0 && second.stderr.contains("is taken by PID"), "{second:?}");
    let _ = server.stop();
    let gone = run(["inbox", "hi"]);
    assert_eq!(gone.code(), 3, "{gone:?}");
    assert!(gone.stderr.contains("no server is called 'inbox'"), "{gone:?}");
}

/// Puts an entry for the process `pid` into the folder of names, as if that process had started
/// `ticks` clock ticks later than it did.
fn name(runtime: &Path, name: &str, pid: u32, ticks: u64) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let started = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(19));
    let started: u64 = started.expect("field 22").parse().expect("a number");
    fs::create_dir_all(runtime.join("minitalk")).expect("a folder can be made");
    let entry = runtime.join("minitalk").join(name);
    let namespace = fs::metadata("/proc/self/ns/pid").expect("every process is in one");
    let (device, inode) = (namespace.dev(), namespace.ino());
    fs::write(entry, format!("{pid} {} {device} {inode}\n", started + ticks)).expect("written");
}

#[test]
fn a_classic_server_is_recognised_by_its_acknowledgments() {
    for (options, advice) in [
        (["--protocol", "classic", "--dialect", "ack=usr1"], "try --protocol classic"),
        (["--protocol", "classic", "--dialect", "ack=usr2"], "try --dialect ack=usr2"),
    ] {
        let server = Server::start_with(&options);
        let sent = client(&format!("{} hello", server.pid()));
        assert_eq!(sent.code(), 3, "{sent:?}");
        assert!(sent.stderr.contains(advice), "{sent:?}");
    }
}

#[test]
fn progress_is_for_terminals_only() {
    let server = Server::start();
    let path = folder("progress").join("text");
    fs::write(&path, "x".repeat(2_000)).expect("a file can be written");
    let file = || fs::File::open(&path).expect("it was just written");
    let mut piped = Programs::build().client();
    let piped = Running::start(
        piped.args([&server.pid().to_string(), "--progress"]).stdin(Stdio::from(file())),
    );
    assert_eq!(piped.finish().stderr, "");
    let client = Programs::build().client_path().display();
    let line = format!("{client} {} --no-compress --progress < {}", server.pid(), path.display());
    let mut script = Command::new("script");
    let script = Running::spawn(script.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm"));
    let ended = script.finish();
    assert!(ended.text().contains(" of 1.95 KiB"), "{ended:?}");
}
