//! From symbols to edges of six wires.

use std::mem;

use minitalk_signals::Bit;

use super::framing::{Framing, Sight};

/// How long a pulse is, if nothing follows earlier.
const PULSE_NANOS: u64 = 1_000;

/// Edges that may wait until it is clear what follows a flag: that takes eight bits, and more only if
/// they are sent again and again.
const HELD_MAX: usize = 4_096;

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    Bit(Bit),
    Ack(Bit),
}

/// A line of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Zero,
    One,
    AckEven,
    AckOdd,
    Frame,
    Flag,
}

impl Wire {
    pub(super) const ALL: [Self; 6] =
        [Self::Zero, Self::One, Self::AckEven, Self::AckOdd, Self::Frame, Self::Flag];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::One => "one",
            Self::AckEven => "ack_even",
            Self::AckOdd => "ack_odd",
            Self::Frame => "frame",
            Self::Flag => "flag",
        }
    }
}

/// A wire changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Since the first symbol.
    pub(super) nanos: u64,
    pub(super) wire: Wire,
    pub(super) high: bool,
}

/// The six wires. Edges come out in the order of time.
#[derive(Debug)]
pub(super) struct Wires {
    /// When the first symbol came.
    origin_nanos: Option<u64>,
    /// When the last one was drawn.
    latest_nanos: u64,
    /// When the next one can be drawn: two symbols in one nanosecond are drawn apart.
    earliest_nanos: u64,
    /// What is high because of it.
    pulses: Vec<Wire>,
    framing: Framing,
    in_frame: bool,
    /// A flag has ended at this time, and it is open whether a frame begins with it.
    opened_nanos: Option<u64>,
    /// Edges since then.
    held: Vec<Edge>,
    ready: Vec<Edge>,
}

impl Wires {
    pub(super) const fn new() -> Self {
        Self {
            origin_nanos: None,
            latest_nanos: 0,
            earliest_nanos: 0,
            pulses: Vec::new(),
            framing: Framing::new(),
            in_frame: false,
            opened_nanos: None,
            held: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// A symbol is on the line at `nanos`, by the clock.
    pub(super) fn take(&mut self, symbol: Symbol, nanos: u64) {
        let origin_nanos = *self.origin_nanos.get_or_insert(nanos);
        let nanos = nanos.saturating_sub(origin_nanos).max(self.earliest_nanos);
        self.fall(nanos);
        self.latest_nanos = nanos;
        self.earliest_nanos = nanos + 2;
        match symbol {
            Symbol::Bit(bit) => {
                self.pulse(if bit == Bit::Zero { Wire::Zero } else { Wire::One });
                match self.framing.feed(bit) {
                    Some(Sight::Flag) => self.flag(),
                    Some(Sight::Abort) => self.abort(),
                    Some(Sight::Content) => self.begin_frame(),
                    None => {}
                }
            }
            Symbol::Ack(Bit::Zero) => self.pulse(Wire::AckEven),
            Symbol::Ack(Bit::One) => self.pulse(Wire::AckOdd),
        }
        if self.held.len() > HELD_MAX {
            self.release();
        }
    }

    /// Nothing more will come.
    pub(super) fn finish(&mut self) {
        self.fall(u64::MAX);
        self.release();
    }

    /// Edges that are certain by now.
    pub(super) fn edges(&mut self) -> impl Iterator<Item = Edge> {
        self.ready.drain(..)
    }

    /// Ends the pulses of the last symbol before the next one at `next_nanos`.
    fn fall(&mut self, next_nanos: u64) {
        let nanos = (self.latest_nanos + PULSE_NANOS).min(next_nanos.saturating_sub(1));
        for wire in mem::take(&mut self.pulses) {
            self.edge(Edge { nanos, wire, high: false });
        }
    }

    fn pulse(&mut self, wire: Wire) {
        self.pulses.push(wire);
        self.edge(Edge { nanos: self.latest_nanos, wire, high: true });
    }

    fn flag(&mut self) {
        self.release();
        self.pulse(Wire::Flag);
        self.end_frame();
        self.opened_nanos = Some(self.latest_nanos);
    }

    fn abort(&mut self) {
        self.release();
        self.end_frame();
    }

    fn end_frame(&mut self) {
        if mem::take(&mut self.in_frame) {
            self.edge(Edge { nanos: self.latest_nanos, wire: Wire::Frame, high: false });
        }
    }

    /// The flag before has opened a frame after all.
    fn begin_frame(&mut self) {
        if let Some(nanos) = self.opened_nanos {
            self.in_frame = true;
            self.ready.push(Edge { nanos, wire: Wire::Frame, high: true });
        }
        self.release();
    }

    fn release(&mut self) {
        self.opened_nanos = None;
        self.ready.append(&mut self.held);
    }

    fn edge(&mut self, edge: Edge) {
        let queue = if self.opened_nanos.is_some() { &mut self.held } else { &mut self.ready };
        queue.push(edge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times at which `wire` changes, for a line with a bit every 10 µs.
    fn changes(line: &str, wire: Wire) -> Vec<(u64, bool)> {
        let mut wires = Wires::new();
        let mut edges = Vec::new();
        for (index, c) in line.bytes().filter(|&c| c != b' ').enumerate() {
            let nanos = 5_000_000 + 10_000 * index as u64;
            wires.take(Symbol::Bit(Bit::from_bool(c == b'1')), nanos);
            edges.extend(wires.edges());
        }
        wires.finish();
        edges.extend(wires.edges());
        assert!(edges.is_sorted_by_key(|edge| edge.nanos), "{edges:?}");
        let of_wire = edges.iter().filter(|edge| edge.wire == wire);
        of_wire.map(|edge| (edge.nanos / 1_000, edge.high)).collect()
    }

    #[test]
    fn a_symbol_is_a_pulse_of_a_microsecond() {
        assert_eq!(changes("011", Wire::Zero), [(0, true), (1, false)]);
        assert_eq!(changes("011", Wire::One), [(10, true), (11, false), (20, true), (21, false)]);
    }

    #[test]
    fn a_pulse_ends_before_the_next_edge() {
        let mut wires = Wires::new();
        for (symbol, nanos) in [
            (Symbol::Bit(Bit::Zero), 100),
            (Symbol::Ack(Bit::One), 400),
            // The clock has not moved.
            (Symbol::Bit(Bit::Zero), 400),
        ] {
            wires.take(symbol, nanos);
        }
        wires.finish();
        let drawn: Vec<_> = wires.edges().map(|edge| (edge.nanos, edge.wire, edge.high)).collect();
        assert_eq!(
            drawn,
            [
                (0, Wire::Zero, true),
                (299, Wire::Zero, false),
                (300, Wire::AckOdd, true),
                (301, Wire::AckOdd, false),
                (302, Wire::Zero, true),
                (1_302, Wire::Zero, false),
            ],
        );
    }

    #[test]
    fn a_frame_is_from_the_end_of_a_flag_to_the_end_of_the_next() {
        let line = "11111111 01111110 10101010 01111110 01111110 11111111";
        assert_eq!(changes(line, Wire::Frame), [(150, true), (310, false)]);
        let flags =
            [(150, true), (151, false), (310, true), (311, false), (390, true), (391, false)];
        assert_eq!(changes(line, Wire::Flag), flags);
    }

    #[test]
    fn an_abort_ends_a_frame() {
        assert_eq!(changes("01111110 101 1111111", Wire::Frame), [(70, true), (160, false)]);
    }
}
