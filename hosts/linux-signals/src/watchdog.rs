//! A timer that ends a sleep which nothing else would end.
//!
//! While traffic flows, a thread that sleeps between two signals must look at its descriptors and
//! deadlines now and then. A timeout on every sleep would do, but setting a timer up and taking it
//! down again costs a tenth of a round trip on a single processor. So one timer is set for many
//! sleeps: it fires some milliseconds later, whether or not signals have come in between, and is
//! set again only if they have.

use std::time::Duration;

use minitalk_core::Instant;
use nix::errno::Errno;
use nix::sys::signal::{SigEvent, SigevNotify, Signal};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;

use crate::clock;
use crate::os_error::OsError;

/// The signal by which the timer tells. It stays blocked, in every thread, and has no handler.
pub(crate) const SIGNAL: Signal = Signal::SIGALRM;

/// How long after it is set the timer fires: no longer than the shortest retransmission timeout, or
/// every sleep of a sender would have a deadline before it, and a timer of its own.
pub(crate) const PERIOD_MICROS: u64 = 2_000;

/// The timer; see the [module](self).
#[derive(Debug)]
pub(crate) struct Watchdog {
    /// None where there is no room for its signal (`RLIMIT_SIGPENDING`): then every sleep gets a
    /// timeout.
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

    /// Whether there is no timer, so that the sleeper has to see to it that it wakes.
    pub(crate) const fn is_dumb(&self) -> bool {
        self.timer.is_none()
    }

    /// Sees to it that the signal comes within [`PERIOD_MICROS`], and says when.
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

    /// Whether the time is over and no timer tells so.
    pub(crate) fn has_expired(&mut self, now: Instant) -> bool {
        self.is_dumb() && self.fires_at.take_if(|fires_at| *fires_at <= now).is_some()
    }

    /// The signal has come.
    pub(crate) const fn fired(&mut self) {
        self.fires_at = None;
    }

    /// One without a timer: its signal would end a process of which not every thread blocks it.
    #[cfg(test)]
    pub(crate) const fn dumb() -> Self {
        Self { timer: None, fires_at: None }
    }
}
