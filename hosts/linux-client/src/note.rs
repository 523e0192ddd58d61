//! What people are told: lines on standard error.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes a line to standard error, in one write: no other program writes into the middle of it.
pub(crate) fn note(line: &dyn Display) {
    // When standard error is gone, the exit code still tells.
    let _ = io::stderr().write_all(format!("minitalk-client: {line}\n").as_bytes());
}

/// The exit code if what the user asked for could not be shown. A reader that has seen enough is no error.
pub(crate) fn unless_shown(shown: io::Result<()>) -> Option<u8> {
    let error = shown.err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe)?;
    note(&format_args!("cannot write to standard output: {error}"));
    Some(1)
}
