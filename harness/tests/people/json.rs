//! What the server prints with `--json`, word for word, as described in `docs/json.md`.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_harness::{PATIENCE, Programs, Running};
use nix::sys::signal::Signal;
use snapbox::{assert_data_eq, str};

use super::{client, folder};

/// A server whose standard output is JSON, and the PID from its first line.
struct JsonServer {
    running: Running,
    pid: u32,
}

impl JsonServer {
    fn start(options: &[&str]) -> Self {
        Self::start_command(Programs::build().server().args(options))
    }

    fn start_command(command: &mut Command) -> Self {
        let running = Running::spawn(command.arg("--json"));
        let bytes = running.wait_for_stdout(|bytes| bytes.contains(&b'\n'));
        let pid = member(&String::from_utf8_lossy(&bytes), "pid");
        Self { running, pid }
    }

    /// Ends it; returns all the lines, with everything that differs between runs replaced.
    fn lines(self) -> String {
        self.running.signal(Signal::SIGTERM);
        let ended = self.running.finish();
        assert_eq!(ended.code(), 0, "{ended:?}");
        same(&ended.text())
    }
}

/// The number in the member `name`.
fn member(line: &str, name: &str) -> u32 {
    let (_, rest) = line.split_once(&format!("\"{name}\":")).expect("it is there");
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a number")
}

/// Replaces PIDs, user ids and durations by `N`.
fn same(text: &str) -> String {
    let mut text = text.to_owned();
    for name in ["pid", "peer", "uid", "seconds"] {
        let pieces: Vec<&str> = text.split_inclusive(&format!("\"{name}\":")).collect();
        let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | '-');
        let rest = pieces.iter().skip(1).map(|piece| match piece.trim_start_matches(digits) {
            rest if rest.len() < piece.len() => format!("N{rest}"),
            rest => rest.to_owned(),
        });
        text = pieces.iter().take(1).map(ToString::to_string).chain(rest).collect();
    }
    text
}

