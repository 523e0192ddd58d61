//! More peers than the limit on open files allows at first.

use std::process::Command;

use crate::common::{Running, example_path};

fn echo_with_limits(soft: u32, hard: u32) -> Running {
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={soft}:{hard}")).arg(example_path("echo"));
    let echo = Running::start(&mut command);
    assert_eq!(echo.line(), format!("echo {}", echo.pid()));
    echo
}

fn ping(echo: &Running) -> Running {
    Running::example("ping", &[&echo.pid().to_string(), "2", "--hold"])
}

#[test]
fn the_soft_limit_on_open_files_does_not_limit_the_peers() {
    let echo = echo_with_limits(12, 4_096);
    let mut pings = Vec::new();
    for _ in 0..30 {
        let ping = ping(&echo);
        assert!(ping.line().starts_with("2 bits "));
        assert_eq!(echo.line(), format!("peer {}", ping.pid()));
        pings.push(ping);
    }
    let mut ended: Vec<String> = pings.iter().map(|ping| format!("gone {}", ping.pid())).collect();
    drop(pings);
    let mut told: Vec<String> = ended.iter().map(|_| echo.line()).collect();
    ended.sort();
    told.sort();
    assert_eq!(told, ended);
}

#[test]
fn a_hard_limit_that_does_not_suffice_is_named() {
    let echo = echo_with_limits(12, 12);
    let mut pings = Vec::new();
    let told = loop {
        pings.push(ping(&echo));
        let line = echo.line();
        if !line.starts_with("peer ") {
            break line;
        }
    };
    assert!(told.contains("as this one may have open files (12)"), "{told}");
}
