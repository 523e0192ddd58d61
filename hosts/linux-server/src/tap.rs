//! The line, recorded.

use minitalk::Observer;
use minitalk_cli::trace::Trace;
use minitalk_signals::Bit;

/// Draws every symbol that a receiver takes and sends.
#[derive(Debug)]
pub(crate) struct Tap(pub(crate) Trace);

impl Observer for Tap {
    fn sent(&mut self, _peer: u32, symbol: Bit) {
        self.0.ack(symbol);
    }

    fn received(&mut self, _peer: u32, symbol: Bit) {
        self.0.bit(symbol);
    }
}
