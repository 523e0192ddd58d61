//! Messages for people: lines on standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use minitalk_signals::{Interest, is_ready};

/// How many lines could not be written, which has not been reported.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The name of this program.
static PROGRAM: OnceLock<String> = OnceLock::new();

/// Sets the name of this program.
pub(crate) fn set_program(name: &str) {
    // Parsing the command line twice sets the same name.
    let _ = PROGRAM.set(name.to_owned());
}

/// Writes a line with the name of this program to standard error, in a single write, so that no
/// other program can write into the middle of it.
///
/// A line that cannot be written without blocking is dropped. The next one says so.
pub fn note(line: &dyn Display) {
    let program = PROGRAM.get().map_or("minitalk", String::as_str);
    let mut stderr = io::stderr();
    if !is_ready(stderr.as_fd(), Interest::Writable) {
        DROPPED.fetch_add(1, Relaxed);
        return;
    }
    let lost = match DROPPED.swap(0, Relaxed) {
        0 => String::new(),
        count => format!("{program}: (lines before this one that could not be written: {count})\n"),
    };
    // If standard error is gone, nobody is left to be told.
    let _ = stderr.write_all(format!("{lost}{program}: {line}\n").as_bytes());
}
