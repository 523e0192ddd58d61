//! Which program a process runs.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process;

use super::entry::{self, ReadProcessError};

/// The file that a process runs, identified by what nobody can choose, and not by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Executable {
    /// The device that the file is on.
    pub device: u64,
    /// Its inode there. While the process runs, no other file gets it, even if this one is removed.
    pub inode: u64,
}

impl Executable {
    /// The executable of the process `pid` (`/proc/PID/exe`).
    ///
    /// # Errors
    ///
    /// [`ReadProcessError::NotPermitted`] if the process belongs to another user;
    /// [`ReadProcessError::NoSuchProcess`] also if it is a zombie or a thread of the kernel.
    pub fn of(pid: u32) -> Result<Self, ReadProcessError> {
        let found = entry::checked(|| fs::metadata(entry::path(pid, "exe")))?;
        Ok(Self::from(&found))
    }

    /// The executable of this process.
    pub fn own() -> Result<Self, ReadProcessError> {
        Self::of(process::id())
    }

    /// The file at `path`, whether or not a process runs it.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&fs::metadata(path)?))
    }
}

impl From<&Metadata> for Executable {
    fn from(found: &Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_the_file_it_was_started_from() {
        let path = std::env::current_exe().unwrap();
        assert_eq!(Executable::own().unwrap(), Executable::at(&path).unwrap());
        assert_ne!(
            Executable::own().unwrap(),
            Executable::at(Path::new("/proc/self/exe/.."))
                .unwrap_or(Executable { device: 0, inode: 0 })
        );
    }

    #[test]
    fn the_same_number_on_another_device_is_another_file() {
        let [proc, sys] = ["/proc", "/sys"].map(|root| Executable::at(Path::new(root)).unwrap());
        assert_eq!(proc.inode, sys.inode, "the root of each has the number 1");
        assert_ne!(proc, sys);
    }
}
