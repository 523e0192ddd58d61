//! What arrives, and from which process.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::common::{Running, example_path};

/// Sends `bits` bits with the example `ping`, which checks every echo.
fn ping(echo: &Running, bits: u32, pause_micros: u32) {
    let arguments = [echo.pid().to_string(), bits.to_string(), pause_micros.to_string()];
    let [pid, count, pause] = arguments.each_ref().map(String::as_str);
    let ping = Running::example("ping", &[pid, count, "--pause", pause]);
    let line = ping.line();
    assert!(line.starts_with(&format!("{bits} bits ")), "{line}");
    assert!(ping.wait().success());
}

#[test]
fn ten_thousand_bits_come_back() {
    ping(&Running::echo(), 10_000, 0);
}

#[test]
fn no_wakeup_is_lost_between_polling_and_dozing() {
    ping(&Running::echo(), 2_000, 400);
}

#[test]
fn no_wakeup_is_lost_between_dozing_and_sleeping() {
    ping(&Running::echo(), 100, 50_000);
}

#[test]
fn processes_on_a_single_processor_come_through() {
    let on_one = |name: &str| {
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(example_path(name));
        command
    };
    let echo = Running::start(&mut on_one("echo"));
    assert_eq!(echo.line(), format!("echo {}", echo.pid()));
    let ping = Running::start(on_one("ping").args([&echo.pid().to_string(), "5000"]));
    let line = ping.line();
    assert!(line.starts_with("5000 bits "), "{line}");
}

#[test]
fn a_forged_siginfo_is_told_from_a_real_one() {
    let helper = Path::new(env!("CARGO_TARGET_TMPDIR")).join("forge");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/forge.c");
    assert!(Command::new("cc").arg("-o").arg(&helper).arg(source).status().unwrap().success());
    let echo = Running::echo();
    assert!(Command::new(helper).arg(echo.pid().to_string()).status().unwrap().success());
    assert_eq!(echo.line(), "stray Forged { code: -1 }: no process vouches for it");
}

#[test]
fn a_stray_signal_is_not_answered() {
    // The test process would not survive SIGUSR1, and echo sees that.
    let echo = Running::echo();
    echo.signal(Signal::SIGUSR1);
    let line = echo.line();
    assert!(line.starts_with(&format!("stray Process {{ pid: {}", std::process::id())), "{line}");
    assert!(line.ends_with("it would be killed"), "{line}");
}

#[test]
fn termination_signals_end_the_wait() {
    for (signal, name) in
        [(Signal::SIGINT, "Interrupt"), (Signal::SIGTERM, "Terminate"), (Signal::SIGHUP, "Hangup")]
    {
        let echo = Running::echo();
        echo.signal(signal);
        assert_eq!(echo.line(), format!("end {name}"));
        assert!(echo.wait().success());
    }
}

#[test]
fn an_ignored_termination_signal_stays_ignored() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\""]).arg(example_path("echo"));
    let echo = Running::start(&mut shell);
    assert_eq!(echo.line(), format!("echo {}", echo.pid()));
    echo.signal(Signal::SIGHUP);
    ping(&echo, 10, 0);
    echo.signal(Signal::SIGTERM);
    let mut last_words = std::iter::repeat_with(|| echo.line());
    assert!(last_words.any(|line| line == "end Terminate"));
}
