//! Whether a process is asleep, checked cheaply and often.
//!
//! Many minitalks call kill(2) and then pause(2). A signal that arrives between the two finds the
//! process awake, and pause waits for another one. If such a process is signalled only while it
//! sleeps, it loses nothing.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::thread;

use minitalk_core::Instant;

use super::entry::{self, ParseStatusError, ReadProcessError};
use super::status::ProcessState;
use crate::clock;

/// The longest time to wait for a process to fall asleep.
const ASLEEP_MICROS_MAX: u64 = 1_000;

/// After this many vain waits in a row, the process is assumed never to sleep.
const VAIN_WAITS_MAX: u32 = 4;

/// Longer than the longest name of a kernel function.
const CHANNEL_OCTETS: usize = 128;

/// Longer than the first three fields of a `/proc/PID/stat`: the name has at most 64 octets.
const STAT_OCTETS: usize = 128;

/// What a process sleeps for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slumber {
    /// It does not sleep.
    Awake,
    /// It waits for a signal: pause(2), sigsuspend(2), sigtimedwait(2).
    Signal,
    /// It waits for some time to pass, as in nanosleep(2); whether it will wait for a signal
    /// afterwards is not known.
    Time,
    /// It waits for something else, or this process is not allowed to see what for.
    Other,
}

/// A reusable look at whether a process, or rather its main thread, is asleep.
///
/// A look costs a few microseconds. It is always at the process that had the number when this was
/// opened: the descriptor does not follow the number.
#[derive(Debug)]
pub struct SleepWatch {
    stat: File,
    /// `None` if this process is not allowed to see it.
    channel: Option<File>,
    vain_waits: u32,
    /// Whether it has been seen to wait for a signal.
    waits_for_signals: bool,
}

impl SleepWatch {
    /// Prepares looks at the process `pid`.
    pub fn open(pid: u32) -> Result<Self, ReadProcessError> {
        let stat = entry::checked(|| File::open(entry::path(pid, "stat")))?;
        let channel = File::open(entry::path(pid, "wchan")).ok();
        Ok(Self { stat, channel, vain_waits: 0, waits_for_signals: false })
    }

    /// What it is doing now.
    ///
    /// # Errors
    ///
    /// [`ReadProcessError::NoSuchProcess`] if it has ended and its parent has waited for it.
    pub fn look(&self) -> Result<Slumber, ReadProcessError> {
        if let Some(channel) = &self.channel {
            let mut name = [0; CHANNEL_OCTETS];
            let len = channel.read_at(&mut name, 0).map_err(|error| entry::refused(&error))?;
            // 0: it is awake, or this process is not allowed to see where it sleeps.
            match name.get(..len).unwrap_or_default() {
                b"" | b"0" => {}
                name => return Ok(slumber(name)),
            }
        }
        let is_asleep = self.state()? == ProcessState::Sleeping;
        Ok(if is_asleep { Slumber::Other } else { Slumber::Awake })
    }

    fn state(&self) -> Result<ProcessState, ReadProcessError> {
        let mut text = [0; STAT_OCTETS];
        let len = self.stat.read_at(&mut text, 0).map_err(|error| entry::refused(&error))?;
        let text = text.get(..len).unwrap_or_default();
        // `PID (NAME) S ...`, and the name may contain anything.
        let letter = text.windows(3).rev().find_map(|three| match three {
            [b')', b' ', letter] => Some(char::from(*letter)),
            _ => None,
        });
        Ok(letter.ok_or(ParseStatusError::Missing("stat"))?.into())
    }

    /// Waits until the process sleeps, for at most a millisecond. Returns what it was doing at the
    /// end.
    ///
    /// If the process has been seen to wait for signals, this waits until it does so again, since
    /// it may sleep for other reasons in between. If it was awake throughout several waits in a
    /// row, this returns at once from then on: the process takes its signals without sleeping.
    pub fn wait(&mut self) -> Result<Slumber, ReadProcessError> {
        if self.vain_waits >= VAIN_WAITS_MAX {
            return Ok(Slumber::Awake);
        }
        let mut deadline: Option<Instant> = None;
        loop {
            let slumber = self.look()?;
            match slumber {
                Slumber::Signal => self.waits_for_signals = true,
                Slumber::Time | Slumber::Other if !self.waits_for_signals => {}
                Slumber::Time | Slumber::Other | Slumber::Awake => {
                    let now = clock::now();
                    let end = *deadline.get_or_insert(now.after_micros(ASLEEP_MICROS_MAX));
                    if now < end {
                        // It may be waiting for this very processor.
                        thread::yield_now();
                        continue;
                    }
                }
            }
            self.vain_waits = if slumber == Slumber::Awake { self.vain_waits + 1 } else { 0 };
            return Ok(slumber);
        }
    }
}

/// What the process waits for, from the name of the kernel function that it sleeps in
/// (`/proc/PID/wchan`).
fn slumber(channel: &[u8]) -> Slumber {
    let has = |part: &[u8]| channel.windows(part.len()).any(|window| window == part);
    if has(b"pause") || has(b"sigsuspend") || has(b"sigtimedwait") {
        Slumber::Signal
    } else if has(b"nanosleep") {
        Slumber::Time
    } else if has(b"signal_stop") || has(b"ptrace_stop") {
        Slumber::Awake
    } else {
        Slumber::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Child, Command, Stdio};

    /// Is killed at the end of the test.
    struct Running(Child);

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    fn run(program: &str, arguments: &[&str]) -> (Running, SleepWatch) {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
        let child = Running(command.spawn().unwrap());
        let watch = SleepWatch::open(child.0.id()).unwrap();
        (child, watch)
    }

    #[test]
    fn a_process_that_sleeps_is_seen_asleep() {
        let (_sleep, mut watch) = run("sleep", &["600"]);
        while watch.wait().unwrap() != Slumber::Time && watch.channel.is_some() {
            watch.vain_waits = 0;
        }
        let (_cat, mut watch) = run("cat", &[]);
        while watch.wait().unwrap() != Slumber::Other {
            watch.vain_waits = 0;
        }
    }

    #[test]
    fn a_process_that_never_sleeps_is_soon_not_waited_for() {
        let (_busy, mut watch) = run("sh", &["-c", "while :; do :; done"]);
        while watch.vain_waits < VAIN_WAITS_MAX {
            watch.wait().unwrap();
        }
        let began = clock::now();
        let looks = 1_000;
        for _ in 0..looks {
            assert_eq!(watch.wait(), Ok(Slumber::Awake));
        }
        assert!(clock::now().micros_since(began) < looks * ASLEEP_MICROS_MAX);
    }

    #[test]
    fn the_dead_do_not_sleep() {
        let (mut child, watch) = run("true", &[]);
        child.0.wait().unwrap();
        assert_eq!(watch.look(), Err(ReadProcessError::NoSuchProcess));
    }

    #[test]
    fn the_functions_of_several_kernels_are_known() {
        for (name, expected) in [
            ("__do_sys_pause", Slumber::Signal),
            ("__x64_sys_pause", Slumber::Signal),
            ("sigsuspend.isra.0", Slumber::Signal),
            ("do_sigtimedwait.isra.0", Slumber::Signal),
            ("hrtimer_nanosleep", Slumber::Time),
            ("poll_schedule_timeout.constprop.0", Slumber::Other),
            ("do_signal_stop", Slumber::Awake),
            ("ptrace_stop.part.0", Slumber::Awake),
        ] {
            assert_eq!(slumber(name.as_bytes()), expected, "{name}");
        }
    }
}
