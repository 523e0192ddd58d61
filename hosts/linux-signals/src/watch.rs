//! File descriptors to be looked at while waiting for signals.

use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use crate::sys;

/// What is expected of a watched descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interest {
    /// There is something to read; for a pidfd ([`Peer`](crate::Peer)): the process has ended.
    Readable,
    /// A write would not block.
    Writable,
}

/// One file descriptor for [`Line::wait`](crate::Line::wait) to watch.
///
/// It is a `pollfd` (poll(2)), so a slice of them goes to the kernel as it is and building one costs
/// next to nothing.
#[derive(Clone)]
#[repr(transparent)]
pub struct Watch<'fd> {
    poll_fd: libc::pollfd,
    borrow: PhantomData<BorrowedFd<'fd>>,
}

impl<'fd> Watch<'fd> {
    /// Watches `fd` for `interest`.
    #[must_use]
    pub fn new(fd: BorrowedFd<'fd>, interest: Interest) -> Self {
        let events = match interest {
            Interest::Readable => libc::POLLIN,
            Interest::Writable => libc::POLLOUT,
        };
        let poll_fd = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
        Self { poll_fd, borrow: PhantomData }
    }

    /// Watches `fd` until it becomes readable: a pidfd until its process ends.
    #[must_use]
    pub fn readable(fd: BorrowedFd<'fd>) -> Self {
        Self::new(fd, Interest::Readable)
    }

    /// Watches `fd` until it can be written to.
    #[must_use]
    pub fn writable(fd: BorrowedFd<'fd>) -> Self {
        Self::new(fd, Interest::Writable)
    }

    /// Whether the last wait returned [`Wake::Ready`](crate::Wake::Ready) because of this one.
    ///
    /// An error or a hangup counts: reading or writing will tell which, without blocking.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.poll_fd.revents != 0
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.poll_fd.fd
    }

    pub(crate) fn set_not_ready(&mut self) {
        self.poll_fd.revents = 0;
    }
}

/// Looks at one descriptor without waiting: whether what is expected of it holds now.
#[must_use]
pub fn is_ready(watch: Watch<'_>) -> bool {
    let mut watched = [watch];
    sys::poll_now(&mut watched).is_ok() && watched[0].is_ready()
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("fd", &self.poll_fd.fd)
            .field("events", &self.poll_fd.events)
            .field("ready", &self.is_ready())
            .finish()
    }
}

/// A number that changes when another set of descriptors is watched, or for something else.
///
/// Two sets may share a number; the wait then notices the change some milliseconds later.
pub(crate) fn fingerprint(watched: &[Watch<'_>]) -> u64 {
    watched.iter().fold(0, |hash: u64, watch| {
        let fd = u64::from(watch.poll_fd.fd.cast_unsigned());
        let events = u64::from(watch.poll_fd.events.cast_unsigned());
        // Fibonacci hashing; the constant is 2^64 divided by the golden ratio.
        (hash.rotate_left(5) ^ (fd << 16 | events)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{stderr, stdin};
    use std::os::fd::AsFd;

    #[test]
    fn the_fingerprint_tells_sets_apart() {
        let (stdin, stderr) = (stdin(), stderr());
        let read = Watch::readable(stdin.as_fd());
        let write = Watch::writable(stdin.as_fd());
        let other = Watch::readable(stderr.as_fd());
        let both = [read.clone(), other.clone()];
        let turned = [other.clone(), read.clone()];
        let sets: [&[Watch<'_>]; 6] = [&[], &[read], &[write], &[other], &both, &turned];
        for (i, one) in sets.iter().enumerate() {
            for (j, another) in sets.iter().enumerate() {
                assert_eq!(fingerprint(one) == fingerprint(another), i == j, "{one:?} {another:?}");
            }
        }
    }
}
