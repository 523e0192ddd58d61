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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_grows_with_work() {
        let own = std::process::id();
        let Ok(before) = processor_time(own) else { return };
        while processor_time(own).unwrap() == before {}
    }
}
