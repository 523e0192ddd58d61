//! The signals that a process waits for with sigwait(3).

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::entry::{self, ParseStatusError, ReadProcessError};
use super::signal_set::SignalSet;

/// The signals that the main thread of `pid` waits for, if it is in sigtimedwait(2) at this moment.
/// It takes them, so they do not kill it. They count as blocked, but `/proc/PID/status` does not
/// show them as blocked during the wait.
///
/// # Errors
///
/// [`ReadProcessError::NotPermitted`] if this process could not attach to that one with ptrace(2),
/// as where `ptrace_scope` is 1 (Yama).
pub fn awaited_signals(pid: u32) -> Result<SignalSet, ReadProcessError> {
    // `NUMBER 0xARGUMENT ...`, or `running` (`proc_pid_syscall(5)`).
    let text = entry::text(pid, "syscall")?;
    let mut words = text.split_ascii_whitespace();
    let number = words.next().ok_or(ParseStatusError::Missing("syscall"))?;
    if number.parse() != Ok(libc::SYS_rt_sigtimedwait) {
        return Ok(SignalSet::default());
    }
    let argument = words.next().and_then(|word| word.strip_prefix("0x"));
    let address = argument.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    let address = address.ok_or(ParseStatusError::Malformed("syscall"))?;
    let mut set = [0; 8];
    entry::checked(|| File::open(entry::path(pid, "mem"))?.read_exact_at(&mut set, address))?;
    Ok(SignalSet(u64::from_ne_bytes(set)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{SigSet, Signal};
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn who_waits_for_a_signal_is_seen_to_take_it() {
        let awaited = SigSet::from_iter([Signal::SIGUSR2, Signal::SIGWINCH]);
        let (tell, hear) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                awaited.thread_block().unwrap();
                let thread = nix::sys::pthread::pthread_self();
                tell.send((nix::unistd::gettid().as_raw().cast_unsigned(), thread)).unwrap();
                awaited.wait().unwrap();
            });
            let (tid, thread) = hear.recv().unwrap();
            while awaited_signals(tid) == Ok(SignalSet::default()) {}
            let seen = awaited_signals(tid);
            nix::sys::pthread::pthread_kill(thread, Signal::SIGWINCH).unwrap();
            if seen != Err(ReadProcessError::NotPermitted) {
                assert_eq!(seen, Ok(awaited.iter().collect()));
            }
        });
    }

    #[test]
    fn who_does_not_wait_takes_nothing() {
        assert_eq!(awaited_signals(std::process::id()), Ok(SignalSet::default()));
    }
}
