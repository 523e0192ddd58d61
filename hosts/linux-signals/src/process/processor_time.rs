//! How much a process has worked.

use std::time::Duration;

use super::entry::{self, ParseStatusError, ReadProcessError};

/// The time that the main thread of `pid` has spent on a processor (`/proc/PID/schedstat`).
///
/// # Errors
///
/// [`ReadProcessError::NoSuchProcess`] also where the kernel does not count it
/// (`CONFIG_SCHED_INFO`).
pub fn processor_time(pid: u32) -> Result<Duration, ReadProcessError> {
    let text = entry::text(pid, "schedstat")?;
    let first = text.split_ascii_whitespace().next();
    let first = first.ok_or(ParseStatusError::Missing("schedstat"))?;
    let nanos = first.parse().map_err(|_| ParseStatusError::Malformed("schedstat"))?;
    Ok(Duration::from_nanos(nanos))
}

/// The processor that the main thread of `pid` runs on, or ran on last (`/proc/PID/stat`, field
/// 39).
pub(crate) fn last_processor(pid: u32) -> Result<usize, ReadProcessError> {
    let text = entry::text(pid, "stat")?;
    // The second field is the name in parentheses, and may hold anything; the third one comes
    // first.
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
        let own = std::process::id();
        let Ok(before) = processor_time(own) else { return };
        while processor_time(own).unwrap() == before {}
    }
}
