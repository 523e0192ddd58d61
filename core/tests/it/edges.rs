//! Faults that a single wrong sign or a forgotten line would cause, and no other test would show.

use minitalk_core::frame::{Check, FRAME_OCTETS_MAX, PAYLOAD_OCTETS_MAX};
use minitalk_core::hdlc::{FLAG_BITS, Framer};
use minitalk_core::receiver::Reply;
use minitalk_core::sender::{Event, OfferError};
use minitalk_core::{Bit, Doubt, REASON_BITS, Receiver, RefusalReason, Sender, VERDICT_BITS};

use crate::pair::Pair;

#[test]
fn the_largest_frame_that_makes_sense_fits_a_receiver() {
    // A first frame with the longest length cannot also be the last.
    let mut pair = Pair { sender: Sender::new(7, Some(u64::MAX - 1)), ..Pair::new() };
    pair.sender.offer(&[0xFF; PAYLOAD_OCTETS_MAX], false).expect("a new sender is ready");
    pair.drive();
    assert_eq!(pair.text, [0xFF; PAYLOAD_OCTETS_MAX]);
    assert_eq!(pair.receiver.counters().damaged, 0);
    assert_eq!(FRAME_OCTETS_MAX, 1 + 1 + 1 + 4 + 10 + 1 + 256 + 4 + 4);
}

#[test]
fn what_is_at_risk_of_a_message_of_which_nothing_was_accepted() {
    let fed = |bits: &str| {
        let mut receiver = Receiver::new();
        for bit in bits.chars() {
            let _ = receiver.handle_bit(Bit::from(bit == '1'));
        }
        receiver.octets_at_risk()
    };
    let flag = "01111110";
    assert_eq!(fed(""), None);
    assert_eq!(fed(flag), None, "only a flag");
    assert_eq!(fed(&format!("{flag}00000000")), Some(0), "the beginning of a frame");
    assert_eq!(fed(&format!("{flag}000000001111111")), Some(0), "a frame broken off");
    let noise = format!("{flag}{}{flag}", "0".repeat(64));
    assert_eq!(fed(&noise), Some(0), "a frame that does not check");
}

#[test]
fn progress_is_what_has_not_been_reached_before() {
    let mut pair = Pair::offering(b"hi");
    assert_eq!(pair.sender.progress(), 0);
    for bit in 1..=60 {
        pair.steps(1);
        assert_eq!(pair.sender.progress(), bit);
    }
    // After falling out of step it sends all of this again.
    pair.sender.handle_ack(Bit::One, pair.now);
    assert!(pair.wait());
    pair.steps(60);
    assert_eq!(pair.sender.progress(), 60);
    pair.drive();
    assert!(pair.sender.progress() > 60);
}

#[test]
fn each_frame_is_told_how_many_octets_came_before_it() {
    let mut pair = Pair::new();
    let mut offsets = Vec::new();
    for (payload, is_last) in [(&b"abc"[..], false), (b"", false), (b"de", false), (b"f", true)] {
        pair.sender.offer(payload, is_last).expect("the frame before was accepted");
        while let Some(bit) = pair.sender.poll_transmit(pair.now) {
            let ack = pair.receive(bit).expect("nothing is held back");
            pair.sender.handle_ack(ack, pair.now);
            offsets.extend(pair.taken.take());
        }
        let _ = pair.sender.poll_event();
    }
    assert_eq!((offsets.as_slice(), pair.text.as_slice()), (&[0, 3, 3, 5][..], &b"abcdef"[..]));
    assert_eq!(pair.receiver.octets_at_risk(), None);
}

#[test]
fn a_refusal_of_a_later_frame_is_remembered() {
    for at_the_verdict in 0..8 {
        let mut pair = Pair::new();
        pair.sender.offer(b"kept", false).expect("a new sender is ready");
        pair.drive();
        pair.refuses = Some(RefusalReason::OutputFailed);
        pair.sender.offer(b"refused", true).expect("the first frame was accepted");
        while pair.receiver.counters().refused == 0 {
            pair.steps(1);
        }
        // Part of the verdict is lost, and from now on the host would accept anything.
        pair.steps(at_the_verdict);
        pair.refuses = None;
        let bit = pair.sender.poll_transmit(pair.now).expect("the verdict is not over");
        let _ = pair.receive(bit);
        let _ = pair.receive(bit);
        pair.drive();
        let refused = Event::Refused(Some(RefusalReason::OutputFailed));
        assert_eq!(pair.events, [Event::Accepted { octets: 4, last: false }, refused]);
        assert_eq!(pair.text, b"kept");
        assert_eq!(pair.receiver.octets_at_risk(), None);
    }
}

#[test]
fn a_message_refused_between_two_frames_is_refused_at_the_next_one() {
    let mut pair = Pair::new();
    pair.sender.offer(b"kept", false).expect("a new sender is ready");
    pair.drive();
    assert_eq!(pair.receiver.refuse(RefusalReason::Stalled), None);
    pair.sender.offer(b"late", true).expect("the first frame was accepted");
    pair.drive();
    assert_eq!(pair.events.last(), Some(&Event::Refused(Some(RefusalReason::Stalled))));
    assert_eq!(pair.text, b"kept");
}

