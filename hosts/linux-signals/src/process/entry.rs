//! Reading an entry of `/proc` (proc(5)), and what can be wrong with it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use thiserror::Error;

use crate::os_error::OsError;

/// Why a fact about a process could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadProcessError {
    /// There is no such process, or `/proc` hides it (`hidepid`).
    #[error("no such process")]
    NoSuchProcess,
    /// There is a process with this number, but `/proc` hides it (`hidepid`).
    #[error("/proc hides the processes of other users (it is mounted with hidepid)")]
    Hidden,
    /// Nothing, or something else, is mounted on `/proc`.
    #[error("/proc is not mounted")]
    NoProc,
    /// The numbers in `/proc` are not those that this process uses in kill(2): it was mounted in
    /// another PID namespace (`pid_namespaces(7)`).
    #[error("/proc is not that of this PID namespace")]
    OtherProc,
    /// This process may not read it: the other one belongs to another user (ptrace(2), *access mode
    /// checking*).
    #[error("no permission to look at the process")]
    NotPermitted,
    /// `/proc` could not be read.
    #[error("cannot read /proc: {0}")]
    Io(OsError),
    /// The file is not what the manual page describes.
    #[error(transparent)]
    Malformed(#[from] ParseStatusError),
}

/// Why a text is not the contents of a file in `/proc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseStatusError {
    /// A field that this library needs is not there.
    #[error("the process status has no line '{0}'")]
    Missing(&'static str),
    /// The value of a field is not of the documented form.
    #[error("the line '{0}' of the process status makes no sense")]
    Malformed(&'static str),
}

/// Longer than nearly all entries that are read as a whole: a status has about 1,500 octets, and
/// more only if its user is in many groups.
const TEXT_OCTETS: usize = 4_096;

/// The contents of `/proc/PID/NAME`.
pub(super) fn text(pid: u32, name: &str) -> Result<String, ReadProcessError> {
    // One read is nearly always enough: the length of such a file is given as 0.
    let octets = checked(|| {
        let mut octets = Vec::with_capacity(TEXT_OCTETS);
        File::open(path(pid, name))?.take(u64::MAX).read_to_end(&mut octets).map(|_| octets)
    })?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// The path of the entry `name` of the process `pid`.
pub(super) fn path(pid: u32, name: &str) -> String {
    format!("/proc/{pid}/{name}")
}

/// Reads something, if `/proc` is the right one.
pub(super) fn checked<T>(read: impl FnOnce() -> io::Result<T>) -> Result<T, ReadProcessError> {
    static IS_OURS: AtomicBool = AtomicBool::new(false);
    // The numbers in another `/proc` may be those of other processes.
    if !IS_OURS.load(Relaxed) {
        check_proc()?;
        IS_OURS.store(true, Relaxed);
    }
    read().map_err(|error| match refused(&error) {
        // `/proc` itself may be gone.
        ReadProcessError::NoSuchProcess => match check_proc() {
            Ok(()) => ReadProcessError::NoSuchProcess,
            Err(error) => error,
        },
        error => error,
    })
}

/// What the error of an access to an entry means.
pub(super) fn refused(error: &io::Error) -> ReadProcessError {
    match error.raw_os_error() {
        // ESRCH: the process ended between open(2) and read(2).
        Some(libc::ENOENT | libc::ESRCH) => ReadProcessError::NoSuchProcess,
        Some(libc::EACCES | libc::EPERM) => ReadProcessError::NotPermitted,
        _ => ReadProcessError::Io(OsError::from(error)),
    }
}

/// Checks that a number in `/proc` means the same process as in kill(2).
pub(super) fn check_proc() -> Result<(), ReadProcessError> {
    match fs::read_link("/proc/self") {
        Ok(own) if own.to_str() == Some(&process::id().to_string()) => Ok(()),
        Ok(_) => Err(ReadProcessError::OtherProc),
        // If this process is not in the PID namespace of `/proc`, the link exists and points
        // nowhere.
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
            match fs::symlink_metadata("/proc/self") {
                Ok(_) => Err(ReadProcessError::OtherProc),
                Err(_) => Err(ReadProcessError::NoProc),
            }
        }
        Err(error) => Err(ReadProcessError::Io(OsError::from(&error))),
    }
}
