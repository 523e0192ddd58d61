//! Sends a message, and tells how it went.

use std::io;

use minitalk_cli::trace::Trace;
use minitalk_signals::{Instant, now};

use crate::address::Address;
use crate::cli::{Options, Protocol};
use crate::failure::{Cause, Failure};
use crate::input::Input;
use crate::json::{self, DeliveredLine};
use crate::link::Link;
use crate::observer::Observer;
use crate::progress::Progress;
use crate::stats::{RoundTrips, Totals, float};
use crate::{classic, framed};

/// Sends the message and returns when the server has confirmed all of it.
pub(crate) fn run(server: &Address, options: &Options) -> Result<(), Failure> {
    let pid = server.find().map_err(Failure::not_found)?;
    let round_trips = options.stats.then(RoundTrips::new);
    let observer = Observer::new(open_trace(pid, options)?, round_trips);
    let input = Input::new(&options.text);
    let mut totals = Totals::default();
    match options.protocol() {
        Protocol::Framed => {
            totals.protocol = "framed";
            let mut link = open(server, pid, options, observer, input.length_hint())?;
            let started = now();
            let result = framed::send(&mut link, input, options, &mut totals);
            report(link, started, totals, options, result)
        }
        Protocol::Classic => {
            totals.protocol = "classic";
            // The text is read to its end before the line is taken, so that Ctrl-C works as ever.
            let text = input.read_all(pid)?;
            let mut link = open(server, pid, options, observer, Some(text.len() as u64))?;
            let started = now();
            let result = classic::send(&mut link, &text, options, &mut totals);
            report(link, started, totals, options, result)
        }
    }
}

/// The file for the trace, if one is wanted.
pub(crate) fn open_trace(pid: i64, options: &Options) -> Result<Option<Trace>, Failure> {
    let create = |path| Trace::create(path);
    let trace = options.trace.as_deref().map(create).transpose();
    trace.map_err(|error: io::Error| Failure::before_sending(pid, Cause::Trace(error)))
}

fn open(
    server: &Address,
    pid: i64,
    options: &Options,
    observer: Observer,
    length: Option<u64>,
) -> Result<Link, Failure> {
    let mut link = Link::open(server, pid, options, observer)?;
    link.observer.progress = Some(Progress::new(options.show(), length, now()));
    Ok(link)
}

/// Tells what was asked for, whether the message was delivered or not.
fn report(
    mut link: Link,
    started: Instant,
    mut totals: Totals,
    options: &Options,
    result: Result<(), Failure>,
) -> Result<(), Failure> {
    totals.seconds = float(now().micros_since(started)) / 1_000_000.0;
    totals.bits = link.observer.bits();
    totals.bits_per_second = float(totals.bits) / totals.seconds.max(0.000_001);
    totals.round_trip = link.observer.round_trip();
    // Off the terminal, before anything is written there.
    link.observer.progress = None;
    link.observer.finish_trace();
    // When nobody reads any more, the exit code still tells whether the message was delivered.
    if options.json && result.is_ok() {
        let _ = json::print(&DeliveredLine::new(link.pid(), &totals));
    }
    if options.stats {
        if options.json {
            let _ = json::print(&totals);
        } else {
            link.observer.note(&totals.to_string());
        }
    }
    result
}
