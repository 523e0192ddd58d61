//! A timer that ends a sleep that nothing else would end.
//!
//! While there is traffic, a thread that sleeps between two signals must check its descriptors and
//! deadlines now and then. A timeout on every sleep would do, but arming and disarming a timer
//! costs a tenth of a round trip on a single processor. So one timer is set for many sleeps: it
//! fires some milliseconds later, whether or not signals have come in between, and is set again
//! only if they have.

use std::time::Duration;

use minitalk_core::Instant;
use nix::errno::Errno;
use nix::sys::signal::{SigEvent, SigevNotify, Signal};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;

use crate::clock;
use crate::os_error::OsError;

/// The signal of the timer. It stays blocked in every thread and has no handler.
pub(crate) const SIGNAL: Signal = Signal::SIGALRM;

/// How long after it is set the timer fires. Not longer than the shortest retransmission timeout:
/// otherwise every sleep of a sender would have an earlier deadline, and need a timer of its own.
pub(crate) const PERIOD_MICROS: u64 = 2_000;

/// The timer; see the [module](self).
#[derive(Debug)]
pub(crate) struct Watchdog {
    /// `None` if the kernel has no room for its signal (`RLIMIT_SIGPENDING`): then every sleep gets
    /// a timeout.
    timer: Option<Timer>,
    fires_at: Option<Instant>,
}

impl Watchdog {
    pub(crate) fn new() -> Result<Self, OsError> {
        let notify = SigevNotify::SigevSignal { signal: SIGNAL, si_value: 0 };
        let timer = match Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify)) {
            Ok(timer) => Some(timer),
            Err(Errno::EAGAIN) => None,
            Err(errno) => return Err(errno.into()),
        };
        Ok(Self { timer, fires_at: None })
    }

    /// Whether there is no timer, so that every sleep needs a timeout.
    pub(crate) const fn is_dumb(&self) -> bool {
        self.timer.is_none()
    }

    /// Makes sure that the signal comes within [`PERIOD_MICROS`], and returns when.
    pub(crate) fn set(&mut self) -> Result<Instant, OsError> {
        if let Some(fires_at) = self.fires_at {
            return Ok(fires_at);
        }
        let fires_at = clock::now().after_micros(PERIOD_MICROS);
        let period = TimeSpec::from(Duration::from_micros(PERIOD_MICROS));
        if let Some(timer) = &mut self.timer {
            timer.set(Expiration::OneShot(period), TimerSetTimeFlags::empty())?;
        }
        self.fires_at = Some(fires_at);
        Ok(fires_at)
    }

    /// Whether the period is over and there is no timer to say so.
    pub(crate) fn has_expired(&mut self, now: Instant) -> bool {
        self.is_dumb() && self.fires_at.take_if(|fires_at| *fires_at <= now).is_some()
    }

    /// The signal has come.
    pub(crate) const fn fired(&mut self) {
        self.fires_at = None;
    }

    /// A watchdog without a timer, whose signal would end a process in which a thread does not
    /// block it.
    #[cfg(test)]
    pub(crate) const fn dumb() -> Self {
        Self { timer: None, fires_at: None }
    }
}
