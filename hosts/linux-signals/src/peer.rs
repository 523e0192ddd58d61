//! The far end: a process held by a pidfd.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use minitalk_core::Bit;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use thiserror::Error;

use crate::arrival::bit_signal;
use crate::os_error::OsError;
use crate::process::{ProcessStatus, ReadProcessError, SleepWatch};
use crate::watch::{Interest, is_ready};
use crate::{descriptors, sys};

/// A process that bits are sent to.
///
/// It is held by a pidfd (`pidfd_open(2)`): a signal reaches the process that was opened or none,
/// even if its number has been given to another process since. The descriptor ([`AsFd`]) becomes
/// readable when the process ends: pass it to [`Line::watch`](crate::Line::watch).
#[derive(Debug)]
pub struct Peer {
    pid: u32,
    pidfd: OwnedFd,
}

/// Why a process could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenPeerError {
    /// No process has this number (`ESRCH`).
    #[error("no such process")]
    NoSuchProcess,
    /// The number is that of a thread, not of a process (`EINVAL`, since Linux 6.15 `ENOENT`).
    #[error("a thread, not a process")]
    Thread,
    /// The kernel is older than Linux 5.3, or a sandbox forbids pidfds (`ENOSYS`, or `EPERM`, which
    /// does not depend on the process: `pidfd_open(2)` requires no permission).
    #[error(
        "pidfds are not available here (they need Linux 5.3, and no sandbox that forbids them)"
    )]
    Unsupported,
    /// This process has as many open files as the hard limit (`RLIMIT_NOFILE`) allows.
    #[error(
        "as many processes are held as this one may have open files ({limit}); raise the hard limit"
    )]
    TooManyOpenFiles {
        /// The hard limit.
        limit: u64,
    },
    /// Anything else.
    #[error("cannot open the process: {0}")]
    Os(OsError),
}

/// Why a bit could not be sent.
///
/// There is no variant for `EAGAIN`: the limit on queued signals (`RLIMIT_SIGPENDING`) does not
/// apply to signals sent in this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// The process has ended (`ESRCH`).
    #[error("the process has ended")]
    Gone,
    /// The process belongs to another user, or a sandbox forbids it (`EPERM`).
    #[error("no permission to signal the process")]
    NotPermitted,
    /// A sandbox that lets pidfds be opened forbids sending through them (`ENOSYS`). No kernel
    /// does: it has had `pidfd_send_signal(2)` (Linux 5.1) for longer than `pidfd_open(2)` (5.3).
    #[error("a sandbox forbids pidfd_send_signal")]
    Unsupported,
    /// Anything else.
    #[error("cannot signal the process: {0}")]
    Os(OsError),
}

impl Peer {
    /// Opens the process `pid`.
    ///
    /// If few descriptors are left below the soft limit on open files, it is raised to the hard
    /// limit, for this process and its later children. A few descriptors always stay free.
    pub fn open(pid: u32) -> Result<Self, OpenPeerError> {
        let id = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let id = id.ok_or(OpenPeerError::NoSuchProcess)?;
        match pidfd_open(id, PidfdFlags::empty()) {
            Ok(pidfd) => match descriptors::keep_some_spare(pidfd.as_fd()) {
                Ok(()) => Ok(Self { pid, pidfd }),
                Err(limit) => Err(OpenPeerError::TooManyOpenFiles { limit }),
            },
            Err(Errno::SRCH) => Err(OpenPeerError::NoSuchProcess),
            Err(Errno::INVAL | Errno::NOENT) => Err(OpenPeerError::Thread),
            Err(Errno::NOSYS | Errno::PERM) => Err(OpenPeerError::Unsupported),
            Err(errno) => Err(OpenPeerError::Os(errno.into())),
        }
    }

    /// Checks, with this process itself, that processes can be opened and signalled here at all. A
    /// program that depends on it should find out at its start.
    ///
    /// # Errors
    ///
    /// Above all [`OpenPeerError::Unsupported`].
    pub fn check_supported() -> Result<(), OpenPeerError> {
        match Self::open(std::process::id())?.check_permission() {
            Ok(()) | Err(SendError::Gone | SendError::NotPermitted) => Ok(()),
            Err(SendError::Unsupported) => Err(OpenPeerError::Unsupported),
            Err(SendError::Os(error)) => Err(OpenPeerError::Os(error)),
        }
    }

