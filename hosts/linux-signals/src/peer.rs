//! The far end: a process held by a pidfd.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use minitalk_core::Bit;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use thiserror::Error;

use crate::os_error::OsError;
use crate::process::{ProcessStatus, ReadProcessError, SleepWatch};
use crate::watch::{Interest, is_ready};
use crate::{descriptors, sys};

/// A process that bits are sent to.
///
/// It is held by a pidfd (`pidfd_open(2)`): what is sent reaches the process that was opened or
/// nobody, even if its number is given to another one meanwhile. The descriptor ([`AsFd`]) becomes
/// readable when the process ends: give it to [`Line::watch`](crate::Line::watch).
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
    /// The kernel is older than Linux 5.3 or a sandbox forbids pidfds (`ENOSYS`; `EPERM`, which is
    /// not about this process: `pidfd_open(2)` asks for no permission).
    #[error(
        "pidfds are not available here (they need Linux 5.3, and no sandbox that forbids them)"
    )]
    Unsupported,
    /// This process has as many files open as it may (`RLIMIT_NOFILE`), and may not raise the
    /// limit.
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
    /// The process belongs to somebody else, or a sandbox says so (`EPERM`).
    #[error("no permission to signal the process")]
    NotPermitted,
    /// A sandbox that lets pidfds be opened forbids to send through them (`ENOSYS`). No kernel
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
    /// Where the soft limit on open files comes near, it is raised to the hard one, for this
    /// process and what it starts later. A few descriptors are always left.
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

    /// Checks that processes can be held and signalled here at all, by means of this process: a
    /// program that needs it had better know it at its start.
    ///
    /// # Errors
    ///
    /// [`OpenPeerError::Unsupported`] above all.
    pub fn check_supported() -> Result<(), OpenPeerError> {
        match Self::open(std::process::id())?.check_permission() {
            Ok(()) | Err(SendError::Gone | SendError::NotPermitted) => Ok(()),
            Err(SendError::Unsupported) => Err(OpenPeerError::Unsupported),
            Err(SendError::Os(error)) => Err(OpenPeerError::Os(error)),
        }
    }

    /// The number the process was opened by.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a bit.
    ///
    /// `Ok` means that the signal is pending there, or was already: two equal bits sent before the
    /// peer took the first one are one bit.
    pub fn send(&self, bit: Bit) -> Result<(), SendError> {
        let signal = match bit {
            Bit::Zero => Signal::USR1,
            Bit::One => Signal::USR2,
        };
        pidfd_send_signal(&self.pidfd, signal).map_err(SendError::from)
    }

    /// Asks the kernel whether this process may signal it, without sending anything.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub fn check_permission(&self) -> Result<(), SendError> {
        sys::check_pidfd(self.pidfd.as_fd()).map_err(SendError::from)
    }

    /// Whether the process has ended. One that nobody has waited for yet (a zombie) has.
    #[must_use]
    pub fn has_exited(&self) -> bool {
        is_ready(self.as_fd(), Interest::Readable)
    }

    /// What `/proc` says of the process now, for example whether it is stopped.
    ///
    /// The status is that of this process and not of a later one with the same number.
    pub fn status(&self) -> Result<ProcessStatus, ReadProcessError> {
        self.read(|| ProcessStatus::read(self.pid))
    }

    /// Reads something about the process: what is read by its number is about this process or an
    /// error.
    ///
    /// # Errors
    ///
    /// Those of `read`; [`ReadProcessError::NoSuchProcess`] if it has ended, and
    /// [`ReadProcessError::Hidden`] if it has not and `/proc` does not show it.
    pub fn read<T>(
        &self,
        read: impl FnOnce() -> Result<T, ReadProcessError>,
    ) -> Result<T, ReadProcessError> {
        let read = read();
        // Its number cannot be given to another one before it has ended.
        match (self.has_exited(), read) {
            (true, _) => Err(ReadProcessError::NoSuchProcess),
            (false, Err(ReadProcessError::NoSuchProcess)) => Err(ReadProcessError::Hidden),
            (false, read) => read,
        }
    }

    /// A kept look at whether the process sleeps.
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
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    use std::thread;

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
            // A child has its signals from this process.
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
