//! Random moments, helper programs in C, and a server whose bytes are compared.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_harness::{PATIENCE, Programs, Running, Server, compile};
use minitalk_testing::Random;

/// Sleeps for a random part of `most`: this chooses a point in time and does not synchronise.
pub(crate) fn pause(random: &mut Random, most: Duration) {
    let micros = u64::try_from(most.as_micros()).expect("a short time");
    thread::sleep(Duration::from_micros(random.below(micros + 1)));
}

/// A helper program, compiled from a file next to this one.
pub(crate) fn helper(name: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/faults/{name}.c"));
    compile(&source, &["-std=gnu11", "-O2"])
}

/// What acknowledgments do to a storming process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stormer {
    /// It survives them, so it is answered like any other sender.
    Answered,
    /// It would be killed by them, so it is turned away.
    TurnedAway,
}

/// Starts a process that sends `count` signals to `pid`, with a pause after each.
pub(crate) fn storm(
    pid: u32,
    symbols: &str,
    count: u32,
    pause: Duration,
    stormer: Stormer,
) -> Running {
    let survives = if stormer == Stormer::Answered { "1" } else { "0" };
    Running::spawn(Command::new(helper("storm")).args([
        &pid.to_string(),
        symbols,
        &count.to_string(),
        &pause.as_micros().to_string(),
        survives,
    ]))
}

/// How many signals were sent in a storm that has ended.
pub(crate) fn sent(storm: Running) -> u32 {
    let finished = storm.finish();
    assert_eq!(finished.code(), 0, "{finished:?}");
    let text = finished.text();
    text.trim().strip_prefix("sent ").and_then(|count| count.parse().ok()).expect("a count")
}

/// A server that writes bytes, and how many of them have been checked.
pub(crate) struct RawServer {
    pub(crate) server: Server,
    seen: usize,
}

impl RawServer {
    pub(crate) fn start() -> Self {
        Self::of(Server::start_with(&["--raw"]))
    }

    pub(crate) fn of(server: Server) -> Self {
        Self { server, seen: 0 }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Starts a client with `octets` on its standard input.
    pub(crate) fn send(&self, octets: &[u8], options: &[&str]) -> Running {
        // With the default action, however the tests were started: in the background the signal
        // would be ignored.
        let mut client = Command::new("env");
        client.arg("--default-signal=INT").arg(Programs::build().client_path());
        client.args(options).arg(self.pid().to_string());
        Running::spawn_with_input(&mut client, octets)
    }

    /// Like [`send`](Self::send), but from a file: the client announces the length, and the server
    /// waits for a message that it knows to end.
    pub(crate) fn send_file(&self, octets: &[u8], options: &[&str]) -> Running {
        let name = format!("{}/message-{}", env!("CARGO_TARGET_TMPDIR"), self.pid());
        std::fs::write(&name, octets).expect("the folder of the tests is writable");
        let file = std::fs::File::open(&name).expect("it has just been written");
        std::fs::remove_file(&name).expect("it has just been written");
        let mut client = Command::new(Programs::build().client_path());
        client.args(options).arg(self.pid().to_string());
        Running::start(client.stdin(file))
    }

    /// Sends a short message, which must arrive, and returns what the server has written before it
    /// since the last call.
    pub(crate) fn serves(&mut self, marker: &str) -> Vec<u8> {
        let finished = Programs::build().send(self.pid(), marker).finish();
        assert_eq!(finished.code(), 0, "{marker}: {finished:?}");
        let seen = self.seen;
        let ends = |bytes: &[u8]| bytes[seen..].ends_with(marker.as_bytes());
        let bytes = self.server.running().wait_for_stdout(ends);
        self.seen = bytes.len();
        bytes[seen..bytes.len() - marker.len()].to_vec()
    }
}

/// Whether `whole` contains `part` in one piece.
pub(crate) fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// Which of the two signals are in this mask of the process (proc(5)), such as `SigCgt`.
pub(crate) fn mask(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & BOTH
}

const BOTH: u64 = 1 << (libc::SIGUSR1 - 1) | 1 << (libc::SIGUSR2 - 1);

/// Waits until the process catches or blocks both signals, or has ended.
pub(crate) fn wait_until_armed(running: &mut Running) {
    let pid = running.pid();
    // The signals are blocked before there are handlers: an early one waits for its handler.
    wait_until(|| !running.is_running() || mask(pid, "SigCgt") | mask(pid, "SigBlk") == BOTH);
}

/// Waits until this has happened.
pub(crate) fn wait_until(mut has_happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !has_happened() {
        assert!(Instant::now() < deadline, "it has not happened in {PATIENCE:?}");
        thread::yield_now();
    }
}

/// How long an undisturbed transfer of `octets` takes here and now, but at most a second, so that a
/// hundred random moments within it do not take too long on a busy machine.
pub(crate) fn undisturbed(server: &mut RawServer, octets: &[u8]) -> Duration {
    let start = Instant::now();
    let finished = server.send(octets, &[]).finish();
    assert_eq!(finished.code(), 0, "{finished:?}");
    let took = start.elapsed();
    assert_eq!(server.serves("<calibrated>"), octets);
    took.min(Duration::from_secs(1))
}

/// The one in the middle.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
