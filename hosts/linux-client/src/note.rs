//! What people are told: lines on standard error.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes a line to standard error, in one write: no other program writes into the middle of it.
pub(crate) fn note(line: &dyn Display) {
    // When standard error is gone, the exit code still tells.
    let _ = io::stderr().write_all(format!("minitalk-client: {line}\n").as_bytes());
}
