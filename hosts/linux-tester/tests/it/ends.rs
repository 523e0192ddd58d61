//! What remains after the tester has ended, and what it does without namespaces.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{check, compile, tester};

/// How long to wait for what must happen. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many processes run this program.
fn running(program: &Path) -> usize {
    let processes = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    processes
        .filter(|entry| fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == program))
        .count()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn everything_ends_with_the_tester_even_if_it_is_killed() {
    for role in [&[][..], &["as:outside"][..]] {
        // No other test runs these programs.
        let (server, client) = (compile("server", "KILLED"), compile("client", "KILLED"));
        let mut judge = Command::new(tester())
            .args(role)
            .arg("--server")
            .arg(&server)
            .arg("--client")
            .arg(&client)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tester can be run");
        wait_until("the server runs", || running(&server) > 0);
        judge.kill().expect("the tester is ours");
        judge.wait().expect("the tester is ours");
        wait_until("the server has ended", || running(&server) + running(&client) == 0);
    }
}

#[test]
fn without_namespaces_nothing_is_tried_that_would_signal_everybody() {
    let output = Command::new(tester())
        .args(["as:outside", "--json", "--only", "short", "--only", "pid-minus-1", "--server"])
        .arg(compile("server", ""))
        .arg("--client")
        .arg(compile("client", "NAIVE"))
        .output()
        .expect("the tester can be run");
    let report: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert_eq!(check(&report, "short")["outcome"], "passed", "{report}");
    assert_eq!(check(&report, "pid-minus-1")["outcome"], "skipped", "{report}");
}
