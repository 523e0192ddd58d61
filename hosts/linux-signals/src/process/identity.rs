//! The identity of a process, which lasts longer than its number.

use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

use super::entry::{self, ParseStatusError, ReadProcessError};

/// A process that cannot be confused with a later one of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProcessIdentity {
    /// Its number in this PID namespace.
    pub pid: u32,
    /// When it was started, in clock ticks since boot (`proc_pid_stat(5)`, field 22).
    pub started_ticks: u64,
}

impl ProcessIdentity {
    /// The process `pid` as it is now; `None` if it does not exist or has ended.
    pub fn of(pid: u32) -> Result<Option<Self>, ReadProcessError> {
        match entry::text(pid, "stat") {
            Ok(stat) => Ok(started_ticks(&stat).map(|started_ticks| Self { pid, started_ticks })),
            Err(ReadProcessError::NoSuchProcess) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// This process.
    pub fn own() -> Result<Self, ReadProcessError> {
        let malformed = ReadProcessError::Malformed(ParseStatusError::Missing("starttime"));
        Self::of(std::process::id())?.ok_or(malformed)
    }

    /// How long the process has been running.
    #[must_use]
    pub fn uptime(self) -> Duration {
        let now = clock_gettime(ClockId::Boottime);
        let now = Duration::new(
            u64::try_from(now.tv_sec).unwrap_or_default(),
            u32::try_from(now.tv_nsec).unwrap_or_default(),
        );
        let ticks = clock_ticks_per_second().max(1);
        let millis = self.started_ticks.saturating_mul(1_000) / ticks;
        now.saturating_sub(Duration::from_millis(millis))
    }
}

/// Field 22 of a `/proc/PID/stat` (`proc_pid_stat(5)`), unless the process has ended.
fn started_ticks(stat: &str) -> Option<u64> {
    // The second field is the name in parentheses; it may contain anything, including parentheses.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    // Field 3 has been taken.
    fields.nth(22 - 4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{self, Command, Stdio};

    const STAT: &str = "77 (a) b) S 1 77 77 0 -1 4194560 119 0 0 0 0 0 0 0 20 0 1 0 98765 2428928 \
                        231 18446744073709551615 0 0";

    #[test]
    fn the_start_is_found_behind_any_name() {
        assert_eq!(started_ticks(STAT), Some(98_765));
        assert_eq!(started_ticks(&STAT.replace(") S", ") Z")), None, "a zombie has ended");
        assert_eq!(started_ticks("77 (x"), None);
        assert_eq!(started_ticks("77 (x) S 1"), None);
    }

    #[test]
    fn a_process_is_known_until_it_has_ended() {
        let own = ProcessIdentity::own().unwrap();
        assert_eq!(own.pid, process::id());
        assert!(own.uptime() < Duration::from_secs(3_600));
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        assert!(ProcessIdentity::of(child.id()).unwrap().is_some());
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(ProcessIdentity::of(child.id()), Ok(None));
    }
}
