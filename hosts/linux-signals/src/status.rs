//! What `/proc/PID/status` says of a process (`proc_pid_status(5)`).

use std::fmt;
use std::fs;
use std::io;
use std::process;

use minitalk_core::Bit;
use nix::sys::signal::Signal;
use thiserror::Error;

use crate::credentials::Credentials;
use crate::os_error::OsError;

/// The state of a process, from the letter in `/proc/PID/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcessState {
    /// `R`: running or waiting for a processor.
    Running,
    /// `S`: asleep, can be woken.
    Sleeping,
    /// `D`: asleep in the kernel; signals wait until it wakes.
    DiskSleep,
    /// `T`: stopped by a signal such as `SIGSTOP`; signals wait until `SIGCONT`.
    Stopped,
    /// `t`: stopped by a debugger.
    Traced,
    /// `Z`: ended, and its parent has not asked why.
    Zombie,
    /// `X` or `x`: all but gone.
    Dead,
    /// `I`: an idle kernel thread.
    Idle,
    /// A letter this library does not know.
    Other(char),
}

impl From<char> for ProcessState {
    fn from(letter: char) -> Self {
        match letter {
            'R' => Self::Running,
            'S' => Self::Sleeping,
            'D' => Self::DiskSleep,
            'T' => Self::Stopped,
            't' => Self::Traced,
            'Z' => Self::Zombie,
            'X' | 'x' => Self::Dead,
            'I' => Self::Idle,
            other => Self::Other(other),
        }
    }
}

/// A set of signals, as the hexadecimal masks in `/proc/PID/status`: bit `n - 1`, counted from the least significant
/// one, stands for signal `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// The set of the two signals of the line.
    pub const LINE: Self = Self(bit_mask(Bit::Zero) | bit_mask(Bit::One));

    /// The set of these signals.
    pub(crate) const fn of<const N: usize>(signals: [Signal; N]) -> Self {
        let (mut mask, mut index) = (0, 0);
        while index < N {
            mask |= signal_mask(signals[index]);
            index += 1;
        }
        Self(mask)
    }

    /// Whether no signal is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The signals that are in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the signal that stands for `bit` is in the set.
    #[must_use]
    pub const fn contains(self, bit: Bit) -> bool {
        self.0 & bit_mask(bit) != 0
    }

    /// Whether every signal of the other set is in this one.
    pub(crate) const fn contains_all(self, other: Self) -> bool {
        other.without(self).is_empty()
    }

    /// Whether both signals of the line are in the set.
    #[must_use]
    pub const fn contains_line(self) -> bool {
        self.contains_all(Self::LINE)
    }

    /// The signals that are in this set, in the other, or in both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<Signal> for SignalSet {
    fn from_iter<I: IntoIterator<Item = Signal>>(signals: I) -> Self {
        Self(signals.into_iter().map(signal_mask).fold(0, |mask, signal| mask | signal))
    }
}

const fn bit_mask(bit: Bit) -> u64 {
    signal_mask(match bit {
        Bit::Zero => Signal::SIGUSR1,
        Bit::One => Signal::SIGUSR2,
    })
}

const fn signal_mask(signal: Signal) -> u64 {
    1 << (signal as i32 - 1)
}

impl fmt::Display for SignalSet {
    /// Names the signals of the line that are in the set; others are not mentioned.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.contains(Bit::Zero), self.contains(Bit::One)) {
            (true, true) => "SIGUSR1 and SIGUSR2",
            (true, false) => "SIGUSR1",
            (false, true) => "SIGUSR2",
            (false, false) => "neither SIGUSR1 nor SIGUSR2",
        })
    }
}

/// What `/proc/PID/status` says of a process, as far as it matters for signals.
///
/// It is a snapshot: every field may have changed by the time it is looked at. The masks of a
/// multi-threaded process are those of its **main thread** as far as `blocked` is concerned; what is
/// caught and ignored is the same for all threads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessStatus {
    /// The name of the program, at most 15 bytes.
    ///
    /// Whoever runs the process chose it: it may hold anything, control characters included.
    pub name: String,
    /// What it is doing.
    pub state: ProcessState,
    /// The number it was looked up by. Of a thread, the thread id.
    pub pid: u32,
    /// The process that `pid` belongs to: `pid` itself unless that is a thread.
    pub tgid: u32,
    /// Whose it is.
    pub uids: Credentials,
    /// Its numbers in the PID namespaces it lives in, from that of `/proc` inwards. Empty before
    /// Linux 4.1.
    pub namespace_pids: Vec<u32>,
    /// Signals on their way, to the process or to its main thread.
    pub pending: SignalSet,
    /// Signals the main thread has blocked: sent ones become pending.
    pub blocked: SignalSet,
    /// Signals the process ignores.
    pub ignored: SignalSet,
    /// Signals the process has a handler for.
    pub caught: SignalSet,
    /// How often its main thread has given up the processor or lost it: as long as this number stays,
    /// the thread has not both slept and done something. 0 if the kernel does not say.
    pub context_switches: u64,
}

