//! A line that sleeps costs nothing.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::common::{PATIENCE, Running};

/// What the process has used so far: context switches of both kinds, and processor time in ticks.
fn cost(pid: u32) -> Vec<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
    let switches = switches.map(|line| line.split('\t').nth(1).unwrap().parse().unwrap());
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // utime and stime are fields 14 and 15; the name, field 2, ends at the last parenthesis.
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    let ticks = fields.skip(11).take(2).map(|field| field.parse().unwrap());
    switches.chain(ticks).collect()
}

#[test]
fn an_idle_line_is_not_woken_and_uses_no_processor_time() {
    let echo = Running::echo();
    let ping = Running::example("ping", &[&echo.pid().to_string(), "1000"]);
    assert!(ping.line().starts_with("1000 bits "));
    assert!(ping.wait().success());
    assert!(echo.line().starts_with("peer "));
    assert!(echo.line().starts_with("gone "));
    let mut before = cost(echo.pid());
    let deadline = Instant::now() + PATIENCE;
    loop {
        // It falls asleep within some tens of milliseconds, if the machine lets it.
        sleep(Duration::from_millis(200));
        let now = cost(echo.pid());
        if now == before {
            break;
        }
        assert!(Instant::now() < deadline, "it does not fall asleep: {before:?}, then {now:?}");
        before = now;
    }
    sleep(Duration::from_secs(5));
    assert_eq!(cost(echo.pid()), before);
}