    /// The number by which the process was opened.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a bit.
    ///
    /// `Ok` means that the signal is pending at the peer, or was already: if two equal bits are
    /// sent before the peer has taken the first, they become one.
    pub fn send(&self, bit: Bit) -> Result<(), SendError> {
        let signal = match bit {
            Bit::Zero => Signal::USR1,
            Bit::One => Signal::USR2,
        };
        pidfd_send_signal(&self.pidfd, signal).map_err(SendError::from)
    }

    /// Sends a bit to the peer's first thread, and to no other.
    ///
    /// Signals for a thread are pending separately from those for the process (signal(7)): the bit
    /// does not hide bits that others [`send`](Self::send) to the process, and is not hidden by
    /// them. If another thread of the peer takes the bits, this one is lost. Before Linux 6.9, the
    /// bit is sent to the process.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn send_to_first_thread(&self, bit: Bit) -> Result<(), SendError> {
        match sys::send_to_first_thread(self.pidfd.as_fd(), bit_signal(bit)) {
            Err(Errno::INVAL) => self.send(bit),
            sent => sent.map_err(SendError::from),
        }
    }

    /// Takes a lock that all processes share that hold this peer; false if another process has it.
    ///
    /// Signals do not queue (signal(7)). Who [sees](Self::status) under the lock that a bit is not
    /// pending, and sends it before [unlocking](Self::unlock), can be sure that it is not lost, if
    /// all others do the same.
    ///
    /// This is flock(2) on the pidfd: since Linux 6.9, all pidfds of a process have one inode.
    /// Before, or where it cannot be locked, there is no lock, and this is always true.
    pub fn try_lock(&self) -> bool {
        let is_own = sys::check_first_thread(self.pidfd.as_fd()) != Err(Errno::INVAL);
        !is_own || flock(&self.pidfd, FlockOperation::NonBlockingLockExclusive) != Err(Errno::AGAIN)
    }

    /// Releases the lock. The end of this process does so as well.
    pub fn unlock(&self) {
        // It cannot fail: it waits for nothing, and without a lock there is none to release.
        let _ = flock(&self.pidfd, FlockOperation::Unlock);
    }

    /// Asks the kernel whether this process may signal the peer, without sending anything.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn check_permission(&self) -> Result<(), SendError> {
        sys::check_pidfd(self.pidfd.as_fd()).map_err(SendError::from)
    }

    /// Whether the process has ended. A zombie, which its parent has not waited for yet, has ended.
    #[must_use]
    pub fn has_exited(&self) -> bool {
        is_ready(self.as_fd(), Interest::Readable)
    }

    /// What `/proc` says about the process now, for example whether it is stopped.
    ///
    /// The status is that of this process, never that of a later one with the same number.
    pub fn status(&self) -> Result<ProcessStatus, ReadProcessError> {
        self.read(|| ProcessStatus::read(self.pid))
    }

    /// Reads something about the process: whatever `read` finds by its number is about this
    /// process, or an error is returned.
    ///
    /// # Errors
    ///
    /// Those of `read`; [`ReadProcessError::NoSuchProcess`] if the process has ended, and
    /// [`ReadProcessError::Hidden`] if it exists but `/proc` does not show it.
    pub fn read<T>(
        &self,
        read: impl FnOnce() -> Result<T, ReadProcessError>,
    ) -> Result<T, ReadProcessError> {
        let read = read();
        // Its number cannot be reused before it has ended.
        match (self.has_exited(), read) {
            (true, _) => Err(ReadProcessError::NoSuchProcess),
            (false, Err(ReadProcessError::NoSuchProcess)) => Err(ReadProcessError::Hidden),
            (false, read) => read,
        }
    }

    /// A reusable check of whether the process sleeps.
    pub fn sleep_watch(&self) -> Result<SleepWatch, ReadProcessError> {
        self.read(|| SleepWatch::open(self.pid))
    }
}

impl From<Errno> for SendError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::SRCH => Self::Gone,
            Errno::PERM => Self::NotPermitted,
            Errno::NOSYS => Self::Unsupported,
            errno => Self::Os(errno.into()),
        }
    }
}

