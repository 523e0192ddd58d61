//! Figures: how many bits, how fast, how long a round trip takes.

use hdrhistogram::Histogram;
use minitalk::{Protocol, Tally};
use serde::Serialize;

/// What sending a message took.
#[derive(Clone, Debug, Serialize)]
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

impl Totals {
    pub(crate) fn new(protocol: Protocol, tally: &Tally, round_trips: Option<&RoundTrips>) -> Self {
        let seconds = seconds(tally.micros);
        Self {
            protocol: match protocol {
                Protocol::Framed => "framed",
                Protocol::Classic => "classic",
            },
            bytes: tally.bytes,
            seconds,
            bits: tally.bits,
            bits_per_second: float(tally.bits) / seconds.max(0.000_001),
            resent_bits: tally.resent_bits,
            repeated_frames: tally.repeated_frames,
            round_trip: round_trips.and_then(RoundTrips::summary),
        }
    }
}

/// The round trips of single signals, from the sending of a bit to its acknowledgment.
#[derive(Debug)]
pub(crate) struct RoundTrips {
    nanos: Histogram<u64>,
    /// When the bits under way were sent: two of them at most, whose acknowledgments may come in
    /// any order.
    sent: [Option<u64>; 2],
    /// A bit was sent again: its acknowledgment may be that of the first copy (Karn and Partridge
    /// 1987).
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

    /// How many took at least `low_nanos` and less than `high_nanos`.
    pub(crate) fn count_between(&self, low_nanos: u64, high_nanos: u64) -> u64 {
        // Each of the histogram's own steps is counted once, even if a limit lies in the middle of
        // it.
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

/// Seconds, with a fraction.
pub(crate) fn seconds(micros: u64) -> f64 {
    float(micros) / 1_000_000.0
}

/// The same to the nanosecond: more digits would promise too much.
fn rounded_micros(nanos: f64) -> f64 {
    nanos.round() / 1_000.0
}

/// A number for a figure.
#[expect(clippy::cast_precision_loss, reason = "nobody looks at the sixteenth digit of a figure")]
const fn float(number: u64) -> f64 {
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
