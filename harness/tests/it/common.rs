//! What several test modules need.

use std::path::Path;
use std::process::Command;

use minitalk_harness::{Finished, Programs, Running, Server};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

/// The protocol that the client is told to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speak {
    Framed,
    Classic,
}

pub(crate) const BOTH: [Speak; 2] = [Speak::Framed, Speak::Classic];

impl Speak {
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Framed => "--protocol=framed",
            Self::Classic => "--protocol=classic",
        }
    }
}

/// For tests in which no client should give up: on a busy machine the last of many waits a long
/// time.
const PATIENT: &str = "--timeout=2m";

/// Runs the client with these arguments to its end.
pub(crate) fn client(arguments: &[&str]) -> Finished {
    Running::spawn(Programs::build().client().args(arguments)).finish()
}

/// Starts a client that sends `text`.
pub(crate) fn start(speak: Speak, pid: u32, text: &str) -> Running {
    let mut command = in_foreground(Programs::build().client_path());
    Running::spawn(command.args([speak.option(), PATIENT, &pid.to_string(), "--", text]))
}

/// Starts a client that sends `input`, which is its standard input.
pub(crate) fn start_with_input(speak: Speak, pid: u32, input: impl Into<Vec<u8>>) -> Running {
    let mut command = Programs::build().client();
    Running::spawn_with_input(command.args([speak.option(), PATIENT, &pid.to_string()]), input)
}

/// A command that runs `program` as a shell does in the foreground, however the tests were started.
/// In the background, or under `nohup`, these signals are ignored, and the programs respect that.
pub(crate) fn in_foreground(program: &Path) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,HUP").arg(program);
    command
}

/// Sends `text` and makes sure that the client reports success.
pub(crate) fn send(speak: Speak, pid: u32, text: &str) {
    assert_delivered(&start(speak, pid, text).finish());
}

pub(crate) fn assert_delivered(client: &Finished) {
    assert_eq!((client.code(), client.stderr.as_str()), (0, ""));
    assert_eq!(client.text(), "", "a client that is content says nothing");
}

/// Makes sure that the client has failed with this code, and has reported it in one sentence with
/// these words.
#[track_caller]
pub(crate) fn assert_failed(client: &Finished, code: i32, words: &[&str]) {
    let sentence = client.stderr.as_str();
    assert_eq!(client.code(), code, "{sentence}");
    assert!(sentence.starts_with("minitalk-client: "), "{sentence:?}");
    assert_eq!(sentence.lines().count(), 1, "{sentence:?}");
    for word in words {
        assert!(sentence.contains(word), "no {word:?} in {sentence:?}");
    }
}

/// Makes sure that the server still accepts a message, and shows it after what it has shown so far.
#[track_caller]
pub(crate) fn assert_serves(server: &Server, speak: Speak) {
    let before = server.shown();
    send(speak, server.pid(), "still there");
    server.wait_until_shown(&format!("{before}still there\n"));
}

/// Waits until a child has stopped.
pub(crate) fn wait_until_stopped(child: &Running) {
    let pid = Pid::from_raw(child.pid().cast_signed());
    waitid(Id::Pid(pid), WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT).expect("the child is ours");
}

/// Pseudo-random octets of every value, the same every time.
pub(crate) fn octets(count: usize) -> Vec<u8> {
    let mut state: u32 = 0x2545_F491;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// A text that compresses to a half, not to almost nothing.
pub(crate) fn digits(count: usize) -> String {
    octets(count).iter().map(|octet| char::from(b'0' + octet % 10)).collect()
}
