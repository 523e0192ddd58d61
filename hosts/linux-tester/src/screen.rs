//! A terminal for a program to write to, and what the program has written.
//!
//! On a terminal the C library writes a line when it is complete, as a user would see it. What
//! never appears here was not flushed, or not written at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use minitalk_signals::monotonic_nanos;
use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// The output of one program, collected by a thread until the program and its children have ended.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    shown: Mutex<Shown>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Shown {
    bytes: Vec<u8>,
    /// How long the output was at which time: nanoseconds, bytes.
    times: Vec<(u64, usize)>,
    is_over: bool,
}

impl Screen {
    /// A screen, and the end that the program writes to.
    pub(crate) fn terminal() -> io::Result<(Arc<Self>, OwnedFd)> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let no_control = OFlags::NOCTTY.bits().cast_signed();
        let path = name.to_str().map_err(io::Error::other)?;
        let theirs =
            OpenOptions::new().read(true).write(true).custom_flags(no_control).open(path)?;
        // Raw mode: every byte comes out as it went in.
        let mut mode = tcgetattr(&theirs)?;
        mode.make_raw();
        tcsetattr(&theirs, OptionalActions::Now, &mode)?;
        let screen = Arc::new(Self::default());
        let reader = Arc::clone(&screen);
        thread::spawn(move || reader.collect(File::from(ours)));
        Ok((screen, theirs.into()))
    }

    /// The same without a terminal: a pipe, where some programs buffer nothing and others
    /// everything.
    pub(crate) fn pipe() -> io::Result<(Arc<Self>, OwnedFd)> {
        let (ours, theirs) = io::pipe()?;
        let screen = Arc::new(Self::default());
        let reader = Arc::clone(&screen);
        thread::spawn(move || reader.collect(File::from(OwnedFd::from(ours))));
        Ok((screen, theirs.into()))
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, mut from: File) {
        let mut buffer = [0; 16384];
        loop {
            // An error means the end: the other side is closed (EIO).
            let count = from.read(&mut buffer).unwrap_or(0);
            let mut shown = self.lock();
            shown.bytes.extend_from_slice(&buffer[..count]);
            let length = shown.bytes.len();
            shown.times.push((monotonic_nanos(), length));
            shown.is_over = count == 0;
            self.changed.notify_all();
            if count == 0 {
                return;
            }
        }
    }

    /// Everything shown so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// How many bytes have been shown so far, as a place to search from later.
    pub(crate) fn len(&self) -> usize {
        self.lock().bytes.len()
    }

    /// How many bytes had been shown at this time, as far as the reader knew.
    pub(crate) fn len_at(&self, nanos: u64) -> usize {
        let shown = self.lock();
        shown.times.iter().rev().find(|(at, _)| *at <= nanos).map_or(0, |(_, length)| *length)
    }

    /// Waits until what is shown from this place on satisfies `wanted`; false if it does not in
    /// time.
    pub(crate) fn wait(
        &self,
        from: usize,
        patience: Duration,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> bool {
        let until = Instant::now() + patience;
        let mut shown = self.lock();
        loop {
            if wanted(shown.bytes.get(from..).unwrap_or_default()) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || shown.is_over {
                return false;
            }
            shown =
                self.changed.wait_timeout(shown, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Whether the output contains the text in one piece, apart from colours and the like.
pub(crate) fn contains(output: &[u8], text: &[u8]) -> bool {
    find(output, text).is_some() || find(&plain(output), &plain(text)).is_some()
}

/// Where in the output the text begins.
pub(crate) fn find(output: &[u8], text: &[u8]) -> Option<usize> {
    if text.is_empty() {
        return Some(0);
    }
    output.windows(text.len()).position(|window| window == text)
}

/// The output without the escape sequences of a terminal (ECMA-48, section 5.4).
pub(crate) fn plain(output: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(output.len());
    let mut rest = output;
    while let Some((&byte, after)) = rest.split_first() {
        let sequence = (byte == 0x1b && after.first() == Some(&b'['))
            .then(|| after[1..].iter().position(|byte| (0x40..=0x7e).contains(byte)))
            .flatten();
        if let Some(length) = sequence {
            rest = &after[length + 2..];
        } else {
            plain.push(byte);
            rest = after;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_colour_is_found() {
        assert!(contains(b"\x1b[32mHel\x1b[0mlo\n", b"Hello"));
        assert!(!contains(b"Hel\nlo", b"Hello"));
        assert!(contains(b"a\x1bb", b"a\x1bb"), "an escape that begins no sequence");
        assert!(contains(b"", b""));
    }

    #[test]
    fn what_a_program_writes_is_shown_with_its_bytes_as_they_are() {
        let (screen, end) = Screen::terminal().unwrap();
        let mut child =
            std::process::Command::new("printf").arg(r"a\n\377b").stdout(end).spawn().unwrap();
        assert!(screen.wait(0, Duration::from_secs(60), |shown| shown == b"a\n\xffb"));
        child.wait().unwrap();
        assert!(screen.len_at(u64::MAX) == 4 && screen.len_at(0) == 0);
    }
}