#[test]
fn a_message_is_an_object_between_the_beginning_and_the_end() {
    let server = JsonServer::start(&[]);
    assert_eq!(client(&format!("{} hi", server.pid)).code(), 0);
    assert_eq!(client(&format!("{} --protocol classic ho", server.pid)).code(), 0);
    assert_data_eq!(
        server.lines(),
        str![[r#"
{"event":"listening","pid":N,"name":null}
{"event":"message","peer":N,"uid":N,"protocol":"framed","dialect":null,"bytes":2,"text":"hi","seconds":N,"verified":true}
{"event":"message","peer":N,"uid":N,"protocol":"classic","dialect":"one=usr2,order=msb,ack=usr1,receipt=usr2-after,end=nul","bytes":2,"text":"ho","seconds":N,"verified":false}
{"event":"stopped","signal":"SIGTERM","messages":2,"strays":0}

"#]]
    );
}

#[test]
fn a_server_that_ends_by_itself_says_so_and_has_its_name() {
    let mut command = Programs::build().server();
    let runtime = folder("json-name");
    let command = command.args(["--name", "inbox", "--once"]).env("XDG_RUNTIME_DIR", &runtime);
    let server = JsonServer::start_command(command);
    assert_eq!(client(&format!("{} hi", server.pid)).code(), 0);
    assert_data_eq!(
        same(&server.running.finish().text()),
        str![[r#"
{"event":"listening","pid":N,"name":"inbox"}
{"event":"message","peer":N,"uid":N,"protocol":"framed","dialect":null,"bytes":2,"text":"hi","seconds":N,"verified":true}
{"event":"stopped","signal":"done","messages":1,"strays":0}

"#]]
    );
}

#[test]
fn a_message_whose_sender_ends_is_cut() {
    let server = JsonServer::start(&["--verbose"]);
    let sender = Programs::build().send(server.pid, &".".repeat(100_000));
    server.running.wait_for_stderr("is sending");
    drop(sender);
    server.running.wait_for_stderr("it had arrived");
    let lines = server.lines();
    let cut = lines.lines().nth(1).expect("a line for it").replace('.', "");
    let (head, tail) = cut.split_once("\"bytes\":").expect("they were counted");
    assert_data_eq!(head, str![[r#"{"event":"cut","peer":N,"uid":N,"#]]);
    assert_data_eq!(
        tail.trim_start_matches(|c: char| c.is_ascii_digit()),
        str![[r#","text":"","reason":"ended","sentence":"ended in the middle of a message"}"#]]
    );
}

#[test]
fn a_message_that_is_too_long_is_refused() {
    let server = JsonServer::start(&["--max-message", "4"]);
    assert_eq!(client(&format!("{} hello", server.pid)).code(), 8);
    assert_data_eq!(
        server.lines(),
        str![[r#"
{"event":"listening","pid":N,"name":null}
{"event":"refused","peer":N,"reason":"too_long","sentence":"the message is longer than it takes"}
{"event":"stopped","signal":"SIGTERM","messages":0,"strays":0}

"#]]
    );
}

#[test]
fn a_signal_of_a_process_that_sends_nothing_else_is_a_stray() {
    let server = JsonServer::start(&[]);
    let script = "kill -USR1 $0; echo sent; read line";
    let mut shell = Command::new("sh");
    let (shell, pipe) =
        Running::spawn_with_pipe(shell.args(["-c", script, &server.pid.to_string()]));
    server.running.wait_for_stderr("ignored a signal");
    drop(pipe);
    assert_eq!(shell.finish().text(), "sent\n");
    assert_data_eq!(
        server.lines(),
        str![[r#"
{"event":"listening","pid":N,"name":null}
{"event":"stray","peer":N,"reason":"no_message","sentence":"it handles neither signal and has sent no message","others":0}
{"event":"stopped","signal":"SIGTERM","messages":0,"strays":1}

"#]]
    );
}

/// The apparent size of the disk, in bytes: enough for the first line, but not for another.
const DISK_BYTES: u64 = 90;

#[test]
fn a_refusal_for_want_of_room_is_written_when_there_is_room_again() {
    let path = folder("json-full").join("lines");
    let mut command = Command::new("env");
    command.args(["--ignore-signal=XFSZ", "prlimit", &format!("--fsize={DISK_BYTES}:unlimited")]);
    command.arg(Programs::build().server_path()).args(["--json", "--pid-file"]);
    let pid_file = path.with_extension("pid");
    command.arg(&pid_file).arg("--output").arg(&path).arg("--verbose");
    let running = Running::spawn(&mut command);
    let said = running.wait_for_stderr("listening with PID ");
    let pid: u32 =
        said.trim_end().rsplit(' ').next().and_then(|pid| pid.parse().ok()).expect("PID");
    let refused = client(&format!("{pid} hello"));
    assert_eq!(refused.code(), 8, "{refused:?}");
    running.wait_for_stderr("cannot write");
    let mut more = Command::new("prlimit");
    let more = Running::spawn(more.args(["--pid", &pid.to_string(), "--fsize=unlimited"]));
    assert_eq!(more.finish().code(), 0);
    assert_eq!(client(&format!("{pid} hi")).code(), 0);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.finish().code(), 0);
    let lines = same(&fs::read_to_string(&path).expect("the lines are there"));
    let (torn, lines) = lines.split_at(lines.match_indices('\n').nth(1).expect("lines").0 + 1);
    assert!(torn.lines().nth(1).is_some_and(|line| line.starts_with(r#"{"event":"me"#)), "{torn}");
    assert_data_eq!(
        lines,
        str![[r#"
{"event":"refused","peer":N,"reason":"output_failed","sentence":"cannot write: File too large (os error 27)"}
{"event":"message","peer":N,"uid":N,"protocol":"framed","dialect":null,"bytes":2,"text":"hi","seconds":N,"verified":true}
{"event":"stopped","signal":"SIGTERM","messages":1,"strays":0}

"#]]
    );
}

#[test]
fn a_sender_that_is_silent_keeps_nobody_waiting() {
    let server = JsonServer::start(&["--verbose"]);
    let mut command = Programs::build().client();
    let (silent, mut pipe) = Running::spawn_with_pipe(command.arg(server.pid.to_string()));
    pipe.write_all(b"begin").expect("the client reads");
    server.running.wait_for_stderr("is sending");
    wait_until_asleep([server.pid, silent.pid()]);
    assert_eq!(client(&format!("{} hi", server.pid)).code(), 0);
    pipe.write_all(b" and end").expect("the client reads");
    drop(pipe);
    assert_eq!(silent.finish().code(), 0);
    assert_data_eq!(
        server.lines(),
        str![[r#"
{"event":"listening","pid":N,"name":null}
{"event":"message","peer":N,"uid":N,"protocol":"framed","dialect":null,"bytes":2,"text":"hi","seconds":N,"verified":true}
{"event":"message","peer":N,"uid":N,"protocol":"framed","dialect":null,"bytes":13,"text":"begin and end","seconds":N,"verified":true}
{"event":"stopped","signal":"SIGTERM","messages":2,"strays":0}

"#]]
    );
}

/// Waits until processes sleep, and have not been woken for a while: nothing is on its way.
///
/// There is no event for something that does not happen.
pub(super) fn wait_until_asleep(pids: [u32; 2]) {
    let deadline = Instant::now() + PATIENCE;
    let mut before = [const { None }; 2];
    loop {
        let now = pids.map(sleep_of);
        if now == before && now.iter().all(Option::is_some) {
            return;
        }
        assert!(Instant::now() < deadline, "still busy: {now:?}");
        before = now;
        thread::sleep(Duration::from_millis(500));
    }
}

/// How often a process has been scheduled, if it sleeps (`proc_pid_status(5)`).
fn sleep_of(pid: u32) -> Option<Vec<String>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
    status.contains("State:\tS").then(|| switches.map(str::to_owned).collect())
}