/// Why the status of a process could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadStatusError {
    /// There is no such process, or `/proc` hides it (`hidepid`).
    #[error("no such process")]
    NoSuchProcess,
    /// The numbers in `/proc` are not those that this process signals by: it is not mounted, or was
    /// mounted in another PID namespace (`pid_namespaces(7)`).
    #[error("/proc is not that of this PID namespace")]
    OtherProc,
    /// `/proc` could not be read.
    #[error("cannot read /proc: {0}")]
    Io(OsError),
    /// The file is not what `proc_pid_status(5)` describes.
    #[error(transparent)]
    Malformed(#[from] ParseStatusError),
}

/// Why a text is not the contents of a `/proc/PID/status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseStatusError {
    /// A line that this library needs is not there.
    #[error("the process status has no line '{0}'")]
    Missing(&'static str),
    /// The value of a line is not of the documented form.
    #[error("the line '{0}' of the process status makes no sense")]
    Malformed(&'static str),
}

impl ProcessStatus {
    /// Reads the status of the process `pid`.
    pub fn read(pid: u32) -> Result<Self, ReadStatusError> {
        if !proc_is_ours() {
            return Err(ReadStatusError::OtherProc);
        }
        Self::read_file(&format!("/proc/{pid}/status"))
    }

    /// Reads the status of this process.
    pub fn own() -> Result<Self, ReadStatusError> {
        Self::read_file("/proc/self/status")
    }

    pub(crate) fn read_file(path: &str) -> Result<Self, ReadStatusError> {
        let text = fs::read(path).map_err(|error| match error.raw_os_error() {
            // ESRCH: it ended between open(2) and read(2).
            _ if error.kind() == io::ErrorKind::NotFound => ReadStatusError::NoSuchProcess,
            Some(libc::ESRCH) => ReadStatusError::NoSuchProcess,
            _ => ReadStatusError::Io(OsError::from(&error)),
        })?;
        Ok(Self::parse(&String::from_utf8_lossy(&text))?)
    }

    /// Parses the contents of a `/proc/PID/status`. Unknown lines are skipped.
    pub fn parse(text: &str) -> Result<Self, ParseStatusError> {
        let fields = Fields(text);
        let state = fields.value("State")?.chars().next();
        let uids = fields.numbers("Uid")?;
        let &[real, effective, saved, ..] = uids.as_slice() else {
            return Err(ParseStatusError::Malformed("Uid"));
        };
        Ok(Self {
            name: unescape(fields.value("Name")?),
            state: state.ok_or(ParseStatusError::Malformed("State"))?.into(),
            pid: fields.number("Pid")?,
            tgid: fields.number("Tgid")?,
            uids: Credentials { real, effective, saved },
            namespace_pids: match fields.numbers("NSpid") {
                Err(ParseStatusError::Missing(_)) => Vec::new(),
                numbers => numbers?,
            },
            pending: fields.signals("SigPnd")?.union(fields.signals("ShdPnd")?),
            blocked: fields.signals("SigBlk")?,
            ignored: fields.signals("SigIgn")?,
            caught: fields.signals("SigCgt")?,
            context_switches: fields
                .count("voluntary_ctxt_switches")?
                .saturating_add(fields.count("nonvoluntary_ctxt_switches")?),
        })
    }

    /// The signals that do not kill the process when they are sent.
    #[must_use]
    pub const fn survived(&self) -> SignalSet {
        self.caught.union(self.blocked).union(self.ignored)
    }
}

/// Whether a number in `/proc` means the same process as in kill(2).
pub(crate) fn proc_is_ours() -> bool {
    let own = fs::read_link("/proc/self");
    own.is_ok_and(|own| own.to_str() == Some(&process::id().to_string()))
}

/// The lines of a status, `Key:<tab>value`.
struct Fields<'t>(&'t str);

impl<'t> Fields<'t> {
    fn value(&self, key: &'static str) -> Result<&'t str, ParseStatusError> {
        self.0
            .split('\n')
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(":\t"))
            .ok_or(ParseStatusError::Missing(key))
    }

    fn number(&self, key: &'static str) -> Result<u32, ParseStatusError> {
        self.value(key)?.trim().parse().map_err(|_| ParseStatusError::Malformed(key))
    }

    /// A count that an old kernel may leave out.
    fn count(&self, key: &'static str) -> Result<u64, ParseStatusError> {
        match self.value(key) {
            Err(_) => Ok(0),
            Ok(number) => number.trim().parse().map_err(|_| ParseStatusError::Malformed(key)),
        }
    }

    fn numbers(&self, key: &'static str) -> Result<Vec<u32>, ParseStatusError> {
        let parse = |number: &str| number.parse().map_err(|_| ParseStatusError::Malformed(key));
        self.value(key)?.split_whitespace().map(parse).collect()
    }

    fn signals(&self, key: &'static str) -> Result<SignalSet, ParseStatusError> {
        u64::from_str_radix(self.value(key)?.trim(), 16)
            .map(SignalSet)
            .map_err(|_| ParseStatusError::Malformed(key))
    }
}

/// Undoes the kernel's escaping of a name: only newline and backslash are escaped.
fn unescape(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        plain.push(match (c, chars.as_str().chars().next()) {
            ('\\', Some(escaped @ ('n' | '\\'))) => {
                chars.next();
                if escaped == 'n' { '\n' } else { '\\' }
            }
            _ => c,
        });
    }
    plain
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
