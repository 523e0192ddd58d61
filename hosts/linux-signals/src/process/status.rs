//! What `/proc/PID/status` says about a process (`proc_pid_status(5)`).

use std::process;

use super::credentials::{CapabilitySet, Credentials};
use std::fmt;

use super::entry::{self, ParseStatusError, ReadProcessError};
use super::namespace;
use super::signal_set::SignalSet;

/// The state of a process, from the letter in `/proc/PID/status` and `/proc/PID/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcessState {
    /// `R`: running or waiting for a processor.
    Running,
    /// `S`: asleep, interruptible.
    Sleeping,
    /// `D`: asleep in the kernel; signals wait until it wakes.
    DiskSleep,
    /// `T`: stopped by a signal such as `SIGSTOP`; signals wait until `SIGCONT`.
    Stopped,
    /// `t`: stopped by a debugger.
    Traced,
    /// `Z`: ended, but its parent has not waited for it yet.
    Zombie,
    /// `X` or `x`: about to disappear.
    Dead,
    /// `I`: an idle kernel thread.
    Idle,
    /// A letter this library does not know.
    Other(char),
}

impl fmt::Display for ProcessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Sleeping => "sleeping",
            Self::DiskSleep => "waiting for a device",
            Self::Stopped => "stopped",
            Self::Traced => "stopped by a debugger",
            Self::Zombie => "zombie",
            Self::Dead => "dead",
            Self::Idle => "idle kernel thread",
            Self::Other(_) => "unknown",
        })
    }
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

/// What `/proc/PID/status` says about a process, as far as it matters for signals.
///
/// This is a snapshot: every field may have changed by the time you look at it. Of a multi-threaded
/// process, `blocked` is the mask of its **main thread**; `caught` and `ignored` are the same for
/// all threads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessStatus {
    /// The name of the program, at most 15 bytes.
    ///
    /// It can be chosen by the owner of the process and may contain anything, including control
    /// characters.
    pub name: String,
    /// What it is doing.
    pub state: ProcessState,
    /// The number by which it was looked up. For a thread, the thread id.
    pub pid: u32,
    /// The process that `pid` belongs to: `pid` itself unless that is a thread.
    pub tgid: u32,
    /// Its user ids.
    pub uids: Credentials,
    /// Its numbers in the PID namespaces that it lives in, from that of `/proc` inwards. Empty
    /// before Linux 4.1.
    pub namespace_pids: Vec<u32>,
    /// Pending signals of the process or of its main thread.
    pub pending: SignalSet,
    /// Those of them that were sent to its first thread alone.
    pub thread_pending: SignalSet,
    /// How many more signals, with their senders, fit into the kernel's queue for the user of the
    /// process (`RLIMIT_SIGPENDING`, getrlimit(2)). If it is full, a signal that is sent to a
    /// thread arrives without its sender. 0 if the kernel does not say.
    pub queue_room: u64,
    /// Signals that the main thread blocks: when sent, they become pending.
    pub blocked: SignalSet,
    /// Signals the process ignores.
    pub ignored: SignalSet,
    /// Signals the process has a handler for.
    pub caught: SignalSet,
    /// What it may do beyond what its user ids allow (`CapEff`).
    pub capabilities: CapabilitySet,
    /// How many threads it has.
    pub threads: u32,
    /// How often its main thread has given up or lost the processor. While this number does not
    /// change, the thread has not both slept and done something. 0 if the kernel does not say.
    pub context_switches: u64,
}

impl ProcessStatus {
    /// Reads the status of the process `pid`.
    pub fn read(pid: u32) -> Result<Self, ReadProcessError> {
        Ok(Self::parse(&entry::text(pid, "status")?)?)
    }

    /// Reads the status of this process.
    pub fn own() -> Result<Self, ReadProcessError> {
        Self::read(process::id())
    }

    /// Reads the status of the thread `tid` of this process.
    pub(crate) fn of_own_thread(tid: u32) -> Result<Self, ReadProcessError> {
        Ok(Self::parse(&entry::text(process::id(), &format!("task/{tid}/status"))?)?)
    }

    /// Parses the contents of a `/proc/PID/status`. Unknown lines are skipped.
    pub fn parse(text: &str) -> Result<Self, ParseStatusError> {
        let fields = Fields::of(text);
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
            thread_pending: fields.signals("SigPnd")?,
            queue_room: fields.room("SigQ")?,
            blocked: fields.signals("SigBlk")?,
            ignored: fields.signals("SigIgn")?,
            caught: fields.signals("SigCgt")?,
            capabilities: CapabilitySet(fields.hexadecimal("CapEff")?),
            threads: fields.number("Threads")?,
            context_switches: fields
                .count("voluntary_ctxt_switches")?
                .saturating_add(fields.count("nonvoluntary_ctxt_switches")?),
        })
    }

    /// Whether the process may signal `target` (kill(2)), as far as can be seen from outside:
    /// security modules are not considered.
    #[must_use]
    pub fn may_signal(&self, target: &Self) -> bool {
        self.uids.may_signal(target.uids)
            || self.capabilities.has_kill() && namespace::capabilities_reach(self.pid, target.pid)
    }

    /// The signals that do not kill the process when they are sent.
    #[must_use]
    pub const fn survived(&self) -> SignalSet {
        self.caught.union(self.blocked).union(self.ignored)
    }
}

/// The lines of a status, `Key:<tab>value`: keys and values.
struct Fields<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Fields<'t> {
    /// Splits the text once, because several fields are looked up.
    fn of(text: &'t str) -> Self {
        Self(text.split('\n').filter_map(|line| line.split_once(":\t")).collect())
    }

    fn value(&self, key: &'static str) -> Result<&'t str, ParseStatusError> {
        let found = self.0.iter().find(|(name, _)| *name == key);
        found.map(|&(_, value)| value).ok_or(ParseStatusError::Missing(key))
    }

    fn number(&self, key: &'static str) -> Result<u32, ParseStatusError> {
        self.value(key)?.trim().parse().map_err(|_| ParseStatusError::Malformed(key))
    }

    /// A number that an old kernel may omit.
    fn count(&self, key: &'static str) -> Result<u64, ParseStatusError> {
        match self.value(key) {
            Err(_) => Ok(0),
            Ok(number) => number.trim().parse().map_err(|_| ParseStatusError::Malformed(key)),
        }
    }

    /// The free places, from a line with the used ones and all of them: `used/all`.
    fn room(&self, key: &'static str) -> Result<u64, ParseStatusError> {
        let Ok(value) = self.value(key) else { return Ok(0) };
        let parse = |number: &str| number.trim().parse::<u64>().ok();
        let numbers = value.split_once('/').map(|(used, all)| (parse(used), parse(all)));
        let Some((Some(used), Some(all))) = numbers else {
            return Err(ParseStatusError::Malformed(key));
        };
        Ok(all.saturating_sub(used))
    }

    fn numbers(&self, key: &'static str) -> Result<Vec<u32>, ParseStatusError> {
        let parse = |number: &str| number.parse().map_err(|_| ParseStatusError::Malformed(key));
        self.value(key)?.split_whitespace().map(parse).collect()
    }

    fn signals(&self, key: &'static str) -> Result<SignalSet, ParseStatusError> {
        self.hexadecimal(key).map(SignalSet)
    }

    fn hexadecimal(&self, key: &'static str) -> Result<u64, ParseStatusError> {
        u64::from_str_radix(self.value(key)?.trim(), 16)
            .map_err(|_| ParseStatusError::Malformed(key))
    }
}

/// Undoes the kernel's escaping of a name. Only newline and backslash are escaped.
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
mod tests;
