//! One round: the yardstick and the programs in turn, so that a noisy moment affects both.

use crate::programs::{Place, Protocol, Server};
use crate::yardstick::{Way, Yardstick};
use crate::{octets, text};

/// Throughput in bits per second. For the yardstick, one bit per round trip; for the programs, bits
/// of the text from the start of the client to its end.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The yardstick, before the first and after each of the transfers.
    pub raw: [f64; 3],
    /// The framed transfer.
    pub framed: f64,
    /// The classic transfer.
    pub classic: f64,
}

impl Round {
    /// Measures both protocols with `octets_count` octets each, against `raw_rounds` round trips.
    #[must_use]
    pub fn measure(server: &mut Server, octets_count: u32, mut raw: impl FnMut() -> f64) -> Self {
        let before = raw();
        let framed = throughput(server, Protocol::Framed, octets_count);
        let between = raw();
        let classic = throughput(server, Protocol::Classic, octets_count);
        Self { raw: [before, between, raw()], framed, classic }
    }

    /// The framed transfer in units of the yardstick around it.
    #[must_use]
    pub fn framed_ratio(&self) -> f64 {
        self.framed / f64::midpoint(self.raw[0], self.raw[1])
    }

    /// The classic transfer in units of the yardstick around it.
    #[must_use]
    pub fn classic_ratio(&self) -> f64 {
        self.classic / f64::midpoint(self.raw[1], self.raw[2])
    }
}

/// The throughput of one message, in bits of text per second.
#[must_use]
pub fn throughput(server: &mut Server, protocol: Protocol, octets_count: u32) -> f64 {
    let count = octets_count as usize;
    let message = match protocol {
        Protocol::Framed | Protocol::FramedSingleBits | Protocol::Default => octets(count),
        Protocol::Classic => text(count),
    };
    8.0 * f64::from(octets_count) / server.send(protocol, &message).as_secs_f64()
}

/// The yardstick, with two processors to itself.
#[must_use]
pub fn raw(yardstick: &Yardstick, way: Way) -> f64 {
    let rounds = if way == Way::Polling { 50_000 } else { 10_000 };
    yardstick.bits_per_second(way, rounds, Place::Anywhere)
}
