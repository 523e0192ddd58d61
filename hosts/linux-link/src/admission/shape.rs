//! What a minitalk looks like from outside.
//!
//! The exercise handles the two signals, or one of them, in a single thread, and little else. What
//! a handler does cannot be seen; but which other signals a program handles can, and shows what
//! kind of program it is.

use libc::{
    SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGPIPE, SIGQUIT,
    SIGSEGV, SIGTERM, SIGTRAP, SIGTSTP,
};
use minitalk_signals::{ProcessStatus, SignalSet};

/// What a minitalk may handle as well: to print a last message, for a timeout, for a child, for job
/// control.
///
/// Not among them: `SIGHUP`, on which daemons reload their configuration, and which only programs
/// catch that want to shut down cleanly (shells, interpreters, daemons: they use `SIGUSR1` and
/// `SIGUSR2` for the same, or for their own purposes); `SIGWINCH` of full-screen programs; and the
/// timers of runtimes.
const COMPANIONS: SignalSet =
    SignalSet::of_numbers(&[SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGCHLD, SIGPIPE, SIGTSTP, SIGCONT]);

/// What sanitizers and language runtimes catch to report a crash.
const CRASHES: SignalSet =
    SignalSet::of_numbers(&[SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]);

/// Signals that C libraries reserve for themselves (nptl(7)): glibc 32 and 33, musl 34 as well.
const LIBRARY: SignalSet = SignalSet::of_numbers(&[32, 33, 34]);

/// The main thread, and one that waits with sigwait(3). Runtimes have more.
const THREADS_MAX: u32 = 2;

/// Handled only by daemons and by programs that want to shut down cleanly.
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

/// What the process handles, except the two signals and those that say nothing about it.
const fn others(status: &ProcessStatus) -> SignalSet {
    handled(status).without(SignalSet::LINE).without(CRASHES).without(LIBRARY)
}

/// The signals that the process has handlers for. `SIGHUP` is included if the process takes it with
/// sigwait(3) or signalfd(2), provided that it takes the two signals that way.
///
/// Other blocked signals say nothing: a process inherits its mask from its parent.
const fn handled(status: &ProcessStatus) -> SignalSet {
    let takes_by_mask = status.caught.intersection(SignalSet::LINE).is_empty();
    if takes_by_mask && !blocks_everything(status) {
        status.caught.union(status.blocked.intersection(HANGUP))
    } else {
        status.caught
    }
}

/// No program blocks the signal of a crash on purpose: if it is blocked, everything is.
pub(super) const fn blocks_everything(status: &ProcessStatus) -> bool {
    !status.blocked.intersection(CRASHES).is_empty()
}

/// Whether the process is a `minitalk_signals::Line`, in any program, that has taken over the
/// termination signals: it blocks `SIGALRM` or waits for it, and has no handler for it.
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
