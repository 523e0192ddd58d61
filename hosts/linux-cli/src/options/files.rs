//! The files and descriptors that a program was given: whether they are open, and used only once.

use std::fs;
use std::io::{stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use minitalk_signals::was_closed_at_start;
use thiserror::Error;

/// The path of standard output.
pub const STDOUT: &str = "/proc/self/fd/1";

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard input.
    Input,
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A stream that is needed was closed when the program was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} is closed; redirect it to /dev/null if it is not wanted")]
pub struct ClosedError(&'static str);

/// Makes sure that a stream is open, if it is needed.
///
/// # Errors
///
/// [`ClosedError`] if it was closed when the program was started.
pub fn check_open(stream: Stream, is_needed: bool) -> Result<(), ClosedError> {
    let (name, was_closed) = match stream {
        Stream::Input => ("standard input", was_closed_at_start(stdin().as_fd())),
        Stream::Output => ("standard output", was_closed_at_start(stdout().as_fd())),
        Stream::Error => ("standard error", was_closed_at_start(stderr().as_fd())),
    };
    if is_needed && was_closed { Err(ClosedError(name)) } else { Ok(()) }
}

/// The same file was given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{first} and {second} are the same file; give each a file of its own")]
pub struct SameFileError {
    first: &'static str,
    second: &'static str,
}

/// Makes sure that no file is used for two purposes. Each purpose has a name.
///
/// # Errors
///
/// [`SameFileError`].
pub fn check_distinct(files: &[(&'static str, Option<&Path>)]) -> Result<(), SameFileError> {
    let files: Vec<_> = files.iter().map(|&(name, path)| (name, path.and_then(identity))).collect();
    for (index, (first, file)) in files.iter().enumerate() {
        for (second, other) in &files[index + 1..] {
            if file.is_some() && file == other {
                return Err(SameFileError { first, second });
            }
        }
    }
    Ok(())
}

/// Equal for two paths of the same file; `None` if it is not a regular file, such as `/dev/null`.
fn identity(path: &Path) -> Option<(PathBuf, u64, u64)> {
    match fs::metadata(path) {
        Ok(file) if file.is_file() => Some((PathBuf::new(), file.dev(), file.ino())),
        Ok(_) => None,
        Err(_) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = fs::metadata(folder.unwrap_or(Path::new("."))).ok()?;
            Some((path.file_name()?.into(), folder.dev(), folder.ino()))
        }
    }
}
