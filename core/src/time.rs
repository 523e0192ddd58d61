//! The only clock that the core knows: a number of microseconds passed in by the host.

use core::fmt;

/// A point in time, in microseconds since an origin of the host's choosing.
///
/// The core never reads a clock. The host passes `now` to every call that needs it and must keep it
/// monotonic; a `now` that runs backwards makes timers late, never wrong. 64 bits of microseconds
/// last 584,000 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Instant {
    micros: u64,
}

impl Instant {
    /// The origin of the host's clock.
    pub const ZERO: Self = Self { micros: 0 };

    /// The point `micros` microseconds after the origin.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self { micros }
    }

    /// Microseconds since the origin.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.micros
    }

    /// The point `micros` microseconds later, or the latest point there is.
    #[must_use]
    pub const fn after_micros(self, micros: u64) -> Self {
        Self { micros: self.micros.saturating_add(micros) }
    }

    /// Microseconds from `earlier` to `self`, or 0 if `earlier` is in fact later.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> u64 {
        self.micros.saturating_sub(earlier.micros)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} µs", self.micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_at_both_ends() {
        let end = Instant::from_micros(u64::MAX);
        assert_eq!(end.after_micros(1), end);
        assert_eq!(Instant::ZERO.micros_since(end), 0);
        assert_eq!(
            Instant::from_micros(5).after_micros(3).micros_since(Instant::from_micros(6)),
            2
        );
    }
}
