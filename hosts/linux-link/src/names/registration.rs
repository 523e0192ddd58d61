//! A server takes a name, and gives it back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use thiserror::Error;

use super::folder::{Folder, FolderError};
use super::name::Name;
use super::record::Record;

/// This process is found by a name, until this is dropped.
#[derive(Debug)]
pub struct Registration {
    folder: Folder,
    path: PathBuf,
    record: Record,
}

/// Why a name could not be taken.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// Another server has it and still runs.
    #[error("the name '{name}' is taken by PID {pid}; choose another, or end that server")]
    Taken {
        /// The name.
        name: Name,
        /// Who has it.
        pid: u32,
    },
    /// There is no place for names.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The entry cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Io {
        /// The entry, or the folder it is in.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Registration {
    /// Makes this process the one that is found by `name`.
    ///
    /// An entry that a server which was killed has left behind is replaced.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; nothing has changed then.
    pub fn new(name: &Name) -> Result<Self, RegisterError> {
        Self::new_in(Folder::create()?, name)
    }

    pub(super) fn new_in(folder: Folder, name: &Name) -> Result<Self, RegisterError> {
        let path = folder.entry(name);
        match take(&folder, &path) {
            Ok(Ok(record)) => Ok(Self { folder, path, record }),
            Ok(Err(Occupied { pid })) => Err(RegisterError::Taken { name: name.clone(), pid }),
            Err(error) => Err(RegisterError::Io { path, error }),
        }
    }
}

/// Somebody has the name.
struct Occupied {
    pid: u32,
}

fn take(folder: &Folder, path: &Path) -> io::Result<Result<Record, Occupied>> {
    let pid = process::id();
    let own =
        Record::of(pid).ok_or_else(|| io::Error::other("/proc does not show this process"))?;
    let _locked = folder.lock()?;
    if let Some(record) = Record::read(path)?
        && record.is_live()
    {
        return Ok(Err(Occupied { pid: record.pid }));
    }
    // Never a name: those do not begin with a dot.
    own.write(path, &folder.path().join(format!(".draft-{pid}")))?;
    Ok(Ok(own))
}

impl Drop for Registration {
    fn drop(&mut self) {
        // If the folder is gone, so is the entry; one that is left behind is recognised as such.
        let Ok(_locked) = self.folder.lock() else { return };
        if Record::read(&self.path).is_ok_and(|record| record == Some(self.record)) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn folder(parent: &tempfile::TempDir) -> Folder {
        Folder::create_at(parent.path().join("minitalk")).unwrap()
    }

    #[test]
    fn a_name_is_taken_until_it_is_given_back() {
        let parent = tempfile::tempdir().unwrap();
        let name = Name::parse("logs").unwrap();
        let registration = Registration::new_in(folder(&parent), &name).unwrap();
        let second = Registration::new_in(folder(&parent), &name);
        assert!(matches!(second, Err(RegisterError::Taken { pid, .. }) if pid == process::id()));
        Registration::new_in(folder(&parent), &Name::parse("work").unwrap()).unwrap();
        drop(registration);
        assert_eq!(fs::read_dir(folder(&parent).path()).unwrap().count(), 0);
        Registration::new_in(folder(&parent), &name).expect("free again");
    }

    #[test]
    fn what_a_killed_server_left_behind_is_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let name = Name::parse("logs").unwrap();
        let entry = folder(&parent).entry(&name);
        let record = Record::of(child.id()).unwrap();
        record.write(&entry, &parent.path().join("draft")).unwrap();
        let taken = Registration::new_in(folder(&parent), &name);
        assert!(matches!(taken, Err(RegisterError::Taken { pid, .. }) if pid == child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
        let _registration = Registration::new_in(folder(&parent), &name).expect("it is stale");
    }

    #[test]
    fn an_entry_that_is_somebody_elses_by_now_stays() {
        let parent = tempfile::tempdir().unwrap();
        let name = Name::parse("logs").unwrap();
        let registration = Registration::new_in(folder(&parent), &name).unwrap();
        let entry = folder(&parent).entry(&name);
        fs::write(&entry, "1 1\n").unwrap();
        drop(registration);
        assert!(entry.exists());
    }
}
