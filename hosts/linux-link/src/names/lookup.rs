//! From names to processes.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use minitalk_signals::{ProcessStatus, ReadProcessError};
use rustix::fs::OFlags;
use thiserror::Error;

use super::entry::{Fate, Record, is_nameless};
use super::folder::{Folder, FolderError};
use super::name::Name;
use super::site;

/// A running listener that has registered itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Its process.
    pub pid: u32,
    /// Its owner: its real user id.
    pub uid: u32,
    /// How long its process has been running.
    pub uptime: Duration,
}

/// Why no server was found by a name.
#[derive(Debug, Error)]
pub enum FindError {
    /// No server has the name.
    #[error("no server is called '{0}'")]
    Unknown(Name),
    /// The server that had the name has ended without releasing it.
    #[error("the server called '{name}' (PID {pid}) has ended")]
    Ended {
        /// The name.
        name: Name,
        /// Its former process.
        pid: u32,
    },
    /// The server that has the name runs where this process cannot signal it by number.
    #[error("the server called '{name}' runs in another PID namespace (as PID {pid} there)")]
    Elsewhere {
        /// The name.
        name: Name,
        /// The number of its process there.
        pid: u32,
    },
    /// Several users have servers with that name. Only root can see them.
    #[error("servers of several users are called '{name}': PIDs {}", list_of(pids))]
    Ambiguous {
        /// The name.
        name: Name,
        /// Their processes.
        pids: Vec<u32>,
    },
    /// The folder of entries cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// It is impossible to tell whether a server runs.
    #[error("cannot find out which servers run: {0}")]
    Proc(#[from] ReadProcessError),
    /// No process runs at this [address](crate::Address), and the deadline has passed.
    #[error("no server '{0}' has started in time")]
    NotStarted(String),
    /// The given file contains no PID.
    #[error("{} gives no PID: {error}", path.display())]
    PidFile {
        /// The file.
        path: PathBuf,
        /// The error of the system, or that the content is not a number.
        error: io::Error,
    },
    /// An entry cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The entry.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

fn list_of(pids: &[u32]) -> String {
    pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The PID of the running server named `name`.
///
/// A server of this user has precedence over those of others, which only root can see.
///
/// # Errors
///
/// [`FindError`].
pub fn find(name: &Name) -> Result<u32, FindError> {
    find_in(Folders::open()?, name)
}

/// Every listener that runs in this PID namespace and has registered itself: sorted by name, those
/// without a name last.
///
/// # Errors
///
/// [`FindError::Folder`] and [`FindError::Proc`]. If no listener has registered, the list is empty.
pub fn list() -> Result<Vec<Registered>, FindError> {
    list_in(Folders::open()?)
}

/// The running listener whose process is `pid`, if it has registered itself.
///
/// Only its own user or root can have created the entry, so this is a process that expects bits.
pub fn of(pid: u32) -> Option<Registered> {
    list().ok()?.into_iter().find(|entry| entry.pid == pid)
}

/// The existing folders, and why one of this user cannot be used.
struct Folders {
    own: Vec<Folder>,
    of_others: Vec<Folder>,
    refused: Option<FolderError>,
}

impl Folders {
    fn open() -> Result<Self, FindError> {
        // Without /proc processes cannot be distinguished.
        Record::own()?;
        let mut folders = Self { own: Vec::new(), of_others: Vec::new(), refused: None };
        for site in site::all() {
            match Folder::open_at(&site) {
                Ok(Some(folder)) if folder.only_of.is_some() => folders.of_others.push(folder),
                Ok(Some(folder)) => folders.own.push(folder),
                Err(error) if site.owner != site::Owner::Anybody => {
                    folders.refused.get_or_insert(error);
                }
                Ok(None) | Err(_) => {}
            }
        }
        Ok(folders)
    }
}

/// What an entry leads to.
struct Trail {
    record: Record,
    fate: Fate,
}

fn find_in(folders: Folders, name: &Name) -> Result<u32, FindError> {
    let mut ended = None;
    for folder in &folders.own {
        let Some(Trail { record, fate }) = follow(folder, name.as_str())? else { continue };
        let pid = record.process.pid;
        match fate {
            Fate::Live => return Ok(pid),
            Fate::Elsewhere => return Err(FindError::Elsewhere { name: name.clone(), pid }),
            Fate::Ended => {
                ended.get_or_insert(FindError::Ended { name: name.clone(), pid });
            }
        }
    }
    let others = folders.of_others.iter();
    let mut pids: Vec<u32> =
        others.filter_map(|folder| Some(entry(folder, name.as_str())?.pid)).collect();
    pids.sort_unstable();
    // One folder may have been found by two paths.
    pids.dedup();
    match pids.as_slice() {
        [pid] => Ok(*pid),
        [_, ..] => Err(FindError::Ambiguous { name: name.clone(), pids }),
        [] => Err(ended
            .or(folders.refused.map(FindError::Folder))
            .unwrap_or_else(|| FindError::Unknown(name.clone()))),
    }
}

fn list_in(folders: Folders) -> Result<Vec<Registered>, FindError> {
    let mut entries = Vec::new();
    for folder in folders.own.iter().chain(&folders.of_others) {
        let files = folder.files()?;
        let files = files.iter().filter(|file| is_nameless(file) || Name::parse(file).is_ok());
        entries.extend(files.filter_map(|file| entry(folder, file)));
    }
    if let (true, Some(error)) = (entries.is_empty(), folders.refused) {
        return Err(error.into());
    }
    let key = |entry: &Registered| (entry.name.is_none(), entry.name.clone(), entry.pid);
    entries.sort_by_cached_key(key);
    entries.dedup();
    Ok(entries)
}

/// What the entry named `file` leads to; `None` if it does not exist or is not an entry.
fn follow(folder: &Folder, file: &str) -> Result<Option<Trail>, FindError> {
    let io = |error| FindError::Io { path: folder.path_of(file), error };
    let Some(found) = folder.open(file, OFlags::RDONLY).map_err(io)? else { return Ok(None) };
    let Some(record) = Record::read(&found).map_err(io)? else { return Ok(None) };
    let fate = record.fate(&found)?;
    Ok(Some(Trail { record, fate }))
}

/// The listener of the entry named `file`, if it runs here.
fn entry(folder: &Folder, file: &str) -> Option<Registered> {
    let Trail { record, fate: Fate::Live } = follow(folder, file).ok()?? else { return None };
    let uid = ProcessStatus::read(record.process.pid).ok()?.uids.real;
    // No other user may decide whose process root sends to.
    folder.only_of.is_none_or(|owner| owner == uid).then(|| Registered {
        name: Name::parse(file).ok(),
        pid: record.process.pid,
        uid,
        uptime: record.process.uptime(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::folder::tests::site_in;
    use crate::names::{Registration, entry};
    use minitalk_signals::{PidNamespace, ProcessIdentity};
    use std::fs;
    use std::process;

    fn own(parent: &tempfile::TempDir) -> Folders {
        let folder = Folder::create_at(&site_in(parent.path())).unwrap();
        Folders { own: vec![folder], of_others: Vec::new(), refused: None }
    }

    fn of_other(parent: &tempfile::TempDir, uid: u32) -> Folders {
        let mut folders = own(parent);
        folders.of_others = std::mem::take(&mut folders.own);
        folders.of_others[0].only_of = Some(uid);
        folders
    }

    fn register(parent: &tempfile::TempDir, name: Option<&Name>) -> Registration {
        Registration::new_in(own(parent).own.remove(0), name).unwrap()
    }

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    #[test]
    fn a_server_is_found_by_its_name_and_nobody_by_another() {
        let parent = tempfile::tempdir().unwrap();
        let registration = register(&parent, Some(&name("logs")));
        assert_eq!(find_in(own(&parent), &name("logs")).unwrap(), process::id());
        let work = find_in(own(&parent), &name("work"));
        assert!(matches!(work, Err(FindError::Unknown(_))));
        let entries = list_in(own(&parent)).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!((&entries[0].name, entries[0].pid), (&Some(name("logs")), process::id()));
        drop(registration);
        assert!(list_in(own(&parent)).unwrap().is_empty());
    }

    #[test]
    fn a_listener_without_a_name_is_listed_by_its_number() {
        let parent = tempfile::tempdir().unwrap();
        let _registration = register(&parent, None);
        let entries = list_in(own(&parent)).unwrap();
        assert_eq!(entries.len(), 1);
        assert_eq!((&entries[0].name, entries[0].pid), (&None, process::id()));
    }

    #[test]
    fn what_was_left_behind_is_neither_found_nor_listed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = &own(&parent).own[0];
        // A process with this number runs, but it was started at another time.
        let record = Record::own().unwrap();
        let process = ProcessIdentity { started_ticks: 1, ..record.process };
        fs::write(folder.path_of("old"), Record { process, ..record }.text()).unwrap();
        fs::write(folder.path_of("torn"), "77").unwrap();
        let found = find_in(own(&parent), &name("old"));
        assert!(matches!(found, Err(FindError::Ended { pid, .. }) if pid == process::id()));
        assert!(matches!(find_in(own(&parent), &name("torn")), Err(FindError::Unknown(_))));
        assert!(list_in(own(&parent)).unwrap().is_empty());
    }

    #[test]
    fn what_runs_in_another_namespace_is_said_to_be_there() {
        let parent = tempfile::tempdir().unwrap();
        let folder = &own(&parent).own[0];
        let namespace = PidNamespace { device: 4, inode: 1 };
        let record = Record { namespace, ..Record::own().unwrap() };
        fs::write(folder.path_of("n"), record.text()).unwrap();
        let held = folder.open("n", OFlags::RDWR).unwrap().unwrap();
        assert!(entry::lock(&held).unwrap());
        assert!(matches!(find_in(own(&parent), &name("n")), Err(FindError::Elsewhere { .. })));
        assert!(list_in(own(&parent)).unwrap().is_empty(), "its number means nothing here");
        entry::tests::unlock(&held);
        assert!(matches!(find_in(own(&parent), &name("n")), Err(FindError::Ended { .. })));
    }

    #[test]
    fn the_folder_of_another_user_leads_to_that_users_processes_only() {
        let parent = tempfile::tempdir().unwrap();
        let _registration = register(&parent, Some(&name("n")));
        let uid = rustix::process::getuid().as_raw();
        assert_eq!(find_in(of_other(&parent, uid), &name("n")).unwrap(), process::id());
        let found = find_in(of_other(&parent, uid + 1), &name("n"));
        assert!(matches!(found, Err(FindError::Unknown(_))));
        assert!(list_in(of_other(&parent, uid + 1)).unwrap().is_empty());
    }
}
