//! Thousands of senders at one exchange.

use minitalk_core::classic::{Dialect, Encoder};
use minitalk_core::exchange::{Exchange, FLOOR_STALL_MICROS, Handled, Output, Place};
use minitalk_core::{Bit, Instant};

const SENDERS: u32 = 5_000;

/// Room for the longest frame of these tests; none of these senders is framed.
const OCTETS: usize = minitalk_core::frame::octets_for(8);

struct Crowd {
    exchange: Exchange<Vec<Place<OCTETS>>, OCTETS>,
    now: Instant,
    /// Which sender was acknowledged, and whether that had to wait.
    acknowledged: Vec<(u32, bool)>,
    ended: Vec<u32>,
}

impl Crowd {
    fn new() -> Self {
        Self {
            exchange: Exchange::new(Dialect::DEFAULT, vec![Place::SHORT; 64]),
            now: Instant::ZERO,
            acknowledged: Vec::new(),
            ended: Vec::new(),
        }
    }

    fn bit(&mut self, peer: u32, bit: Bit) {
        if !self.exchange.is_open(peer) && self.exchange.open(peer).is_err() {
            self.exchange.grow(self.exchange.open_count());
            self.exchange.open(peer).expect("there are places now");
        }
        assert_eq!(self.exchange.handle_bit(peer, bit, self.now), Handled::Taken);
        self.drive();
    }

    fn drive(&mut self) {
        while let Some(output) = self.exchange.poll_output(self.now) {
            match output {
                Output::Transmit { peer, held_back, .. } => {
                    self.acknowledged.push((peer, held_back));
                }
                Output::Payload(piece) => {
                    let (peer, last) = (piece.peer, piece.last);
                    self.ended.extend(last.then_some(peer));
                    self.exchange.accept(peer);
                }
                Output::TooLong { .. } | Output::Closed { .. } => {}
            }
        }
    }

    /// Lets the sender with the floor be silent until it loses the floor.
    fn stall(&mut self) {
        self.now = self.exchange.poll_timeout().expect("somebody waits");
        self.exchange.handle_timeout(self.now);
        self.drive();
    }
}

#[test]
fn whoever_has_waited_longest_is_next_and_nobody_is_left_out() {
    let mut crowd = Crowd::new();
    let bits: Vec<Bit> = Encoder::new(Dialect::DEFAULT, b"a").expect("a text").collect();
    // Numbers like those that the kernel gives to processes started one after the other, and
    // others.
    let peers: Vec<u32> = (0..SENDERS).map(|i| if i % 3 == 0 { i * 4_096 } else { i }).collect();
    for &peer in &peers {
        crowd.bit(peer, bits[0]);
    }
    assert_eq!(crowd.acknowledged, [(peers[0], false)], "one has the floor, and all others wait");
    for (turn, &peer) in peers.iter().enumerate() {
        bits[1..].iter().for_each(|&bit| crowd.bit(peer, bit));
        let next = peers.get(turn + 1).map(|&next| (next, true));
        assert_eq!(crowd.acknowledged.last().filter(|_| next.is_some()), next.as_ref());
    }
    assert_eq!(crowd.ended, peers);
    for &peer in &peers {
        crowd.exchange.handle_gone(peer);
    }
    crowd.drive();
    assert_eq!(crowd.exchange.open_count(), 0);
}

#[test]
fn the_floor_goes_on_from_the_place_of_one_who_has_gone() {
    let mut crowd = Crowd::new();
    (1..=5).for_each(|peer| crowd.bit(peer, Bit::Zero));
    crowd.stall();
    crowd.stall();
    assert_eq!(crowd.acknowledged.last(), Some(&(3, true)), "the third one has the floor");
    // The first two want the floor again, after those that already wait.
    (1..=2).for_each(|peer| crowd.bit(peer, Bit::One));
    crowd.exchange.handle_gone(3);
    crowd.drive();
    (0..3).for_each(|_| crowd.stall());
    let order: Vec<u32> = crowd.acknowledged.iter().map(|&(peer, _)| peer).collect();
    assert_eq!(order, [1, 2, 3, 4, 5, 1, 2]);
}

/// A sender whose bit was lost keeps the others waiting for 20 ms, and so does each of a thousand.
#[test]
fn the_silent_keep_nobody_waiting_for_long() {
    let mut crowd = Crowd::new();
    (1..=1_000).for_each(|peer| crowd.bit(peer, Bit::Zero));
    (1..1_000).for_each(|_| crowd.stall());
    let order: Vec<u32> = crowd.acknowledged.iter().map(|&(peer, _)| peer).collect();
    assert_eq!(order, (1..=1_000).collect::<Vec<u32>>());
    assert_eq!(crowd.now.as_micros(), 999 * FLOOR_STALL_MICROS);
    assert_eq!(crowd.exchange.poll_timeout(), None, "nobody waits");
}

#[test]
fn an_acknowledgment_that_waited_for_the_host_is_marked_and_one_that_did_not_is_not() {
    let mut crowd = Crowd::new();
    let bits: Vec<Bit> = Encoder::new(Dialect::DEFAULT, b"ab").expect("a text").collect();
    bits[..8].iter().for_each(|&bit| crowd.bit(1, bit));
    assert!(crowd.acknowledged.iter().all(|&(_, held_back)| !held_back));
    bits[8..15].iter().for_each(|&bit| crowd.bit(1, bit));
    assert_eq!(crowd.exchange.handle_bit(1, bits[15], crowd.now), Handled::Taken);
    assert!(matches!(crowd.exchange.poll_output(crowd.now), Some(Output::Payload(_))));
    assert!(crowd.exchange.poll_output(crowd.now).is_none(), "the host takes its time");
    crowd.exchange.accept(1);
    crowd.acknowledged.clear();
    crowd.drive();
    assert_eq!(crowd.acknowledged, [(1, true)]);
    crowd.bit(1, bits[16]);
    assert_eq!(crowd.acknowledged, [(1, true), (1, false)]);
}

#[test]
fn of_all_whose_messages_end_at_once_the_host_is_told() {
    let mut crowd = Crowd::new();
    let dialect = "end=silence".parse().expect("a dialect");
    crowd.exchange = Exchange::new(dialect, vec![Place::SHORT; 64]);
    for peer in 1..=9 {
        crowd.bit(peer, Bit::Zero);
        while crowd.acknowledged.last().is_none_or(|&(acknowledged, _)| acknowledged != peer) {
            crowd.stall();
        }
        (0..7).for_each(|_| crowd.bit(peer, Bit::One));
    }
    crowd.now = crowd.now.after_micros(10_000_000);
    crowd.exchange.handle_timeout(crowd.now);
    crowd.drive();
    crowd.ended.sort_unstable();
    assert_eq!(crowd.ended, (1..=9).collect::<Vec<u32>>());
}
