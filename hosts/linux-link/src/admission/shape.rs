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

/// Whether the process handles, besides the two signals, only what a minitalk might handle.
///
/// A blocked signal counts as handled: sigwait(3) and signalfd(2) take it.
pub(super) const fn looks_like_minitalk(status: &ProcessStatus) -> bool {
    if status.threads > THREADS_MAX {
        return false;
    }
    let others = handled(status).without(SignalSet::LINE).without(CRASHES).without(LIBRARY);
    COMPANIONS.contains_all(others) || is_line(status, others)
}

/// What the process handles, as far as its mask says something about it.
const fn handled(status: &ProcessStatus) -> SignalSet {
    if blocks_everything(status) { status.caught } else { status.caught.union(status.blocked) }
}

/// Nobody blocks the signal of a crash for its own sake: who does blocks everything.
const fn blocks_everything(status: &ProcessStatus) -> bool {
    !status.blocked.intersection(CRASHES).is_empty()
}

/// Whether it is a `minitalk_signals::Line` of some program that has it take the termination
/// signals: that blocks `SIGALRM`, which has no handler there.
const fn is_line(status: &ProcessStatus, others: SignalSet) -> bool {
    const ENDS: SignalSet = SignalSet::of_numbers(&[SIGHUP, SIGINT, SIGTERM]);
    const TIMER: SignalSet = SignalSet::of_numbers(&[SIGALRM]);
    let has_timer = !TIMER.intersection(status.blocked).without(status.caught).is_empty();
    has_timer
        && !blocks_everything(status)
        && ENDS.union(TIMER).contains_all(others)
        && status.caught.contains_line()
}

#[cfg(test)]
mod tests;
