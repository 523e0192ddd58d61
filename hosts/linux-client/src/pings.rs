//! What `--ping` shows: a line for each probe, and the figures at the end.

use std::io::{self, Write};

use minitalk_signals::{Instant, now};
use serde::Serialize;

use crate::cli::Options;
use crate::json;
use crate::stats::{RoundTrips, Summary, float, micros, noun};

/// The width of the longest bar.
const BAR_CHARS: u64 = 40;

/// The round trips of a probe's eight bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    pub(crate) nanos: [u64; 8],
    /// Bits that were sent again.
    pub(crate) resent: u64,
}

/// The probes so far.
#[derive(Debug)]
pub(crate) struct Pings {
    pid: i64,
    started: Instant,
    sent: u64,
    answered: u64,
    resent_bits: u64,
    round_trips: RoundTrips,
    is_json: bool,
    is_quiet: bool,
    has_histogram: bool,
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "probe")]
struct ProbeLine {
    pid: i64,
    number: u64,
    round_trips_micros: [f64; 8],
    resent_bits: u64,
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "ping")]
struct PingLine {
    pid: i64,
    sent: u64,
    answered: u64,
    resent_bits: u64,
    seconds: f64,
    round_trip: Option<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    histogram: Option<Vec<Bucket>>,
}

/// Round trips that took about as long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Bucket {
    from_micros: f64,
    to_micros: f64,
    count: u64,
}

impl Pings {
    pub(crate) fn new(pid: i64, options: &Options) -> Self {
        Self {
            pid,
            started: now(),
            sent: 0,
            answered: 0,
            resent_bits: 0,
            round_trips: RoundTrips::new(),
            is_json: options.json,
            is_quiet: options.quiet,
            has_histogram: options.histogram,
        }
    }

    /// A probe is about to be sent.
    pub(crate) fn sent(&mut self) {
        self.sent += 1;
    }

    /// The probe was answered.
    pub(crate) fn answered(&mut self, line: &Line) -> io::Result<()> {
        self.answered += 1;
        self.resent_bits += line.resent;
        line.nanos.iter().for_each(|&nanos| self.round_trips.record(nanos));
        let micros = line.nanos.map(micros);
        let (pid, number, resent_bits) = (self.pid, self.answered, line.resent);
        if self.is_json {
            return json::print(&ProbeLine {
                pid,
                number,
                round_trips_micros: micros,
                resent_bits,
            });
        }
        if self.is_quiet {
            return Ok(());
        }
        let [first, others @ ..] = micros;
        let mean = others.iter().sum::<f64>() / 7.0;
        let resent = match resent_bits {
            0 => String::new(),
            bits => format!(", {bits} {} sent again", noun(bits, "bit", "bits")),
        };
        let mut stdout = io::stdout().lock();
        writeln!(
            stdout,
            "8 bits from {pid}: probe={number} first={first:.1} us then={mean:.1} us{resent}"
        )?;
        stdout.flush()
    }

    /// Whether `count` probes have been answered.
    pub(crate) fn is_count(&self, count: u64) -> bool {
        self.answered >= count
    }

    /// Whether there was an answer.
    pub(crate) fn is_good(&self) -> bool {
        self.answered > 0
    }

    /// Shows the figures, if there was something to measure.
    pub(crate) fn finish(&self) -> io::Result<()> {
        if self.sent == 0 {
            return Ok(());
        }
        let Self { pid, sent, answered, resent_bits, .. } = *self;
        let seconds = float(now().micros_since(self.started)) / 1_000_000.0;
        let round_trip = self.round_trips.summary();
        if self.is_json {
            let histogram = self.has_histogram.then(|| buckets(&self.round_trips));
            return json::print(&PingLine {
                pid,
                sent,
                answered,
                resent_bits,
                seconds,
                round_trip,
                histogram,
            });
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "--- {pid} ping statistics ---")?;
        writeln!(
            stdout,
            "{sent} {} sent, {answered} answered, {resent_bits} {} sent again, time {:.0} ms",
            noun(sent, "probe", "probes"),
            noun(resent_bits, "bit", "bits"),
            seconds * 1_000.0,
        )?;
        let Some(summary) = round_trip else { return Ok(()) };
        let Summary { min_micros, mean_micros, max_micros, mdev_micros, .. } = summary;
        let Summary { p50_micros, p90_micros, p99_micros, p999_micros, count, .. } = summary;
        writeln!(
            stdout,
            "round trip min/avg/max/mdev = {min_micros:.1}/{mean_micros:.1}/{max_micros:.1}/{mdev_micros:.1} us"
        )?;
        writeln!(
            stdout,
            "{count} round trips p50/p90/p99/p99.9 = {p50_micros:.1}/{p90_micros:.1}/{p99_micros:.1}/{p999_micros:.1} us"
        )?;
        if self.has_histogram {
            let buckets = buckets(&self.round_trips);
            let most = buckets.iter().map(|bucket| bucket.count).max().unwrap_or_default();
            for Bucket { from_micros, to_micros, count } in buckets {
                let bar = "#".repeat(usize::try_from(bar_chars(count, most)).unwrap_or_default());
                let line = format!("{from_micros:>8} to {to_micros:>8} us {count:>7} {bar}");
                writeln!(stdout, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }
}

/// At least one character for what is not nothing.
fn bar_chars(count: u64, most: u64) -> u64 {
    (count * BAR_CHARS).div_ceil(most.max(1))
}

/// Without the empty ones at both ends, in the finest steps that give no more than [`BUCKETS_MAX`].
fn buckets(round_trips: &RoundTrips) -> Vec<Bucket> {
    let [fine, medium, coarse] = SERIES.map(|series| buckets_in(round_trips, series));
    [fine, medium].into_iter().find(|buckets| buckets.len() <= BUCKETS_MAX).unwrap_or(coarse)
}

/// What still fits on a screen.
const BUCKETS_MAX: usize = 16;

/// Steps of equal ratio, twelve, six and three a decade: the preferred numbers of IEC 60063.
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
        let counts: Vec<_> =
            buckets(&round_trips).iter().map(|bucket| (bucket.from_micros, bucket.count)).collect();
        assert_eq!(counts, [(2.7, 2), (3.3, 0), (3.9, 1), (4.7, 0), (5.6, 0), (6.8, 1)]);
        assert!(buckets(&RoundTrips::new()).is_empty());
    }

    #[test]
    fn the_wider_the_histogram_the_coarser_its_steps() {
        for (to_micros, steps) in [(9, 12), (90, 12), (900, 9), (9_000, 12), (900_000, 18)] {
            let mut round_trips = RoundTrips::new();
            for micros in [1, to_micros] {
                round_trips.record(micros * 1_000);
            }
            assert_eq!(buckets(&round_trips).len(), steps, "up to {to_micros} us");
        }
    }

    #[test]
    fn the_histogram_counts_everything_once() {
        let mut round_trips = RoundTrips::new();
        let around_a_limit = 32_990..33_010;
        for nanos in around_a_limit.clone().chain([1, 99, 100, 9_999_999_999]) {
            round_trips.record(nanos);
        }
        let sum: u64 = buckets(&round_trips).iter().map(|bucket| bucket.count).sum();
        assert_eq!(sum, around_a_limit.end - around_a_limit.start + 4);
    }

    #[test]
    fn what_is_not_nothing_has_a_bar() {
        assert_eq!([bar_chars(0, 1_000), bar_chars(1, 1_000), bar_chars(1_000, 1_000)], [0, 1, 40]);
    }
}
