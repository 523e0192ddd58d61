//! What `--trace` and `--watch` show of the line.

use std::io::Write;
use std::os::fd::AsFd;
use std::path::Path;

use minitalk::Observer;
use minitalk_core::classic::Dialect;
use minitalk_signals::Bit;

use super::{IncompleteTrace, OpenTraceError, Side, Trace, Watch};

/// Shows the line to the user: in a file, as it happens, both or neither.
#[derive(Debug)]
pub struct View<W: Write + AsFd> {
    side: Side,
    dialect: Dialect,
    trace: Option<Trace>,
    watch: Option<Watch<W>>,
}

impl<W: Write + AsFd> View<W> {
    /// Shows on `watch`, if given, what is seen at `side`. Classic senders are expected to speak
    /// `dialect`.
    pub fn new(side: Side, dialect: Dialect, watch: Option<W>) -> Self {
        let watch = watch.map(|to| Watch::new(to, side, dialect));
        Self { side, dialect, trace: None, watch }
    }

    /// Begins a [`Trace`] in the file `path`.
    ///
    /// # Errors
    ///
    /// Those of [`Trace::create`].
    pub fn record(&mut self, path: &Path) -> Result<(), OpenTraceError> {
        self.trace = Some(Trace::create(path, self.side, self.dialect)?);
        Ok(())
    }

    /// Ends the display and the trace.
    ///
    /// # Errors
    ///
    /// [`IncompleteTrace`].
    pub fn finish(&mut self) -> Result<(), IncompleteTrace> {
        self.watch = None;
        self.trace.take().map_or(Ok(()), Trace::finish)
    }
}

impl<W: Write + AsFd> Observer for View<W> {
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

    fn timed_out(&mut self, peer: u32) {
        self.trace.timed_out(peer);
        self.watch.timed_out(peer);
    }
}
