//! A listener creates its entry, and removes it.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process;
use std::thread;
use std::time::Duration;

use minitalk_signals::ReadProcessError;
use rustix::fs::OFlags;
use thiserror::Error;

use super::entry::{Fate, Record, is_nameless, lock};
use super::folder::{Folder, FolderError};
use super::name::Name;

/// How many times an entry that another process is just replacing is looked at, a millisecond
/// apart.
const ATTEMPTS_MAX: usize = 50;

/// Makes this process known as a listener, with or without a name, until this is dropped.
#[derive(Debug)]
pub struct Registration {
    folder: Folder,
    file_name: String,
    /// The entry. It is locked while it is open.
    file: OwnedFd,
    pid: u32,
}

/// Why an entry could not be created.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// Another server has the name and is still running.
    #[error("the name '{name}' is taken by PID {pid}; choose another, or end that server")]
    Taken {
        /// The name.
        name: Name,
        /// The process that has it.
        pid: u32,
    },
    /// A server in another PID namespace has the name and is still running.
    #[error(
        "the name '{name}' is taken in another PID namespace (by PID {pid} there); choose another"
    )]
    TakenElsewhere {
        /// The name.
        name: Name,
        /// The number of its process there.
        pid: u32,
    },
    /// The folder of entries cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The start time of this process cannot be determined.
    #[error("cannot find out when this process was started: {0}")]
    Proc(#[from] ReadProcessError),
    /// The entry cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Io {
        /// The entry.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

impl Registration {
    /// Makes this process known as a listener and, if `name` is given, as the one found by that
    /// name.
    ///
    /// Replaces an entry that a killed listener has left behind. The signals of the line must
    /// already be caught, because any process that finds the entry may send. Waits for at most 50
    /// ms.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; nothing has been changed then. A listener without a name can continue: it
    /// is then recognised only by its executable, if at all.
    pub fn new(name: Option<&Name>) -> Result<Self, RegisterError> {
        Self::new_in(Folder::create()?, name)
    }

    pub(super) fn new_in(folder: Folder, name: Option<&Name>) -> Result<Self, RegisterError> {
        let own = Record::own()?;
        remove_what_was_left(&folder);
        let file_name = name.map_or_else(|| own.file_name(), |name| name.as_str().to_owned());
        let draft = Draft::new(&folder, own);
        match draft.and_then(|draft| draft.put(&file_name)) {
            Ok(file) => Ok(Self { file, pid: own.process.pid, file_name, folder }),
            Err(error) => Err(error.about(name, folder.path_of(&file_name))),
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // A child of fork(2) is not the listener.
        if process::id() == self.pid && self.folder.is_still(&self.file_name, &self.file) {
            let _ = self.folder.remove(&self.file_name);
        }
    }
}

/// A complete and locked entry that is not in its place yet.
struct Draft<'f> {
    folder: &'f Folder,
    name: String,
    file: OwnedFd,
}

/// Why an entry could not be put in its place.
#[derive(Debug)]
enum PutError {
    /// There is an entry whose process runs.
    Occupied(Record, Fate),
    Proc(ReadProcessError),
    Io(io::Error),
}

impl<'f> Draft<'f> {
    fn new(folder: &'f Folder, own: Record) -> Result<Self, PutError> {
        // Never a valid name: names do not begin with a dot.
        Self::new_called(folder, own, format!(".draft-{}", own.file_name()))
    }

    fn new_called(folder: &'f Folder, own: Record, name: String) -> Result<Self, PutError> {
        let file = match folder.create_new(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                // Left behind by a killed process with this number.
                folder.remove(&name)?;
                folder.create_new(&name)?
            }
            created => created?,
        };
        let draft = Self { folder, name, file };
        let mut writer = File::from(draft.file.try_clone()?);
        writer.write_all(own.text().as_bytes())?;
        // Nobody else can have opened a file that was created just now.
        let _ = lock(&draft.file)?;
        Ok(draft)
    }

    /// Puts the entry in its place, unless there is one whose process runs.
    fn put(self, to: &str) -> Result<OwnedFd, PutError> {
        for _ in 0..ATTEMPTS_MAX {
            match self.folder.rename_to_free(&self.name, to) {
                Ok(()) => return Ok(self.file.try_clone()?),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
            let Some(there) = self.folder.open(to, OFlags::RDWR)? else { continue };
            let record = Record::read(&there)?;
            let fate = record.map(|record| Ok((record, record.fate(&there)?)));
            match fate.transpose().map_err(PutError::Proc)? {
                Some((record, fate @ (Fate::Live | Fate::Elsewhere))) => {
                    return Err(PutError::Occupied(record, fate));
                }
                Some((_, Fate::Ended)) | None => {}
            }
            if self.replace(&there, to)? {
                return Ok(self.file.try_clone()?);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(PutError::Io(io::ErrorKind::ResourceBusy.into()))
    }

    /// Replaces the entry that was found, open as `there`; false if another process does or has
    /// done so.
    ///
    /// A process must hold the lock of the entry that it replaces, so only one can.
    fn replace(&self, there: &OwnedFd, to: &str) -> io::Result<bool> {
        let is_free = lock(there)? && self.folder.is_still(to, there);
        if is_free {
            self.folder.replace(&self.name, to)?;
        }
        Ok(is_free)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // It exists only if it was not put in its place.
        if self.folder.is_still(&self.name, &self.file) {
            let _ = self.folder.remove(&self.name);
        }
    }
}

impl From<io::Error> for PutError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl PutError {
    /// The corresponding error for the entry at `path`, with its `name` if it has one.
    fn about(self, name: Option<&Name>, path: PathBuf) -> RegisterError {
        match (self, name) {
            (Self::Occupied(Record { process, .. }, fate), Some(name)) => {
                let (name, pid) = (name.clone(), process.pid);
                match fate {
                    Fate::Elsewhere => RegisterError::TakenElsewhere { name, pid },
                    Fate::Live | Fate::Ended => RegisterError::Taken { name, pid },
                }
            }
            // Only this process can have created it: it is known already.
            (Self::Occupied(..), None) => {
                RegisterError::Io { path, error: io::ErrorKind::AlreadyExists.into() }
            }
            (Self::Proc(error), _) => error.into(),
            (Self::Io(error), _) => RegisterError::Io { path, error },
        }
    }
}

/// Removes the entries without a name that killed listeners have left behind.
///
/// Entries with a name stay, so that a client that looks for one can be told what has become of it.
fn remove_what_was_left(folder: &Folder) {
    let files = folder.files().unwrap_or_default();
    for file in files.iter().filter(|file| is_nameless(file)) {
        let Ok(Some(entry)) = folder.open(file, OFlags::RDWR) else { continue };
        let has_ended = match Record::read(&entry) {
            Ok(Some(record)) => record.fate(&entry) == Ok(Fate::Ended),
            Ok(None) => true,
            Err(_) => false,
        };
        if has_ended && lock(&entry).unwrap_or(false) && folder.is_still(file, &entry) {
            let _ = folder.remove(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::entry::tests::unlock;
    use crate::names::folder::tests::site_in;
    use minitalk_signals::{PidNamespace, ProcessIdentity};
    use std::fs;
    use std::process::{Command, Stdio};
    use std::sync::Barrier;

    fn folder(parent: &tempfile::TempDir) -> Folder {
        Folder::create_at(&site_in(parent.path())).unwrap()
    }

    fn register(parent: &tempfile::TempDir, name: &str) -> Result<Registration, RegisterError> {
        Registration::new_in(folder(parent), Some(&Name::parse(name).unwrap()))
    }

    /// The path of an entry with this record.
    fn written(parent: &tempfile::TempDir, name: &str, record: Record) -> PathBuf {
        let path = folder(parent).path_of(name);
        fs::write(&path, record.text()).unwrap();
        path
    }

    fn files(parent: &tempfile::TempDir) -> Vec<String> {
        folder(parent)
            .files()
            .unwrap()
            .into_iter()
            .filter(|file| !matches!(&**file, "." | ".."))
            .collect()
    }

    #[test]
    fn a_name_is_taken_until_it_is_given_back() {
        let parent = tempfile::tempdir().unwrap();
        let registration = register(&parent, "logs").unwrap();
        let second = register(&parent, "logs");
        assert!(matches!(second, Err(RegisterError::Taken { pid, .. }) if pid == process::id()));
        register(&parent, "work").unwrap();
        assert_eq!(files(&parent), ["logs"], "neither drafts nor what was given back");
        drop(registration);
        assert!(files(&parent).is_empty());
        register(&parent, "logs").expect("free again");
    }

    #[test]
    fn of_many_who_want_a_name_at_once_one_gets_it() {
        let parent = tempfile::tempdir().unwrap();
        let own = Record::own().unwrap();
        let process = ProcessIdentity { started_ticks: 0, ..own.process };
        for round in 0..20 {
            let name = format!("n{round}");
            if round % 2 == 1 {
                // Left behind by a process that has ended.
                written(&parent, &name, Record { process, ..own });
            }
            let folders: Vec<Folder> = (0..8).map(|_| folder(&parent)).collect();
            let start = Barrier::new(folders.len());
            let outcomes: Vec<bool> = thread::scope(|scope| {
                let put = |(index, folder): (usize, Folder)| {
                    let (name, start) = (&name, &start);
                    scope.spawn(move || {
                        let draft = Draft::new_called(&folder, own, format!(".draft-{index}"));
                        start.wait();
                        draft.unwrap().put(name).map(std::mem::forget).is_ok()
                    })
                };
                let threads: Vec<_> = folders.into_iter().enumerate().map(put).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert_eq!(outcomes.iter().filter(|is_ok| **is_ok).count(), 1, "round {round}");
        }
    }

    #[test]
    fn a_name_that_another_has_taken_since_it_was_found_free_is_not_taken_away() {
        let parent = tempfile::tempdir().unwrap();
        let own = Record::own().unwrap();
        let process = ProcessIdentity { started_ticks: 0, ..own.process };
        written(&parent, "logs", Record { process, ..own });
        let folder = folder(&parent);
        let found = folder.open("logs", OFlags::RDWR).unwrap().unwrap();
        let registration = register(&parent, "logs").unwrap();
        let late = Draft::new(&folder, own).unwrap();
        assert!(!late.replace(&found, "logs").unwrap());
        assert!(folder.is_still("logs", &registration.file));
    }

    #[test]
    fn what_a_killed_server_left_behind_is_replaced() {
        let parent = tempfile::tempdir().unwrap();
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let process = ProcessIdentity::of(child.id()).unwrap().unwrap();
        let record = Record { process, ..Record::own().unwrap() };
        written(&parent, "logs", record);
        let nameless = written(&parent, &record.file_name(), record);
        let taken = register(&parent, "logs");
        assert!(matches!(taken, Err(RegisterError::Taken { pid, .. }) if pid == child.id()));
        assert!(nameless.exists());
        drop(child.stdin.take());
        child.wait().unwrap();
        let _registration = register(&parent, "logs").expect("it has ended");
        assert!(!nameless.exists());
    }

    #[test]
    fn an_entry_of_another_namespace_is_taken_as_long_as_it_is_locked() {
        let parent = tempfile::tempdir().unwrap();
        let own = Record::own().unwrap();
        let namespace = PidNamespace { device: 4, inode: 1 };
        written(&parent, "logs", Record { namespace, ..own });
        let held = folder(&parent).open("logs", OFlags::RDWR).unwrap().unwrap();
        assert!(lock(&held).unwrap());
        assert!(matches!(register(&parent, "logs"), Err(RegisterError::TakenElsewhere { .. })));
        unlock(&held);
        register(&parent, "logs").expect("nobody holds it any more");
    }

    #[test]
    fn an_entry_that_is_somebody_elses_by_now_stays() {
        let parent = tempfile::tempdir().unwrap();
        let registration = register(&parent, "logs").unwrap();
        let entry = folder(&parent).path_of("logs");
        fs::remove_file(&entry).unwrap();
        fs::write(&entry, "1 1 1 1\n").unwrap();
        drop(registration);
        assert!(entry.exists());
    }

    #[test]
    fn a_child_that_has_not_become_another_program_removes_no_entry() {
        let parent = tempfile::tempdir().unwrap();
        let mut registration = register(&parent, "logs").unwrap();
        // As in a child of fork(2), which has another number.
        registration.pid += 1;
        drop(registration);
        assert_eq!(files(&parent), ["logs"]);
    }

    #[test]
    fn a_listener_without_a_name_has_an_entry_by_its_number() {
        let parent = tempfile::tempdir().unwrap();
        let registration = Registration::new_in(folder(&parent), None).unwrap();
        assert_eq!(files(&parent), [Record::own().unwrap().file_name()]);
        drop(registration);
        assert!(files(&parent).is_empty());
    }

    #[test]
    fn a_draft_that_was_left_behind_does_not_matter() {
        let parent = tempfile::tempdir().unwrap();
        let own = Record::own().unwrap();
        let _draft = written(&parent, &format!(".draft-{}", own.file_name()), own);
        let _registration = register(&parent, "logs").unwrap();
        assert_eq!(files(&parent), ["logs"]);
    }
}
