//! What a minitalk looks like from outside.
//!
//! The exercise handles the two signals, or one of them, in a single thread, and little else. What
//! a handler does cannot be seen; what else a program handles can, and tells what kind of program
//! it is.

use libc::{
    SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGPIPE, SIGQUIT,
    SIGSEGV, SIGTERM, SIGTRAP, SIGTSTP,
};
use minitalk_signals::{ProcessStatus, SignalSet};

/// What a minitalk may handle as well: to end with a word, for a timeout, for a child, for job
/// control.
///
/// Not among them: `SIGHUP`, by which daemons read their configuration anew, and which only
/// programs catch that see to ending in good order (shells, interpreters, daemons: they take
/// `SIGUSR1` and `SIGUSR2` for the same, or for something of their own); `SIGWINCH` of full-screen
/// programs; and the timers of runtimes.
const COMPANIONS: SignalSet =
    SignalSet::of_numbers(&[SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGCHLD, SIGPIPE, SIGTSTP, SIGCONT]);

/// What sanitizers and language runtimes catch to report a crash.
const CRASHES: SignalSet =
    SignalSet::of_numbers(&[SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]);

/// What C libraries keep for themselves (nptl(7)): 32 and 33 of glibc, and 34 of musl.
const LIBRARY: SignalSet = SignalSet::of_numbers(&[32, 33, 34]);

/// The main thread, and one that waits with sigwait(3). Runtimes have more.
const THREADS_MAX: u32 = 2;

/// What only daemons and whoever sees to ending in good order handle.
const HANGUP: SignalSet = SignalSet::of_numbers(&[SIGHUP]);

/// Whether the process handles, besides the two signals, only what a minitalk might handle.
///
/// `awaited` is what it waits for with sigwait(3) at this moment.
pub(super) const fn looks_like_minitalk(status: &ProcessStatus, awaited: SignalSet) -> bool {
    if status.threads > THREADS_MAX {
        return false;
    }
    COMPANIONS.contains_all(others(status)) || is_line(status, awaited)
}

/// What the process handles besides the two signals, and what says nothing about it.
const fn others(status: &ProcessStatus) -> SignalSet {
    handled(status).without(SignalSet::LINE).without(CRASHES).without(LIBRARY)
}

/// What the process has handlers for; and whether it takes `SIGHUP` with sigwait(3) or signalfd(2),
/// if it takes the two signals so.
///
/// Other blocked signals say nothing: a process has its mask from the one that started it.
const fn handled(status: &ProcessStatus) -> SignalSet {
    let takes_by_mask = status.caught.intersection(SignalSet::LINE).is_empty();
    if takes_by_mask && !blocks_everything(status) {
        status.caught.union(status.blocked.intersection(HANGUP))
    } else {
        status.caught
    }
}

/// Nobody blocks the signal of a crash for its own sake: who does blocks everything.
pub(super) const fn blocks_everything(status: &ProcessStatus) -> bool {
    !status.blocked.intersection(CRASHES).is_empty()
}

/// Whether it is a `minitalk_signals::Line` of some program that has it take the termination
/// signals: that blocks `SIGALRM`, or waits for it, and has no handler for it.
pub(super) const fn is_line(status: &ProcessStatus, awaited: SignalSet) -> bool {
    const ENDS: SignalSet = SignalSet::of_numbers(&[SIGHUP, SIGINT, SIGTERM]);
    const TIMER: SignalSet = SignalSet::of_numbers(&[SIGALRM]);
    let masked = status.blocked.union(awaited);
    TIMER.intersection(masked).without(status.caught).len() == 1
        && !blocks_everything(status)
        && ENDS.contains_all(others(status))
        && status.caught.contains_line()
}

#[cfg(test)]
mod tests;
