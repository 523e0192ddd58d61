//! With nothing to do, neither program is woken.

use std::fs;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_harness::{PATIENCE, Programs, Running, Server};

use crate::common::{BOTH, assert_delivered, send};

/// How long nothing must happen.
const IDLE: Duration = Duration::from_secs(5);

/// How often a process has been scheduled: context switches of both kinds (`proc_pid_status(5)`).
/// Without one it has not used the processor.
fn switches(pid: u32) -> Vec<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it has not ended");
    let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
    lines.map(|line| line.rsplit('\t').next().unwrap_or("").parse().expect("a number")).collect()
}

/// Waits until these processes sleep, for which there is no event, and makes sure that nothing
/// wakes them.
fn assert_idle(pids: &[u32]) {
    let all = || pids.iter().map(|&pid| switches(pid)).collect::<Vec<_>>();
    let deadline = Instant::now() + PATIENCE;
    let mut before = all();
    loop {
        thread::sleep(Duration::from_millis(300));
        let now = all();
        if now == before {
            break;
        }
        assert!(Instant::now() < deadline, "they do not fall asleep");
        before = now;
    }
    thread::sleep(IDLE);
    assert_eq!(all(), before, "context switches of {pids:?}");
}

#[test]
fn an_idle_server_is_not_woken() {
    let server = Server::start();
    for speak in BOTH {
        send(speak, server.pid(), "something");
    }
    assert_idle(&[server.pid()]);
}

#[test]
fn neither_is_woken_while_a_message_waits_for_more_input() {
    let mut server = Server::start();
    let pid = server.pid();
    let (client, mut input) =
        Running::spawn_with_pipe(Programs::build().client().arg(pid.to_string()));
    input.write_all(b"begun, ").expect("the client reads");
    server.running().wait_for_stdout(|bytes| bytes.ends_with(b"begun, "));
    assert_idle(&[pid, client.pid()]);
    input.write_all(b"and ended").expect("the client reads");
    drop(input);
    assert_delivered(&client.finish());
    server.wait_until_shown("begun, and ended\n");
}
