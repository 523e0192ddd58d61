//! A sender that is slow, or sends without an end, does not keep others waiting.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use minitalk_harness::Running;

use crate::common::{Scene, helper, run, serving};

/// No sender waits longer than this for a slow one. Usually it is a second or two; a busy machine,
/// where the bits of several senders hide each other, gets more.
const WAIT_MAX: Duration = Duration::from_secs(30);

#[test]
fn a_line_now_and_then_keeps_nobody_waiting_and_is_complete_at_the_end() {
    let scene = Scene::new();
    for options in [&[][..], &["--json"]] {
        let server = serving_with(&scene, options);
        let pid = server.pid().to_string();
        let mut slow = scene.client();
        let (slow, mut lines) = Running::spawn_with_pipe(slow.args(["--timeout", "60s", &pid]));
        lines.write_all(b"line 1\n").expect("it reads");
        for number in 2..=4 {
            let began = Instant::now();
            let text = format!("quick {number}");
            let other = run(scene.client().args(["--timeout", "60s", &pid, &text]));
            assert_eq!(other.code(), 0, "{options:?}: {other:?}");
            assert!(began.elapsed() < WAIT_MAX, "{options:?}: {:?}", began.elapsed());
            lines.write_all(format!("line {number}\n").as_bytes()).expect("it reads");
        }
        drop(lines);
        let slow = slow.finish();
        assert_eq!(slow.code(), 0, "{options:?}: {slow:?}");
        server.signal(nix::sys::signal::Signal::SIGTERM);
        let text = server.finish().text();
        for number in 1..=4 {
            assert!(text.contains(&format!("line {number}")), "{options:?}: {text}");
        }
        for number in 2..=4 {
            assert!(text.contains(&format!("quick {number}")), "{options:?}: {text}");
        }
    }
}

#[test]
fn a_classic_text_without_an_end_keeps_nobody_waiting() {
    let scene = Scene::new();
    let server = serving(&mut scene.server());
    let pid = server.pid().to_string();
    for pause_millis in ["50", "200"] {
        let mut endless = Command::new(helper("drip", &[]));
        let (endless, open) = Running::spawn_with_pipe(endless.args([&pid, pause_millis]));
        endless.wait_for_stdout(|bytes| bytes == b"begun\n");
        for protocol in ["framed", "classic"] {
            let began = Instant::now();
            let mut client = scene.client();
            let client = client.args(["--protocol", protocol, "--timeout", "60s", &pid, "quick"]);
            let ended = run(client);
            assert_eq!(ended.code(), 0, "{pause_millis} ms, {protocol}: {ended:?}");
            assert!(
                began.elapsed() < WAIT_MAX,
                "{pause_millis} ms, {protocol}: {:?}",
                began.elapsed()
            );
        }
        // It does not resend, so it may wait for ever for a bit that has been hidden by another
        // sender's.
        drop((open, endless));
    }
    let text = server.stop().text();
    assert_eq!(text.matches("quick").count(), 4, "{text}");
}

fn serving_with(scene: &Scene, options: &[&str]) -> Running {
    let server = Running::spawn(scene.server().args(options));
    server.wait_for_stdout(|bytes| bytes.ends_with(b"\n"));
    server
}
