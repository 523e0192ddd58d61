//! Symbols between the moment when they are sent and the moment when they arrive.

use heapless::Vec;
use minitalk_core::{Bit, Instant};

/// From kill(2) to the handler, in microseconds.
const LATENCY_MICROS: u64 = 3;

/// A delayed symbol arrives this much later: longer than any retransmission timeout.
const DELAY_MICROS: u64 = 1_500_000;

/// The largest number of symbols in flight: two senders, each with at most two bits and two
/// acknowledgments, and copies.
pub(crate) const FLIGHT_MAX: usize = 32;

/// The number of the receiver; the senders are 1 and 2.
pub(crate) const RECEIVER: u8 = 0;

/// One signal in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// Unique in this world.
    pub(crate) id: u32,
    pub(crate) from: u8,
    pub(crate) to: u8,
    pub(crate) bit: Bit,
    pub(crate) due: Instant,
    pub(crate) is_delayed: bool,
}

/// What a click does to a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Lose,
    Double,
    Delay,
}

/// The symbols in flight.
#[derive(Debug, Default)]
pub(crate) struct Line {
    flight: Vec<Symbol, FLIGHT_MAX>,
    next_id: u32,
}

impl Line {
    pub(crate) const fn new() -> Self {
        Self { flight: Vec::new(), next_id: 1 }
    }

    /// Sends a symbol; returns its number. If the line is full, the symbol is lost.
    pub(crate) fn send(&mut self, from: u8, to: u8, bit: Bit, now: Instant) -> u32 {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let due = now.after_micros(LATENCY_MICROS);
        let _ = self.flight.push(Symbol { id, from, to, bit, due, is_delayed: false });
        id
    }

    /// Applies a fault to a symbol in flight; false if it has arrived.
    pub(crate) fn disturb(&mut self, id: u32, fault: Fault) -> bool {
        let Some(index) = self.flight.iter().position(|symbol| symbol.id == id) else {
            return false;
        };
        match fault {
            Fault::Lose => {
                self.flight.remove(index);
            }
            Fault::Double => {
                let mut copy = self.flight[index];
                copy.id = self.next_id;
                self.next_id = self.next_id.wrapping_add(1);
                // Late enough to be a separate signal.
                copy.due = copy.due.after_micros(1);
                return self.flight.push(copy).is_ok();
            }
            Fault::Delay => {
                let symbol = &mut self.flight[index];
                symbol.due = symbol.due.after_micros(DELAY_MICROS);
                symbol.is_delayed = true;
            }
        }
        true
    }

    /// When the next symbol arrives.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.flight.iter().map(|symbol| symbol.due).min()
    }

    /// Takes the symbol that has arrived by `now`: the earliest, and a zero before a one, as the
    /// kernel does.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Symbol> {
        let arrived = self.flight.iter().enumerate().filter(|(_, symbol)| symbol.due <= now);
        let (index, _) =
            arrived.min_by_key(|(_, symbol)| (symbol.due, symbol.bit.is_one(), symbol.id))?;
        Some(self.flight.remove(index))
    }

    /// Takes a symbol that coincides with `symbol`: the same signal for the same process, pending
    /// at the same time. Signals do not queue, so the process sees only one of them.
    pub(crate) fn take_merged(&mut self, symbol: &Symbol) -> Option<Symbol> {
        let index = self.flight.iter().position(|other| {
            (other.to, other.bit, other.due) == (symbol.to, symbol.bit, symbol.due)
        })?;
        Some(self.flight.remove(index))
    }

    pub(crate) fn symbols(&self) -> &[Symbol] {
        &self.flight
    }
}
