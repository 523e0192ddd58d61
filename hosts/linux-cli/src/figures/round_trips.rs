//! How long single signals take, to the server and back.

use std::fmt;

use hdrhistogram::Histogram;
use minitalk::Observer;
use minitalk_signals::{Bit, monotonic_nanos};
use serde::Serialize;

/// The round trips of single signals, from the sending of a bit to its acknowledgment.
#[derive(Debug)]
pub struct RoundTrips {
    nanos: Histogram<u64>,
    /// When the bits in flight were sent. There are at most two, whose acknowledgments may come in
    /// any order.
    sent: [Option<u64>; 2],
    /// Whether a bit was sent again: its acknowledgment may be that of the first copy (Karn and
    /// Partridge 1987).
    ambiguous: bool,
}

impl RoundTrips {
    /// No round trips yet.
    ///
    /// # Panics
    ///
    /// Never: three digits are allowed.
    #[must_use]
    pub fn new() -> Self {
        let nanos = Histogram::new(3).expect("three digits are allowed");
        Self { nanos, sent: [None; 2], ambiguous: false }
    }

    fn take_sent(&mut self, nanos: u64) {
        if self.ambiguous {
            return;
        }
        match &mut self.sent {
            [slot @ None, _] | [_, slot @ None] => *slot = Some(nanos),
            [Some(_), Some(_)] => self.forget(),
        }
    }

    fn take_acknowledged(&mut self, nanos: u64) {
        self.ambiguous = false;
        if let Some(sent) = self.sent[0].take() {
            self.sent.swap(0, 1);
            self.record(nanos.saturating_sub(sent));
        }
    }

    /// Nothing has come for a while: what comes next cannot be attributed to a bit.
    fn forget(&mut self) {
        self.ambiguous |= self.sent[0].is_some();
        self.sent = [None; 2];
    }

    /// Counts a round trip of `nanos` nanoseconds.
    pub fn record(&mut self, nanos: u64) {
        // The histogram grows as needed, up to 584 years.
        let _ = self.nanos.record(nanos);
    }

    /// Their distribution; `None` if there were none.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        let at = |quantile| micros(self.nanos.value_at_quantile(quantile));
        (!self.nanos.is_empty()).then(|| Summary {
            count: self.nanos.len(),
            min_micros: micros(self.nanos.min()),
            mean_micros: rounded_micros(self.nanos.mean()),
            max_micros: micros(self.nanos.max()),
            mdev_micros: rounded_micros(self.nanos.stdev()),
            p50_micros: at(0.5),
            p90_micros: at(0.9),
            p99_micros: at(0.99),
            p999_micros: at(0.999),
        })
    }

    /// How many took at least `low_nanos` but less than `high_nanos`.
    pub(super) fn count_between(&self, low_nanos: u64, high_nanos: u64) -> u64 {
        // Each of the histogram's own steps is counted once, even if a limit lies inside it.
        let steps = self.nanos.iter_recorded();
        let lowest = |nanos| self.nanos.lowest_equivalent(nanos);
        let wanted = steps
            .filter(|step| (low_nanos..high_nanos).contains(&lowest(step.value_iterated_to())));
        wanted.map(|step| step.count_at_value()).sum()
    }
}

impl Default for RoundTrips {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for RoundTrips {
    #[inline(never)]
    fn sent(&mut self, _peer: u32, _bit: Bit) {
        self.take_sent(monotonic_nanos());
    }

    #[inline(never)]
    fn received(&mut self, _peer: u32, _ack: Bit) {
        self.take_acknowledged(monotonic_nanos());
    }

    fn timed_out(&mut self, _peer: u32) {
        self.forget();
    }
}

/// The distribution of the round trips.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many there were.
    pub count: u64,
    /// The shortest.
    pub min_micros: f64,
    /// Their mean.
    pub mean_micros: f64,
    /// The longest.
    pub max_micros: f64,
    /// Their standard deviation.
    pub mdev_micros: f64,
    /// Half of them took at most this.
    pub p50_micros: f64,
    /// 90 of 100 took at most this.
    pub p90_micros: f64,
    /// 99 of 100 took at most this.
    pub p99_micros: f64,
    /// 999 of 1,000 took at most this.
    pub p999_micros: f64,
}

/// Two lines, the first of which is like that of ping(8).
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min_micros, mean_micros, max_micros, mdev_micros, .. } = self;
        let Self { p50_micros, p90_micros, p99_micros, p999_micros, count, .. } = self;
        writeln!(
            f,
            "round trip min/avg/max/mdev = \
             {min_micros:.1}/{mean_micros:.1}/{max_micros:.1}/{mdev_micros:.1} us\n\
             {count} round trips p50/p90/p99/p99.9 = \
             {p50_micros:.1}/{p90_micros:.1}/{p99_micros:.1}/{p999_micros:.1} us"
        )
    }
}

/// Microseconds, with a fraction.
#[must_use]
pub fn micros(nanos: u64) -> f64 {
    float(nanos) / 1_000.0
}

/// Microseconds, to the nanosecond: more digits would suggest too much precision.
fn rounded_micros(nanos: f64) -> f64 {
    nanos.round() / 1_000.0
}

/// A number for a figure.
#[expect(clippy::cast_precision_loss, reason = "nobody looks at the sixteenth digit of a figure")]
const fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_two_round_trips() {
        let mut round_trips = RoundTrips::new();
        for nanos in [0, 100] {
            round_trips.take_sent(nanos);
        }
        for nanos in [1_000, 1_200] {
            round_trips.take_acknowledged(nanos);
        }
        let summary = round_trips.summary().unwrap();
        assert_eq!(summary.count, 2);
        assert!((summary.max_micros - 1.1).abs() < 0.01, "{summary:?}");
    }

    #[test]
    fn a_bit_that_was_sent_again_is_not_measured() {
        let mut round_trips = RoundTrips::new();
        round_trips.take_sent(0);
        round_trips.forget();
        round_trips.take_sent(5_000);
        round_trips.take_acknowledged(5_100);
        assert_eq!(round_trips.summary(), None);
        round_trips.take_sent(6_000);
        round_trips.take_acknowledged(6_100);
        assert_eq!(round_trips.summary().unwrap().count, 1);
    }
}
