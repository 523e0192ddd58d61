//! Processes that handle both signals but are not minitalks: no program signals them without being
//! told to.

use std::process::{ChildStdin, Command};

use minitalk_harness::Running;

use crate::common::{Scene, helper, run, serving, state, wait_until};

const KINDS: [&str; 2] = ["ending", "daemon"];

/// An innocent process, which lives as long as the pipe is open.
fn innocent(kind: &str, server: Option<u32>) -> (Running, ChildStdin) {
    let mut command = Command::new(helper("innocent", &[]));
    command.arg(kind).args(server.map(|pid| pid.to_string()));
    let (running, open) = Running::spawn_with_pipe(&mut command);
    running.wait_for_stdout(|bytes| bytes.starts_with(b"ready\n"));
    (running, open)
}

#[test]
fn a_client_signals_nobody_whom_it_does_not_know() {
    let scene = Scene::new();
    for kind in KINDS {
        let (process, open) = innocent(kind, None);
        let pid = process.pid().to_string();
        let options: [&[&str]; 6] = [
            &["hi"],
            &["--ping", "-c", "1"],
            &["--check"],
            // The user says that it is a minitalk, but it does not look like one.
            &["--protocol", "framed", "hi"],
            &["--protocol", "classic", "hi"],
            &["--dialect", "ack=usr2", "hi"],
        ];
        for options in options {
            let refused = run(scene.client().arg(&pid).args(options));
            assert_eq!(refused.code(), 3, "{kind} {options:?}: {refused:?}");
        }
        drop(open);
        let ended = process.finish();
        assert_eq!((ended.code(), ended.text().as_str()), (0, "ready\n"), "{kind}: {ended:?}");
    }
}

#[test]
fn a_client_that_is_told_to_force_it_signals_it() {
    let scene = Scene::new();
    let (process, _open) = innocent("ending", None);
    let pid = process.pid().to_string();
    let sent = run(scene.client().args([&pid, "--force", "--timeout", "5s", "hi"]));
    assert_ne!(sent.code(), 0, "{sent:?}");
    assert_eq!(process.finish().code(), 10, "it was signalled");
}

#[test]
fn a_server_acknowledges_no_stray_signal_of_one_who_would_be_hurt() {
    let scene = Scene::new();
    for kind in KINDS {
        let mut server = serving(&mut scene.server());
        let (process, open) = innocent(kind, Some(server.pid()));
        server.running().wait_for_stderr("ignored a signal from PID ");
        let sent = run(scene.client().args([&server.pid().to_string(), "still there"]));
        assert_eq!(sent.code(), 0, "{sent:?}");
        drop(open);
        let ended = process.finish();
        assert_eq!((ended.code(), ended.text().as_str()), (0, "ready\n"), "{kind}: {ended:?}");
    }
}

/// When the acknowledgment of its bit comes, the process may already be running another program.
#[test]
fn a_process_that_becomes_another_program_is_not_killed_by_a_late_acknowledgment() {
    let scene = Scene::new();
    let server = serving(&mut scene.server());
    let pid = server.pid().to_string();
    // Another sender has the floor and is slow: acknowledgments for others are held back.
    let mut slow = Command::new(helper("drip", &[]));
    let (slow, _open) = Running::spawn_with_pipe(slow.args([&pid, "10"]));
    slow.wait_for_stdout(|bytes| bytes == b"begun\n");
    let changelings: Vec<(Running, ChildStdin)> = (0..20)
        .map(|_| {
            let mut command = Command::new(helper("changeling", &[]));
            Running::spawn_with_pipe(command.arg(&pid))
        })
        .collect();
    for (changeling, _) in &changelings {
        wait_until("it is another program", || {
            let name = std::fs::read(format!("/proc/{}/comm", changeling.pid()));
            name.is_ok_and(|name| name == b"cat\n")
        });
    }
    // When another client is served, their bits have had their turn.
    let sent = run(scene.client().args([&pid, "--timeout", "50s", "still there"]));
    assert_eq!(sent.code(), 0, "{sent:?}");
    for (changeling, _) in &changelings {
        assert_ne!(state(changeling.pid()), Some('Z'), "killed");
    }
    for (changeling, open) in changelings {
        drop(open);
        assert_eq!(changeling.finish().code(), 0);
    }
    drop(slow);
}
