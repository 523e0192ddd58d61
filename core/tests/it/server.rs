//! How a server handles several senders.

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::{self, Exchange, Handled, Output, Place, Protocol};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::sender::Event;
use minitalk_core::{Bit, Instant, RefusalReason, Sender};

use crate::pair::sender_of;
use minitalk_testing::Random;

/// A server that answers at once, and everything that it did.
struct Server {
    exchange: Exchange<[Place; 2], FRAME_OCTETS_MAX>,
    now: Instant,
    acks: Vec<(u32, Bit)>,
    texts: Vec<(u32, Vec<u8>)>,
    too_long: Vec<u32>,
}

impl Server {
    fn new(octets_max: Option<u64>) -> Self {
        let exchange =
            Exchange::new(Dialect::DEFAULT, [const { Place::FREE }; 2]).with_octets_max(octets_max);
        let (acks, texts, too_long) = (Vec::new(), Vec::new(), Vec::new());
        Self { exchange, now: Instant::ZERO, acks, texts, too_long }
    }

    fn bit(&mut self, peer: u32, bit: Bit) {
        if !self.exchange.is_open(peer) {
            self.exchange.open(peer).expect("there is room");
        }
        let _ = self.exchange.handle_bit(peer, bit, self.now);
        self.drive();
    }

    fn drive(&mut self) {
        while let Some(output) = self.exchange.poll_output(self.now) {
            match output {
                Output::Transmit { peer, symbol, .. } => self.acks.push((peer, symbol)),
                Output::Payload(piece) => {
                    let peer = piece.peer;
                    self.texts.push((peer, piece.octets.to_vec()));
                    self.exchange.accept(peer);
                }
                Output::TooLong { peer, .. } => self.too_long.push(peer),
                Output::Closed { .. } => {}
            }
        }
    }

    /// Lets a sender talk while it is answered.
    fn talk(&mut self, peer: u32, sender: &mut Sender) -> Option<Event> {
        while let Some(bit) = sender.poll_transmit(self.now) {
            self.bit(peer, bit);
            for (_, ack) in self.acks.extract_if(.., |&mut (to, _)| to == peer) {
                sender.handle_ack(ack, self.now);
            }
        }
        sender.poll_event()
    }
}

/// What an exchange did for one bit: acknowledgments, octets delivered, and its answer.
type Deed = (Vec<(u32, Bit, bool)>, Vec<(u32, Vec<u8>)>, Option<Handled>);

fn do_by_outputs<S>(
    exchange: &mut Exchange<S>,
    peer: u32,
    bit: Bit,
    accepts: bool,
    now: Instant,
) -> Deed
where
    S: AsRef<[Place]> + AsMut<[Place]>,
{
    let handled = exchange.handle_bit(peer, bit, now);
    let (mut acks, mut octets) = (Vec::new(), Vec::new());
    while let Some(output) = exchange.poll_output(now) {
        match output {
            Output::Transmit { peer, symbol, held_back } => acks.push((peer, symbol, held_back)),
            Output::Payload(piece) => {
                let peer = piece.peer;
                octets.push((peer, piece.octets.to_vec()));
                if accepts {
                    exchange.accept(peer);
                }
            }
            Output::TooLong { .. } | Output::Closed { .. } => {}
        }
    }
    (acks, octets, Some(handled))
}

