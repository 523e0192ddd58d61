//! How long a sender waits for an acknowledgment: the arithmetic of RFC 6298 in integers.

/// The timeout before the first round trip has been measured.
///
/// RFC 6298 (2.1) says one second, for the Internet. Two processes on one machine answer within a
/// scheduling quantum.
const INITIAL_MICROS: u32 = 20_000;

/// The shortest timeout. With less, a receiver that merely lost its time slice would look silent
/// (RFC 6298, 2.4 says one second for the same reason).
const MIN_MICROS: u32 = 2_000;

/// The longest timeout, so that a link whose first bit was lost, or whose peer was stopped,
/// recovers soon (RFC 6298, 2.5).
const MAX_MICROS: u32 = 1_000_000;

/// The retransmission timeout of one link.
///
/// The smoothed round-trip time is kept in eighths and its variation in quarters of a microsecond,
/// so that the gains 1/8 and 1/4 of RFC 6298 (2.3) are shifts (Jacobson 1988, appendix A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) struct RetransmissionTimeout {
    smoothed_eighths: u32,
    variation_quarters: u32,
    /// The timeout minus [`INITIAL_MICROS`], modulo 2³², so that it is 0 at first.
    beyond_initial_micros: u32,
}

impl RetransmissionTimeout {
    pub(crate) const fn new() -> Self {
        Self { smoothed_eighths: 0, variation_quarters: 0, beyond_initial_micros: 0 }
    }

    /// How long to wait for the next acknowledgment, in microseconds.
    #[inline]
    pub(crate) fn timeout_micros(&self) -> u64 {
        u64::from(self.micros())
    }

    /// Adds the round trip of a bit that was sent once. One that was resent does not count, because
    /// it is impossible to tell which copy was acknowledged (Karn's algorithm; RFC 6298, section
    /// 3).
    #[inline]
    pub(crate) fn sample(&mut self, round_trip_micros: u64) {
        let sample = u32::try_from(round_trip_micros).unwrap_or(MAX_MICROS).min(MAX_MICROS);
        if self.smoothed_eighths == 0 {
            self.smoothed_eighths = sample.max(1) << 3;
            self.variation_quarters = sample << 1;
        } else {
            // No sample is above a second, so neither their average nor that of their deviations
            // is.
            let smoothed = self.smoothed_eighths >> 3;
            let deviation = smoothed.abs_diff(sample);
            let variation = self.variation_quarters;
            self.variation_quarters =
                variation.wrapping_sub(variation >> 2).wrapping_add(deviation);
            self.smoothed_eighths =
                self.smoothed_eighths.wrapping_sub(smoothed).wrapping_add(sample).max(8);
        }
        self.set(self.unbacked_micros());
    }

    /// Doubles the timeout after an expiry (RFC 6298, 5.5).
    pub(crate) fn back_off(&mut self) {
        self.set(self.micros().saturating_mul(2).min(MAX_MICROS));
    }

    /// Undoes what expiries have added, once the peer has answered.
    pub(crate) fn forget_back_off(&mut self) {
        self.set(if self.smoothed_eighths == 0 { INITIAL_MICROS } else { self.unbacked_micros() });
    }

    #[inline]
    const fn micros(&self) -> u32 {
        INITIAL_MICROS.wrapping_add(self.beyond_initial_micros)
    }

    #[inline]
    const fn set(&mut self, micros: u32) {
        self.beyond_initial_micros = micros.wrapping_sub(INITIAL_MICROS);
    }

    /// SRTT + 4 × RTTVAR, within bounds (RFC 6298, 2.3).
    fn unbacked_micros(&self) -> u32 {
        let micros = (self.smoothed_eighths >> 3).wrapping_add(self.variation_quarters);
        micros.clamp(MIN_MICROS, MAX_MICROS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_round_trips_bring_the_timeout_down_to_the_floor() {
        let mut timer = RetransmissionTimeout::new();
        assert_eq!(timer.timeout_micros(), INITIAL_MICROS.into());
        for _ in 0..100 {
            timer.sample(5);
        }
        assert_eq!(timer.timeout_micros(), MIN_MICROS.into());
    }

    #[test]
    fn slow_round_trips_raise_it_above_what_was_seen() {
        let mut timer = RetransmissionTimeout::new();
        for _ in 0..50 {
            timer.sample(10_000);
        }
        assert!((10_000..20_000).contains(&timer.timeout_micros()), "{timer:?}");
        timer.sample(60_000);
        assert!(timer.timeout_micros() > 40_000, "{timer:?}");
    }

    #[test]
    fn the_first_sample_sets_srtt_and_half_of_it_as_variation() {
        let mut timer = RetransmissionTimeout::new();
        timer.sample(8_000);
        assert_eq!(timer.timeout_micros(), 8_000 + 4 * 4_000);
    }

    #[test]
    fn each_expiry_doubles_it_up_to_the_ceiling_and_an_answer_takes_that_back() {
        let mut timer = RetransmissionTimeout::new();
        timer.sample(8_000);
        let before = timer.timeout_micros();
        timer.back_off();
        assert_eq!(timer.timeout_micros(), 2 * before);
        for _ in 0..100 {
            timer.back_off();
        }
        assert_eq!(timer.timeout_micros(), MAX_MICROS.into());
        timer.forget_back_off();
        assert_eq!(timer.timeout_micros(), before);
    }

    #[test]
    fn absurd_samples_stay_within_bounds() {
        let mut timer = RetransmissionTimeout::new();
        for sample in [u64::MAX, 0, u64::MAX, 0, 0, 0] {
            timer.sample(sample);
            assert!((MIN_MICROS..=MAX_MICROS).contains(&timer.micros()));
        }
    }
}
