//! The wrong process, the wrong user, the wrong words.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use minitalk_harness::{Programs, Running, Server};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Pid, Uid};
use tempfile::{TempDir, tempdir};

use crate::common::{BOTH, Speak, assert_delivered, assert_failed, assert_serves, client, start};
use crate::peers::compile;

/// The user nobody, on every Linux.
const NOBODY: u32 = 65534;

#[test]
fn a_process_that_does_not_exist_is_named() {
    let mut child = Command::new("true").spawn().expect("true can be run");
    let pid = child.id();
    child.wait().expect("the child is ours");
    for speak in BOTH {
        let refused = start(speak, pid, "hi").finish();
        assert_failed(
            &refused,
            3,
            &[&format!("PID {pid} does not exist"), "nothing was delivered"],
        );
    }
}

#[test]
fn a_number_that_can_be_no_process_is_refused() {
    for number in ["0", "-1", "-4242", "4194305", "99999999999", "2147483648"] {
        assert_failed(&client(&[number, "hi"]), 3, &[&format!("PID {number} is not a process id")]);
    }
}

#[test]
fn what_is_neither_a_pid_nor_a_name_is_wrong_usage() {
    for number in ["", "12x", "0x10", "1.5", "99999999999999999999"] {
        let refused = client(&[number, "hi"]);
        assert_eq!(refused.code(), 2, "{number}: {}", refused.stderr);
        assert!(refused.stderr.contains("PID"), "{}", refused.stderr);
    }
    assert_eq!(client(&[]).code(), 2);
    // A path means a file that contains a PID.
    let missing = client(&["a/b", "hi"]);
    assert_eq!(missing.code(), 3, "{}", missing.stderr);
    assert!(missing.stderr.contains("a/b gives no PID"), "{}", missing.stderr);
    assert_eq!(client(&["4242", "--no-such-option"]).code(), 2);
    assert_eq!(client(&["4242", "--dialect=one=usr3", "hi"]).code(), 2);
}

#[test]
fn help_and_version_are_not_errors() {
    for program in [Programs::build().client_path(), Programs::build().server_path()] {
        for (option, words) in [("--help", "Usage"), ("--version", "minitalk")] {
            let said = Running::spawn(Command::new(program).arg(option)).finish();
            assert_eq!((said.code(), said.stderr.as_str()), (0, ""));
            assert!(said.text().contains(words), "{}", said.text());
        }
    }
}

#[test]
fn the_server_takes_no_arguments() {
    let server = Running::spawn(Programs::build().server().arg("4242")).finish();
    assert_eq!((server.code(), server.text().as_str()), (2, ""));
}

#[test]
fn a_client_does_not_talk_to_itself() {
    let mut shell = Command::new("bash");
    shell.args(["-c", "exec \"$0\" $$ hi"]).arg(Programs::build().client_path());
    assert_failed(&Running::spawn(&mut shell).finish(), 3, &["is this process itself"]);
}

#[test]
fn a_zombie_is_refused() {
    let mut child = Command::new("true").spawn().expect("true can be run");
    let ended = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    waitid(Id::Pid(pid_of(&child)), ended).expect("the child is ours");
    assert_failed(&start(Speak::Framed, child.id(), "hi").finish(), 3, &["zombie"]);
    child.wait().expect("the child is ours");
}

#[test]
fn a_process_that_would_die_of_the_first_bit_is_left_alone() {
    let mut sleep = Running::spawn(Command::new("sleep").arg("600"));
    for speak in BOTH {
        let refused = start(speak, sleep.pid(), "hi").finish();
        assert_failed(&refused, 3, &["would be killed", "PID that minitalk-server prints"]);
        assert!(sleep.is_running());
    }
}

#[test]
fn a_process_that_ignores_the_signals_is_not_taken_for_a_server() {
    let mut shell = Command::new("bash");
    shell.args(["-c", "trap '' USR1 USR2; echo ready; exec sleep 600"]);
    let mut deaf = Running::spawn(&mut shell);
    deaf.wait_for_stdout(|bytes| bytes == b"ready\n");
    assert_failed(&start(Speak::Framed, deaf.pid(), "hi").finish(), 3, &["ignores"]);
    assert!(deaf.is_running());
}

#[test]
fn whoever_says_force_may_kill() {
    let sleep = Running::spawn(Command::new("sleep").arg("600"));
    let forced = client(&["--force", &sleep.pid().to_string(), "hi"]);
    assert_failed(&forced, 6, &["has ended", "nothing was delivered"]);
    assert_eq!(sleep.finish().code(), -(Signal::SIGUSR2 as i32), "a mark is made of ones");
}

#[test]
fn a_thread_is_refused_and_its_process_named() {
    let threads = Running::spawn(&mut Command::new(compile("threads", "")));
    let line = threads.wait_for_stdout(|bytes| bytes.ends_with(b"\n"));
    let thread = String::from_utf8_lossy(&line).trim().to_owned();
    let of = format!("use {}", threads.pid());
    assert_failed(&client(&[&thread, "hi"]), 3, &["thread", &of]);
}

