//! How both ends of a link handle faults of the line.

use minitalk_core::receiver::Reply;
use minitalk_core::sender::{Event, OfferError};
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender};

use crate::pair::{Pair, sender_of};

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
    // No bit is in flight, so there is nothing to restart.
    sender.restart_timeout(at(1));
    assert_eq!(sender.poll_timeout(), None);
    // The round trip of the first bit is not counted: it may have waited for its turn.
    assert_eq!(sender.poll_transmit(at(0)), Some(Bit::One));
    sender.handle_ack(Bit::One, at(0));
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
    let mut sender = Sender::new(7, None);
    assert_eq!(sender.offer(&[0; 257], true), Err(OfferError::TooLong { octets_max: 256 }));
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
    // The verdict, up to its last acknowledgment; the event is not taken.
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
    // A sender without a memory: it uses the same number after each reset.
    let mut pair = Pair::offering(b"first");
    pair.drive();
    for at in 0..200 {
        pair.text.clear();
        let payload = format!("message {at}");
        pair.sender = Sender::new(7, None).without_pairs();
        pair.sender.offer(payload.as_bytes(), true).expect("a new sender is ready");
        pair.steps(at);
        // Whichever bit comes twice, it costs at most the first attempt.
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
    // It has not seen the opening flag of the first attempt. From two frames it knows that they
    // have the same mask.
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
