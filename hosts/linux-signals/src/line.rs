//! The receiving end of the line: this process.

use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use minitalk_core::Instant;
use thiserror::Error;

use crate::arrival::{Arrival, Caught, Meaning, Reply, Termination};
use crate::blocking::{self, BlockingError};
use crate::dispositions::{Dispositions, Wanted};
use crate::gate::Gate;
use crate::os_error::OsError;
use crate::peer::{OpenPeerError, Peer};
use crate::process::{self, ProcessStatus, SignalSet};
use crate::queue::QUEUE;
use crate::sys::{self, Sleep};
use crate::waiting::Waiting;
use crate::watch::{Interest, Watches};
use crate::watchdog::Watchdog;

/// The receiving end of the line: `SIGUSR1` and `SIGUSR2` and, on request, the signals that ask a
/// program to end.
///
/// While it is open, those signals are blocked in this thread, and in the threads that it starts,
/// except while [`wait`](Self::wait) sleeps and during [`catching`](Self::catching). Dropping it
/// restores everything, except that a signal of the line that would kill the process is ignored
/// from then on: a late acknowledgment may still be on its way.
#[derive(Debug)]
pub struct Line {
    waiting: Waiting,
    dispositions: Dispositions,
    /// For another event loop, if requested.
    gate: Option<Gate>,
    _open: Open,
    /// The signal mask belongs to this thread.
    _not_send: PhantomData<*const ()>,
}

/// What ended a [`Line::wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Wake {
    /// A symbol has arrived.
    Arrival(Arrival),
    /// A signal asks this process to end: only after [`Line::take_terminations`].
    Terminate(Termination),
    /// A watched descriptor is ready: the one that was given this token to [`Line::watch`].
    Ready(u64),
    /// The deadline has passed.
    TimedOut,
}

/// Why the line could not be opened, or could not take the termination signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenLineError {
    /// This process already has a [`Line`]: there is one pair of signals, and one handler for each.
    #[error("the line of this process is already open")]
    AlreadyOpen,
    /// Another thread does not block one of the signals: it would get some of them.
    #[error("thread {tid} has been started before the line was opened")]
    Thread {
        /// The id of that thread.
        tid: u32,
    },
    /// Processes cannot be opened and signalled here: see [`Peer::check_supported`].
    #[error("cannot answer anybody: {0}")]
    Peers(OpenPeerError),
    /// The kernel refused a resource.
    #[error("cannot take over the signals: {0}")]
    Os(#[from] OsError),
}

