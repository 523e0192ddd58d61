//! `--ping`: how long signals to the server and back take.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use minitalk::{Address, Cause, Connection, Failure, Probe};
use minitalk_cli::round_trips::{Bucket, RoundTrips, Summary, micros};
use minitalk_signals::{Instant, Interest, is_ready, now};
use serde::Serialize;

use crate::cli::Options;
use crate::explain::{self, Trouble};
use crate::report::Report;
use crate::send::open_trace;
use crate::tap::Tap;

/// A probe was answered.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "probe")]
pub(crate) struct ProbeLine {
    pub(crate) pid: u32,
    pub(crate) number: u64,
    pub(crate) round_trips_micros: [f64; 8],
    pub(crate) resent_bits: u64,
}

/// The figures of all probes.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "ping")]
pub(crate) struct PingLine {
    pub(crate) pid: u32,
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) resent_bits: u64,
    pub(crate) seconds: f64,
    pub(crate) round_trip: Option<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) histogram: Option<Vec<Bucket>>,
}

/// Pings until enough or told to end. The exit code: 0 if there was an answer, 1 if the user ended
/// it before.
pub(crate) fn run(server: &Address, options: &Options, report: &dyn Report) -> Result<u8, Trouble> {
    let connection = Connection::observed(server, &options.config(), Tap::new(options, None));
    let mut connection = connection.map_err(Trouble::NoMessage)?;
    connection.observer_mut().trace = open_trace(options, connection.pid())?;
    let mut pings = Pings::new(connection.pid());
    let result = pings.run(&mut connection, options, report);
    connection.observer_mut().finish();
    drop(connection);
    // Nobody is to wait for the figures once it has been asked to end.
    let is_taken = is_ready(io::stdout().as_fd(), Interest::Writable);
    let shown = if is_taken { report.ping(&pings.line(options.histogram)) } else { Ok(()) };
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

    fn run(
        &mut self,
        connection: &mut Connection<Tap>,
        options: &Options,
        report: &dyn Report,
    ) -> Result<(), Failure> {
        let interval = options.interval();
        let interval_micros = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
        let mut next_at = now();
        loop {
            self.sent += 1;
            let probe = connection.ping()?;
            connection.wait_until_writable(io::stdout().as_fd())?;
            // Once nobody reads any more, there is no use in measuring.
            let is_read = report.probe(&self.answered(&probe)).is_ok();
            if !is_read || options.count.is_some_and(|count| self.answered >= count) {
                return Ok(());
            }
            next_at = next_at.after_micros(interval_micros).max(now());
            connection.pause(Duration::from_micros(next_at.micros_since(now())))?;
        }
    }

    fn answered(&mut self, probe: &Probe) -> ProbeLine {
        self.answered += 1;
        self.resent_bits += probe.resent_bits;
        probe.round_trips_nanos.iter().for_each(|&nanos| self.round_trips.record(nanos));
        ProbeLine {
            pid: self.pid,
            number: self.answered,
            round_trips_micros: probe.round_trips_nanos.map(micros),
            resent_bits: probe.resent_bits,
        }
    }

    fn line(&self, has_histogram: bool) -> PingLine {
        PingLine {
            pid: self.pid,
            sent: self.sent,
            answered: self.answered,
            resent_bits: self.resent_bits,
            seconds: Duration::from_micros(now().micros_since(self.started)).as_secs_f64(),
            round_trip: self.round_trips.summary(),
            histogram: has_histogram.then(|| self.round_trips.histogram()),
        }
    }
}
