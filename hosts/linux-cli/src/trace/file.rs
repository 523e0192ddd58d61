//! The file of a trace, opened without destroying anything else.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use thiserror::Error;

/// A text near the beginning of every trace, which shows that it may be replaced.
pub(super) const MARK: &str = "minitalk trace";

/// How far from the beginning that text may end, in octets.
const MARK_OCTETS_MAX: u64 = 256;

/// Why a trace cannot be written to a file.
#[derive(Debug, Error)]
pub enum OpenTraceError {
    /// The ending of its name is not one of the known ones.
    #[error("the name of a trace ends with .vcd, .svg or .txt")]
    Ending,
    /// It contains something other than a trace.
    #[error("it is there already and is not a trace")]
    NotATrace,
    /// Another program writes to it.
    #[error("another program is writing a trace to it")]
    InUse,
    /// It is a FIFO without a reader.
    #[error("it is a FIFO that nobody reads")]
    NoReader,
    /// It cannot be opened.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Opens the file for a trace and truncates it, if it is empty, not a regular file, or a trace that
/// no other program is writing. Never blocks.
pub(super) fn open(path: &Path) -> Result<File, OpenTraceError> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).custom_flags(flags.bits().cast_signed());
    let file = match options.open(path) {
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NXIO) => {
            return Err(OpenTraceError::NoReader);
        }
        opened => opened?,
    };
    let found = file.metadata()?;
    if !found.is_file() {
        return Ok(file);
    }
    // Held while the file is open. If the file system has no locks, nothing is known about others.
    if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return Err(OpenTraceError::InUse);
    }
    if found.len() > 0 && !is_trace(path, &found) {
        return Err(OpenTraceError::NotATrace);
    }
    file.set_len(0)?;
    Ok(file)
}

/// Whether the file found at `path` begins like a trace.
fn is_trace(path: &Path, found: &Metadata) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| {
        let is_same =
            file.metadata().map(|now| (now.dev(), now.ino()) == (found.dev(), found.ino()))?;
        file.take(MARK_OCTETS_MAX).read_to_end(&mut beginning).map(|_| is_same)
    });
    let is_marked = beginning.windows(MARK.len()).any(|window| window == MARK.as_bytes());
    is_marked && read.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    #[test]
    fn what_is_not_a_trace_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        fs::write(&path, "do not lose this").unwrap();
        assert!(matches!(open(&path), Err(OpenTraceError::NotATrace)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "do not lose this");
    }

    #[test]
    fn an_earlier_trace_is_replaced_unless_it_is_being_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.txt");
        let mut first = open(&path).unwrap();
        write!(first, "{MARK} 1").unwrap();
        assert!(matches!(open(&path), Err(OpenTraceError::InUse)));
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{MARK} 1"));
        // Closing it is not enough: a child that was just forked holds a copy.
        flock(&first, FlockOperation::Unlock).unwrap();
        write!(open(&path).unwrap(), "{MARK}").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), MARK);
    }

    #[test]
    fn a_fifo_that_nobody_reads_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, rustix::fs::Mode::RWXU, 0).unwrap();
        assert!(matches!(open(&path), Err(OpenTraceError::NoReader)));
    }
}
