//! The folder of entries, held open: all operations are in this folder, whatever happens to
//! its path.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use minitalk_signals::user_name;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, Stat, fchmod, fstat, mkdirat, openat,
    renameat, renameat_with, statat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;
use thiserror::Error;

use super::site::{self, Owner, Site};

/// No other user may look into the folder, or create an entry there.
const FOLDER_MODE: Mode = Mode::RWXU;

/// No other user may read an entry.
pub(super) const FILE_MODE: Mode = Mode::from_raw_mode(0o600);

/// How many files are read in a folder. More are not expected; they would be an attempt to flood
/// it.
const FILES_MAX: usize = 65_536;

/// Why the folder cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It belongs to another user.
    #[error(
        "{} belongs to {}; set XDG_RUNTIME_DIR to a folder of your own, for the server and its \
         clients",
        path.display(), user(*uid)
    )]
    NotOurs {
        /// Its path.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// The parent folder belongs to another user.
    #[error(
        "XDG_RUNTIME_DIR is {}, which belongs to {}; unset it, or set it to a folder of your own",
        path.display(), user(*uid)
    )]
    ParentNotOurs {
        /// The parent.
        path: PathBuf,
        /// Its owner.
        uid: u32,
    },
    /// Anyone may put another folder in its place.
    #[error(
        "everybody may rename what is in {}; set XDG_RUNTIME_DIR to a folder that only you can \
         write to",
        path.display()
    )]
    ParentOpen {
        /// The parent.
        path: PathBuf,
    },
    /// It is a file or a link.
    #[error(
        "{} is not a folder; remove it, or set XDG_RUNTIME_DIR to another folder",
        path.display()
    )]
    NotAFolder {
        /// Its path.
        path: PathBuf,
    },
    /// It cannot be created or opened.
    #[error("cannot use {}: {error}; set XDG_RUNTIME_DIR to a folder of your own", path.display())]
    Io {
        /// Its path.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

fn user(uid: u32) -> String {
    user_name(uid).map_or_else(|| format!("user {uid}"), |name| format!("user {name}"))
}

/// The folder, known to belong to `owner`.
#[derive(Debug)]
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
    /// The user whose processes its entries may name; `None` for any.
    pub(super) only_of: Option<u32>,
}

impl Folder {
    /// The folder of this user, created if it does not exist.
    pub(super) fn create() -> Result<Self, FolderError> {
        Self::create_at(&site::own())
    }

    pub(super) fn create_at(site: &Site) -> Result<Self, FolderError> {
        let io = |error: Errno| FolderError::Io { path: path(site), error: error.into() };
        let parent = open_parent(site)?;
        match mkdirat(&parent, site.child.as_str(), FOLDER_MODE) {
            // If something exists there already, it may be anything.
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(io(error)),
        }
        Self::open_in(&parent, site)?.ok_or_else(|| io(Errno::NOENT))
    }

