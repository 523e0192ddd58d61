//! A file, a pipe or a terminal, written to without ever blocking.

use std::fs::{self, File};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use minitalk_signals::{Interest, is_ready};
use rustix::fs::{OFlags, fcntl_setfl};

/// How much a pipe that poll(2) reports as writable accepts without blocking, at least (pipe(7)).
const PIPE_BUF: usize = 4096;

/// The destination of octets.
#[derive(Debug)]
pub struct Sink {
    file: File,
    /// The path where it was opened.
    path: Option<PathBuf>,
    /// Whether a write may find no room for the moment. Not in a regular file, which poll(2) always
    /// reports as ready.
    may_be_full: bool,
    /// Whether the entry of the file in its folder is known to be on the disk.
    is_entry_synced: bool,
}

impl Sink {
    /// A sink for a descriptor that others share.
    ///
    /// Whether a write blocks is a property of the open file description, which a shell and this
    /// program share (open(2)). So a pipe or a terminal is opened again. A socket cannot be; it is
    /// polled before each write instead.
    ///
    /// # Errors
    ///
    /// Those of duplicating a descriptor.
    pub fn of(shared: BorrowedFd<'_>) -> io::Result<Self> {
        let file = File::from(shared.try_clone_to_owned()?);
        let kind = file.metadata()?.file_type();
        if !kind.is_fifo() && !kind.is_char_device() {
            return Ok(Self::new(file, None, !kind.is_file()));
        }
        let path = format!("/proc/self/fd/{}", shared.as_raw_fd());
        let file = non_blocking().open(path).unwrap_or(file);
        Ok(Self::new(file, None, true))
    }

    /// The file at `path`, for appending. Opening a FIFO waits for a reader.
    ///
    /// # Errors
    ///
    /// Those of opening it.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::NOCTTY.bits().cast_signed();
        let file = File::options().append(true).create(true).custom_flags(flags).open(path)?;
        fcntl_setfl(&file, OFlags::NONBLOCK | OFlags::APPEND)?;
        let may_be_full = !file.metadata()?.is_file();
        Ok(Self::new(file, Some(path.to_owned()), may_be_full))
    }

    const fn new(file: File, path: Option<PathBuf>, may_be_full: bool) -> Self {
        Self { file, path, may_be_full, is_entry_synced: false }
    }

    /// Whether it is a file that has been deleted: what is written to it is lost.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        !self.may_be_full && self.file.metadata().is_ok_and(|file| file.nlink() == 0)
    }

    /// Creates the file again, after it has been deleted.
    ///
    /// # Errors
    ///
    /// Those of opening it.
    pub fn renew(&mut self) -> io::Result<()> {
        if let Some(path) = &self.path {
            *self = Self::open(path)?;
        }
        Ok(())
    }

    /// Whether it is a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// Writes as many of the octets as there is room for now.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WouldBlock`] if there is no room.
    pub fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.may_be_full && !is_ready(self.as_fd(), Interest::Writable) {
            return Err(ErrorKind::WouldBlock.into());
        }
        loop {
            match self.file.write(&octets[..octets.len().min(PIPE_BUF)]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Makes sure that everything written is on the disk and, the first time, the entry of the file
    /// in its folder as well (`fsync(2)`): without it, a new file cannot be found there.
    ///
    /// # Errors
    ///
    /// Those of `fdatasync(2)`, and those of opening and syncing the folder.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if !self.is_entry_synced {
            // The path of the file now: it may have been renamed since it was opened.
            match self.open_folder() {
                Ok(folder) => folder.sync_all()?,
                // It may be out of sight or reach, as that of a file that another process opened.
                Err(_) => rustix::fs::syncfs(&self.file)?,
            }
            self.is_entry_synced = true;
        }
        Ok(())
    }

    fn open_folder(&self) -> io::Result<File> {
        let path = fs::read_link(format!("/proc/self/fd/{}", self.file.as_raw_fd()))?;
        File::open(path.parent().unwrap_or(&path))
    }
}

impl AsFd for Sink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn non_blocking() -> fs::OpenOptions {
    let mut options = File::options();
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    options.write(true).custom_flags(flags.bits().cast_signed());
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::fcntl_getfl;

    #[test]
    fn a_file_is_appended_to_whoever_else_writes_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messages");
        fs::write(&path, "before ").unwrap();
        let (mut one, mut other) = (Sink::open(&path).unwrap(), Sink::open(&path).unwrap());
        let written = [one.write(b"one "), other.write(b"other "), one.write(b"after")];
        assert_eq!(written.map(io::Result::unwrap), [4, 6, 5]);
        assert_eq!(fs::read_to_string(path).unwrap(), "before one other after");
    }

    #[test]
    fn a_file_whose_folder_cannot_be_opened_is_synced_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = Sink::open(&folder.path().join("messages")).unwrap();
        sink.write(b"x").unwrap();
        folder.close().unwrap();
        sink.sync().unwrap();
    }

    #[test]
    fn a_descriptor_that_others_share_blocks_them_as_before_and_nobody_here() {
        let (_reader, writer) = io::pipe().unwrap();
        let mut sink = Sink::of(writer.as_fd()).unwrap();
        while sink.write(&[b'.'; PIPE_BUF]).is_ok() {}
        assert_eq!(sink.write(b".").unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(!fcntl_getfl(&writer).unwrap().contains(OFlags::NONBLOCK));
    }
}