impl AsFd for Peer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::thread;

    #[test]
    fn what_is_sent_to_a_thread_has_a_place_of_its_own() {
        let mut blocking = Command::new("env");
        blocking.args(["--block-signal=USR2", "cat"]).stdin(Stdio::piped());
        let mut child = blocking.spawn().unwrap();
        let peer = Peer::open(child.id()).unwrap();
        let blocks = |status: ProcessStatus| status.blocked.contains(Bit::One);
        while !blocks(peer.status().unwrap()) {}
        let pending = |name: &str| {
            let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap() != 0
        };
        peer.send(Bit::One).unwrap();
        assert_eq!((pending("ShdPnd:"), pending("SigPnd:")), (true, false));
        peer.send_to_first_thread(Bit::One).unwrap();
        // Linux before 6.9 cannot do that.
        let has_own = sys::send_to_first_thread(peer.as_fd(), bit_signal(Bit::One)).is_ok();
        assert_eq!((pending("ShdPnd:"), pending("SigPnd:")), (true, has_own));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(peer.send_to_first_thread(Bit::One), Err(SendError::Gone));
    }

    #[test]
    fn one_holder_of_a_process_at_a_time_has_its_lock() {
        let [child, other] =
            [(); 2].map(|()| Command::new("cat").stdin(Stdio::piped()).spawn().unwrap());
        let [first, second, of_other] =
            [&child, &child, &other].map(|child| Peer::open(child.id()).unwrap());
        assert!(first.try_lock() && of_other.try_lock());
        let is_shared = sys::check_first_thread(first.as_fd()).is_ok();
        assert_eq!(second.try_lock(), !is_shared, "Linux before 6.9 has no lock");
        first.unlock();
        assert!(second.try_lock());
        drop(second);
        // A child that another test has just forked may still hold what this one has closed.
        while !first.try_lock() {}
        for mut child in [child, other] {
            // This closes its input first.
            child.wait().unwrap();
        }
    }

    #[test]
    fn numbers_that_are_no_process_cannot_be_opened() {
        for pid in [0, 4_194_305, i32::MAX.cast_unsigned(), u32::MAX] {
            assert_eq!(Peer::open(pid).unwrap_err(), OpenPeerError::NoSuchProcess, "{pid}");
        }
    }

    #[test]
    fn a_thread_cannot_be_opened() {
        let open_own_thread = || Peer::open(nix::unistd::gettid().as_raw().cast_unsigned());
        let result = thread::scope(|scope| scope.spawn(open_own_thread).join());
        assert_eq!(result.unwrap().unwrap_err(), OpenPeerError::Thread);
    }

    #[test]
    fn this_machine_has_pidfds() {
        assert_eq!(Peer::check_supported(), Ok(()));
    }

    #[test]
    fn an_ended_process_is_gone_and_stays_gone() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let peer = Peer::open(child.id()).unwrap();
        assert!(!peer.has_exited());
        assert_eq!(peer.status().unwrap().pid, child.id());
        drop(child.stdin.take());
        // It stays a zombie until it is waited for.
        while !peer.has_exited() {}
        child.wait().unwrap();
        assert!(peer.has_exited(), "and after");
        assert_eq!(peer.send(Bit::Zero), Err(SendError::Gone));
        assert_eq!(peer.status(), Err(ReadProcessError::NoSuchProcess));
    }

    #[test]
    fn a_bit_goes_to_the_process_that_is_held_whoever_has_its_number() {
        let mut children = [(); 2].map(|()| {
            // A child inherits its ignored signals from this process.
            let mut cat = Command::new("env");
            cat.args(["--default-signal=USR1", "cat"]).stdin(Stdio::piped()).spawn().unwrap()
        });
        let [held, later] = &mut children;
        let peer = Peer { pid: later.id(), ..Peer::open(held.id()).unwrap() };
        assert_eq!(peer.send(Bit::Zero), Ok(()));
        assert_eq!(held.wait().unwrap().signal(), Some(libc::SIGUSR1));
        drop(later.stdin.take());
        assert!(later.wait().unwrap().success(), "it only has the number");
    }
}
