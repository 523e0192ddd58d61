//! Descriptors that are watched while the line waits for signals.

use std::collections::{HashMap, VecDeque};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use crate::os_error::OsError;
use crate::sys;

/// How many ready descriptors are recorded at once.
const READY_MAX: usize = 64;

/// What a descriptor is watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interest {
    /// There is something to read; for a pidfd ([`Peer`](crate::Peer)): the process has ended.
    Readable,
    /// A write would not block.
    Writable,
}

/// Checks one descriptor without waiting: whether it is ready for `interest` now.
///
/// An error or a hangup counts as ready: reading or writing will report it, without blocking.
#[must_use]
pub fn is_ready(fd: BorrowedFd<'_>, interest: Interest) -> bool {
    sys::is_ready(fd.as_raw_fd(), interest)
}

/// The watched descriptors, registered with the kernel once (epoll(7)): a check costs the same
/// however many there are.
#[derive(Debug)]
pub(crate) struct Watches {
    epoll: OwnedFd,
    watched: HashMap<RawFd, Watched>,
    /// Descriptors that epoll does not accept because they are always ready: files on a disk,
    /// `/dev/null`.
    always_ready: Vec<RawFd>,
    /// Descriptors found ready and not reported yet, in turn.
    ready: VecDeque<RawFd>,
    /// Whether a descriptor has been added since the last check.
    is_changed: bool,
}

impl AsFd for Watches {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

#[derive(Clone, Copy, Debug)]
struct Watched {
    token: u64,
    interest: Interest,
}

impl Watches {
    pub(crate) fn new() -> Result<Self, OsError> {
        Ok(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            watched: HashMap::new(),
            always_ready: Vec::new(),
            ready: VecDeque::new(),
            is_changed: false,
        })
    }

