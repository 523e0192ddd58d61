//! What a line leaves behind, and what else can end a wait.

use std::io::Write;
use std::process::Command;

use nix::sys::signal::Signal;

use crate::common::{Running, example_path};

const BOTH: &str = "SIGUSR1 and SIGUSR2";
const NEITHER: &str = "neither SIGUSR1 nor SIGUSR2";

/// The next line, apart from those that report a second without any event.
fn news(wait: &Running) -> String {
    std::iter::repeat_with(|| wait.line()).find(|line| !line.starts_with("nothing")).unwrap()
}

fn assert_dispositions(wait: &Running, when: &str, [blocked, caught, ignored]: [&str; 3]) {
    assert_eq!(news(wait), format!("{when}: blocked {blocked}"));
    assert_eq!(wait.line(), format!("{when}: caught {caught}"));
    assert_eq!(wait.line(), format!("{when}: ignored {ignored}"));
}

#[test]
fn signals_are_given_back_except_that_a_late_one_does_not_kill() {
    let mut wait = Running::start_piped(&mut Command::new(example_path("wait")));
    assert_dispositions(&wait, "before", [NEITHER, NEITHER, NEITHER]);
    assert_dispositions(&wait, "open", [BOTH, BOTH, NEITHER]);
    wait.signal(Signal::SIGUSR1);
    drop(wait.stdin());
    let line = news(&wait);
    assert!(line.starts_with("0 from Process"), "{line}");
    assert_dispositions(&wait, "after", [NEITHER, NEITHER, BOTH]);
    assert!(wait.wait().success());
}

#[test]
fn signals_that_were_ignored_before_are_so_after() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' USR1; exec \"$0\""]).arg(example_path("wait"));
    let mut wait = Running::start_piped(&mut shell);
    assert_dispositions(&wait, "before", [NEITHER, NEITHER, "SIGUSR1"]);
    assert_dispositions(&wait, "open", [BOTH, BOTH, NEITHER]);
    drop(wait.stdin());
    assert_dispositions(&wait, "after", [NEITHER, NEITHER, BOTH]);
}

#[test]
fn a_deadline_and_a_descriptor_end_a_wait() {
    let mut wait = Running::start_piped(&mut Command::new(example_path("wait")));
    assert_dispositions(&wait, "before", [NEITHER, NEITHER, NEITHER]);
    assert_dispositions(&wait, "open", [BOTH, BOTH, NEITHER]);
    let mut stdin = wait.stdin();
    stdin.write_all(b"text\n").unwrap();
    assert_eq!(news(&wait), "read \"text\\n\"");
    let nothing = wait.line();
    let micros = nothing.strip_prefix("nothing for ").and_then(|rest| rest.strip_suffix(" µs"));
    let micros: u64 = micros.expect("a second without anything").parse().unwrap();
    assert!(micros >= 1_000_000, "{micros}");
}

#[test]
fn a_termination_signal_that_the_line_has_not_taken_kills() {
    use std::os::unix::process::ExitStatusExt;
    let mut wait = Command::new("env");
    wait.arg("--default-signal=TERM").arg(example_path("wait")).arg("--mortal");
    let wait = Running::start_piped(&mut wait);
    assert_dispositions(&wait, "before", [NEITHER, NEITHER, NEITHER]);
    assert_dispositions(&wait, "open", [BOTH, BOTH, NEITHER]);
    wait.signal(Signal::SIGTERM);
    assert_eq!(wait.wait().signal(), Some(Signal::SIGTERM as i32));
}