/// Framed senders, classic ones and noise, each at its own pace: a bit that is acknowledged in a
/// single call leaves the exchange as the outputs would, and one that is not leaves it unchanged.
/// The lookahead knows which.
#[test]
fn a_bit_that_is_acknowledged_at_once_leads_to_what_the_outputs_say() {
    let mut at_once = [0; 2];
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let dialect =
            ["", "one=usr1", "ack=echo", "ack=none", "hello=usr2", "end=silence"][random.index(6)];
        let dialect: Dialect = dialect.parse().expect("a dialect");
        let mut exchange = Exchange::<_>::new(dialect, [const { Place::FREE }; 3]);
        let mut senders: Vec<Option<Sender>> =
            vec![Some(sender_of(&[b'~'; 200])), (seed % 2 == 0).then(|| sender_of(b"two")), None];
        for peer in 1..=3 {
            exchange.open(peer).expect("there is room");
        }
        for step in 0..3_000 {
            let now = Instant::from_micros(step * 300);
            exchange.handle_timeout(now);
            if random.happens(20_000) {
                (1..=3).for_each(|peer| exchange.accept(peer));
            }
            let index = random.index(3);
            let peer = u32::try_from(index + 1).expect("a small number");
            let sent = senders[index].as_mut().map(|sender| sender.poll_transmit(now));
            let noise = Bit::from_bool(random.happens(500_000));
            let bit = match sent {
                Some(Some(bit)) if !random.happens(2_000) => bit,
                Some(None) => continue,
                Some(Some(_)) | None => noise,
            };
            let accepts = !random.happens(10_000);
            // If a sender has gone, the host must be told that before anything else.
            if random.happens(2_000) {
                exchange.handle_gone(3);
            }
            let mut other = exchange.clone();
            let ahead = exchange.lookahead().filter(|&(holder, _)| holder == peer);
            let certain = ahead.and_then(|(_, lookahead)| lookahead.after(bit));
            let expected = do_by_outputs(&mut other, peer, bit, accepts, now);
            let acknowledged = exchange.acknowledge(peer, bit, now);
            assert_eq!(acknowledged, certain, "seed {seed}, step {step}");
            let deed = if let Some(ack) = acknowledged {
                at_once[usize::from(exchange.protocol(peer) == Some(Protocol::Framed))] += 1;
                (vec![(peer, ack, false)], vec![], Some(Handled::Taken))
            } else {
                do_by_outputs(&mut exchange, peer, bit, accepts, now)
            };
            assert_eq!(deed, expected, "seed {seed}, step {step}");
            assert!(exchange == other, "seed {seed}, step {step}");
            let _ = exchange.open(3);
            for (to, ack, _) in expected.0 {
                if let Some(sender) = &mut senders[usize::try_from(to).expect("small") - 1] {
                    sender.handle_ack(ack, now);
                }
            }
        }
    }
    assert!(at_once[0] > 5_000 && at_once[1] > 30_000, "classic and framed: {at_once:?}");
}

#[test]
fn a_message_longer_than_the_server_takes_is_refused_at_its_first_frame() {
    let mut server = Server::new(Some(3));
    let event = server.talk(1, &mut sender_of(b"four"));
    assert_eq!(event, Some(Event::Refused(Some(RefusalReason::TooLong))));
    assert_eq!((server.too_long, server.texts), (vec![1], vec![]));
}

#[test]
fn a_message_of_unknown_length_is_refused_at_the_frame_that_makes_it_too_long() {
    for (octets_max, taken) in [(3, 1), (4, 2)] {
        let mut server = Server::new(Some(octets_max));
        let mut sender = Sender::new(7, None).without_pairs();
        let mut events = Vec::new();
        for last in [false, true] {
            sender.offer(b"ab", last).expect("the frame before was accepted");
            events.extend(server.talk(1, &mut sender));
        }
        let second = match taken {
            1 => Event::Refused(Some(RefusalReason::TooLong)),
            _ => Event::Accepted { octets: 2, last: true },
        };
        assert_eq!(events, [Event::Accepted { octets: 2, last: false }, second]);
        assert_eq!(server.texts, vec![(1, b"ab".to_vec()); taken]);
        assert_eq!(server.too_long.len(), 2 - taken);
    }
}

#[test]
fn the_floor_passes_at_the_verdict_to_the_one_that_waits() {
    let mut server = Server::new(None);
    let (mut first, mut second) = (sender_of(b"a"), sender_of(b"b"));
    let bit = first.poll_transmit(server.now).expect("the mark");
    server.bit(1, bit);
    // The second sender's bit comes in between and waits.
    let waiting = second.poll_transmit(server.now).expect("the mark");
    server.bit(2, waiting);
    assert!(server.exchange.is_waiting(2));
    assert_eq!(server.acks.iter().filter(|&&(to, _)| to == 2).count(), 0);
    for (_, ack) in server.acks.split_off(0) {
        first.handle_ack(ack, server.now);
    }
    assert_eq!(server.talk(1, &mut first), Some(Event::Accepted { octets: 1, last: true }));
    let ack = server.acks.pop().expect("the second one has the floor now");
    second.handle_ack(ack.1, server.now);
    assert_eq!(server.talk(2, &mut second), Some(Event::Accepted { octets: 1, last: true }));
    assert_eq!(server.texts, [(1, b"a".to_vec()), (2, b"b".to_vec())]);
}

