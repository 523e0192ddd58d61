//! Both ends of a link, and what each of them makes of what the line does to it.

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::{self, Exchange, Handled, Output, Place, Protocol};
use minitalk_core::frame::{CONTENT_OCTETS_MAX, FRAME_OCTETS_MAX};
use minitalk_core::receiver::Reply;
use minitalk_core::sender::{Event, OfferError};
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender};

/// A sender and a receiver on a line without a kernel, and the clock.
struct Pair {
    sender: Sender<CONTENT_OCTETS_MAX>,
    receiver: Receiver<FRAME_OCTETS_MAX>,
    text: Vec<u8>,
    events: Vec<Event>,
    refuses: Option<RefusalReason>,
    now: Instant,
    bits: u64,
}

impl Pair {
    fn new() -> Self {
        Self {
            sender: Sender::new(7, None).without_pairs(),
            receiver: Receiver::new(),
            text: Vec::new(),
            events: Vec::new(),
            refuses: None,
            now: Instant::ZERO,
            bits: 0,
        }
    }

    fn offering(payload: &[u8]) -> Self {
        let mut pair = Self::new();
        pair.sender.offer(payload, true).expect("a new sender is ready");
        pair
    }

    /// The acknowledgment of one bit.
    fn receive(&mut self, bit: Bit) -> Option<Bit> {
        match self.receiver.handle_bit(bit) {
            Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => Some(ack),
            Reply::Ignored => None,
            Reply::Frame => {
                if let Some(reason) = self.refuses {
                    return self.receiver.refuse(reason);
                }
                self.text.extend_from_slice(self.receiver.frame().expect("just announced").payload);
                self.receiver.accept()
            }
        }
    }

    /// Sends one bit and takes its acknowledgment; false if there is nothing to send.
    fn step(&mut self) -> bool {
        let Some(bit) = self.sender.poll_transmit(self.now) else { return false };
        self.bits += 1;
        if let Some(ack) = self.receive(bit) {
            self.sender.handle_ack(ack, self.now);
        }
        self.events.extend(self.sender.poll_event());
        true
    }

    fn steps(&mut self, count: u64) {
        for _ in 0..count {
            assert!(self.step());
        }
    }

    /// Goes on until there is nothing to send and nothing to wait for.
    fn drive(&mut self) {
        for _ in 0..2_000_000 {
            if !self.step() && !self.wait() {
                return;
            }
        }
        panic!("it does not end");
    }

    fn wait(&mut self) -> bool {
        let Some(deadline) = self.sender.poll_timeout() else { return false };
        self.now = deadline;
        self.sender.handle_timeout(deadline);
        true
    }
}

const DELIVERED: [Event; 1] = [Event::Accepted { octets: 2, last: true }];

#[test]
fn a_bit_that_comes_twice_costs_the_frame_and_nothing_more() {
    for at in 20..100 {
        let mut pair = Pair::offering(b"hi");
        pair.steps(at);
        let bit = pair.sender.poll_transmit(pair.now).expect("the frame is not over");
        let (first, second) = (pair.receive(bit), pair.receive(bit));
        for ack in [first, second].into_iter().flatten() {
            pair.sender.handle_ack(ack, pair.now);
        }
        pair.drive();
        assert_eq!((pair.text.as_slice(), pair.events.as_slice()), (&b"hi"[..], &DELIVERED[..]));
        assert_eq!(pair.sender.statistics().repeated_frames, 1);
    }
}

#[test]
fn a_lost_bit_is_sent_again_and_the_frame_is_not() {
    let mut pair = Pair::offering(b"hi");
    pair.steps(40);
    assert!(pair.sender.poll_transmit(pair.now).is_some());
    assert!(pair.wait());
    pair.drive();
    assert_eq!((pair.text.as_slice(), pair.events.as_slice()), (&b"hi"[..], &DELIVERED[..]));
    let statistics = pair.sender.statistics();
    assert_eq!((statistics.resent_bits, statistics.repeated_frames), (1, 0));
}

#[test]
fn a_lost_acknowledgment_delivers_nothing_twice() {
    for at in 0..140 {
        let mut pair = Pair::offering(b"hi");
        pair.steps(at);
        if let Some(bit) = pair.sender.poll_transmit(pair.now) {
            let _ = pair.receive(bit);
        }
        pair.drive();
        assert_eq!((pair.text.as_slice(), pair.events.as_slice()), (&b"hi"[..], &DELIVERED[..]));
    }
}