    /// Watches `fd`, or changes what it is watched for.
    pub(crate) fn add(
        &mut self,
        fd: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> Result<(), OsError> {
        let raw = fd.as_raw_fd();
        let data = EventData::new_u64(u64::from(raw.cast_unsigned()));
        let events = match interest {
            Interest::Readable => EventFlags::IN,
            Interest::Writable => EventFlags::OUT,
        };
        self.always_ready.retain(|&other| other != raw);
        let added = match epoll::add(&self.epoll, fd, data, events) {
            Err(Errno::EXIST) => epoll::modify(&self.epoll, fd, data, events),
            added => added,
        };
        match added {
            Ok(()) => {}
            Err(Errno::PERM) => self.always_ready.push(raw),
            Err(errno) => return Err(errno.into()),
        }
        self.watched.insert(raw, Watched { token, interest });
        self.is_changed = true;
        Ok(())
    }

    /// Stops watching `fd`. It need not have been watched.
    pub(crate) fn remove(&mut self, fd: BorrowedFd<'_>) {
        let raw = fd.as_raw_fd();
        if self.watched.remove(&raw).is_some() {
            self.always_ready.retain(|&other| other != raw);
            // Fails if `fd` is always ready, or if the number belonged to another descriptor
            // before.
            let _ = epoll::delete(&self.epoll, fd);
        }
    }

    /// Records the descriptors that are ready now. Returns whether there are any, including those
    /// recorded before and not reported yet.
    pub(crate) fn look(&mut self) -> Result<bool, OsError> {
        self.is_changed = false;
        if self.watched.is_empty() || !self.ready.is_empty() {
            return Ok(!self.ready.is_empty());
        }
        let mut events = [MaybeUninit::<Event>::uninit(); READY_MAX];
        let no_time = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        let (events, _) = match epoll::wait(&self.epoll, &mut events, Some(&no_time)) {
            Ok(events) => events,
            Err(Errno::INTR) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        };
        let fds = events.iter().filter_map(|event| RawFd::try_from(event.data.u64()).ok());
        self.ready.extend(fds.chain(self.always_ready.iter().copied()));
        Ok(!self.ready.is_empty())
    }

    /// The token of the next descriptor that was found ready and still is.
    pub(crate) fn next_ready(&mut self) -> Option<u64> {
        while let Some(fd) = self.ready.pop_front() {
            if let Some(Watched { token, interest }) = self.watched.get(&fd)
                && sys::is_ready(fd, *interest)
            {
                return Some(*token);
            }
        }
        None
    }

    /// Whether a descriptor has been added since the last check.
    #[inline]
    pub(crate) const fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Whether a descriptor was found ready and has not been reported.
    #[inline]
    pub(crate) fn is_owed(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The descriptor to sleep on; `None` if nothing is watched.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        (!self.watched.is_empty()).then(|| self.epoll.as_fd())
    }

    /// Whether a descriptor is watched that is always ready.
    pub(crate) fn is_always_ready(&self) -> bool {
        !self.always_ready.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, poll};
    use std::fs::File;
    use std::io::{Read, Write, pipe};

    fn ready(watches: &mut Watches) -> Vec<u64> {
        watches.look().unwrap();
        let mut tokens: Vec<u64> = std::iter::from_fn(|| watches.next_ready()).collect();
        tokens.sort_unstable();
        tokens
    }

    #[test]
    fn what_is_ready_is_told_by_its_token() {
        let mut watches = Watches::new().unwrap();
        let (mut reader, mut writer) = pipe().unwrap();
        watches.add(reader.as_fd(), 1, Interest::Readable).unwrap();
        watches.add(writer.as_fd(), 2, Interest::Writable).unwrap();
        assert!(watches.is_changed());
        assert_eq!(ready(&mut watches), [2]);
        assert!(!watches.is_changed());
        writer.write_all(b"x").unwrap();
        assert_eq!(ready(&mut watches), [1, 2]);
        watches.remove(writer.as_fd());
        assert_eq!(ready(&mut watches), [1]);
        reader.read_exact(&mut [0]).unwrap();
        assert_eq!(ready(&mut watches), []);
        drop(writer);
        // A child that another test has just forked holds a copy until it calls execve(2).
        poll(&mut [PollFd::new(&reader, PollFlags::empty())], None).unwrap();
        assert_eq!(ready(&mut watches), [1], "the other end is gone");
    }

    #[test]
    fn what_has_been_dealt_with_meanwhile_is_not_told() {
        let mut watches = Watches::new().unwrap();
        let (mut reader, mut writer) = pipe().unwrap();
        watches.add(reader.as_fd(), 1, Interest::Readable).unwrap();
        writer.write_all(b"xy").unwrap();
        assert!(watches.look().unwrap() && watches.is_owed());
        reader.read_exact(&mut [0; 2]).unwrap();
        assert_eq!(watches.next_ready(), None);
        writer.write_all(b"x").unwrap();
        assert!(watches.look().unwrap());
        watches.remove(reader.as_fd());
        assert_eq!(watches.next_ready(), None);
    }

    #[test]
    fn a_file_is_ready_always_and_watched_for_something_else_on_demand() {
        let mut watches = Watches::new().unwrap();
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        watches.add(file.as_fd(), 7, Interest::Readable).unwrap();
        assert!(watches.is_always_ready());
        assert_eq!(ready(&mut watches), [7]);
        assert_eq!(ready(&mut watches), [7]);
        watches.remove(file.as_fd());
        assert_eq!(ready(&mut watches), []);
        let (reader, _writer) = pipe().unwrap();
        watches.add(reader.as_fd(), 1, Interest::Writable).unwrap();
        watches.add(reader.as_fd(), 2, Interest::Readable).unwrap();
        assert_eq!(ready(&mut watches), []);
    }

    #[test]
    fn many_that_are_ready_at_once_have_their_turn() {
        let mut watches = Watches::new().unwrap();
        let pipes: Vec<_> = (0..200).map(|_| pipe().unwrap()).collect();
        for (token, (_, writer)) in (0..).zip(&pipes) {
            watches.add(writer.as_fd(), token, Interest::Writable).unwrap();
        }
        let mut seen = std::collections::HashSet::new();
        for _ in 0..4 {
            seen.extend(ready(&mut watches));
        }
        assert_eq!(seen.len(), 200);
    }
}
