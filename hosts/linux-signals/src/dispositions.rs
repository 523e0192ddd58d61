//! The signals of a line: blocked, caught, and given back.

use nix::sys::signal::{SigAction, SigHandler, SigSet, SigmaskHow, Signal};

use crate::arrival::{Termination, bit_signal};
use crate::os_error::OsError;
use crate::status::SignalSet;
use crate::sys;
use crate::watchdog;
use minitalk_core::Bit;

/// The signals that a [`Line`](crate::Line) has taken over, and what was done with them before.
#[derive(Debug)]
pub(crate) struct Dispositions {
    /// What the loop takes: the caught signals and the watchdog's.
    waited: SigSet,
    /// What is blocked in the deep sleep: what was before, without the caught signals.
    asleep: SigSet,
    mask_before: SigSet,
    actions_before: Vec<(Signal, SigAction)>,
}

/// What a line takes over.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The signals that are caught.
    caught: Vec<Signal>,
    /// They, and the watchdog's.
    waited: SigSet,
}

impl Wanted {
    /// What a line that is opened now takes: not a termination signal that is ignored.
    pub(crate) fn now() -> Result<Self, OsError> {
        let mut caught = vec![bit_signal(Bit::Zero), bit_signal(Bit::One)];
        for signal in Termination::ALL.map(Termination::signal) {
            if !sys::is_ignored(signal)? {
                caught.push(signal);
            }
        }
        let mut waited: SigSet = caught.iter().copied().collect();
        waited.add(watchdog::SIGNAL);
        Ok(Self { caught, waited })
    }

    /// What every thread of the process must have blocked, as `/proc` writes it.
    pub(crate) fn blocked(&self) -> SignalSet {
        self.waited.iter().collect()
    }
}

impl Dispositions {
    /// Blocks the signals in this thread and has them caught in the process.
    ///
    /// A termination signal that is ignored (`nohup`, a background job of a shell without job control)
    /// stays ignored. If it fails, everything is as before.
    pub(crate) fn take(Wanted { caught, waited }: Wanted) -> Result<Self, OsError> {
        let mask_before = waited.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        let mut asleep = mask_before;
        for &signal in &caught {
            asleep.remove(signal);
        }
        asleep.add(watchdog::SIGNAL);

        let mut taken = Self { waited, asleep, mask_before, actions_before: Vec::new() };
        for signal in caught {
            taken.actions_before.push((signal, sys::catch(signal)?));
        }
        Ok(taken)
    }

    pub(crate) const fn waited(&self) -> &SigSet {
        &self.waited
    }

    pub(crate) const fn asleep(&self) -> &SigSet {
        &self.asleep
    }
}

impl Drop for Dispositions {
    /// Gives everything back, with one exception: a bit's signal whose default action would kill the
    /// process stays ignored, for a late acknowledgment may still be on its way.
    ///
    /// A termination signal that is pending strikes as it would have without the line.
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
        // One more tick of the watchdog may be pending, and its default action kills as well.
        let watchdog: SigSet = [watchdog::SIGNAL].into_iter().collect();
        while let Ok(Some(_)) = sys::take(&watchdog) {}
        let _ = self.mask_before.thread_set_mask();
    }
}
