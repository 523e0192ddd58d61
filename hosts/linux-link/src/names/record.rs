//! What an entry says: which process it is.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::time::{ClockId, clock_gettime};

/// A process that cannot be confused with a later one of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) pid: u32,
    /// When it was started, in clock ticks since the start of the machine.
    started_ticks: u64,
}

impl Record {
    /// The process `pid`, as it is now; `None` if there is none, or one that has ended.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let started_ticks = started_ticks(&String::from_utf8_lossy(&stat))?;
        Some(Self { pid, started_ticks })
    }

    /// Reads an entry; `None` if there is none, or what is there is not one.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts an entry in the place of what is there, in one piece.
    pub(super) fn write(self, path: &Path, draft: &Path) -> io::Result<()> {
        fs::write(draft, format!("{} {}\n", self.pid, self.started_ticks))?;
        fs::rename(draft, path)
    }

    fn parse(text: &str) -> Option<Self> {
        let (pid, started_ticks) = text.strip_suffix('\n')?.split_once(' ')?;
        Some(Self { pid: pid.parse().ok()?, started_ticks: started_ticks.parse().ok()? })
    }

    /// Whether this very process still runs.
    pub(super) fn is_live(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// How long the process has been running.
    pub(super) fn uptime(self) -> Duration {
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
    // The second field is the name in parentheses, and may hold anything, parentheses included.
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
    fn an_entry_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let own = Record::of(std::process::id()).unwrap();
        own.write(&path, &folder.path().join(".draft")).unwrap();
        assert_eq!(Record::read(&path).unwrap(), Some(own));
        assert!(own.is_live());
        assert!(own.uptime() < Duration::from_secs(600));
    }

    #[test]
    fn what_is_not_an_entry_is_none() {
        for text in ["", "77", "77 5", "x 5\n", "77 5 6\n", "-1 5\n"] {
            assert_eq!(Record::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_later_process_of_the_same_number_is_another_one() {
        let own = Record::of(std::process::id()).unwrap();
        assert!(!Record { started_ticks: own.started_ticks - 1, ..own }.is_live());
    }
}