#[test]
fn a_stray_signal_kills_neither_its_sender_nor_the_server() {
    let server = Server::start();
    // Like a shell script that wants to shut down cleanly.
    let script = "trap 'exit 9' HUP INT TERM USR1 USR2; kill -USR1 $0; kill -USR2 $0; echo sent; read line; \
                  echo $line";
    let mut command = Command::new("bash");
    command.args(["-c", script, &server.pid().to_string()]);
    let (bash, mut line) = Running::spawn_with_pipe(&mut command);
    bash.wait_for_stdout(|bytes| bytes == b"sent\n");
    let pid = bash.pid();
    let mut server = server;
    server.running().wait_for_stderr(&format!("ignored a signal from PID {pid} (bash)"));
    assert_serves(&server, Speak::Framed);
    line.write_all(b"alive\n").expect("bash reads");
    assert_eq!(bash.finish().text(), "sent\nalive\n");
    assert_serves(&server, Speak::Classic);
    let end = server.stop();
    assert_eq!(end.code(), 0);
    assert!(end.stderr.contains("stray signal"), "{}", end.stderr);
}

#[test]
fn a_stray_signal_of_one_who_survives_the_answer_keeps_nobody_waiting() {
    let server = Server::start();
    let script =
        "trap : USR1 USR2; kill -USR1 $0; echo sent; while ! read line; do :; done; echo $line";
    let mut command = Command::new("bash");
    command.args(["-c", script, &server.pid().to_string()]);
    let (bash, mut line) = Running::spawn_with_pipe(&mut command);
    bash.wait_for_stdout(|bytes| bytes == b"sent\n");
    for speak in BOTH {
        assert_serves(&server, speak);
    }
    line.write_all(b"alive\n").expect("bash reads");
    assert_eq!(bash.finish().text(), "sent\nalive\n");
    assert_eq!(server.stop().text(), "still there\nstill there\n");
}

/// A bash with a name that would clear the screen and begin a line that looks like the server's
/// own.
fn start_badly_named(folder: &TempDir, script: &str, pid: u32) -> (Running, ChildStdin) {
    let program = folder.path().join("\x1b[2J\nminitalk");
    symlink("/bin/bash", &program).expect("the folder is ours");
    let mut command = Command::new(program);
    Running::spawn_with_pipe(command.args(["-c", script, &pid.to_string()]))
}

#[test]
fn the_name_of_a_process_commands_no_terminal_and_forges_no_line() {
    let survives = "trap : USR1 USR2; kill -USR1 $0; echo sent; while ! read line; do :; done";
    let dies = "trap 'exit 9' HUP INT TERM USR1 USR2; kill -USR1 $0; echo sent; read line";
    for (script, words) in [(dies, "ignored a signal from"), (survives, "is sending")] {
        let mut server = Server::start_with(&["--verbose"]);
        let folder = tempdir().expect("a folder of our own");
        let (bash, _open) = start_badly_named(&folder, script, server.pid());
        bash.wait_for_stdout(|bytes| bytes == b"sent\n");
        server.running().wait_for_stderr(words);
        let end = server.stop();
        let named = format!("PID {} (^[[2J^Jminitalk)", bash.pid());
        assert!(end.stderr.contains(&named), "{:?}", end.stderr);
        assert!(!end.stderr.contains('\x1b'), "{:?}", end.stderr);
        let is_ours = |line: &str| line.starts_with("minitalk-server: ");
        assert!(end.stderr.lines().all(is_ours), "{:?}", end.stderr);
    }
}

#[test]
fn a_client_may_not_signal_the_server_of_another_user() {
    if !Uid::effective().is_root() {
        return eprintln!("skipped: only root can become somebody else");
    }
    let server = Server::start();
    let programs = Copies::new();
    let mut command = Command::new(&programs.client);
    let client = Running::spawn(command.args([&server.pid().to_string(), "hi"]).uid(NOBODY));
    assert_failed(&client.finish(), 4, &["belongs to another user", "run the client as root"]);
    assert_serves(&server, Speak::Framed);
}

#[test]
fn a_server_that_may_not_answer_is_not_talked_to() {
    if !Uid::effective().is_root() {
        return eprintln!("skipped: only root can become somebody else");
    }
    let programs = Copies::new();
    let server = Server::start_command(Command::new(&programs.server).uid(NOBODY));
    let refused = start(Speak::Framed, server.pid(), "hi").finish();
    assert_failed(&refused, 4, &["could not acknowledge", "same user"]);
    let mut command = Command::new(&programs.client);
    let client = Running::spawn(command.args([&server.pid().to_string(), "hi"]).uid(NOBODY));
    assert_delivered(&client.finish());
    let end = server.stop();
    assert_eq!((end.text().as_str(), end.stderr.as_str()), ("hi\n", ""));
}

/// The two programs where every user can run them.
struct Copies {
    server: PathBuf,
    client: PathBuf,
    _folder: TempDir,
}

impl Copies {
    fn new() -> Self {
        let folder = tempdir().expect("a folder of our own");
        let everybody = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), everybody).expect("the folder is ours");
        let copy = |program: &Path| {
            let copy = folder.path().join(program.file_name().expect("a program has a name"));
            // Copied by another process: a child forked meanwhile would keep a file that we write
            // busy.
            let status = Command::new("cp").arg(program).arg(&copy).stdin(Stdio::null()).status();
            assert!(status.expect("cp can be run").success());
            copy
        };
        let server = copy(Programs::build().server_path());
        let client = copy(Programs::build().client_path());
        Self { server, client, _folder: folder }
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}