#[test]
fn who_gives_up_forgets_the_bit_that_is_under_way() {
    let mut pair = Pair::offering(b"hi");
    pair.steps(30);
    assert!(pair.sender.poll_transmit(pair.now).is_some());
    pair.sender.abort();
    // The acknowledgment of the bit before has not come, but the abort does not wait for it.
    for left in (0..8).rev() {
        assert_eq!(pair.sender.poll_transmit(pair.now), Some(Bit::One));
        assert_eq!(pair.sender.poll_transmit(pair.now), None);
        pair.sender.handle_ack(Bit::One, pair.now);
        let news = (left == 0).then_some(Event::Aborted);
        assert_eq!(pair.sender.poll_event(), news);
    }
    assert_eq!((pair.sender.poll_transmit(pair.now), pair.sender.poll_timeout()), (None, None));
}

#[test]
fn to_a_peer_that_is_not_framed_nothing_more_is_said() {
    let mut pair = Pair::offering(b"hi");
    let mut news = None;
    while news.is_none() {
        while pair.sender.poll_transmit(pair.now).is_some() {
            pair.sender.handle_ack(Bit::Zero, pair.now);
        }
        news = pair.sender.poll_event();
        assert!(news.is_some() || pair.wait());
    }
    assert_eq!(news, Some(Event::NotFramed));
    for ack in [Bit::Zero, Bit::One, Bit::One] {
        pair.sender.handle_ack(ack, pair.now);
        assert_eq!(pair.sender.poll_timeout(), None);
        assert_eq!(pair.sender.poll_transmit(pair.now), None);
        assert_eq!(pair.sender.poll_event(), None);
    }
    assert_eq!(pair.sender.offer(b"more", true), Err(OfferError::NotReady));
}

#[test]
fn the_outcome_is_unknown_from_the_last_bit_of_the_frame_to_its_verdict() {
    for refuses in [None, Some(RefusalReason::TooLong)] {
        let mut pair = Pair { refuses, ..Pair::offering(b"hi") };
        while pair.receiver.counters().accepted + pair.receiver.counters().refused == 0 {
            assert!(!pair.sender.is_outcome_unknown());
            pair.steps(1);
        }
        let spelled = if refuses.is_some() { 8 + 16 } else { 8 };
        for _ in 0..spelled {
            assert!(pair.sender.is_outcome_unknown());
            pair.steps(1);
        }
        assert!(!pair.sender.is_outcome_unknown());
        assert_eq!(pair.events.len(), 1);
    }
}

#[test]
fn a_last_frame_whose_check_is_another_is_refused() {
    /// What a receiver answers to a message of one frame, bit by bit.
    fn judged(check: u32) -> (Vec<u8>, u32, String) {
        let mut content = vec![0xFF, 0b0011_0000, 2, 7, 0, 0, 0, 0, 1, b'a'];
        content.extend(check.to_le_bytes());
        let mut pair = Pair::new();
        let bits = Framer::new(&content).chain(FLAG_BITS).chain([Bit::Zero; 16]);
        let acks: String =
            bits.filter_map(|bit| pair.receive(bit)).map(|ack| ack.to_string()).collect();
        (pair.text, pair.receiver.counters().refused, acks[acks.len() - 24..].to_owned())
    }

    let check = Check::new().finish(1);
    let (text, refused, _) = judged(check);
    assert_eq!((text.as_slice(), refused), (&b"a"[..], 0));
    for wrong in [!check, check ^ 1, 0, Check::new().finish(2)] {
        let (text, refused, acks) = judged(wrong);
        assert_eq!((text.as_slice(), refused), (&b""[..], 1));
        assert_eq!(acks, "000000001111111100000000", "refused, code 12");
    }
}

#[test]
fn the_same_message_under_the_same_number_is_no_repetition_of_itself() {
    let mut pair = Pair::offering(b"reading: 20");
    pair.drive();
    pair.sender = Sender::new(7, None).without_pairs();
    pair.sender.offer(b"reading: 20", true).expect("a new sender is ready");
    pair.drive();
    assert_eq!(pair.text, b"reading: 20reading: 20");
    assert_eq!(pair.receiver.counters().repeated, 0);
}

#[test]
fn a_stray_acknowledgment_between_two_frames_has_the_next_one_begin_with_a_mark() {
    let [in_step, after_a_stray] = [false, true].map(|is_stray| {
        let mut pair = Pair::new();
        pair.sender.offer(b"a", false).expect("a new sender is ready");
        pair.drive();
        let bits = pair.bits;
        if is_stray {
            // It is unknown where this comes from, and what the receiver would send next.
            pair.sender.handle_ack(Bit::One, pair.now);
            assert_eq!(pair.sender.statistics().stray_acks, 1);
        }
        pair.sender.offer(b"b", true).expect("the first frame was accepted");
        pair.drive();
        assert_eq!(pair.text, b"ab");
        assert_eq!(pair.sender.statistics().repeated_frames, 0);
        pair.bits - bits
    });
    // In step, the closing flag of the frame before opens the next one.
    assert!(after_a_stray >= in_step + 16, "{in_step} bits, {after_a_stray} after a stray");
}