#[test]
fn what_has_been_delivered_is_not_refused_afterwards() {
    let mut pair = Pair::offering(b"hi");
    while pair.text.is_empty() {
        pair.steps(1);
    }
    assert_eq!(pair.receiver.refuse(RefusalReason::ShuttingDown), None);
    // Its verdict is lost, so the frame comes again.
    let bit = pair.sender.poll_transmit(pair.now).expect("the flag of the verdict");
    let _ = pair.receive(bit);
    pair.drive();
    assert_eq!((pair.text.as_slice(), pair.events.as_slice()), (&b"hi"[..], &DELIVERED[..]));
    assert_eq!(pair.sender.statistics().repeated_frames, 1);
}

#[test]
fn a_receiver_that_is_slow_to_say_why_is_waited_for() {
    let mut pair = Pair::offering(b"hi");
    pair.refuses = Some(RefusalReason::OutputFailed);
    // The verdict takes eight bits after the frame; then comes the reason.
    while pair.receiver.counters().refused == 0 {
        pair.steps(1);
    }
    pair.steps(8);
    let bit = pair.sender.poll_transmit(pair.now).expect("the reason has begun");
    let ack = pair.receive(bit).expect("it is spelled");
    let deadline = pair.sender.poll_timeout().expect("a bit is under way");
    assert_eq!(deadline.micros_since(pair.now), 250_000);
    pair.now = deadline;
    pair.sender.handle_ack(ack, pair.now);
    pair.drive();
    assert_eq!(pair.events, [Event::Refused(Some(RefusalReason::OutputFailed))]);
}

#[test]
fn every_reason_of_a_refusal_reaches_the_sender() {
    for reason in RefusalReason::ALL {
        let mut pair = Pair::offering(b"hi");
        pair.refuses = Some(reason);
        pair.drive();
        assert_eq!(pair.events, [Event::Refused(Some(reason))]);
        assert!(!pair.sender.is_outcome_unknown());
    }
}

#[test]
fn a_sender_that_gives_up_leaves_no_frame_behind() {
    for at in 0..120 {
        let mut pair = Pair::offering(b"hi");
        pair.steps(at);
        pair.sender.abort();
        pair.drive();
        assert_eq!(pair.events, [Event::Aborted]);
        assert!(pair.text.is_empty() || pair.sender.is_outcome_unknown());
    }
}

#[test]
fn a_timeout_runs_from_where_it_is_restarted() {
    let at = Instant::from_micros;
    let mut sender = sender_of(b"hi");
    // Nothing is under way, so there is nothing to restart.
    sender.restart_timeout(at(1));
    assert_eq!(sender.poll_timeout(), None);
    assert_eq!(sender.poll_transmit(at(0)), Some(Bit::One));
    let timeout = sender.poll_timeout().expect("a bit is under way").as_micros();
    sender.restart_timeout(at(10_000));
    assert_eq!(sender.poll_timeout(), Some(at(10_000 + timeout)));
    sender.handle_timeout(at(timeout));
    assert_eq!(sender.poll_transmit(at(timeout)), None, "it is too early");
    // The round trip is measured from there as well: 5 ms, and half of that as its variation.
    sender.handle_ack(Bit::One, at(15_000));
    assert_eq!(sender.poll_transmit(at(15_000)), Some(Bit::One));
    assert_eq!(sender.poll_timeout(), Some(at(15_000 + 15_000)));
}

#[test]
fn a_receiver_that_does_not_alternate_is_recognised() {
    let mut sender = Sender::<CONTENT_OCTETS_MAX>::new(7, None);
    sender.offer(b"hi", true).expect("a new sender is ready");
    let mut now = Instant::ZERO;
    for _ in 0..200 {
        while sender.poll_transmit(now).is_some() {
            sender.handle_ack(Bit::Zero, now);
        }
        if let Some(event) = sender.poll_event() {
            assert_eq!(event, Event::NotFramed);
            return;
        }
        now = sender.poll_timeout().expect("it tries again");
        sender.handle_timeout(now);
    }
    panic!("it never notices");
}