    /// The folder at `site`; `None` if it does not exist.
    pub(super) fn open_at(site: &Site) -> Result<Option<Self>, FolderError> {
        match open_parent(site) {
            Ok(parent) => Self::open_in(&parent, site),
            Err(FolderError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the folder and checks what was opened, not what its path leads to now.
    fn open_in(parent: &OwnedFd, site: &Site) -> Result<Option<Self>, FolderError> {
        let path = path(site);
        let io = |error: Errno| FolderError::Io { path: path.clone(), error: error.into() };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = match openat(parent, site.child.as_str(), flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => return Err(FolderError::NotAFolder { path }),
            // Another user's folder is closed to this user, as it should be.
            Err(error) => return Err(owned_by_other(parent, site).unwrap_or_else(|| io(error))),
        };
        let found = fstat(&fd).map_err(io)?;
        let own = geteuid().as_raw();
        match site.owner {
            Owner::Own | Owner::OwnInTmp if found.st_uid != own => {
                Err(FolderError::NotOurs { path, uid: found.st_uid })
            }
            Owner::Own | Owner::OwnInTmp => {
                if found.st_mode & 0o077 != 0 {
                    fchmod(&fd, FOLDER_MODE).map_err(io)?;
                }
                Ok(Some(Self { fd, path, only_of: None }))
            }
            // This user's own folders have been checked already.
            Owner::Anybody if found.st_uid == own || found.st_mode & 0o022 != 0 => Ok(None),
            Owner::Anybody => Ok(Some(Self { fd, path, only_of: Some(found.st_uid) })),
        }
    }

    pub(super) fn path_of(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }

    /// The names of the files in the folder.
    pub(super) fn files(&self) -> Result<Vec<String>, FolderError> {
        let io = |error: Errno| FolderError::Io { path: self.path.clone(), error: error.into() };
        let files = Dir::read_from(&self.fd).map_err(io)?;
        let names = files
            .filter_map(|file| String::from_utf8(file.ok()?.file_name().to_bytes().to_vec()).ok());
        Ok(names.take(FILES_MAX).collect())
    }

    /// Opens a regular file in the folder; `None` if there is none.
    pub(super) fn open(&self, file: &str, access: OFlags) -> io::Result<Option<OwnedFd>> {
        // Non-blocking, because it may be a FIFO.
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match openat(&self.fd, file, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if FileType::from_raw_mode(fstat(&fd)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::other("it is not an ordinary file"));
        }
        Ok(Some(fd))
    }

    /// Creates a file that did not exist.
    pub(super) fn create_new(&self, file: &str) -> io::Result<OwnedFd> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(&self.fd, file, flags, FILE_MODE)?;
        // Independent of the umask.
        fchmod(&fd, FILE_MODE)?;
        Ok(fd)
    }

    /// Whether the file named `file` is the one that is open as `fd`.
    pub(super) fn is_still(&self, file: &str, fd: &OwnedFd) -> bool {
        let same = |a: Stat, b: Stat| (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino);
        let there = statat(&self.fd, file, AtFlags::SYMLINK_NOFOLLOW);
        matches!((there, fstat(fd)), (Ok(there), Ok(held)) if same(there, held))
    }

    /// Renames a file, unless something has the new name.
    pub(super) fn rename_to_free(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat_with(&self.fd, from, &self.fd, to, RenameFlags::NOREPLACE)?)
    }

    /// Renames a file over another one, which then no longer exists.
    pub(super) fn replace(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.fd, from, &self.fd, to)?)
    }

    pub(super) fn remove(&self, file: &str) -> io::Result<()> {
        Ok(unlinkat(&self.fd, file, AtFlags::empty())?)
    }
}

fn path(site: &Site) -> PathBuf {
    site.parent.join(&site.child)
}

/// The parent, if nobody may put another folder in the place of this user's.
fn open_parent(site: &Site) -> Result<OwnedFd, FolderError> {
    let path: &Path = &site.parent;
    let io = |error: Errno| FolderError::Io { path: path.to_owned(), error: error.into() };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = openat(CWD, path, flags, Mode::empty()).map_err(io)?;
    let found = fstat(&parent).map_err(io)?;
    if site.owner == Owner::Own && found.st_uid != geteuid().as_raw() && found.st_uid != 0 {
        return Err(FolderError::ParentNotOurs { path: path.to_owned(), uid: found.st_uid });
    }
    let is_sticky = Mode::from_raw_mode(found.st_mode).contains(Mode::SVTX);
    if site.owner != Owner::Anybody && found.st_mode & 0o002 != 0 && !is_sticky {
        return Err(FolderError::ParentOpen { path: path.to_owned() });
    }
    Ok(parent)
}

fn owned_by_other(parent: &OwnedFd, site: &Site) -> Option<FolderError> {
    let found = statat(parent, site.child.as_str(), AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let is_other = found.st_uid != geteuid().as_raw();
    is_other.then(|| FolderError::NotOurs { path: path(site), uid: found.st_uid })
}

#[cfg(test)]
pub(super) mod tests;