/// The first bit may be waiting for its turn; of any other it is certain that it, or its answer,
/// was lost.
#[test]
fn only_the_first_bit_of_an_attempt_can_be_waiting_for_its_turn() {
    let mut pair = Pair::offering(b"hi");
    assert_eq!((pair.sender.doubt(), pair.sender.is_last()), (None, true));
    assert!(!pair.sender.is_answer_due(), "nothing is under way");
    for place in 0..30 {
        let bit = pair.sender.poll_transmit(pair.now).expect("a bit");
        assert_eq!(pair.sender.doubt(), (place == 0).then_some(Doubt::Turn), "bit {place}");
        assert_eq!(pair.sender.is_answer_due(), place > 0, "bit {place}");
        let ack = pair.receive(bit).expect("nothing is held back");
        pair.sender.handle_ack(ack, pair.now);
        assert_eq!(pair.sender.doubt(), None, "nothing is under way");
        assert!(!pair.sender.is_answer_due());
    }
    assert!(pair.sender.poll_transmit(pair.now).is_some());
    let timeout = pair.sender.poll_timeout().expect("a bit is under way");
    pair.sender.postpone(timeout, 70);
    assert_eq!(pair.sender.poll_timeout(), Some(timeout.after_micros(70)));
    pair.sender.handle_timeout(timeout);
    assert_eq!(pair.sender.poll_transmit(timeout), None);
}

/// The last bit of a frame may be held back until the frame is written, and a second answer to a
/// bit that was sent again need not come.
#[test]
fn an_answer_is_due_in_the_middle_of_a_frame() {
    let mut pair = Pair::offering(b"hi");
    let mut due = Vec::new();
    while !pair.sender.is_outcome_unknown() {
        let bit = pair.sender.poll_transmit(pair.now).expect("a bit");
        due.push(pair.sender.is_answer_due());
        if let Some(ack) = pair.receive(bit) {
            pair.sender.handle_ack(ack, pair.now);
        }
    }
    assert_eq!((due.first(), due.last()), (Some(&false), Some(&false)));
    assert!(due.len() > 50 && due.iter().filter(|&&due| !due).count() == 2, "{due:?}");

    let mut pair = Pair::offering(b"hi");
    assert!(pair.sender.poll_transmit(pair.now).is_some());
    let timeout = pair.sender.poll_timeout().expect("a bit is under way");
    pair.sender.handle_timeout(timeout);
    assert!(pair.sender.poll_transmit(timeout).is_some());
    pair.sender.handle_ack(Bit::Zero, timeout);
    assert!(!pair.sender.is_answer_due() && pair.sender.poll_timeout().is_some());
}

#[test]
fn whether_a_frame_is_the_last_one_is_known_while_it_is_sent() {
    let mut pair = Pair::new();
    for is_last in [false, true] {
        pair.sender.offer(b"a", is_last).expect("the frame before was accepted");
        assert_eq!(pair.sender.is_last(), is_last);
        pair.drive();
    }
}

#[test]
fn a_reason_is_spelled_in_so_many_bits_and_the_next_answer_differs_from_its_last_one() {
    for reason in RefusalReason::ALL {
        let mut pair = Pair { refuses: Some(reason), ..Pair::offering(b"hi") };
        while pair.receiver.counters().refused == 0 {
            pair.steps(1);
        }
        let mut spelled = 0;
        let last = loop {
            let bit = pair.sender.poll_transmit(pair.now).expect("the verdict is not over");
            let reply = pair.receiver.handle_bit(bit);
            spelled += 1;
            let (Reply::Acknowledge(ack) | Reply::VerdictComplete(ack)) = reply else {
                panic!("{reply:?}")
            };
            pair.sender.handle_ack(ack, pair.now);
            if reply == Reply::VerdictComplete(ack) {
                break ack;
            }
        };
        assert_eq!(spelled, VERDICT_BITS + REASON_BITS);
        assert_eq!(pair.receiver.handle_bit(Bit::One), Reply::Acknowledge(!last));
        assert_eq!(pair.sender.poll_event(), Some(Event::Refused(Some(reason))));
    }
}

/// No sender's frames are longer than the protocol allows: it was damage, and not the sender's
/// fault.
#[test]
fn a_receiver_with_room_for_every_frame_refuses_none_for_its_length() {
    let mut pair = Pair::new();
    for _ in 0..9 {
        let endless = FLAG_BITS.into_iter().chain([Bit::Zero; 8 * (FRAME_OCTETS_MAX + 9)]);
        for bit in endless.chain(FLAG_BITS) {
            assert!(pair.receive(bit).is_some());
        }
    }
    assert_eq!(pair.receiver.counters().refused, 0);
    assert_eq!(pair.receiver.counters().damaged, 9);
}
