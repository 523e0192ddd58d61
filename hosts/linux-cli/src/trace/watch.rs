//! The line as it happens, in a terminal or a pipe.

use std::fmt;
use std::io::Write;
use std::os::fd::AsFd;

use minitalk::Observer;
use minitalk_core::classic::Dialect;
use minitalk_signals::{Bit, Interest, is_ready};

use super::interpreter::{Meaning, Seen};
use super::rows::Rows;
use super::{Pickup, Side};

/// Shows the line as it happens, a row for each bit.
///
/// It never blocks: what cannot be written at once, because nobody reads, is left out and counted.
pub struct Watch<W: Write + AsFd> {
    pickup: Pickup,
    rows: Rows,
    to: W,
    left_out: u64,
}

impl<W: Write + AsFd> Watch<W> {
    /// Shows on `to` what is seen at `side`. Classic senders are expected to speak `dialect`.
    pub fn new(to: W, side: Side, dialect: Dialect) -> Self {
        Self { pickup: Pickup::new(side, dialect), rows: Rows::new(false), to, left_out: 0 }
    }

    fn show(&mut self, (symbol, meaning): &(Seen, Meaning)) {
        let text = self.rows.text(symbol, meaning);
        self.write(&text);
    }

    fn write(&mut self, text: &str) {
        if !is_ready(self.to.as_fd(), Interest::Writable) {
            self.left_out += 1;
            return;
        }
        if self.left_out > 0 {
            let left_out = std::mem::take(&mut self.left_out);
            // If this cannot be written, nobody is left to be told.
            let _ = write!(self.to, "\n… {left_out} symbols were not shown in time\n");
        }
        let _ = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
    }
}

impl<W: Write + AsFd> Drop for Watch<W> {
    fn drop(&mut self) {
        let text = self.rows.end();
        self.write(&text);
    }
}

impl<W: Write + AsFd> Observer for Watch<W> {
    #[inline(never)]
    fn sent(&mut self, peer: u32, symbol: Bit) {
        let told = self.pickup.sent(peer, symbol);
        self.show(&told);
    }

    #[inline(never)]
    fn received(&mut self, peer: u32, symbol: Bit) {
        let told = self.pickup.received(peer, symbol);
        self.show(&told);
    }

    fn timed_out(&mut self, _peer: u32) {
        self.pickup.timed_out();
    }
}

impl<W: Write + AsFd> fmt::Debug for Watch<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("pickup", &self.pickup).finish_non_exhaustive()
    }
}
