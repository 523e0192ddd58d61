//! The receiving end of the line: this process.

use std::marker::PhantomData;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::{fs, io, thread};

use minitalk_core::Instant;
use thiserror::Error;

use crate::arrival::{Arrival, Meaning, Termination};
use crate::dispositions::{Dispositions, Wanted};
use crate::os_error::OsError;
use crate::queue::QUEUE;
use crate::status::{ProcessStatus, SignalSet};
use crate::waiting::Waiting;
use crate::watch::Watch;
use crate::watchdog::Watchdog;

/// The receiving end of the line: `SIGUSR1`, `SIGUSR2` and the signals that ask to end.
///
/// As long as it is open, those signals are blocked in this thread, and in the threads it starts, except
/// while [`wait`](Self::wait) sleeps. Dropping it gives everything back, except that a bit's signal which
/// used to kill the process is ignored from then on: a late acknowledgment may still be on its way.
#[derive(Debug)]
pub struct Line {
    waiting: Waiting,
    dispositions: Dispositions,
    _open: Open,
    /// The mask is this thread's.
    _not_send: PhantomData<*const ()>,
}

/// What ended a [`Line::wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Wake {
    /// A symbol came in.
    Arrival(Arrival),
    /// A signal asks this process to end.
    Terminate(Termination),
    /// A watched descriptor is ready: [`Watch::is_ready`] tells which.
    Ready,
    /// The deadline has come.
    TimedOut,
}

/// Why the line could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenLineError {
    /// This process has a [`Line`] already: there is one pair of signals, and one handler for each.
    #[error("the line of this process is already open")]
    AlreadyOpen,
    /// Another thread runs that has one of the signals not blocked: it would get some of them.
    #[error("thread {tid} has been started before the line was opened")]
    Thread {
        /// The id of that thread.
        tid: u32,
    },
    /// The kernel did not give what was needed.
    #[error("cannot take over the signals: {0}")]
    Os(#[from] OsError),
}

