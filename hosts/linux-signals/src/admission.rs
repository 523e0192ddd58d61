//! Who may be talked to: decided before the first signal, because the wrong process would die of it.
//!
//! The default action of `SIGUSR1` and `SIGUSR2` ends the process (signal(7)). What is decided here holds
//! for the moment of the check: a process may change its handlers, its mask or its user id afterwards.

use std::process;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use thiserror::Error;

use crate::os_error::OsError;
use crate::peer::{OpenPeerError, Peer};
use crate::status::{ProcessState, ProcessStatus, ReadStatusError, SignalSet};

/// The highest process id there can be (`PID_MAX_LIMIT`, `proc_sys_kernel(5)`).
pub const PID_MAX: u32 = 4_194_304;

/// A process that bits may be sent to, and that may acknowledge them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Target {
    /// The process.
    pub peer: Peer,
    /// Its status at the time of the check.
    pub status: ProcessStatus,
}

/// Why a process must not be sent bits to.
///
/// Each is the second half of a sentence about the process, without its number: the caller knows how
/// the number was given and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The number is 0, negative, or above [`PID_MAX`]. To kill(2), the first two mean whole groups.
    #[error("is not a process id (they are 1 to {PID_MAX})")]
    OutOfRange,
    /// The number is that of this process.
    #[error("is this process itself")]
    Itself,
    /// There is no such process, or `/proc` hides it.
    #[error("does not exist")]
    NoSuchProcess,
    /// The process has ended, and its parent has not asked why.
    #[error("has already ended (it is a zombie)")]
    Zombie,
    /// The number is that of a thread.
    #[error("is not a process but a thread of process {of}")]
    Thread {
        /// The process that the thread is one of.
        of: u32,
    },
    /// This process may not signal it.
    #[error("belongs to another user, and may not be signalled by this one")]
    NotPermitted {
        /// Whose it is: its real user id.
        uid: u32,
    },
    /// The process may not signal this one, so no acknowledgment could come back.
    #[error("belongs to another user, who may not signal this one: it could not acknowledge")]
    AcknowledgmentNotPermitted {
        /// Whose it is: its effective user id.
        uid: u32,
    },
    /// It lives in a PID namespace inside this one's, where this process has no number.
    #[error(
        "lives in a PID namespace of its own, where this process has no number: it could not acknowledge"
    )]
    NamespaceInside,
    /// A signal would kill it.
    #[error(transparent)]
    WouldDie(#[from] WouldDie),
    /// It ignores one of the signals or both: whatever it is, it does not listen.
    #[error("ignores {signals}: it does not listen")]
    Deaf {
        /// What it ignores.
        signals: SignalSet,
    },
    /// There are no pidfds on this machine, see [`OpenPeerError::Unsupported`].
    #[error("cannot be held: {}", OpenPeerError::Unsupported)]
    Unsupported,
    /// Its status could not be read, or not that of this process.
    #[error("cannot be examined: {0}")]
    Unreadable(ReadStatusError),
    /// It could not be opened for another reason.
    #[error("cannot be opened: {0}")]
    Os(OsError),
}

/// Why signals would end a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WouldDie {
    /// It neither catches nor blocks nor ignores them.
    #[error("does not handle {signals}: it would be killed")]
    Unhandled {
        /// The deadly ones.
        signals: SignalSet,
    },
    /// It catches them as it catches all that could end it: to end in good order.
    #[error(
        "catches {signals} only to end in good order, as shells and editors do: it would be killed"
    )]
    Caught {
        /// Those that it catches and has not blocked.
        signals: SignalSet,
    },
}

/// The signals of a crash or of a limit. A program that catches all of them catches what could end it,
/// whatever it is: an interactive bash does, and vim.
const FATAL: SignalSet = SignalSet::of([
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGSEGV,
    Signal::SIGSYS,
    Signal::SIGXCPU,
    Signal::SIGXFSZ,
    Signal::SIGVTALRM,
]);

/// A signal that no program has a use for. A runtime that catches even this one, as that of Go does,
/// catches everything, and leaves it to the program what becomes of it.
const UNUSED: SignalSet = SignalSet::of([Signal::SIGSTKFLT]);

