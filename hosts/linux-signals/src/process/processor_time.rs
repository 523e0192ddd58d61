//! How much processor time a process has used.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use super::entry::{self, ParseStatusError, ReadProcessError};

/// Longer than the three numbers in a `/proc/PID/schedstat`.
const SCHEDSTAT_OCTETS: usize = 64;

/// A reusable look at the processor time that a process, or rather its main thread, has used.
///
/// A look costs a few microseconds. It is always at the process that had the number when this was
/// opened: the descriptor does not follow the number.
#[derive(Debug)]
pub struct WorkWatch(File);

impl WorkWatch {
    /// Prepares looks at the process `pid`.
    ///
    /// # Errors
    ///
    /// [`ReadProcessError::NoSuchProcess`], also if the kernel does not count the time
    /// (`CONFIG_SCHED_INFO`).
    pub fn open(pid: u32) -> Result<Self, ReadProcessError> {
        Ok(Self(entry::checked(|| File::open(entry::path(pid, "schedstat")))?))
    }

    /// The time that it has spent on a processor (`/proc/PID/schedstat`, first field). While it
    /// runs, the kernel updates this every few milliseconds; while it sleeps, it is exact.
    ///
    /// # Errors
    ///
    /// [`ReadProcessError::NoSuchProcess`] if it has ended and its parent has waited for it.
    pub fn look(&self) -> Result<Duration, ReadProcessError> {
        let mut text = [0; SCHEDSTAT_OCTETS];
        let len = self.0.read_at(&mut text, 0).map_err(|error| entry::refused(&error))?;
        let text = str::from_utf8(text.get(..len).unwrap_or_default()).unwrap_or_default();
        let first = text.split_ascii_whitespace().next();
        let first = first.ok_or(ParseStatusError::Missing("schedstat"))?;
        let nanos = first.parse().map_err(|_| ParseStatusError::Malformed("schedstat"))?;
        Ok(Duration::from_nanos(nanos))
    }
}

/// The processor that the main thread of `pid` runs on, or ran on last (`/proc/PID/stat`, field
/// 39).
pub(crate) fn last_processor(pid: u32) -> Result<usize, ReadProcessError> {
    let text = entry::text(pid, "stat")?;
    // The second field is the name in parentheses, which may contain anything. What follows begins
    // with the third field.
    let (_, fields) = text.rsplit_once(')').ok_or(ParseStatusError::Missing("stat"))?;
    let field = fields.split_ascii_whitespace().nth(39 - 3);
    let number = field.ok_or(ParseStatusError::Missing("processor"))?;
    Ok(number.parse().map_err(|_| ParseStatusError::Malformed("processor"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_of_one_processor_is_seen_there() {
        use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
        use nix::unistd::{Pid, gettid};
        let pinned = || {
            let mut only = CpuSet::new();
            only.set(sched_getcpu().unwrap()).unwrap();
            sched_setaffinity(Pid::from_raw(0), &only).unwrap();
            let own = gettid().as_raw().cast_unsigned();
            assert_eq!(last_processor(own), Ok(sched_getcpu().unwrap()));
        };
        std::thread::spawn(pinned).join().unwrap();
    }

    #[test]
    fn processor_time_grows_with_work() {
        let Ok(own) = WorkWatch::open(std::process::id()) else { return };
        let before = own.look().unwrap();
        while own.look().unwrap() == before {}
    }
}
