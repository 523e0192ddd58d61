//! Many senders at one exchange, in memory.

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::{Exchange, Output, Place};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::{Bit, Instant};

/// An exchange and the senders that have a place in it, numbered from 1.
#[derive(Debug)]
pub struct Crowd {
    exchange: Exchange<Vec<Place>, FRAME_OCTETS_MAX>,
    senders: u32,
}

impl Crowd {
    /// A crowd of this many `senders`, none of which has sent a bit.
    ///
    /// # Panics
    ///
    /// If there are more than an exchange has places for.
    #[must_use]
    pub fn new(senders: u32) -> Self {
        let places = usize::try_from(senders).expect("a small number");
        let mut exchange = Exchange::new(Dialect::DEFAULT, vec![Place::FREE; places]);
        for peer in 1..=senders {
            exchange.open(peer).expect("there is a place for each");
        }
        Self { exchange, senders }
    }

    /// Feeds the bits of one sender; returns how many of them have been acknowledged.
    pub fn feed(&mut self, peer: u32, bits: &[Bit]) -> usize {
        let mut acknowledged = 0;
        for &bit in bits {
            if self.exchange.acknowledge(peer, bit, Instant::ZERO).is_some() {
                acknowledged += 1;
                continue;
            }
            let _ = self.exchange.handle_bit(peer, bit, Instant::ZERO);
            acknowledged += self.serve();
        }
        acknowledged
    }

    /// Feeds the same message of every sender, while all others wait for the floor.
    pub fn feed_all(&mut self, bits: &[Bit]) -> usize {
        let Some((&first, rest)) = bits.split_first() else { return 0 };
        let mut acknowledged = 0;
        for peer in 1..=self.senders {
            let _ = self.exchange.handle_bit(peer, first, Instant::ZERO);
        }
        acknowledged += self.serve();
        for peer in 1..=self.senders {
            acknowledged += self.feed(peer, rest);
        }
        acknowledged
    }

    fn serve(&mut self) -> usize {
        let mut acknowledged = 0;
        while let Some(output) = self.exchange.poll_output(Instant::ZERO) {
            match output {
                Output::Transmit { .. } => acknowledged += 1,
                Output::Payload(piece) => {
                    let peer = piece.peer;
                    self.exchange.accept(peer);
                }
                Output::TooLong { .. } | Output::Closed { .. } => {}
            }
        }
        acknowledged
    }
}