/// Why waiting failed.
///
/// Nothing is lost: signals stay pending, and the wait may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("cannot wait for signals: {0}")]
pub struct WaitError(#[from] pub OsError);

/// Why a descriptor could not be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("cannot watch a descriptor: {0}")]
pub struct WatchError(#[from] pub OsError);

impl Line {
    /// Blocks the signals of the two bits in this thread and installs handlers for them in this
    /// process.
    ///
    /// Call it early in `main`, before threads are started. Termination signals still end the
    /// program, at any time, until [`take_terminations`](Self::take_terminations) is called.
    ///
    /// # Errors
    ///
    /// After an error nothing is changed.
    ///
    /// * [`OpenLineError::AlreadyOpen`]: drop the other one first.
    /// * [`OpenLineError::Thread`]: open the line before starting threads, or block the signals in
    ///   them, and `SIGALRM` as well: the line uses it for a timer, and a thread that does not
    ///   block it would end the process.
    /// * [`OpenLineError::Peers`]: no process could be answered.
    /// * [`OpenLineError::Os`]: the kernel refused, for lack of memory, of timers or of
    ///   descriptors.
    pub fn open() -> Result<Self, OpenLineError> {
        let open = Open::new().ok_or(OpenLineError::AlreadyOpen)?;
        let wanted = Wanted::bits();
        refuse_receptive_threads(&wanted)?;
        Peer::check_supported().map_err(OpenLineError::Peers)?;
        // Left over from an earlier line.
        while QUEUE.pop().is_some() {}
        let (watchdog, watches) = (Watchdog::new()?, Watches::new()?);
        Ok(Self {
            waiting: Waiting::new(watchdog, watches),
            dispositions: Dispositions::take(wanted)?,
            gate: None,
            _open: open,
            _not_send: PhantomData,
        })
    }

    /// Takes over the termination signals as well: from now on `SIGINT`, `SIGTERM` and `SIGHUP` are
    /// returned as [`Wake::Terminate`].
    ///
    /// Between two waits they can no longer end the program. So call this when everything that may
    /// block is done, and afterwards block only in [`wait`](Self::wait) and in
    /// [`run_blocking`](Self::run_blocking).
    ///
    /// If one of them is ignored when this is called, it stays ignored: `nohup` and a shell's
    /// background jobs rely on that. Calling this again changes nothing.
    ///
    /// # Errors
    ///
    /// [`OpenLineError::Thread`] and [`OpenLineError::Os`]. Signals that were taken over before the
    /// failure are restored when the line is dropped.
    pub fn take_terminations(&mut self) -> Result<(), OpenLineError> {
        if Termination::ALL.iter().any(|end| self.dispositions.has(end.signal())) {
            return Ok(());
        }
        let wanted = Wanted::terminations()?;
        refuse_receptive_threads(&wanted)?;
        self.dispositions.add(wanted)?;
        if let Some(gate) = &mut self.gate {
            gate.let_in(self.dispositions.waited())?;
        }
        Ok(())
    }

    /// Watches `fd` from now on: when it is ready for `interest`, waits return [`Wake::Ready`] with
    /// `token`.
    ///
    /// It is registered once; the cost of a wait does not depend on the number of descriptors. A
    /// descriptor that is ready ends every wait, so [unwatch](Self::unwatch) it while its readiness
    /// does not matter. Watching it again replaces token and interest. It must be unwatched before
    /// it is closed.
    ///
    /// A file on a disk is always ready.
    ///
    /// # Errors
    ///
    /// [`WatchError`] for lack of memory, or because of the limit on watches (epoll(7),
    /// `max_user_watches`).
    pub fn watch(
        &mut self,
        fd: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> Result<(), WatchError> {
        Ok(self.waiting.watches.add(fd, token, interest)?)
    }

    /// Stops watching `fd`. It need not have been watched.
    pub fn unwatch(&mut self, fd: BorrowedFd<'_>) {
        self.waiting.watches.remove(fd);
    }

    /// Waits until a signal comes, a watched descriptor is ready, or the `deadline` has passed.
    ///
    /// Signals come first: whatever was sent before a descriptor became ready is returned before
    /// [`Wake::Ready`]. So if a peer sends and then ends, its last bits are returned before its
    /// pidfd is. In exchange, while signals come in, readiness may be noticed up to 20 milliseconds
    /// late, and a deadline up to 10; a descriptor that was not watched before is checked without
    /// delay. With a deadline that has already passed, the call does not wait.
    ///
    /// A process that sleeps here is not woken at all while there are neither signals nor
    /// deadlines.
    ///
    /// # Errors
    ///
    /// [`WaitError`] for lack of memory.
    pub fn wait(&mut self, deadline: Option<Instant>) -> Result<Wake, WaitError> {
        Ok(self.waiting.wait(&self.dispositions, deadline)?)
    }

    /// What there is now, without waiting: a signal that has come, or a watched descriptor that is
    /// ready.
    ///
    /// This is for a program that waits in an event loop of its own; it never returns
    /// [`Wake::TimedOut`]. Have the loop watch [`descriptor`](Self::descriptor), and call this
    /// until it returns `None`. It is slower than [`wait`](Self::wait) by one round through the
    /// other loop.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait).
    pub fn try_wait(&mut self) -> Result<Option<Wake>, WaitError> {
        Ok(self.waiting.try_wait(&self.dispositions)?)
    }

    /// A descriptor that is readable while [`try_wait`](Self::try_wait) has something to return.
    ///
    /// Use it with poll(2), epoll(7) and whatever is built on them; nothing can be read from it. It
    /// is opened on the first call, and makes sending signals to this process a little slower from
    /// then on.
    ///
    /// # Errors
    ///
    /// [`WatchError`] for lack of memory or of descriptors.
    pub fn descriptor(&mut self) -> Result<BorrowedFd<'_>, WatchError> {
        if self.gate.is_none() {
            let (watches, signals) = (&self.waiting.watches, self.dispositions.waited());
            self.gate = Some(Gate::new(watches, signals)?);
        }
        match &self.gate {
            Some(gate) => Ok(gate.as_fd()),
            None => Ok(self.waiting.watches.as_fd()),
        }
    }

    /// Runs something that may block, such as opening a FIFO, in a thread of its own. Returns its
    /// result, or the termination signal that has ended the wait.
    ///
    /// Bits that come during the wait are kept for the next wait. If a signal ends the wait, the
    /// thread keeps running until the process ends.
    ///
    /// # Errors
    ///
    /// [`BlockingError::Terminated`], and [`BlockingError::Os`] if the thread could not be started
    /// or waited for.
    ///
    /// # Panics
    ///
    /// If `work` panics.
    pub fn run_blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BlockingError> {
        blocking::run(&self.dispositions, work)
    }

    /// The next signal, if one comes within a few polls: a loop with much to watch may try this
    /// first.
    ///
    /// It checks for signals only, and only while there is traffic and polling pays, for a few
    /// microseconds at most. `None` says nothing about the line: call [`wait`](Self::wait).
    ///
    /// If the signal comes from the peer of the `reply`, what follows it for certain is sent before
    /// this returns, and [`Arrival::answered`] says so. A symbol that cannot be sent has not been
    /// sent: try again and see why.
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait).
    #[inline]
    pub fn poll(&mut self, reply: Option<Reply<'_>>) -> Result<Option<Wake>, WaitError> {
        Ok(self.waiting.poll_briefly(&self.dispositions, reply)?)
    }

    /// Whether [`poll`](Self::poll) would look for signals now: otherwise it needs no reply.
    #[inline]
    #[must_use]
    pub fn is_polling(&self) -> bool {
        self.waiting.is_poll_due()
    }

    /// Runs `work`, which takes some time. Meanwhile the handler records each signal as it arrives,
    /// for the next [`wait`](Self::wait).
    ///
    /// Otherwise signals stay pending until they are waited for, and one that arrives while the
    /// same signal is pending is lost, even if another process has sent it (signal(7)). That
    /// matters if more than one peer may send. There is room for 256 signals.
    ///
    /// System calls that `work` makes can be interrupted (`EINTR`), and a program that it starts
    /// inherits a mask in which the signals are not blocked.
    pub fn catching<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let _unblocked = self.dispositions.unblock();
        work()
    }

    /// Sleeps for `time`. What comes on the line is left for later. Only a termination signal ends
    /// the sleep early, and is returned, after [`take_terminations`](Self::take_terminations).
    ///
    /// # Errors
    ///
    /// Those of [`wait`](Self::wait).
    pub fn pause(&self, time: Duration) -> Result<Option<Termination>, WaitError> {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let caught = sys::take_asleep(&self.dispositions.terminations(), Sleep::Micros(micros))?;
        Ok(match caught.and_then(Caught::meaning) {
            Some(Meaning::Termination(termination)) => Some(termination),
            Some(Meaning::Arrival(_)) | None => None,
        })
    }

    /// How many signals this process has taken and dropped since its start.
    ///
    /// Always 0, unless [`catching`](Self::catching) runs out of room, or the program unblocks the
    /// signals on its own; see *Limitations* in the [crate's documentation](crate).
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

/// The right to be the only line of this process.
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

/// Fails if another thread of this process does not block one of these signals.
///
/// Without `/proc` no thread is found: the check helps programmers and protects nothing.
fn refuse_receptive_threads(wanted: &Wanted) -> Result<(), OpenLineError> {
    if !process::has_other_threads() {
        return Ok(());
    }
    let own = nix::unistd::gettid().as_raw().cast_unsigned();
    let tids = process::own_threads().unwrap_or_default();
    let signals = wanted.blocked();
    let receptive = tids.into_iter().find(|&tid| tid != own && is_receptive(tid, signals));
    receptive.map_or(Ok(()), |tid| Err(OpenLineError::Thread { tid }))
}

fn is_receptive(tid: u32, signals: SignalSet) -> bool {
    ProcessStatus::of_own_thread(tid).is_ok_and(|status| !status.blocked.contains_all(signals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{SigSet, Signal};
    use std::thread;

    #[test]
    fn a_thread_that_would_get_the_signals_is_found() {
        // No test in this file opens a line: its signals would end the test process.
        thread::scope(|scope| {
            let (keep, wait) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || wait.recv());
            assert!(matches!(Line::open(), Err(OpenLineError::Thread { .. })));
            assert!(matches!(Line::open(), Err(OpenLineError::Thread { .. })), "not AlreadyOpen");
            drop(keep);
        });
    }

    /// Whether a thread that blocks only these signals would get one of the line's.
    fn is_receptive_with(blocked: &[Signal], signals: SignalSet) -> bool {
        let blocked: SigSet = blocked.iter().copied().collect();
        let look = || {
            blocked.thread_set_mask().unwrap();
            is_receptive(nix::unistd::gettid().as_raw().cast_unsigned(), signals)
        };
        thread::scope(|scope| scope.spawn(look).join()).unwrap()
    }

    #[test]
    fn a_thread_must_block_the_timer_and_what_asks_to_end_as_well() {
        let bits = Wanted::bits().blocked();
        assert!(is_receptive_with(&[Signal::SIGUSR1, Signal::SIGUSR2], bits));
        assert!(!is_receptive_with(&[Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM], bits));
        // A termination signal that is ignored, as under `nohup`, is left alone by the line.
        let wanted = Wanted::terminations().unwrap().blocked();
        let is_wanted = |signal: &Signal| wanted.contains_all(SignalSet::from_iter([*signal]));
        let all: Vec<Signal> = Signal::iterator().filter(is_wanted).collect();
        assert!(all.contains(&Signal::SIGALRM), "unblocked, it ends the process: {all:?}");
        assert!(!is_receptive_with(&all, wanted));
        for missing in 0..all.len() {
            let others = [&all[..missing], &all[missing + 1..]].concat();
            assert!(is_receptive_with(&others, wanted), "all but {}", all[missing]);
        }
    }
}
