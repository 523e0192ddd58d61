//! Figures: how many bits, how fast, how long a round trip takes.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

/// What sending a message took.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "event", rename = "stats")]
pub(crate) struct Totals {
    pub(crate) protocol: &'static str,
    /// Bytes of the message that have been delivered, or acknowledged.
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    /// Bits on the line, those sent again included.
    pub(crate) bits: u64,
    pub(crate) bits_per_second: f64,
    pub(crate) resent_bits: u64,
    pub(crate) repeated_frames: u64,
    /// None if there was no round trip that could be measured.
    pub(crate) round_trip: Option<Summary>,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, seconds, bits, bits_per_second, resent_bits, repeated_frames, .. } = self;
        write!(
            f,
            "{bytes} {} in {seconds:.3} s: {bits} bits, {bits_per_second:.0} bits per second, \
             {resent_bits} {} sent again, {repeated_frames} {} repeated",
            noun(*bytes, "byte", "bytes"),
            noun(*resent_bits, "bit", "bits"),
            noun(*repeated_frames, "frame", "frames"),
        )?;
        match &self.round_trip {
            Some(Summary { p50_micros, p99_micros, max_micros, .. }) => write!(
                f,
                "; round trip p50 {p50_micros:.1} us, p99 {p99_micros:.1} us, max {max_micros:.1} us",
            ),
            None => Ok(()),
        }
    }
}

/// The form of a noun that goes with `count`.
pub(crate) const fn noun(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// The round trips of single signals, from the sending of a bit to its acknowledgment.
#[derive(Debug)]
pub(crate) struct RoundTrips {
    nanos: Histogram<u64>,
    /// When the bits under way were sent: two of them at most, whose acknowledgments may come in any
    /// order.
    sent: [Option<u64>; 2],
    /// A bit was sent again: its acknowledgment may be that of the first copy (Karn and Partridge 1987).
    ambiguous: bool,
}

impl RoundTrips {
    pub(crate) fn new() -> Self {
        let nanos = Histogram::new(3).expect("three digits are allowed");
        Self { nanos, sent: [None; 2], ambiguous: false }
    }

    pub(crate) fn sent(&mut self, nanos: u64) {
        if self.ambiguous {
            return;
        }
        match &mut self.sent {
            [slot @ None, _] | [_, slot @ None] => *slot = Some(nanos),
            [Some(_), Some(_)] => self.forget(),
        }
    }

    pub(crate) fn acknowledged(&mut self, nanos: u64) {
        self.ambiguous = false;
        if let Some(sent) = self.sent[0].take() {
            self.sent.swap(0, 1);
            self.record(nanos.saturating_sub(sent));
        }
    }

    /// Nothing came for a while: what comes next cannot be assigned.
    pub(crate) fn forget(&mut self) {
        self.ambiguous |= self.sent[0].is_some();
        self.sent = [None; 2];
    }

    pub(crate) fn record(&mut self, nanos: u64) {
        // It grows as needed, up to 584 years.
        let _ = self.nanos.record(nanos);
    }

    /// None if there were none.
    pub(crate) fn summary(&self) -> Option<Summary> {
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

    /// How many took from `low_nanos` up to, but not including, `high_nanos`.
    pub(crate) fn count_between(&self, low_nanos: u64, high_nanos: u64) -> u64 {
        // Each of the histogram's own steps is counted once, even if a limit lies in the middle of it.
        let steps = self.nanos.iter_recorded();
        let lowest = |nanos| self.nanos.lowest_equivalent(nanos);
        let wanted = steps
            .filter(|step| (low_nanos..high_nanos).contains(&lowest(step.value_iterated_to())));
        wanted.map(|step| step.count_at_value()).sum()
    }
}

/// Microseconds, with a fraction.
pub(crate) fn micros(nanos: u64) -> f64 {
    float(nanos) / 1_000.0
}

/// The same to the nanosecond: more digits would promise too much.
fn rounded_micros(nanos: f64) -> f64 {
    nanos.round() / 1_000.0
}

/// A number for a figure, of which nobody looks at the sixteenth digit.
#[expect(clippy::cast_precision_loss, reason = "figures are rounded anyway")]
pub(crate) const fn float(number: u64) -> f64 {
    number as f64
}

/// How the round trips are distributed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) count: u64,
    pub(crate) min_micros: f64,
    pub(crate) mean_micros: f64,
    pub(crate) max_micros: f64,
    pub(crate) mdev_micros: f64,
    pub(crate) p50_micros: f64,
    pub(crate) p90_micros: f64,
    pub(crate) p99_micros: f64,
    pub(crate) p999_micros: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_two_round_trips() {
        let mut round_trips = RoundTrips::new();
        for nanos in [0, 100] {
            round_trips.sent(nanos);
        }
        for nanos in [1_000, 1_200] {
            round_trips.acknowledged(nanos);
        }
        let summary = round_trips.summary().unwrap();
        assert_eq!(summary.count, 2);
        assert!((summary.max_micros - 1.1).abs() < 0.01, "{summary:?}");
    }

    #[test]
    fn a_bit_that_was_sent_again_is_not_measured() {
        let mut round_trips = RoundTrips::new();
        round_trips.sent(0);
        round_trips.forget();
        round_trips.sent(5_000);
        round_trips.acknowledged(5_100);
        assert_eq!(round_trips.summary(), None);
        round_trips.sent(6_000);
        round_trips.acknowledged(6_100);
        assert_eq!(round_trips.summary().unwrap().count, 1);
    }
}
