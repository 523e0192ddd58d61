//! The signals of a line: blocked, caught, and given back.

use nix::sys::signal::{SigAction, SigHandler, SigSet, SigmaskHow, Signal};

use crate::arrival::{Termination, bit_signal};
use crate::os_error::OsError;
use crate::process::SignalSet;
use crate::sys;
use crate::watchdog;
use minitalk_core::Bit;

/// The signals that a [`Line`](crate::Line) has taken over, and how they were handled before.
#[derive(Debug)]
pub(crate) struct Dispositions {
    /// The signals that the loop takes: the caught ones and the watchdog's.
    waited: SigSet,
    /// The mask in the deep sleep: the one from before, without the caught signals.
    asleep: SigSet,
    mask_before: SigSet,
    actions_before: Vec<(Signal, SigAction)>,
}

/// Signals that are about to be taken over.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The signals that are caught.
    caught: Vec<Signal>,
    /// The caught signals and the watchdog's.
    waited: SigSet,
}

impl Wanted {
    /// The signals of the bits.
    pub(crate) fn bits() -> Self {
        Self::new(vec![bit_signal(Bit::Zero), bit_signal(Bit::One)])
    }

    /// The termination signals that are not ignored now.
    pub(crate) fn terminations() -> Result<Self, OsError> {
        let mut caught = Vec::new();
        for signal in Termination::ALL.map(Termination::signal) {
            if !sys::is_ignored(signal)? {
                caught.push(signal);
            }
        }
        Ok(Self::new(caught))
    }

    fn new(caught: Vec<Signal>) -> Self {
        let mut waited: SigSet = caught.iter().copied().collect();
        waited.add(watchdog::SIGNAL);
        Self { caught, waited }
    }

    /// The signals that every thread of the process must have blocked, as `/proc` writes them.
    pub(crate) fn blocked(&self) -> SignalSet {
        self.waited.iter().collect()
    }
}

impl Dispositions {
    /// Blocks the signals in this thread and installs handlers for them in the process.
    ///
    /// If it fails, nothing is changed.
    pub(crate) fn take(wanted: Wanted) -> Result<Self, OsError> {
        let none = SigSet::empty();
        let mask_before = none.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let mut taken =
            Self { waited: none, asleep: mask_before, mask_before, actions_before: Vec::new() };
        taken.add(wanted)?;
        Ok(taken)
    }

    /// Takes over more signals, in the same way.
    pub(crate) fn add(&mut self, Wanted { caught, waited }: Wanted) -> Result<(), OsError> {
        waited.thread_block()?;
        for signal in &waited {
            self.waited.add(signal);
        }
        for signal in caught {
            self.asleep.remove(signal);
            self.actions_before.push((signal, sys::catch(signal)?));
        }
        self.asleep.add(watchdog::SIGNAL);
        Ok(())
    }

    /// Whether it has taken over `signal`.
    pub(crate) fn has(&self, signal: Signal) -> bool {
        self.actions_before.iter().any(|(taken, _)| *taken == signal)
    }

    pub(crate) const fn waited(&self) -> &SigSet {
        &self.waited
    }

    pub(crate) const fn asleep(&self) -> &SigSet {
        &self.asleep
    }

    /// Those of the termination signals that it has taken over.
    pub(crate) fn terminations(&self) -> SigSet {
        let all = Termination::ALL.map(Termination::signal);
        all.into_iter().filter(|signal| self.has(*signal)).collect()
    }

    /// Unblocks the caught signals, so that the handler runs for them, until the result is dropped.
    pub(crate) fn unblock(&self) -> Unblocked {
        let mut caught = self.waited;
        caught.remove(watchdog::SIGNAL);
        // Neither call can fail: what they do with the mask is valid (pthread_sigmask(3)).
        let _ = caught.thread_unblock();
        Unblocked(caught)
    }

    /// The mask for a sleep that only termination signals end.
    pub(crate) fn asleep_for_terminations(&self) -> SigSet {
        let mut mask = self.asleep;
        for bit in [Bit::Zero, Bit::One] {
            mask.add(bit_signal(bit));
        }
        mask
    }
}

