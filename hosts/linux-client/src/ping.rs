//! `--ping`: how long signals to the server and back take.

use std::fmt::Write;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use minitalk::{Address, Cause, Connection, Failure, Probe};
use minitalk_cli::round_trips::{Bucket, RoundTrips, Summary, micros};
use minitalk_cli::text::count;
use minitalk_signals::{Instant, Interest, is_ready, now};
use serde::Serialize;

use crate::cli::Options;
use crate::explain::{self, Trouble};
use crate::report::{self, Event};
use crate::tap::{self, Tap};

/// A probe was answered.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "probe")]
struct Answered {
    pid: u32,
    number: u64,
    round_trips_micros: [f64; 8],
    resent_bits: u64,
}

/// The figures of all probes.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "ping")]
struct Figures {
    pid: u32,
    sent: u64,
    answered: u64,
    resent_bits: u64,
    seconds: f64,
    round_trip: Option<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    histogram: Option<Vec<Bucket>>,
}

/// Pings until enough or told to end. The exit code: 0 if there was an answer, 1 if the user ended
/// it before.
pub(crate) fn run(server: &Address, options: &Options) -> Result<u8, Trouble> {
    let connection = Connection::observed(server, &options.config(), Tap::new(options, None));
    let mut connection = connection.map_err(Trouble::NoMessage)?;
    tap::record(&mut connection, options)?;
    let mut pings = Pings::new(connection.pid());
    let result = pings.run(&mut connection, options);
    connection.observer_mut().finish();
    drop(connection);
    // Nobody is to wait for the figures once it has been asked to end.
    let is_taken = is_ready(io::stdout().as_fd(), Interest::Writable);
    let figures = pings.figures(options.histogram);
    let shown = if is_taken { report::tell(&figures, options) } else { Ok(()) };
    match result {
        Ok(()) | Err(Failure { cause: Cause::Interrupted(_), .. }) => {
            explain::output(shown)?;
            Ok(u8::from(pings.answered == 0))
        }
        Err(failure) => Err(Trouble::NoMessage(failure)),
    }
}

/// The probes so far.
struct Pings {
    pid: u32,
    started: Instant,
    sent: u64,
    answered: u64,
    resent_bits: u64,
    round_trips: RoundTrips,
}

impl Pings {
    fn new(pid: u32) -> Self {
        let (started, round_trips) = (now(), RoundTrips::new());
        Self { pid, started, sent: 0, answered: 0, resent_bits: 0, round_trips }
    }

    fn run(&mut self, connection: &mut Connection<Tap>, options: &Options) -> Result<(), Failure> {
        let mut next_at = now();
        loop {
            self.sent += 1;
            let probe = connection.ping()?;
            connection.wait_until_writable(io::stdout().as_fd())?;
            // Once nobody reads any more, there is no use in measuring.
            let is_read = report::tell(&self.answered(&probe), options).is_ok();
            if !is_read || options.count.is_some_and(|count| self.answered >= count) {
                return Ok(());
            }
            let interval_micros = u64::try_from(options.interval().as_micros());
            next_at = next_at.after_micros(interval_micros.unwrap_or(u64::MAX)).max(now());
            connection.pause(Duration::from_micros(next_at.micros_since(now())))?;
        }
    }

    fn answered(&mut self, probe: &Probe) -> Answered {
        self.answered += 1;
        self.resent_bits += probe.resent_bits;
        probe.round_trips_nanos.iter().for_each(|&nanos| self.round_trips.record(nanos));
        Answered {
            pid: self.pid,
            number: self.answered,
            round_trips_micros: probe.round_trips_nanos.map(micros),
            resent_bits: probe.resent_bits,
        }
    }

    fn figures(&self, has_histogram: bool) -> Figures {
        let &Self { pid, sent, answered, resent_bits, .. } = self;
        Figures {
            pid,
            sent,
            answered,
            resent_bits,
            seconds: Duration::from_micros(now().micros_since(self.started)).as_secs_f64(),
            round_trip: self.round_trips.summary(),
            histogram: has_histogram.then(|| self.round_trips.histogram()),
        }
    }
}

impl Event for Answered {
    fn text(&self, options: &Options) -> String {
        if options.quiet {
            return String::new();
        }
        let Self { pid, number, round_trips_micros: [first, others @ ..], resent_bits } = self;
        let mean = others.iter().sum::<f64>() / 7.0;
        let resent = match resent_bits {
            0 => String::new(),
            &bits => format!(", {} sent again", count(bits, "bit")),
        };
        format!("8 bits from {pid}: probe={number} first={first:.1} us then={mean:.1} us{resent}\n")
    }
}

impl Event for Figures {
    fn text(&self, _options: &Options) -> String {
        let Self { pid, answered, seconds, .. } = self;
        let sent = count(self.sent, "probe");
        let resent = count(self.resent_bits, "bit");
        let millis = seconds * 1_000.0;
        let mut text = format!(
            "--- {pid} ping statistics ---\n\
             {sent} sent, {answered} answered, {resent} sent again, time {millis:.0} ms\n"
        );
        if let Some(summary) = &self.round_trip {
            let Summary { min_micros, mean_micros, max_micros, mdev_micros, .. } = summary;
            let Summary { p50_micros, p90_micros, p99_micros, p999_micros, count, .. } = summary;
            let _ = writeln!(
                text,
                "round trip min/avg/max/mdev = \
                 {min_micros:.1}/{mean_micros:.1}/{max_micros:.1}/{mdev_micros:.1} us\n\
                 {count} round trips p50/p90/p99/p99.9 = \
                 {p50_micros:.1}/{p90_micros:.1}/{p99_micros:.1}/{p999_micros:.1} us"
            );
        }
        text + &Bucket::drawn(self.histogram.as_deref().unwrap_or_default())
    }
}
