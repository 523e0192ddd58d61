//! What can be seen of a process of the pair from outside.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use nix::sys::signal::Signal;
use procfs::process::Process;
use serde::{Deserialize, Serialize};

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    /// By itself, with this exit code.
    Exit(i32),
    /// It was killed by this signal, which the tester has not sent.
    Killed(i32),
    /// It did not end: it slept and did nothing until the tester killed it.
    Hang,
    /// It did not end: it was still active when its time was over.
    Slow,
}

impl Ending {
    pub(crate) fn of(status: ExitStatus) -> Self {
        status.code().map_or(Self::Killed(status.signal().unwrap_or(0)), Self::Exit)
    }

    /// Whether the program ended without being killed by the tester, successfully or not.
    pub(crate) fn is_end(self) -> bool {
        matches!(self, Self::Exit(_) | Self::Killed(_))
    }

    /// The signal of a crash and its usual meaning, if it was a crash.
    pub(crate) fn crash(self) -> Option<&'static str> {
        let Self::Killed(number) = self else { return None };
        match Signal::try_from(number).ok()? {
            Signal::SIGSEGV => Some("SIGSEGV, a segmentation fault"),
            Signal::SIGBUS => Some("SIGBUS, a bus error"),
            Signal::SIGABRT => Some("SIGABRT, an abort"),
            Signal::SIGFPE => Some("SIGFPE, a division by zero or the like"),
            Signal::SIGILL => Some("SIGILL, an illegal instruction"),
            _ => None,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exit(code) => write!(f, "ended with exit code {code}"),
            Self::Killed(number) => match (self.crash(), Signal::try_from(number)) {
                (Some(name), _) => write!(f, "crashed with {name}"),
                (None, Ok(signal)) => write!(f, "died of {signal}"),
                (None, Err(_)) => write!(f, "died of signal {number}"),
            },
            Self::Hang => f.write_str("hung"),
            Self::Slow => f.write_str("was still at work"),
        }
    }
}

/// The processor time that the process has used, in nanoseconds.
pub(crate) fn cpu_nanos(pid: u32) -> Option<u64> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    Some(process.schedstat().ok()?.sum_exec_runtime)
}

/// The resident memory of the process, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> Option<u64> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    Some(process.statm().ok()?.resident * procfs::page_size())
}

/// Whether the process does nothing until another one signals it: it is in `pause` or `sigsuspend`,
/// without an alarm of its own, or has ended. False if the kernel does not tell.
pub(crate) fn is_passive(pid: u32) -> bool {
    const ALARM: u64 = 1 << (Signal::SIGALRM as u64 - 1);
    let process = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok());
    let Some(status) = process.as_ref().and_then(|process| process.status().ok()) else {
        return true;
    };
    let waits = |name: String| name.contains("pause") || name.contains("sigsuspend");
    status.state.starts_with('Z')
        || status.sigcgt & ALARM == 0 && process.and_then(|it| it.wchan().ok()).is_some_and(waits)
}

/// The kernel function in which the process sleeps, if the kernel tells.
pub(crate) fn sleeps_in(pid: u32) -> Option<String> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    process.wchan().ok().filter(|name| name != "0" && !name.is_empty())
}
