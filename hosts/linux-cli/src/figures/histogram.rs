//! A histogram of round trips.

use serde::Serialize;

use super::round_trips::{RoundTrips, micros};

/// Round trips that took about the same time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bucket {
    /// The shortest time in this bucket.
    pub from_micros: f64,
    /// The end of this bucket, not included.
    pub to_micros: f64,
    /// The number of round trips.
    pub count: u64,
}

/// The width of the longest bar.
const BAR_CHARS: u64 = 40;

impl Bucket {
    /// Draws a row with a bar for each bucket.
    #[must_use]
    pub fn drawn(buckets: &[Self]) -> String {
        let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or_default();
        let rows = buckets.iter().map(|&Self { from_micros, to_micros, count }| {
            let bar = "#".repeat(usize::try_from(bar_chars(count, most)).unwrap_or_default());
            let row = format!("{from_micros:>8} to {to_micros:>8} us {count:>7} {bar}");
            row.trim_end().to_owned() + "\n"
        });
        rows.collect()
    }
}

/// At least one character unless the count is 0.
fn bar_chars(count: u64, most: u64) -> u64 {
    (count * BAR_CHARS).div_ceil(most.max(1))
}

impl RoundTrips {
    /// The histogram, without the empty buckets at both ends, in the finest steps that give at most
    /// sixteen buckets.
    #[must_use]
    pub fn histogram(&self) -> Vec<Bucket> {
        let [fine, medium, coarse] = SERIES.map(|series| buckets_in(self, series));
        let fits = |buckets: &Vec<Bucket>| buckets.len() <= BUCKETS_MAX;
        [fine, medium].into_iter().find(fits).unwrap_or(coarse)
    }
}

/// The number of rows that still fit on a screen.
const BUCKETS_MAX: usize = 16;

/// Steps of equal ratio, twelve, six and three per decade: the preferred numbers of IEC 60063.
const SERIES: [&[u64]; 3] =
    [&[10, 12, 15, 18, 22, 27, 33, 39, 47, 56, 68, 82], &[10, 15, 22, 33, 47, 68], &[10, 22, 47]];

/// From 100 ns to 1000 s.
const DECADES: u32 = 10;

fn buckets_in(round_trips: &RoundTrips, series: &[u64]) -> Vec<Bucket> {
    let decade = |power| series.iter().map(move |step| step * 10 * 10_u64.pow(power));
    let mut edges: Vec<u64> = (0..DECADES).flat_map(decade).collect();
    edges.insert(0, 0);
    edges.push(u64::MAX);
    let all = edges.windows(2).map(|pair| Bucket {
        from_micros: micros(pair[0]),
        to_micros: micros(pair[1]),
        count: round_trips.count_between(pair[0], pair[1]),
    });
    let all: Vec<Bucket> = all.collect();
    let first = all.iter().position(|bucket| bucket.count > 0).unwrap_or(all.len());
    let last = all.iter().rposition(|bucket| bucket.count > 0).map_or(first, |last| last + 1);
    all[first..last].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_histogram_begins_and_ends_where_there_is_something() {
        let mut round_trips = RoundTrips::new();
        for micros in [3, 3, 4, 7] {
            round_trips.record(micros * 1_000);
        }
        let counts: Vec<_> = round_trips
            .histogram()
            .iter()
            .map(|bucket| (bucket.from_micros, bucket.count))
            .collect();
        assert_eq!(counts, [(2.7, 2), (3.3, 0), (3.9, 1), (4.7, 0), (5.6, 0), (6.8, 1)]);
        assert!(RoundTrips::new().histogram().is_empty());
    }

    #[test]
    fn what_is_not_nothing_has_a_bar() {
        assert_eq!([bar_chars(0, 1_000), bar_chars(1, 1_000), bar_chars(1_000, 1_000)], [0, 1, 40]);
    }

    #[test]
    fn the_wider_the_histogram_the_coarser_its_steps() {
        for (to_micros, steps) in [(9, 12), (90, 12), (900, 9), (9_000, 12), (900_000, 18)] {
            let mut round_trips = RoundTrips::new();
            for micros in [1, to_micros] {
                round_trips.record(micros * 1_000);
            }
            assert_eq!(round_trips.histogram().len(), steps, "up to {to_micros} us");
        }
    }

    #[test]
    fn the_histogram_counts_everything_once() {
        let mut round_trips = RoundTrips::new();
        let around_a_limit = 32_990..33_010;
        for nanos in around_a_limit.clone().chain([1, 99, 100, 9_999_999_999]) {
            round_trips.record(nanos);
        }
        let sum: u64 = round_trips.histogram().iter().map(|bucket| bucket.count).sum();
        assert_eq!(sum, around_a_limit.end - around_a_limit.start + 4);
    }
}
