//! Watches what goes over the line, for whoever asked to see it. It changes nothing.

use std::io::{self, IsTerminal, Stdout};

use minitalk::{Diagnosis, Observer};
use minitalk_cli::progress::{Progress, is_in_foreground};
use minitalk_cli::round_trips::RoundTrips;
use minitalk_cli::trace::{Side, Trace, Watch};
use minitalk_signals::Bit;

use crate::cli::Options;
use crate::report::note;

/// Everything that watches the line.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(crate) trace: Option<Trace>,
    watch: Option<Watch<Stdout>>,
    pub(crate) round_trips: Option<RoundTrips>,
    progress: Option<Progress>,
    is_quiet: bool,
}

impl Tap {
    pub(crate) fn new(options: &Options, progress: Option<Progress>) -> Self {
        let round_trips = options.stats.then(RoundTrips::new);
        let watch =
            options.watch.then(|| Watch::new(io::stdout(), Side::Sender, options.dialect()));
        Self { trace: None, watch, round_trips, progress, is_quiet: options.quiet }
    }

    /// Ends the progress line and the trace, and says so if that is not complete.
    pub(crate) fn finish(&mut self) {
        self.progress = None;
        self.watch = None;
        if let Some(Err(error)) = self.trace.take().map(Trace::finish) {
            note(&error);
        }
    }
}

impl Observer for Tap {
    #[inline]
    fn sent(&mut self, peer: u32, bit: Bit) {
        self.trace.sent(peer, bit);
        self.watch.sent(peer, bit);
        self.round_trips.sent(peer, bit);
    }

    #[inline]
    fn received(&mut self, peer: u32, ack: Bit) {
        self.trace.received(peer, ack);
        self.watch.received(peer, ack);
        self.round_trips.received(peer, ack);
    }

    fn timed_out(&mut self, peer: u32) {
        self.trace.timed_out(peer);
        self.watch.timed_out(peer);
        self.round_trips.timed_out(peer);
        self.progress.timed_out(peer);
    }

    fn waiting(&mut self, pid: u32, diagnosis: Diagnosis) {
        let line = match diagnosis {
            Diagnosis::Stopped => {
                format!("PID {pid} is stopped; waiting for it; continue it with: kill -CONT {pid}")
            }
            // Nothing is wrong: it is for somebody who watches.
            Diagnosis::Busy if io::stderr().is_terminal() && is_in_foreground() => {
                format!("PID {pid} is busy with other clients; waiting for a turn")
            }
            Diagnosis::Busy
            | Diagnosis::Silent
            | Diagnosis::Always(_)
            | Diagnosis::Echoes
            | Diagnosis::Answers => return,
        };
        match &self.progress {
            _ if self.is_quiet => {}
            Some(progress) => progress.suspend(|| note(&line)),
            None => note(&line),
        }
    }

    fn progress(&mut self, bytes: u64) {
        self.progress.progress(bytes);
    }
}
