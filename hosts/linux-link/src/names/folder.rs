//! The folder with one file for each server that has a name.

use std::env;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;
use rustix::process::geteuid;
use thiserror::Error;

use super::Name;

/// Nobody else may look into the folder, or put an entry there.
const MODE: u32 = 0o700;

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It belongs to another user, or is not a folder, or is a link to one.
    #[error("{} is not a folder of this user; remove it, or set XDG_RUNTIME_DIR", path.display())]
    NotOurs {
        /// Where it is.
        path: PathBuf,
    },
    /// It cannot be made or opened.
    #[error("cannot use {}: {error}; set XDG_RUNTIME_DIR to a folder of this user", path.display())]
    Io {
        /// Where it is.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// The folder, known to belong to this user and to nobody else.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

/// The right to change the folder, until it is dropped.
#[derive(Debug)]
pub(super) struct Locked(#[expect(dead_code, reason = "closing it gives the lock back")] File);

impl Folder {
    /// The folder of this user, made if it is not there.
    pub(super) fn create() -> Result<Self, FolderError> {
        Self::create_at(place())
    }

    /// The folder of this user; `None` if it is not there, and so nobody has a name.
    pub(super) fn open() -> Result<Option<Self>, FolderError> {
        Self::open_at(place())
    }

    pub(super) fn create_at(path: PathBuf) -> Result<Self, FolderError> {
        match DirBuilder::new().mode(MODE).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(FolderError::Io { path, error })
            }
            // Whatever was there already may be anything.
            Ok(()) | Err(_) => Self::checked(path),
        }
    }

    fn open_at(path: PathBuf) -> Result<Option<Self>, FolderError> {
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Ok(_) | Err(_) => Self::checked(path).map(Some),
        }
    }

    /// In `/tmp`, anybody could have made the folder: for names to lead where this user wants, it
    /// must be this user's.
    fn checked(path: PathBuf) -> Result<Self, FolderError> {
        let found = match fs::symlink_metadata(&path) {
            Ok(found) => found,
            Err(error) => return Err(FolderError::Io { path, error }),
        };
        if !found.is_dir() || found.uid() != geteuid().as_raw() {
            return Err(FolderError::NotOurs { path });
        }
        if found.mode() & 0o077 != 0
            && let Err(error) = fs::set_permissions(&path, Permissions::from_mode(MODE))
        {
            return Err(FolderError::Io { path, error });
        }
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Where the entry of `name` is, if there is one.
    pub(super) fn entry(&self, name: &Name) -> PathBuf {
        self.0.join(name.as_str())
    }

    /// Waits until nobody else changes the folder.
    pub(super) fn lock(&self) -> io::Result<Locked> {
        let folder = File::open(&self.0)?;
        retry_on_intr(|| flock(&folder, FlockOperation::LockExclusive))?;
        Ok(Locked(folder))
    }
}

/// Where the folder is, or should be: next to what other programs of the session keep while they run.
fn place() -> PathBuf {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(runtime) = runtime.filter(|runtime| runtime.is_absolute()) {
        return runtime.join("minitalk");
    }
    let uid = geteuid().as_raw();
    let runtime = PathBuf::from(format!("/run/user/{uid}"));
    match fs::symlink_metadata(&runtime) {
        Ok(found) if found.is_dir() && found.uid() == uid => runtime.join("minitalk"),
        Ok(_) | Err(_) => PathBuf::from(format!("/tmp/minitalk-{uid}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_new_folder_is_nobody_elses_business() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::create_at(parent.path().join("minitalk")).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);
        Folder::create_at(parent.path().join("minitalk")).expect("a second time");
    }

    #[test]
    fn a_folder_that_others_can_open_is_closed() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).unwrap();
        let folder = Folder::create_at(parent.path().to_owned()).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_link_or_a_file_is_not_a_folder_of_this_user() {
        let parent = tempfile::tempdir().unwrap();
        let (link, file) = (parent.path().join("link"), parent.path().join("file"));
        symlink(parent.path(), &link).unwrap();
        fs::write(&file, "").unwrap();
        for path in [link, file] {
            assert!(matches!(Folder::create_at(path.clone()), Err(FolderError::NotOurs { .. })));
            assert!(matches!(Folder::open_at(path), Err(FolderError::NotOurs { .. })));
        }
    }

    #[test]
    fn without_a_folder_nobody_has_a_name() {
        let parent = tempfile::tempdir().unwrap();
        assert!(Folder::open_at(parent.path().join("minitalk")).unwrap().is_none());
    }
}
