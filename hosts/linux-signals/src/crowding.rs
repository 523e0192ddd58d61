//! Whether other threads want the processors as well, and what two processes that talk to each
//! other do then.
//!
//! Polling is fast while both ends run at the same time. When they do not, it wastes the little
//! time that a busy machine gives them. There it is fastest if the two share a processor and sleep
//! in turn: each hands it to the other, and neither waits for a processor that a third process has.

use std::process;
use std::time::Duration;

use minitalk_core::Instant;
use nix::sys::resource::{UsageWho, getrusage};

use crate::process::{Delay, Load, last_processor};
use crate::processor;

/// How long the machine is considered busy before it is examined again.
const LOOK_MICROS: u64 = 20_000;

/// Of two processes that share a processor, each is woken within some microseconds. If a signal
/// took this long to come, the far side had to wait for another processor.
const LATE_MICROS: u64 = 500;

/// The window over which the time is measured that this thread had to wait for a processor. A
/// process that takes one for a single time slice of some milliseconds does not fill it.
const WINDOW_MICROS: u64 = 25_000;

/// The thread is kept waiting if it waits for more than 1 / `WAITED_PART` of a window. Beside one
/// other thread that computes it waits for half of the time.
const WAITED_PART: u64 = 4;

/// What is known about the competition for the processors.
#[derive(Debug)]
pub(crate) struct Crowding {
    load: Load,
    processors: usize,
    is_busy: bool,
    looked_at: Instant,
    preemptions: i64,
    delay: Delay,
    /// When the window began, and the delay at that time.
    window: (Instant, Duration),
}

impl Crowding {
    pub(crate) fn new(processors: usize) -> Self {
        let (is_busy, looked_at) = (false, Instant::ZERO);
        let mut crowding = Self {
            load: Load::open(),
            processors,
            is_busy,
            looked_at,
            preemptions: 0,
            delay: Delay::open(),
            window: (Instant::ZERO, Duration::ZERO),
        };
        crowding.was_preempted();
        crowding
    }

    /// Whether more threads want a processor than there are processors. If so, there is no polling.
    #[inline]
    pub(crate) const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Whether the thread has lost its processor to another thread since the last call.
    pub(crate) fn was_preempted(&mut self) -> bool {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_THREAD) else { return false };
        let preemptions = usage.involuntary_context_switches();
        std::mem::replace(&mut self.preemptions, preemptions) != preemptions
    }

    /// Examines the machine now and then while signals are polled for. Only a thread that often
    /// waits for a processor needs to find out whether the machine is busy.
    pub(crate) fn look_while_polling(&mut self, now: Instant, peer: Option<u32>) {
        if !self.is_busy && self.is_kept_waiting(now) {
            self.look(now);
            if self.is_busy {
                join(peer);
            }
        }
    }

    /// Whether a window has ended in which the thread was ready to run but had no processor for
    /// more than 1 / [`WAITED_PART`] of the time.
    ///
    /// If the kernel does not count that, a thread that has lost its processor counts as kept
    /// waiting.
    fn is_kept_waiting(&mut self, now: Instant) -> bool {
        let (since, before) = self.window;
        let micros = now.micros_since(since);
        if micros < WINDOW_MICROS {
            return false;
        }
        let Some(total) = self.delay.total() else { return self.was_preempted() };
        self.window = (now, total);
        is_long(total.saturating_sub(before), micros)
    }

    /// Examines the machine again, if it is time, when a signal has ended a sleep.
    pub(crate) fn look_after_sleep(&mut self, now: Instant, slept_micros: u64, peer: Option<u32>) {
        if !self.is_busy {
            return;
        }
        if now.micros_since(self.looked_at) >= LOOK_MICROS {
            self.look(now);
        }
        if self.is_busy && slept_micros > LATE_MICROS {
            join(peer);
        }
    }

    fn look(&mut self, now: Instant) {
        self.looked_at = now;
        self.is_busy = self.load.runnable() > self.processors;
    }
}

/// Whether `waited` is a large part of a window. A window with a pause in it says nothing about the
/// present.
fn is_long(waited: Duration, micros: u64) -> bool {
    micros < 2 * WINDOW_MICROS && waited.as_micros() * u128::from(WAITED_PART) > u128::from(micros)
}

/// Moves to the processor of the far side. Only the process with the higher PID moves: if both did,
/// they would miss each other.
fn join(peer: Option<u32>) {
    if let Some(pid) = peer.filter(|&pid| pid < process::id())
        && let Ok(there) = last_processor(pid)
    {
        processor::join(there);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Instant = Instant::ZERO.after_micros(LOOK_MICROS);

    #[test]
    fn a_machine_is_busy_if_more_want_a_processor_than_there_are() {
        // This thread wants one.
        let mut crowded = Crowding::new(0);
        crowded.look(Instant::ZERO);
        assert!(crowded.is_busy());
        let mut roomy = Crowding::new(usize::MAX);
        roomy.look(Instant::ZERO);
        assert!(!roomy.is_busy());
    }

    #[test]
    fn it_is_busy_until_it_has_been_looked_at_again() {
        let mut crowding = Crowding::new(0);
        crowding.look(Instant::ZERO);
        crowding.processors = usize::MAX;
        crowding.look_after_sleep(Instant::ZERO.after_micros(LOOK_MICROS - 1), 0, None);
        assert!(crowding.is_busy());
        crowding.look_after_sleep(LATER, 0, None);
        assert!(!crowding.is_busy());
    }

    #[test]
    fn who_waits_for_a_quarter_of_a_window_is_kept_waiting() {
        let quarter = Duration::from_micros(WINDOW_MICROS / 4);
        assert!(!is_long(quarter, WINDOW_MICROS));
        assert!(is_long(quarter + Duration::from_micros(1), WINDOW_MICROS));
        assert!(!is_long(quarter * 4, 2 * WINDOW_MICROS), "a pause");
    }

    #[test]
    fn nobody_is_asked_within_a_window() {
        let mut crowding = Crowding::new(0);
        crowding.look_while_polling(Instant::ZERO.after_micros(WINDOW_MICROS - 1), None);
        assert!(!crowding.is_busy());
    }
}
