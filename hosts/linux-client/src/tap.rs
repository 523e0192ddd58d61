//! Observes what goes over the line.

use std::io::{self, Stdout};

use minitalk::{Connection, Diagnosis, Observer};
use minitalk_cli::figures::Progress;
use minitalk_cli::figures::RoundTrips;
use minitalk_cli::report::note;
use minitalk_cli::trace::{Side, View};
use minitalk_signals::Bit;

use crate::cli::Options;
use crate::explain::{self, Trouble};

/// All observers of the line.
#[derive(Debug)]
pub(crate) struct Tap {
    line: (View<Stdout>, Option<RoundTrips>),
    progress: Option<Progress>,
    is_quiet: bool,
}

impl Tap {
    pub(crate) fn new(options: &Options, progress: Option<Progress>) -> Self {
        let watch = options.watch.then(io::stdout);
        let view = View::new(Side::Sender, options.dialect(), watch);
        let line = (view, options.stats.then(RoundTrips::new));
        Self { line, progress, is_quiet: options.quiet }
    }

    /// Ends the progress line and the trace, and reports if the trace is incomplete. Returns the
    /// round trips, if they were measured.
    pub(crate) fn finish(&mut self) -> Option<RoundTrips> {
        self.progress = None;
        if let Err(error) = self.line.0.finish() {
            note(&error);
        }
        self.line.1.take()
    }
}

/// Begins the trace, if requested.
pub(crate) fn record(connection: &mut Connection<Tap>, options: &Options) -> Result<(), Trouble> {
    let pid = connection.pid();
    let Some(path) = &options.trace else { return Ok(()) };
    let recorded = connection.observer_mut().line.0.record(path);
    recorded.map_err(|error| Trouble::Trace { pid, error })
}

impl Observer for Tap {
    #[inline]
    fn sent(&mut self, peer: u32, bit: Bit) {
        self.line.sent(peer, bit);
    }

    #[inline]
    fn received(&mut self, peer: u32, ack: Bit) {
        self.line.received(peer, ack);
    }

    fn timed_out(&mut self, peer: u32) {
        self.line.timed_out(peer);
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