impl Target {
    /// Opens the process `pid` and checks that bits can be sent there and acknowledged from there.
    ///
    /// No signal is sent. The process is held first and examined then, so the status is that of the
    /// process that was opened, even if its number changes hands in between.
    pub fn check(pid: i64) -> Result<Self, Refusal> {
        let pid = in_range(pid)?;
        if pid == process::id() {
            return Err(Refusal::Itself);
        }
        let peer = Peer::open(pid).map_err(|error| match error {
            OpenPeerError::NoSuchProcess => Refusal::NoSuchProcess,
            OpenPeerError::Thread => thread(pid),
            OpenPeerError::Unsupported => Refusal::Unsupported,
            OpenPeerError::Os(error) => Refusal::Os(error),
        })?;
        let status = ProcessStatus::read(pid).map_err(unreadable)?;
        let permitted = is_permitted(pid);
        let own = ProcessStatus::own().map_err(Refusal::Unreadable)?;
        if status.state != ProcessState::Zombie && peer.has_exited() {
            return Err(Refusal::NoSuchProcess);
        }
        judge(&status, permitted, &own)?;
        Ok(Self { peer, status })
    }
}

/// Checks that a process survives an acknowledgment: that it catches, blocks or ignores both signals,
/// and does not catch them only to end.
///
/// It is what a server asks before it answers a stranger. A process that blocks them takes them with
/// `sigwait(3)`; one that ignores them does not want an answer, and is not hurt by it. What a handler does
/// cannot be seen from outside; that it is there for every deadly signal can.
pub const fn may_acknowledge(status: &ProcessStatus) -> Result<(), WouldDie> {
    let signals = SignalSet::LINE.without(status.survived());
    if !signals.is_empty() {
        return Err(WouldDie::Unhandled { signals });
    }
    let signals = SignalSet::LINE.without(status.blocked).without(status.ignored);
    let catches_all = FATAL.without(status.caught).is_empty();
    if catches_all && !UNUSED.without(status.caught).is_empty() && !signals.is_empty() {
        return Err(WouldDie::Caught { signals });
    }
    Ok(())
}

fn in_range(pid: i64) -> Result<u32, Refusal> {
    match u32::try_from(pid) {
        Ok(pid @ 1..=PID_MAX) => Ok(pid),
        _ => Err(Refusal::OutOfRange),
    }
}

/// The refusal of a number that is not a thread group's.
fn thread(tid: u32) -> Refusal {
    match ProcessStatus::read(tid) {
        Ok(status) => Refusal::Thread { of: status.tgid },
        Err(error) => unreadable(error),
    }
}

fn unreadable(error: ReadStatusError) -> Refusal {
    match error {
        ReadStatusError::NoSuchProcess => Refusal::NoSuchProcess,
        error => Refusal::Unreadable(error),
    }
}

/// Whether the kernel lets this process signal `pid`, which is being held by a pidfd.
fn is_permitted(pid: u32) -> bool {
    let pid = Pid::from_raw(pid.cast_signed());
    kill(pid, None) != Err(nix::Error::EPERM)
}

/// The decision about a process, once everything is known.
fn judge(status: &ProcessStatus, permitted: bool, own: &ProcessStatus) -> Result<(), Refusal> {
    if matches!(status.state, ProcessState::Zombie | ProcessState::Dead) {
        return Err(Refusal::Zombie);
    }
    if !permitted {
        return Err(Refusal::NotPermitted { uid: status.uids.real });
    }
    may_acknowledge(status)?;
    // A blocked signal is kept, even if it would be ignored.
    let ignored = SignalSet(SignalSet::LINE.0 & status.ignored.0).without(status.blocked);
    if !ignored.is_empty() {
        return Err(Refusal::Deaf { signals: ignored });
    }
    if !status.uids.may_signal(own.uids) {
        return Err(Refusal::AcknowledgmentNotPermitted { uid: status.uids.effective });
    }
    if status.namespace_pids.len() > own.namespace_pids.len() {
        return Err(Refusal::NamespaceInside);
    }
    Ok(())
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
