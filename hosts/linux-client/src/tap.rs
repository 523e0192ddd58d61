//! Watches what goes over the line, for whoever asked to see it. It changes nothing.

use std::io::{self, Stdout};

use minitalk::{Connection, Diagnosis, Observer};
use minitalk_cli::progress::Progress;
use minitalk_cli::round_trips::RoundTrips;
use minitalk_cli::trace::{Side, View};
use minitalk_signals::Bit;

use crate::cli::Options;
use crate::explain::{self, Trouble};
use crate::report::note;

/// Everything that watches the line.
#[derive(Debug)]
pub(crate) struct Tap {
    view: View<Stdout>,
    pub(crate) round_trips: Option<RoundTrips>,
    progress: Option<Progress>,
    is_quiet: bool,
}

impl Tap {
    pub(crate) fn new(options: &Options, progress: Option<Progress>) -> Self {
        let watch = options.watch.then(io::stdout);
        Self {
            view: View::new(Side::Sender, options.dialect(), watch),
            round_trips: options.stats.then(RoundTrips::new),
            progress,
            is_quiet: options.quiet,
        }
    }

    /// Ends the progress line and the trace, and says so if that is not complete.
    pub(crate) fn finish(&mut self) {
        self.progress = None;
        if let Err(error) = self.view.finish() {
            note(&error);
        }
    }
}

/// Begins the trace, if one is wanted.
pub(crate) fn record(connection: &mut Connection<Tap>, options: &Options) -> Result<(), Trouble> {
    let pid = connection.pid();
    let Some(path) = &options.trace else { return Ok(()) };
    let recorded = connection.observer_mut().view.record(path);
    recorded.map_err(|error| Trouble::Trace { pid, error })
}

impl Observer for Tap {
    #[inline]
    fn sent(&mut self, peer: u32, bit: Bit) {
        self.view.sent(peer, bit);
        self.round_trips.sent(peer, bit);
    }

    #[inline]
    fn received(&mut self, peer: u32, ack: Bit) {
        self.view.received(peer, ack);
        self.round_trips.received(peer, ack);
    }

    fn timed_out(&mut self, peer: u32) {
        self.view.timed_out(peer);
        self.round_trips.timed_out(peer);
        self.progress.timed_out(peer);
    }

    fn waiting(&mut self, pid: u32, diagnosis: Diagnosis) {
        let line = explain::waiting(pid, diagnosis).filter(|_| !self.is_quiet);
        match (line, &self.progress) {
            (None, _) => {}
            (Some(line), Some(progress)) => progress.suspend(|| note(&line)),
            (Some(line), None) => note(&line),
        }
    }

    fn progress(&mut self, bytes: u64) {
        self.progress.progress(bytes);
    }
}
