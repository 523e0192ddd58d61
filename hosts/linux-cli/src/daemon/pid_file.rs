//! The PID in a file. The file is removed at the end if it still holds this PID.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;

use minitalk::names;
use minitalk_signals::Executable;
use rustix::fs::OFlags;
use thiserror::Error;

/// A file that holds the PID of this process. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct PidFile {
    /// `None` if it is not a regular file but, for example, a pipe, which stays.
    path: Option<PathBuf>,
}

/// Why the PID could not be written.
#[derive(Debug, Error)]
pub enum PidFileError {
    /// The file cannot be read or written.
    #[error("cannot write the PID to {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// It holds the PID of another server, which is running.
    #[error(
        "cannot write the PID to {}: it is the file of a server that runs, PID {pid}",
        path.display()
    )]
    Taken {
        /// The file.
        path: PathBuf,
        /// The other server.
        pid: u32,
    },
    /// It is not a PID file.
    #[error("cannot write the PID to {}: it holds something else", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// Longer than the text of any PID.
const PID_BYTES_MAX: u64 = 32;

impl PidFile {
    /// Writes the PID to `path`. If that is a symbolic link, the link stays and its target is
    /// written. An existing file is replaced only if it holds the PID of a server that has ended.
    ///
    /// # Errors
    ///
    /// [`PidFileError`]; nothing has been changed then.
    pub(super) fn new(path: &Path) -> Result<Self, PidFileError> {
        let io_error = |error| PidFileError::Io { path: path.to_owned(), error };
        // Replace the target of a symbolic link, not the link.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match open(&target) {
            Ok((mut file, true)) => {
                let text = read(&mut file).map_err(io_error)?;
                check(path, &text)?;
            }
            Ok((mut file, false)) => {
                file.write_all(own_pid().as_bytes()).map_err(io_error)?;
                return Ok(Self { path: None });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error(error)),
        }
        replace(&target).map_err(io_error)?;
        Ok(Self { path: Some(target) })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let Some(path) = &self.path else { return };
        let is_ours = File::open(path).and_then(|mut file| read(&mut file));
        if is_ours.is_ok_and(|text| text == own_pid()) {
            // It may have been removed already.
            let _ = fs::remove_file(path);
        }
    }
}

/// Opens what exists there, without changing it. Returns whether it is a regular file.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = File::options();
    options.write(true).custom_flags(flags.bits().cast_signed());
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Ok((file, false));
    }
    Ok((options.read(true).open(path)?, true))
}

fn read(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(PID_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether the content of a file may be replaced.
fn check(path: &Path, text: &str) -> Result<(), PidFileError> {
    let path = || path.to_owned();
    match text.trim() {
        "" => Ok(()),
        text => match text.parse() {
            Ok(pid) if pid != process::id() && is_server(pid) => {
                Err(PidFileError::Taken { path: path(), pid })
            }
            Ok(_) => Ok(()),
            Err(_) => Err(PidFileError::Foreign { path: path() }),
        },
    }
}

/// Whether the process is a server.
fn is_server(pid: u32) -> bool {
    let is_ours = || Some(Executable::of(pid).ok()? == Executable::own().ok()?);
    names::of(pid).is_some() || is_ours() == Some(true)
}

/// Puts the PID there in one step: nobody can read half of it.
fn replace(path: &Path) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", process::id()));
    let draft = PathBuf::from(draft);
    let mut file = match File::create_new(&draft) {
        // Left behind by a killed process with this number, as in a container that is restarted.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&draft)?;
            File::create_new(&draft)?
        }
        created => created?,
    };
    let written = file.write_all(own_pid().as_bytes()).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // It belongs to this process, and is half written.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn own_pid() -> String {
    format!("{}\n", process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_is_there_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let file = PidFile::new(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), own_pid());
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_has_been_put_in_its_place_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let file = PidFile::new(&path).unwrap();
        fs::write(&path, "1\n").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
    }

    #[test]
    fn a_pid_that_was_left_behind_is_replaced_and_anything_else_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        for stale in ["4194304\n", "", "1"] {
            fs::write(&path, stale).unwrap();
            PidFile::new(&path).unwrap();
        }
        fs::write(&path, "precious\n").unwrap();
        assert!(matches!(PidFile::new(&path), Err(PidFileError::Foreign { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious\n");
    }

    #[test]
    fn a_draft_that_was_left_behind_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        fs::write(folder.path().join(format!("pid.{}", process::id())), "").unwrap();
        drop(PidFile::new(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_device_is_written_to_and_stays() {
        let path = Path::new("/dev/null");
        drop(PidFile::new(path).unwrap());
        assert!(path.exists());
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("pid"), folder.path().join("link"));
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let file = PidFile::new(&link).unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), own_pid());
        drop(file);
        assert!(!path.exists());
    }
}
