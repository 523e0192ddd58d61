//! A descriptor that lets another event loop wait for the line.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::signal::SigSet;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use crate::os_error::OsError;
use crate::watch::Watches;

/// Readable while a signal of the line is pending or a watched descriptor is ready: an epoll(7)
/// instance with a signalfd(2) and the epoll of the watched descriptors in it.
#[derive(Debug)]
pub(crate) struct Gate {
    epoll: OwnedFd,
    /// Nothing is ever read from it: signals are taken with sigtimedwait(2), like all others.
    signals: SignalFd,
}

impl Gate {
    pub(crate) fn new(watches: &Watches, signals: &SigSet) -> Result<Self, OsError> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let signals =
            SignalFd::with_flags(signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        for fd in [signals.as_fd(), watches.as_fd()] {
            epoll::add(&epoll, fd, EventData::new_u64(0), EventFlags::IN)?;
        }
        Ok(Self { epoll, signals })
    }

    /// Sets the signals of the line from now on.
    pub(crate) fn let_in(&mut self, signals: &SigSet) -> Result<(), OsError> {
        Ok(self.signals.set_mask(signals)?)
    }
}

impl AsFd for Gate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}
