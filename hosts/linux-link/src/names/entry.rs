//! What an entry says, and whether it is in use.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use minitalk_signals::{PidNamespace, ProcessIdentity, ReadProcessError};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// A process, and the PID namespace that its number belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) process: ProcessIdentity,
    pub(super) namespace: PidNamespace,
}

/// What has become of the process of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It runs.
    Live,
    /// It runs in another PID namespace: its number has no meaning here.
    Elsewhere,
    /// It has ended.
    Ended,
}

/// The longest entry, in bytes.
const RECORD_BYTES_MAX: u64 = 128;

impl Record {
    /// This process.
    pub(super) fn own() -> Result<Self, ReadProcessError> {
        Ok(Self { process: ProcessIdentity::own()?, namespace: PidNamespace::own()? })
    }

    /// Reads an entry; `None` if the file is not an entry.
    pub(super) fn read(file: &OwnedFd) -> io::Result<Option<Self>> {
        let mut text = Vec::new();
        File::from(file.try_clone()?).take(RECORD_BYTES_MAX).read_to_end(&mut text)?;
        Ok(Self::parse(&String::from_utf8_lossy(&text)))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_suffix('\n')?.split(' ');
        let pid = fields.next()?.parse().ok()?;
        let mut number = || fields.next()?.parse().ok();
        let (started_ticks, device, inode) = (number()?, number()?, number()?);
        let process = ProcessIdentity { pid, started_ticks };
        let record = Self { process, namespace: PidNamespace { device, inode } };
        fields.next().is_none().then_some(record)
    }

    pub(super) fn text(self) -> String {
        let Self { process, namespace } = self;
        let PidNamespace { device, inode } = namespace;
        format!("{} {} {device} {inode}\n", process.pid, process.started_ticks)
    }

    /// The file name of the entry of a listener without a name. No name begins with a digit.
    pub(super) fn file_name(self) -> String {
        format!("{}.{}", self.process.pid, self.namespace.inode)
    }

    /// What has become of the process whose entry is open as `file`.
    pub(super) fn fate(self, file: &OwnedFd) -> Result<Fate, ReadProcessError> {
        if self.namespace == PidNamespace::own()? {
            let is_live = ProcessIdentity::of(self.process.pid)? == Some(self.process);
            return Ok(if is_live { Fate::Live } else { Fate::Ended });
        }
        Ok(if is_locked(file) { Fate::Elsewhere } else { Fate::Ended })
    }
}

/// Whether a file is the entry of a listener without a name.
pub(super) fn is_nameless(file: &str) -> bool {
    file.split_once('.').is_some_and(|(pid, inode)| {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        is_number(pid) && is_number(inode)
    })
}

/// Locks an entry while it is open; false if another process has locked it.
pub(super) fn lock(file: &OwnedFd) -> io::Result<bool> {
    match fcntl(file.as_fd(), FcntlArg::F_OFD_SETLK(&whole_file(libc::F_WRLCK))) {
        Ok(_) => Ok(true),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether another process has locked an entry. If that cannot be determined, it counts as locked.
fn is_locked(file: &OwnedFd) -> bool {
    let mut lock = whole_file(libc::F_WRLCK);
    let asked = fcntl(file.as_fd(), FcntlArg::F_OFD_GETLK(&mut lock));
    asked.is_err() || i32::from(lock.l_type) != libc::F_UNLCK
}

fn whole_file(kind: i32) -> libc::flock {
    // All of these constants are 0, 1 or 2.
    let short = |constant: i32| constant.try_into().unwrap_or_default();
    libc::flock {
        l_type: short(kind),
        l_whence: short(libc::SEEK_SET),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use rustix::fs::{CWD, Mode, OFlags, openat};

    fn open(path: &std::path::Path) -> OwnedFd {
        openat(CWD, path, OFlags::RDWR | OFlags::CREATE, Mode::RWXU).unwrap()
    }

    /// Releases a lock. Closing the file is not enough: a child that another test has just forked
    /// holds a copy of it until it calls execve(2).
    pub(in crate::names) fn unlock(file: &OwnedFd) {
        fcntl(file.as_fd(), FcntlArg::F_OFD_SETLK(&whole_file(libc::F_UNLCK))).unwrap();
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let own = Record::own().unwrap();
        assert_eq!(Record::parse(&own.text()), Some(own));
        assert!(is_nameless(&own.file_name()));
        for name in ["logs", "a.b", ".draft-1.2", "1", "1.", "1.2.3"] {
            assert!(!is_nameless(name), "{name}");
        }
    }

    #[test]
    fn what_is_not_an_entry_is_none() {
        for text in
            ["", "77", "77 5", "x 5 4 3\n", "77 5 6 7", "77 5\n", "-1 5 4 3\n", "1 2 3 4 5\n"]
        {
            assert_eq!(Record::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_later_process_of_the_same_number_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = open(&folder.path().join("x"));
        let own = Record::own().unwrap();
        assert_eq!(own.fate(&file), Ok(Fate::Live));
        let started_ticks = own.process.started_ticks - 1;
        let earlier = Record { process: ProcessIdentity { started_ticks, ..own.process }, ..own };
        assert_eq!(earlier.fate(&file), Ok(Fate::Ended));
    }

    #[test]
    fn in_another_namespace_the_lock_tells_who_runs() {
        let folder = tempfile::tempdir().unwrap();
        let (file, again) = (open(&folder.path().join("x")), open(&folder.path().join("x")));
        let own = Record::own().unwrap();
        let there = Record { namespace: PidNamespace { device: 0, inode: 1 }, ..own };
        assert_eq!(there.fate(&again), Ok(Fate::Ended));
        assert!(lock(&file).unwrap());
        assert_eq!(there.fate(&again), Ok(Fate::Elsewhere));
        assert!(!lock(&again).unwrap(), "it is held");
        unlock(&file);
        assert_eq!(there.fate(&again), Ok(Fate::Ended));
    }
}
