//! `CLOCK_MONOTONIC`.

use minitalk_core::Instant;
use rustix::time::{ClockId, clock_gettime};

/// The time on `CLOCK_MONOTONIC`, in whole microseconds.
///
/// The origin is the boot of the machine, so the times of two processes can be compared. Reading
/// the clock is not a system call on common hardware (vdso(7)).
#[must_use]
pub fn now() -> Instant {
    Instant::from_micros(monotonic_nanos() / 1_000)
}

/// The time on `CLOCK_MONOTONIC`, in nanoseconds: for traces and figures.
#[must_use]
pub fn monotonic_nanos() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    // Neither is ever negative, and 64 bits last until 584 years after boot.
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u64::try_from(time.tv_nsec).unwrap_or_default();
    seconds.wrapping_mul(1_000_000_000).wrapping_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_are_the_same_one() {
        let before = monotonic_nanos();
        let between = now().as_micros();
        let after = monotonic_nanos();
        assert!(before / 1_000 <= between && between <= after / 1_000);
    }
}