#[test]
fn a_turn_that_nobody_wanted_does_not_end_the_next_frame() {
    let mut server = Server::new(None);
    let mut first = Sender::new(7, None).without_pairs();
    for _ in 0..2 {
        first.offer(b"a", false).expect("the frame before, if there was one, was accepted");
        assert_eq!(server.talk(1, &mut first), Some(Event::Accepted { octets: 1, last: false }));
    }
    first.offer(b"b", true).expect("the frame before was accepted");
    let bit = first.poll_transmit(server.now).expect("the address");
    server.bit(1, bit);
    // A new sender in the middle of the frame has to wait for its end.
    server.bit(2, Bit::One);
    assert_eq!(server.acks.iter().map(|&(to, _)| to).collect::<Vec<_>>(), [1]);
    first.handle_ack(server.acks.remove(0).1, server.now);
    assert_eq!(server.talk(1, &mut first), Some(Event::Accepted { octets: 1, last: true }));
    assert_eq!(server.acks.iter().map(|&(to, _)| to).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_silent_holder_loses_the_floor_after_a_fiftieth_of_a_second() {
    let mut server = Server::new(None);
    server.bit(1, Bit::One);
    server.bit(2, Bit::One);
    assert_eq!(server.acks.len(), 1);
    let deadline = server.exchange.poll_timeout().expect("somebody waits");
    assert_eq!(deadline.as_micros(), exchange::FLOOR_STALL_MICROS);
    server.now = deadline;
    server.exchange.handle_timeout(deadline);
    server.drive();
    assert_eq!(server.acks.last().map(|&(to, _)| to), Some(2));
}

#[test]
fn the_turn_of_a_message_that_has_ended_is_over_although_nobody_wanted_it_then() {
    let mut server = Server::new(None);
    for _ in 0..8 {
        server.bit(1, Bit::Zero);
    }
    // The sender that wants it now is gone before its bit is processed.
    server.exchange.open(2).expect("there is room");
    let _ = server.exchange.handle_bit(2, Bit::One, server.now);
    server.exchange.handle_gone(2);
    server.drive();
    server.acks.clear();
    server.bit(3, Bit::One);
    assert_eq!(server.acks, [(3, Bit::Zero)]);
}

/// A classic sender cannot be told that it was refused, so it continues.
#[test]
fn a_sender_that_is_not_listened_to_keeps_nobody_waiting() {
    let mut server = Server::new(None);
    server.bit(1, Bit::Zero);
    server.bit(2, Bit::One);
    assert!(server.exchange.is_waiting(2));
    server.exchange.handle_gone(2);
    server.exchange.refuse(1, RefusalReason::OutputFailed);
    server.drive();
    server.acks.clear();
    for _ in 0..1_000 {
        let handled = server.exchange.handle_bit(1, Bit::Zero, server.now);
        assert_eq!(handled, Handled::Ignored);
        server.drive();
    }
    server.bit(3, Bit::One);
    assert_eq!(server.acks, [(3, Bit::Zero)]);
}

/// Ignored bits are no sign of life.
#[test]
fn a_holder_whose_bits_are_ignored_is_silent() {
    let mut server = Server::new(None);
    server.bit(1, Bit::Zero);
    server.bit(2, Bit::One);
    server.exchange.refuse(1, RefusalReason::OutputFailed);
    let deadline = server.exchange.poll_timeout().expect("somebody waits");
    server.now = Instant::from_micros(exchange::FLOOR_STALL_MICROS / 2);
    assert_eq!(server.exchange.handle_bit(1, Bit::One, server.now), Handled::Ignored);
    assert_eq!(server.exchange.poll_timeout(), Some(deadline));
}

#[test]
fn what_comes_of_a_sender_that_does_not_wait_while_the_host_does_is_lost_and_known_to_be() {
    let mut exchange = Exchange::<[Place; 2], FRAME_OCTETS_MAX>::new(
        "ack=none".parse().expect("a dialect"),
        [const { Place::FREE }; 2],
    );
    exchange.open(1).expect("there is room");
    for _ in 0..8 {
        assert_eq!(exchange.handle_bit(1, Bit::One, Instant::ZERO), Handled::Taken);
        while exchange.poll_output(Instant::ZERO).is_some() {}
    }
    assert_eq!(exchange.handle_bit(1, Bit::Zero, Instant::ZERO), Handled::Lost);
    exchange.accept(1);
    assert_eq!(exchange.handle_bit(1, Bit::Zero, Instant::ZERO), Handled::Taken);
}

#[test]
fn the_place_of_a_dead_client_is_free_again() {
    let mut server = Server::new(None);
    server.bit(1, Bit::One);
    server.bit(2, Bit::One);
    assert_eq!(server.exchange.open(3), Err(exchange::OpenError::Full));
    server.exchange.handle_gone(1);
    server.drive();
    assert_eq!(server.exchange.open(3), Ok(()));
}

#[test]
fn a_classic_text_that_begins_with_ones_is_classic() {
    let mut server = Server::new(None);
    for byte in "\u{10FFFF}".bytes().chain([0]) {
        for place in (0..8).rev() {
            server.bit(1, Bit::from(byte >> place & 1 == 1));
        }
    }
    assert_eq!(server.exchange.protocol(1), Some(Protocol::Classic));
    let text: Vec<u8> = server.texts.iter().flat_map(|(_, octets)| octets.clone()).collect();
    assert_eq!(text, "\u{10FFFF}".as_bytes());
}

#[test]
fn doubled_bits_of_a_mark_do_no_harm() {
    for doubled in 1..6 {
        let mut server = Server::new(None);
        for _ in 0..doubled {
            server.bit(1, Bit::One);
        }
        server.acks.clear();
        assert_eq!(
            server.talk(1, &mut sender_of(b"hi")),
            Some(Event::Accepted { octets: 2, last: true })
        );
        assert_eq!(server.exchange.protocol(1), Some(Protocol::Framed));
    }
}

#[test]
fn a_coding_that_the_server_does_not_know_is_refused() {
    let mut server = Server::new(None);
    let mut sender = Sender::new(7, None).with_coding(1);
    sender.offer(b"coded", true).expect("a new sender is ready");
    let refused = Some(Event::Refused(Some(RefusalReason::Coding)));
    assert_eq!(server.talk(1, &mut sender), refused);
    server.exchange = server.exchange.with_codings(0b11);
    let mut sender = Sender::new(8, None).with_coding(1);
    sender.offer(b"coded", true).expect("a new sender is ready");
    assert_eq!(server.talk(1, &mut sender), Some(Event::Accepted { octets: 5, last: true }));
    assert_eq!(server.texts, [(1, b"coded".to_vec())]);
}

#[test]
fn the_codings_that_a_server_knows_are_those_that_it_is_told() {
    for codings in 0..16 {
        for coding in 0..4 {
            let mut server = Server::new(None);
            server.exchange = server.exchange.with_codings(codings);
            let mut sender = Sender::new(7, None).with_coding(coding);
            sender.offer(b"hi", true).expect("a new sender is ready");
            let accepted = Some(Event::Accepted { octets: 2, last: true });
            let is_accepted = server.talk(1, &mut sender) == accepted;
            assert_eq!(is_accepted, codings >> coding & 1 == 1, "{coding} of {codings:#b}");
        }
    }
}

#[test]
fn a_bit_that_waits_for_its_turn_is_acknowledged_before_the_next_one() {
    let mut exchange = Exchange::<_>::new(Dialect::DEFAULT, [const { Place::FREE }; 1]);
    exchange.open(1).expect("there is room");
    assert_eq!(do_by_outputs(&mut exchange, 1, Bit::One, true, Instant::ZERO).0.len(), 1);
    assert_eq!(do_by_outputs(&mut exchange, 1, Bit::Zero, true, Instant::ZERO).0.len(), 1);
    assert!(exchange.clone().acknowledge(1, Bit::One, Instant::ZERO).is_some());
    // The acknowledgment that is owed for the first of two bits has not been taken.
    assert_eq!(exchange.handle_bit(1, Bit::Zero, Instant::ZERO), Handled::Taken);
    assert_eq!(exchange.acknowledge(1, Bit::One, Instant::ZERO), None);
}
