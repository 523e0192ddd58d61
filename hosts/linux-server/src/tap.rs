//! Watches what goes over the line, for whoever asked to see it. It changes nothing.

use std::io::{self, Stderr};

use minitalk::Observer;
use minitalk_cli::trace::{IncompleteTrace, Side, Trace, Watch};
use minitalk_signals::Bit;

use crate::cli::Options;

/// Everything that watches the line.
#[derive(Debug)]
pub(crate) struct Tap {
    pub(crate) trace: Option<Trace>,
    /// Messages are on standard output, and nothing else may be.
    watch: Option<Watch<Stderr>>,
}

impl Tap {
    pub(crate) fn new(options: &Options) -> Self {
        let watch = || Watch::new(io::stderr(), Side::Receiver, options.dialect());
        Self { trace: None, watch: options.watch.then(watch) }
    }

    /// Ends the trace.
    pub(crate) fn finish(self) -> Result<(), IncompleteTrace> {
        self.trace.map_or(Ok(()), Trace::finish)
    }
}

impl Observer for Tap {
    #[inline]
    fn sent(&mut self, peer: u32, symbol: Bit) {
        self.trace.sent(peer, symbol);
        self.watch.sent(peer, symbol);
    }

    #[inline]
    fn received(&mut self, peer: u32, symbol: Bit) {
        self.trace.received(peer, symbol);
        self.watch.received(peer, symbol);
    }
}