#[test]
fn a_hundred_thousand_octets_arrive_and_frame_numbers_wrap() {
    let text: Vec<u8> = (0..100_000_u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
    let mut pair = Pair::new();
    let frames = text.chunks(256).len();
    for (index, payload) in text.chunks(256).enumerate() {
        pair.sender.offer(payload, index + 1 == frames).expect("the frame before was accepted");
        while pair.step() {}
    }
    assert_eq!(pair.text, text);
    assert_eq!(pair.events.len(), frames);
    assert_eq!(pair.sender.statistics().repeated_frames, 0);
}

#[test]
fn a_payload_that_does_not_fit_or_comes_too_early_is_not_taken() {
    let mut sender = Sender::<CONTENT_OCTETS_MAX>::new(7, None);
    assert_eq!(sender.offer(&[0; 257], true), Err(OfferError::TooLong));
    assert_eq!(sender.offer(&[0; 256], false), Ok(()));
    assert_eq!(sender.offer(b"", true), Err(OfferError::NotReady));
}

#[test]
fn an_acknowledgment_that_comes_while_news_is_unread_is_not_forgotten() {
    let mut pair = Pair::new();
    pair.sender.offer(b"a", false).expect("a new sender is ready");
    while pair.receiver.counters().accepted == 0 {
        pair.steps(1);
    }
    // The verdict, up to its last acknowledgment; the news of it is not taken.
    for _ in 0..8 {
        let bit = pair.sender.poll_transmit(pair.now).expect("the flag of the verdict");
        let ack = pair.receive(bit).expect("nothing is held back");
        pair.sender.handle_ack(ack, pair.now);
    }
    assert!(!pair.sender.is_ready());
    assert_eq!(pair.sender.offer(b"b", true), Err(OfferError::NotReady));
    pair.sender.handle_ack(Bit::One, pair.now);
    assert_eq!(pair.sender.poll_event(), Some(Event::Accepted { octets: 1, last: false }));
    pair.sender.offer(b"b", true).expect("its news has been taken");
    // Out of step, a frame begins with a mark and a flag of its own.
    let mut beginning = String::new();
    for _ in 0..16 {
        let bit = pair.sender.poll_transmit(pair.now).expect("the frame has begun");
        beginning.push_str(&bit.to_string());
        let ack = pair.receive(bit).expect("nothing is held back");
        pair.sender.handle_ack(ack, pair.now);
    }
    assert_eq!(beginning, "1111111101111110");
    pair.drive();
    assert_eq!(pair.text, b"ab");
}

#[test]
fn a_message_that_has_another_length_than_it_said_is_refused() {
    for (said, frames) in [
        (1, &[&b"ab"[..]][..]),
        (3, &[b"ab"]),
        (3, &[b"ab", b"cd"]),
        (5, &[b"ab", b"", b"cd"]),
        (0, &[b"", b"a"]),
    ] {
        let mut pair = Pair { sender: Sender::new(7, Some(said)), ..Pair::new() };
        for (index, payload) in frames.iter().enumerate() {
            if pair.sender.is_ready() {
                let is_last = index + 1 == frames.len();
                pair.sender.offer(payload, is_last).expect("it is ready");
                pair.drive();
            }
        }
        let refused = Event::Refused(Some(RefusalReason::Mismatch));
        assert_eq!(pair.events.last(), Some(&refused), "{said} {frames:?}");
        let octets = u64::try_from(pair.text.len()).expect("they are few");
        assert!(octets <= said);
        assert_eq!(pair.receiver.octets_at_risk().unwrap_or(0), octets);
    }
}

#[test]
fn a_number_used_again_confirms_what_has_been_delivered_and_nothing_else() {
    // A sender without a memory: after each reset it uses the same number.
    let mut pair = Pair::offering(b"first");
    pair.drive();
    for at in 0..200 {
        pair.text.clear();
        let payload = format!("message {at}");
        pair.sender = Sender::new(7, None).without_pairs();
        pair.sender.offer(payload.as_bytes(), true).expect("a new sender is ready");
        pair.steps(at);
        // Whichever bit comes twice costs at most the first attempt.
        if let Some(bit) = pair.sender.poll_transmit(pair.now) {
            let acks = [pair.receive(bit), pair.receive(bit)];
            acks.into_iter().flatten().for_each(|ack| pair.sender.handle_ack(ack, pair.now));
        }
        pair.drive();
        let receipt = Event::Accepted { octets: payload.len(), last: true };
        assert_eq!((pair.text.as_slice(), pair.events.pop()), (payload.as_bytes(), Some(receipt)));
    }
}

#[test]
fn a_reset_in_the_middle_of_a_message_lets_another_begin_under_its_number() {
    let mut pair = Pair::new();
    pair.sender.offer(b"cut off", false).expect("a new sender is ready");
    pair.drive();
    pair.sender = Sender::new(7, None).without_pairs();
    pair.sender.offer(b"begins anew", true).expect("a new sender is ready");
    pair.drive();
    assert_eq!(pair.text, b"cut offbegins anew");
    assert_eq!(pair.receiver.counters().repeated, 0);
}

#[test]
fn the_rest_of_a_message_whose_beginning_is_not_known_is_refused() {
    let mut pair = Pair::new();
    pair.sender.offer(b"known", false).expect("a new sender is ready");
    pair.drive();
    // The receiver is reset and knows nothing.
    let mut receiver = Receiver::new();
    core::mem::swap(&mut pair.receiver, &mut receiver);
    pair.sender.offer(b"unknown", true).expect("the first frame was accepted");
    pair.drive();
    assert_eq!(pair.events.last(), Some(&Event::Refused(Some(RefusalReason::OutOfSequence))));
    assert_eq!(pair.text, b"known");
    // Of the first attempt it has not seen the opening flag; of two it knows that they have one mask.
    assert_eq!(pair.sender.statistics().repeated_frames, 2);
}

#[test]
fn the_coding_of_a_message_reaches_the_receiver_with_every_frame() {
    let mut pair = Pair { sender: Sender::new(7, None).with_coding(5), ..Pair::new() };
    for (payload, is_last) in [(&b"a"[..], false), (b"b", true)] {
        pair.sender.offer(payload, is_last).expect("it is ready");
        let mut coding = None;
        while let Some(bit) = pair.sender.poll_transmit(pair.now) {
            let reply = pair.receiver.handle_bit(bit);
            let ack = match reply {
                Reply::Frame => {
                    coding = pair.receiver.frame().map(|frame| frame.coding);
                    pair.receiver.accept().expect("a frame waits")
                }
                Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => ack,
                Reply::Ignored => continue,
            };
            pair.sender.handle_ack(ack, pair.now);
        }
        assert_eq!(coding, Some(5));
        assert!(pair.sender.poll_event().is_some());
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

/// A server that answers at once, and everything it did.
struct Server {
    exchange: Exchange<[Place<FRAME_OCTETS_MAX>; 2], FRAME_OCTETS_MAX>,
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

    /// Lets a sender talk as long as it is answered.
    fn talk(&mut self, peer: u32, sender: &mut Sender<CONTENT_OCTETS_MAX>) -> Option<Event> {
        while let Some(bit) = sender.poll_transmit(self.now) {
            self.bit(peer, bit);
            for (_, ack) in self.acks.extract_if(.., |&mut (to, _)| to == peer) {
                sender.handle_ack(ack, self.now);
            }
        }
        sender.poll_event()
    }
}

fn sender_of(payload: &[u8]) -> Sender<CONTENT_OCTETS_MAX> {
    let mut sender = Sender::new(7, u64::try_from(payload.len()).ok()).without_pairs();
    sender.offer(payload, true).expect("a new sender is ready");
    sender
}

#[test]
fn a_message_longer_than_the_server_takes_is_refused_at_its_first_frame() {
    let mut server = Server::new(Some(3));
    let event = server.talk(1, &mut sender_of(b"four"));
    assert_eq!(event, Some(Event::Refused(Some(RefusalReason::TooLong))));
    assert_eq!((server.too_long, server.texts), (vec![1], vec![]));
}

#[test]
fn the_floor_passes_at_the_verdict_to_the_one_that_waits() {
    let mut server = Server::new(None);
    let (mut first, mut second) = (sender_of(b"a"), sender_of(b"b"));
    let bit = first.poll_transmit(server.now).expect("the mark");
    server.bit(1, bit);
    // The second one's bit comes in between and waits.
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
    // A newcomer in the middle of the frame has to wait for its end.
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
    // Whoever wants it now is gone before it is looked at.
    server.exchange.open(2).expect("there is room");
    let _ = server.exchange.handle_bit(2, Bit::One, server.now);
    server.exchange.handle_gone(2);
    server.drive();
    server.acks.clear();
    server.bit(3, Bit::One);
    assert_eq!(server.acks, [(3, Bit::Zero)]);
}

/// A classic sender cannot be told that it was refused, and goes on.
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

/// Bits that are ignored are no sign of life.
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
    let mut exchange = Exchange::<[Place<FRAME_OCTETS_MAX>; 2], FRAME_OCTETS_MAX>::new(
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
