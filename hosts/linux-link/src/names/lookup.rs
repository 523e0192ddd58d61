//! From names to processes.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use minitalk_signals::ProcessStatus;
use thiserror::Error;

use super::folder::{Folder, FolderError};
use super::name::Name;
use super::record::Record;

/// A server that runs and has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: Name,
    /// Its process.
    pub pid: u32,
    /// Whose it is: its real user id.
    pub uid: u32,
    /// How long its process has been running.
    pub uptime: Duration,
}

/// Why no server was found by a name.
#[derive(Debug, Error)]
pub enum FindError {
    /// Nobody has taken the name.
    #[error("no server is called '{0}'")]
    Unknown(Name),
    /// The server that had the name has ended without giving it back.
    #[error("the server called '{name}' (PID {pid}) has ended")]
    Ended {
        /// The name.
        name: Name,
        /// The process it was.
        pid: u32,
    },
    /// There is no place for names.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The entries cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The entry, or the folder it is in.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// The PID of the server that is called `name`, and runs.
///
/// # Errors
///
/// [`FindError`].
pub fn find(name: &Name) -> Result<u32, FindError> {
    find_in(Folder::open()?, name)
}

/// Every server that runs and has a name, in the order of the names.
///
/// # Errors
///
/// [`FindError::Folder`] and [`FindError::Io`]. Where nobody has taken a name the list is empty.
pub fn list() -> Result<Vec<Entry>, FindError> {
    list_in(Folder::open()?)
}

/// The name of the process `pid`, if it is a server that has one.
pub fn of(pid: u32) -> Option<Name> {
    list().ok()?.into_iter().find(|entry| entry.pid == pid).map(|entry| entry.name)
}

/// How long the process `pid` has been running, if it runs.
pub fn uptime(pid: u32) -> Option<Duration> {
    Record::of(pid).map(Record::uptime)
}

fn find_in(folder: Option<Folder>, name: &Name) -> Result<u32, FindError> {
    let Some(folder) = folder else { return Err(FindError::Unknown(name.clone())) };
    let path = folder.entry(name);
    match Record::read(&path) {
        Ok(Some(record)) if record.is_live() => Ok(record.pid),
        Ok(Some(Record { pid, .. })) => Err(FindError::Ended { name: name.clone(), pid }),
        Ok(None) => Err(FindError::Unknown(name.clone())),
        Err(error) => Err(FindError::Io { path, error }),
    }
}

fn list_in(folder: Option<Folder>) -> Result<Vec<Entry>, FindError> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let files = fs::read_dir(folder.path())
        .map_err(|error| FindError::Io { path: folder.path().to_owned(), error })?;
    let names = files.filter_map(|file| Name::parse(file.ok()?.file_name().to_str()?).ok());
    let mut entries: Vec<Entry> = names.filter_map(|name| entry(&folder, name)).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The server behind an entry, if it runs.
fn entry(folder: &Folder, name: Name) -> Option<Entry> {
    let record = Record::read(&folder.entry(&name)).ok()??;
    let status = ProcessStatus::read(record.pid).ok()?;
    record.is_live().then(|| Entry {
        name,
        pid: record.pid,
        uid: status.uids.real,
        uptime: record.uptime(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::Registration;
    use std::process;

    #[test]
    fn a_server_is_found_by_its_name_and_nobody_by_another() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::create_at(parent.path().join("minitalk")).unwrap();
        let (logs, work) = (Name::parse("logs").unwrap(), Name::parse("work").unwrap());
        let registration = Registration::new_in(folder.clone(), &logs).unwrap();
        assert_eq!(find_in(Some(folder.clone()), &logs).unwrap(), process::id());
        assert!(matches!(find_in(Some(folder.clone()), &work), Err(FindError::Unknown(_))));
        let entries = list_in(Some(folder.clone())).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!((&entries[0].name, entries[0].pid), (&logs, process::id()));
        drop(registration);
        assert!(list_in(Some(folder)).unwrap().is_empty());
    }

    #[test]
    fn what_was_left_behind_is_neither_found_nor_listed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::create_at(parent.path().join("minitalk")).unwrap();
        let name = Name::parse("old").unwrap();
        // A process of this number runs, but it was started at another time.
        fs::write(folder.entry(&name), format!("{} 1\n", process::id())).unwrap();
        fs::write(folder.path().join("torn"), "77").unwrap();
        let found = find_in(Some(folder.clone()), &name);
        assert!(matches!(found, Err(FindError::Ended { pid, .. }) if pid == process::id()));
        assert!(list_in(Some(folder)).unwrap().is_empty());
    }
}