/// Why waiting failed.
///
/// Nothing is lost: signals stay pending, and the wait may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("cannot wait for signals: {0}")]
pub struct WaitError(#[from] pub OsError);

impl Line {
    /// Blocks the signals in this thread and installs handlers for them in this process.
    ///
    /// It wants to be early in `main`, before threads are started. A termination signal that is ignored
    /// at that moment stays so: that is how `nohup` and a shell's background jobs ask for it.
    ///
    /// # Errors
    ///
    /// After each of them everything is as it was.
    ///
    /// * [`OpenLineError::AlreadyOpen`]: drop the other one first.
    /// * [`OpenLineError::Thread`]: open the line before starting threads, or block the signals in them, and
    ///   `SIGALRM` as well: it is that of a timer of the line, and a thread that does not block it would end the
    ///   process.
    /// * [`OpenLineError::Os`]: the kernel refused, for want of memory or of timers.
    pub fn open() -> Result<Self, OpenLineError> {
        let open = Open::new().ok_or(OpenLineError::AlreadyOpen)?;
        let wanted = Wanted::now()?;
        if let Some(tid) = receptive_thread(wanted.blocked()) {
            return Err(OpenLineError::Thread { tid });
        }
        // What a former line has left.
        while QUEUE.pop().is_some() {}
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let watchdog = Watchdog::new()?;
        Ok(Self {
            waiting: Waiting::new(processors, watchdog),
            dispositions: Dispositions::take(wanted)?,
            _open: open,
            _not_send: PhantomData,
        })
    }

    /// Waits until a signal comes, a watched descriptor is ready, or the `deadline` has come.
    ///
    /// Signals come first: whatever was sent before a descriptor became ready is returned before
    /// [`Wake::Ready`] is. So a peer that sends and then ends has its last bits seen before its pidfd is. In
    /// return, readiness may be seen up to 20 milliseconds late while signals come in, and a deadline up to
    /// 10; a descriptor that the wait before did not watch is looked at without delay. A deadline that
    /// has passed already makes the wait a look.
    ///
    /// A descriptor that is ready ends every wait, so stop watching what is not wanted. A process asleep
    /// here with neither signals nor deadlines is not woken at all.
    ///
    /// # Errors
    ///
    /// [`WaitError`] if there are more descriptors than a process may have (`RLIMIT_NOFILE`) or no memory.
    pub fn wait(
        &mut self,
        watched: &mut [Watch<'_>],
        deadline: Option<Instant>,
    ) -> Result<Wake, WaitError> {
        Ok(self.waiting.wait(&self.dispositions, watched, deadline)?)
    }

    /// The next signal, if one comes within a few looks: what a loop with much to watch may try first.
    ///
    /// It looks at nothing but signals, and only while traffic flows and polling pays, for some
    /// microseconds at most. `None` says nothing about the line: call [`wait`](Self::wait).
    ///
    /// # Errors
    ///
    /// As those of [`wait`](Self::wait).
    #[inline]
    pub fn poll(&mut self) -> Result<Option<Wake>, WaitError> {
        Ok(self.waiting.poll_briefly(&self.dispositions)?)
    }

    /// How many signals were taken and dropped by this process since its start.
    ///
    /// Always 0, unless the program unblocks the signals on its own; see *Limitations* in the
    /// [crate's documentation](crate).
    #[must_use]
    pub fn dropped(&self) -> u32 {
        QUEUE.dropped()
    }
}

impl From<Meaning> for Wake {
    fn from(meaning: Meaning) -> Self {
        match meaning {
            Meaning::Arrival(arrival) => Self::Arrival(arrival),
            Meaning::Termination(termination) => Self::Terminate(termination),
        }
    }
}

/// The right to be the one line of this process.
#[derive(Debug)]
struct Open(());

static IS_OPEN: AtomicBool = AtomicBool::new(false);

impl Open {
    fn new() -> Option<Self> {
        (!IS_OPEN.swap(true, Acquire)).then_some(Self(()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        IS_OPEN.store(false, Release);
    }
}

/// Another thread of this process in which one of these signals is not blocked.
///
/// Without `/proc` none is found: the check helps programmers, it protects nothing.
fn receptive_thread(signals: SignalSet) -> Option<u32> {
    let own = nix::unistd::gettid().as_raw().cast_unsigned();
    let tids = fs::read_dir("/proc/self/task").ok()?;
    let tid = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    tids.filter_map(tid).find(|&tid: &u32| tid != own && is_receptive(tid, signals))
}

fn is_receptive(tid: u32, signals: SignalSet) -> bool {
    ProcessStatus::read_file(&format!("/proc/self/task/{tid}/status"))
        .is_ok_and(|status| !status.blocked.contains_all(signals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{SigSet, Signal};

    #[test]
    fn a_thread_that_would_get_the_signals_is_found() {
        // No test of this file gets a line: its signals would end the test process.
        thread::scope(|scope| {
            let (keep, wait) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || wait.recv());
            assert!(matches!(Line::open(), Err(OpenLineError::Thread { .. })));
            assert!(matches!(Line::open(), Err(OpenLineError::Thread { .. })), "not AlreadyOpen");
            drop(keep);
        });
    }

    /// Whether a thread that blocks these signals and no others would get one of the line's.
    fn is_receptive_with(blocked: &[Signal]) -> bool {
        let blocked: SigSet = blocked.iter().copied().collect();
        let signals = Wanted::now().unwrap().blocked();
        let look = || {
            blocked.thread_set_mask().unwrap();
            is_receptive(nix::unistd::gettid().as_raw().cast_unsigned(), signals)
        };
        thread::scope(|scope| scope.spawn(look).join()).unwrap()
    }

    #[test]
    fn a_thread_must_block_the_timer_and_what_asks_to_end_as_well() {
        assert!(is_receptive_with(&[Signal::SIGUSR1, Signal::SIGUSR2]));
        // Where a termination signal is ignored, as under `nohup`, the line leaves it alone.
        let wanted = Wanted::now().unwrap().blocked();
        let is_wanted = |signal: &Signal| wanted.contains_all(SignalSet::of([*signal]));
        let all: Vec<Signal> = Signal::iterator().filter(is_wanted).collect();
        assert!(all.contains(&Signal::SIGALRM), "unblocked, it ends the process: {all:?}");
        assert!(!is_receptive_with(&all));
        for missing in 0..all.len() {
            let others = [&all[..missing], &all[missing + 1..]].concat();
            assert!(is_receptive_with(&others), "all but {}", all[missing]);
        }
    }
}
