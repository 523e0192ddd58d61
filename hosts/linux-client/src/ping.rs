//! `--ping`: how long signals to the server and back take.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use minitalk::{Address, Cause, Connection, Failure, Probe};
use minitalk_cli::figures::{Bucket, RoundTrips, Summary, micros};
use minitalk_cli::report::{self, Event};
use minitalk_cli::text::count;
use minitalk_signals::{Interest, is_ready};
use serde::Serialize;

use crate::cli::Options;
use crate::explain::Trouble;
use crate::tap::{self, Tap};

/// An answered probe.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "probe")]
struct Answered {
    pid: u32,
    number: u64,
    round_trips_micros: [f64; 8],
    resent_bits: u64,
}

/// The statistics of all probes.
#[derive(Debug, Default, Serialize)]
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

/// Pings until there are enough probes or it is told to end. Returns the exit code: 0 if there was
/// an answer; 1 if the user ended it before, or the deadline passed before all requested answers
/// had come.
pub(crate) fn run(server: &Address, options: &Options) -> Result<u8, Trouble> {
    let connection = Connection::observed(server, &options.config(), Tap::new(options, None));
    let mut connection = connection.map_err(Trouble::NoMessage)?;
    tap::record(&mut connection, options)?;
    let (began, mut round_trips) = (Instant::now(), RoundTrips::new());
    let mut figures = Figures { pid: connection.pid(), ..Figures::default() };
    let result = ping(&mut connection, &mut figures, &mut round_trips, options);
    figures.seconds = began.elapsed().as_secs_f64();
    figures.round_trip = round_trips.summary();
    figures.histogram = options.histogram.then(|| round_trips.histogram());
    connection.observer_mut().finish();
    drop(connection);
    // Once it has been asked to end, it must not block on the statistics.
    let is_taken = is_ready(io::stdout().as_fd(), Interest::Writable);
    let shown = if is_taken { report::show(&figures, options, options.json) } else { Ok(()) };
    match result {
        Ok(()) | Err(Failure { cause: Cause::Interrupted(_), .. }) => {
            shown?;
            let wanted = options.count.filter(|_| options.deadline.is_some()).unwrap_or(1);
            Ok(u8::from(figures.answered < wanted))
        }
        Err(failure) => Err(Trouble::NoMessage(failure)),
    }
}

fn ping(
    connection: &mut Connection<Tap>,
    figures: &mut Figures,
    round_trips: &mut RoundTrips,
    options: &Options,
) -> Result<(), Failure> {
    let mut next_at = Instant::now();
    loop {
        figures.sent += 1;
        let Probe { round_trips_nanos, resent_bits, .. } = connection.ping()?;
        figures.answered += 1;
        figures.resent_bits += resent_bits;
        for nanos in round_trips_nanos {
            round_trips.record(nanos);
        }
        let (pid, number) = (figures.pid, figures.answered);
        let round_trips_micros = round_trips_nanos.map(micros);
        let answered = Answered { pid, number, round_trips_micros, resent_bits };
        connection.wait_until_writable(io::stdout().as_fd())?;
        // If nobody reads any more, there is no point in measuring.
        let is_read = report::tell(&answered, options, options.json).is_ok();
        if !is_read || options.count.is_some_and(|count| number >= count) {
            return Ok(());
        }
        next_at = (next_at + options.interval()).max(Instant::now());
        connection.pause(next_at.saturating_duration_since(Instant::now()))?;
    }
}

impl Event<Options> for Answered {
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

impl Event<Options> for Figures {
    fn text(&self, _options: &Options) -> String {
        let Self { pid, answered, seconds, .. } = self;
        let sent = count(self.sent, "probe");
        let resent = count(self.resent_bits, "bit");
        let millis = seconds * 1_000.0;
        let head = format!(
            "--- {pid} ping statistics ---\n\
             {sent} sent, {answered} answered, {resent} sent again, time {millis:.0} ms\n"
        );
        let summary = self.round_trip.as_ref().map(ToString::to_string).unwrap_or_default();
        let histogram = Bucket::drawn(self.histogram.as_deref().unwrap_or_default());
        head + &summary + &histogram
    }
}
