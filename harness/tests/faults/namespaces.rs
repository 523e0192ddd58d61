//! PID namespaces: a process outside has no number for a process inside.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_harness::{PATIENCE, Programs, Running};

use crate::common::{RawServer, Stormer, storm};

/// A command that runs a program in a new PID namespace, or `None` if that is forbidden.
fn inside(options: &[&str]) -> Option<Command> {
    let command = || {
        let mut command = Command::new("unshare");
        if !nix::unistd::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--pid", "--fork", "--kill-child"]).args(options);
        command
    };
    let works = command().arg("true").output().is_ok_and(|output| output.status.success());
    if !works {
        println!("skipped: no PID namespaces here");
    }
    works.then(command)
}

/// The number that the only child of `parent` has out here.
fn child_of(parent: u32) -> u32 {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        for entry in fs::read_dir("/proc").expect("/proc is mounted").flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            if status.lines().any(|line| line == format!("PPid:\t{parent}")) {
                return pid;
            }
        }
        thread::yield_now();
    }
    panic!("{parent} has no child");
}

#[test]
fn a_server_inside_a_namespace_is_refused_before_the_first_bit() {
    let Some(mut command) = inside(&["--mount-proc"]) else { return };
    let server = Running::spawn(command.arg(Programs::build().server_path()));
    let greeting = server.wait_for_stdout(|bytes| bytes.ends_with(b"\n"));
    assert_eq!(greeting, b"Server PID: 1\n");
    let pid = child_of(server.pid());
    let client = Programs::build().send(pid, "hello").finish();
    assert_eq!(client.code(), 4, "{client:?}");
    let expected = format!(
        "minitalk-client: PID {pid} lives in a PID namespace of its own, where this process has no \
         number: it could not acknowledge; nothing was delivered; run client and server in the same \
         container\n",
    );
    assert_eq!(client.stderr, expected);
    assert_eq!(server.stderr_so_far(), "", "no bit was sent");

    // A client that does not check is reported to the operator.
    let one = storm(pid, "0", 1, Duration::ZERO, Stormer::Answered);
    let _ = server.wait_for_stderr("ignored a signal from outside this PID namespace");
    assert_eq!(one.finish().code(), 0);

    // The server still works for clients that have a number in its namespace.
    let mut neighbour = Command::new("nsenter");
    neighbour.args(["--target", &pid.to_string(), "--pid", "--mount"]);
    if !nix::unistd::geteuid().is_root() {
        neighbour.args(["--user", "--preserve-credentials"]);
    }
    neighbour.arg(Programs::build().client_path()).args(["1", "hello"]);
    let neighbour = Running::spawn(&mut neighbour).finish();
    assert_eq!(neighbour.code(), 0, "{neighbour:?}");
    let _ = server.wait_for_stdout(|bytes| bytes.ends_with(b"\nhello\n"));
}

#[test]
fn a_server_outside_does_not_exist_for_a_client_inside() {
    let Some(mut command) = inside(&["--mount-proc"]) else { return };
    let mut server = RawServer::start();
    command.arg(Programs::build().client_path()).args([&server.pid().to_string(), "hello"]);
    let client = Running::spawn(&mut command).finish();
    assert_eq!(client.code(), 3, "{client:?}");
    assert!(client.stderr.contains("does not exist; nothing was delivered"), "{client:?}");
    assert_eq!(server.serves("<untouched>"), b"");
}

#[test]
fn two_inside_the_same_namespace_talk() {
    let Some(mut command) = inside(&["--mount-proc"]) else { return };
    let programs = Programs::build();
    let script = "\"$1\" & until \"$2\" $! hello 2> /dev/null; do :; done; kill $!; wait";
    command.args(["sh", "-c", script, "sh"]);
    command.args([programs.server_path(), programs.client_path()]);
    let finished = Running::spawn(&mut command).finish();
    assert_eq!(finished.text(), "Server PID: 2\nhello\n", "{finished:?}");
}

#[test]
fn the_proc_of_another_namespace_is_not_believed() {
    // Without --mount-proc the numbers in /proc are those of processes outside.
    let Some(mut command) = inside(&[]) else { return };
    let script = "sleep 60 & \"$1\" $! hello";
    command.args(["sh", "-c", script, "sh"]).arg(Programs::build().client_path());
    let finished = Running::spawn(&mut command).finish();
    assert_eq!(finished.code(), 1, "{finished:?}");
    let cause = "PID 2 cannot be examined: /proc is not that of this PID namespace";
    assert!(finished.stderr.contains(cause), "{finished:?}");
}