/// Signals that are unblocked for the moment. Dropping it blocks them again.
#[derive(Debug)]
pub(crate) struct Unblocked(SigSet);

impl Drop for Unblocked {
    fn drop(&mut self) {
        let _ = self.0.thread_block();
    }
}

impl Drop for Dispositions {
    /// Restores everything, with one exception: a signal of the line whose default action would
    /// kill the process stays ignored, because a late acknowledgment may still be on its way.
    ///
    /// A pending termination signal acts as it would have without the line.
    fn drop(&mut self) {
        let bits = [bit_signal(Bit::Zero), bit_signal(Bit::One)];
        // None of the calls can fail: the signals exist, as they did when they were caught.
        for (signal, action) in &self.actions_before {
            let is_bit = bits.contains(signal);
            if is_bit {
                let _ = sys::ignore(*signal);
            }
            if !is_bit || !matches!(action.handler(), SigHandler::SigDfl) {
                let _ = sys::restore(*signal, action);
            }
        }
        // One more tick of the watchdog may be pending, and its default action kills, too.
        let watchdog: SigSet = [watchdog::SIGNAL].into_iter().collect();
        while let Ok(Some(_)) = sys::take(&watchdog) {}
        let _ = self.mask_before.thread_set_mask();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::ProcessStatus;
    use crate::queue::{self, QUEUE};
    use nix::sys::pthread::{pthread_kill, pthread_self};
    use std::process::Command;
    use std::{env, iter};

    impl Wanted {
        /// Signals that are blocked and taken, without a handler: for tests, where no other thread
        /// should run one.
        pub(crate) const fn uncaught(waited: SigSet) -> Self {
            Self { caught: Vec::new(), waited }
        }
    }

    /// What the process catches and ignores, and what this thread blocks.
    fn state() -> (SignalSet, SignalSet, SigSet) {
        let status = ProcessStatus::own().unwrap();
        (status.caught, status.ignored, SigSet::thread_get_mask().unwrap())
    }

    #[test]
    fn signals_that_are_not_blocked_do_not_hide_one_another() {
        let _alone = queue::tests::alone();
        let signals = Dispositions::take(Wanted::new(vec![Signal::SIGWINCH])).unwrap();
        let send = || pthread_kill(pthread_self(), Signal::SIGWINCH).unwrap();
        let recorded = || iter::from_fn(|| QUEUE.pop()).count();
        send();
        send();
        assert_eq!(recorded(), 0);
        let unblocked = signals.unblock();
        assert_eq!(recorded(), 1, "two that were pending were one");
        send();
        send();
        assert_eq!(recorded(), 2);
        drop(unblocked);
        send();
        assert_eq!(recorded(), 0, "it is pending");
    }

    #[test]
    fn what_was_done_with_a_signal_before_is_done_with_it_again() {
        // In a child, because what other tests start would inherit it.
        if env::var_os("CHILD").is_none() {
            let mut own = Command::new(env::current_exe().unwrap());
            own.arg("what_was_done_with_a_signal_before_is_done_with_it_again").env("CHILD", "");
            let output = own.output().unwrap();
            assert!(output.status.success(), "{output:?}");
            return;
        }
        sys::catch(Signal::SIGUSR2).unwrap();
        sys::ignore(Signal::SIGHUP).unwrap();
        let (caught, ignored, blocked) = state();
        let mut taken = Dispositions::take(Wanted::bits()).unwrap();
        taken.add(Wanted::terminations().unwrap()).unwrap();
        assert_ne!(state(), (caught, ignored, blocked));
        // The last tick of the watchdog.
        pthread_kill(pthread_self(), watchdog::SIGNAL).unwrap();
        drop(taken);
        let harmless = ignored.union(SignalSet::of_bit(Bit::Zero));
        assert_eq!(state(), (caught, harmless, blocked));
    }
}
