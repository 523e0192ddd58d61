//! What people are told: lines on standard error.

use std::fmt::Display;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use minitalk_signals::{Interest, is_ready};

/// Lines that could not be written, and have not been told of.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The name of this program.
static PROGRAM: OnceLock<String> = OnceLock::new();

/// Says what this program is called.
pub(crate) fn set_program(name: &str) {
    // Whoever reads the command line twice reads it as the same program.
    let _ = PROGRAM.set(name.to_owned());
}

/// Writes a line with the name of this program to standard error, in one write: no other program
/// writes into the middle of it.
///
/// A line that could not be written without waiting is dropped. The next one says so.
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
    // When standard error is gone there is nobody left to tell.
    let _ = stderr.write_all(format!("{lost}{program}: {line}\n").as_bytes());
}
