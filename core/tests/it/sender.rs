//! The rules that a sender follows bit by bit, as seen on the line.

use minitalk_core::sender::{Event, Phase};
use minitalk_core::{Bit, Instant, RefusalReason, Sender};

use crate::pair::Pair;

/// Zeros and ones in turn, and runs of each.
const PAYLOAD: &[u8] = b"UU\x00\xFF\x0F hi";

fn in_pairs(payload: &[u8]) -> Pair {
    let mut pair = Pair { sender: Sender::new(7, None), ..Pair::new() };
    pair.sender.offer(payload, true).expect("a new sender is ready");
    pair
}

/// What the sender sends without waiting.
fn transmitted(sender: &mut Sender, now: Instant) -> Vec<Bit> {
    std::iter::from_fn(|| sender.poll_transmit(now)).collect()
}

impl Pair {
    /// Sends the bits that may be in flight together, and takes their acknowledgments.
    fn burst(&mut self) -> Vec<Bit> {
        let bits = transmitted(&mut self.sender, self.now);
        let acks: Vec<_> = bits.iter().filter_map(|&bit| self.receive(bit)).collect();
        for ack in acks {
            self.sender.handle_ack(ack, self.now);
        }
        self.events.extend(self.sender.poll_event());
        bits
    }

    /// Continues until two bits are in flight.
    fn until_a_pair(&mut self) -> [Bit; 2] {
        for _ in 0..100 {
            let before = (self.sender.clone(), self.receiver.clone());
            if let [first, second] = self.burst()[..] {
                (self.sender, self.receiver) = before;
                assert_eq!(transmitted(&mut self.sender, self.now), [first, second]);
                return [first, second];
            }
        }
        panic!("no pair comes");
    }
}

/// The bits that should be sent together, derived from those of the same message sent one by one.
fn expected_bursts(bits: &[Bit], frame: std::ops::Range<usize>) -> Vec<Vec<Bit>> {
    let mut bursts: Vec<Vec<Bit>> = Vec::new();
    for (place, &bit) in bits.iter().enumerate() {
        match bursts.last_mut() {
            // The zero must be inside as well.
            Some(last)
                if last[..] == [Bit::Zero]
                    && bit.is_one()
                    && frame.contains(&place)
                    && frame.contains(&(place - 1)) =>
            {
                last.push(bit);
            }
            _ => bursts.push(vec![bit]),
        }
    }
    bursts
}

#[test]
fn a_one_goes_with_the_zero_before_it_where_both_are_inside_a_frame_that_is_checked() {
    let mut single = Pair::offering(PAYLOAD);
    let mut bits = Vec::new();
    while let Some(bit) = single.sender.poll_transmit(single.now) {
        bits.push(bit);
        let ack = single.receive(bit).expect("nothing is held back");
        single.sender.handle_ack(ack, single.now);
    }
    // Eight ones and a zero, whose acknowledgment is the first to be checked; at the end the flag
    // of the verdict.
    let frame = 9..bits.len() - 8;
    let mut pair = in_pairs(PAYLOAD);
    let mut bursts = Vec::new();
    while pair.events.is_empty() {
        bursts.push(pair.burst());
    }
    assert_eq!(bursts, expected_bursts(&bits, frame));
    assert!(bursts.iter().filter(|burst| burst.len() == 2).count() > 20, "there are pairs");
    assert_eq!(pair.text, PAYLOAD);
}

#[test]
fn a_frame_is_repeated_in_single_bits_after_a_mark_of_sixteen() {
    let mut pair = in_pairs(PAYLOAD);
    let _ = pair.until_a_pair();
    // A third acknowledgment for two bits.
    for ack in [Bit::Zero, Bit::One, Bit::Zero] {
        pair.sender.handle_ack(ack, pair.now);
    }
    assert_eq!(pair.sender.phase(), Phase::Quiet);
    assert_eq!(transmitted(&mut pair.sender, pair.now), [], "nothing before the line is quiet");
    assert!(pair.wait());
    let mut mark = 0;
    while pair.events.is_empty() {
        mark += usize::from(pair.sender.phase() == Phase::Mark);
        assert_eq!(pair.burst().len(), 1);
    }
    assert_eq!(mark, 16);
    assert_eq!((pair.text.as_slice(), pair.sender.statistics().repeated_frames), (PAYLOAD, 1));
}

#[test]
fn the_two_acknowledgments_of_a_pair_are_different_ones_in_any_order() {
    for is_resent in [false, true] {
        for acks in [[Bit::Zero, Bit::One], [Bit::One, Bit::Zero], [Bit::One; 2], [Bit::Zero; 2]] {
            let mut pair = in_pairs(PAYLOAD);
            let bits = pair.until_a_pair();
            if is_resent {
                assert!(pair.wait());
                assert_eq!(transmitted(&mut pair.sender, pair.now), bits, "both once more");
                assert_eq!(pair.sender.statistics().resent_bits, 2);
            }
            pair.sender.handle_ack(acks[0], pair.now);
            assert_eq!(transmitted(&mut pair.sender, pair.now), [], "one of two");
            pair.sender.handle_ack(acks[1], pair.now);
            let is_in_step = acks[0] != acks[1];
            let phase = if is_in_step { Phase::Frame } else { Phase::Quiet };
            assert_eq!(pair.sender.phase(), phase, "{acks:?}, resent: {is_resent}");
            if is_resent && is_in_step {
                assert_eq!(transmitted(&mut pair.sender, pair.now), [], "it listens");
                assert!(pair.wait());
            }
            let goes_on = !transmitted(&mut pair.sender, pair.now).is_empty();
            assert_eq!(goes_on, is_in_step);
        }
    }
}

#[test]
fn of_a_pair_of_which_one_was_acknowledged_nobody_can_tell_which() {
    let mut pair = in_pairs(PAYLOAD);
    let _ = pair.until_a_pair();
    pair.sender.handle_ack(Bit::One, pair.now);
    assert!(pair.wait());
    assert_eq!(pair.sender.phase(), Phase::Quiet);
}

/// How long the sender waits for the acknowledgment of the next bit, in µs.
fn patience(pair: &mut Pair) -> u64 {
    let bit = pair.sender.poll_transmit(pair.now).expect("a bit");
    let timeout = pair.sender.poll_timeout().expect("a bit is under way");
    let ack = pair.receive(bit).expect("nothing is held back");
    pair.sender.handle_ack(ack, pair.now);
    timeout.micros_since(pair.now)
}

#[test]
fn a_bit_that_may_be_held_back_is_waited_for_longer_than_another() {
    let mut pair = Pair::new();
    pair.sender.offer(PAYLOAD, false).expect("a new sender is ready");
    pair.drive();
    pair.refuses = Some(RefusalReason::OutputFailed);
    pair.sender.offer(PAYLOAD, false).expect("the first frame was accepted");
    let (mut frame, mut verdict, mut reason) = (Vec::new(), Vec::new(), Vec::new());
    for (phase, waits) in
        [(Phase::Frame, &mut frame), (Phase::Verdict, &mut verdict), (Phase::Reason, &mut reason)]
    {
        while pair.sender.phase() == phase {
            waits.push(patience(&mut pair));
        }
    }
    assert_eq!(pair.sender.phase(), Phase::Ended);
    // The round trips take no time, so the timeout is the shortest.
    let (last, rest) = frame.split_last().expect("bits");
    let (first, middle) = rest.split_first().expect("bits");
    assert_eq!((*first, *last), (50_000, 50_000), "a turn; the output");
    assert!(middle.iter().all(|&micros| micros == 2_000), "{middle:?}");
    assert_eq!((verdict, reason), (vec![2_000; 8], vec![250_000; 16]));
}

#[test]
fn the_first_bit_of_a_mark_is_waited_for_longer_than_the_others() {
    let mut pair = Pair::new();
    pair.sender.offer(PAYLOAD, false).expect("a new sender is ready");
    pair.drive();
    // A stray acknowledgment, so that the next frame begins with a mark.
    pair.sender.handle_ack(Bit::One, pair.now);
    pair.sender.offer(PAYLOAD, true).expect("the first frame was accepted");
    assert_eq!(patience(&mut pair), 20_000);
    for _ in 1..8 {
        assert_eq!((pair.sender.phase(), patience(&mut pair)), (Phase::Mark, 2_000));
    }
    assert_eq!((pair.sender.phase(), patience(&mut pair)), (Phase::Frame, 2_000));
}

#[test]
fn a_pair_is_waited_for_as_long_as_eight_bits() {
    let mut pair = in_pairs(PAYLOAD);
    let _ = pair.until_a_pair();
    let timeout = pair.sender.poll_timeout().expect("two bits are under way");
    assert_eq!(timeout.micros_since(pair.now), 8 * 2_000);
}

/// A sender whose bit has been resent in `phase` and acknowledged once.
fn resent_in(phase: Phase) -> Pair {
    let mut pair = Pair::offering(PAYLOAD);
    if phase == Phase::Abort {
        pair.steps(40);
        pair.sender.abort();
    }
    while pair.sender.phase() != phase {
        pair.steps(1);
    }
    pair.steps(2);
    let bit = pair.sender.poll_transmit(pair.now).expect("a bit");
    assert!(pair.wait());
    assert_eq!(transmitted(&mut pair.sender, pair.now), [bit]);
    let ack = pair.receive(bit).expect("nothing is held back");
    pair.sender.handle_ack(ack, pair.now);
    assert_eq!((pair.sender.phase(), pair.sender.poll_transmit(pair.now)), (phase, None));
    pair
}

#[test]
fn a_second_acknowledgment_of_a_resent_bit_costs_the_frame_but_no_mark() {
    for (phase, after) in [
        (Phase::Mark, Phase::Mark),
        (Phase::Frame, Phase::Quiet),
        (Phase::Verdict, Phase::Quiet),
        (Phase::Abort, Phase::Abort),
    ] {
        let mut once = resent_in(phase);
        let mut twice = resent_in(phase);
        assert!(once.wait());
        assert!(once.sender.poll_transmit(once.now).is_some(), "nothing more came");
        let listens = twice.sender.poll_timeout().expect("it listens");
        twice.sender.handle_ack(Bit::One, twice.now.after_micros(100));
        assert_eq!(twice.sender.phase(), after, "{phase:?}");
        assert!(twice.sender.poll_timeout() > Some(listens), "it listens anew: {phase:?}");
    }
}

#[test]
fn of_a_refusal_whose_reason_had_to_be_sent_again_the_reason_is_not_believed() {
    for is_resent in [false, true] {
        let refuses = Some(RefusalReason::OutputFailed);
        let mut pair = Pair { refuses, ..Pair::offering(PAYLOAD) };
        while pair.sender.phase() != Phase::Reason {
            pair.steps(1);
        }
        pair.steps(3);
        if is_resent {
            let bit = pair.sender.poll_transmit(pair.now).expect("a bit");
            assert!(pair.wait());
            assert_eq!(transmitted(&mut pair.sender, pair.now), [bit]);
            let ack = pair.receive(bit).expect("nothing is held back");
            pair.sender.handle_ack(ack, pair.now);
        }
        pair.drive();
        assert_eq!(pair.events, [Event::Refused(refuses.filter(|_| !is_resent))]);
    }
}

/// The alternation continues from the acknowledgment that came last.
#[test]
fn a_mark_with_a_bit_too_many_leads_into_a_frame_that_is_in_step() {
    let mut pair = Pair::offering(PAYLOAD);
    pair.steps(6);
    let bit = pair.sender.poll_transmit(pair.now).expect("the last but one of the mark");
    assert!(pair.wait());
    assert_eq!(transmitted(&mut pair.sender, pair.now), [bit]);
    for _ in 0..2 {
        let ack = pair.receive(bit).expect("both arrived");
        pair.sender.handle_ack(ack, pair.now);
    }
    pair.drive();
    assert_eq!((pair.text.as_slice(), pair.sender.statistics().repeated_frames), (PAYLOAD, 0));
}

/// What becomes of a message if, in each attempt, the acknowledgment that is checked as number
/// `checked` is wrong, and a bit of each mark `is_resent`. Returns the event, and how often the
/// frame was repeated.
fn with_wrong_beginnings(checked: u32, is_resent: bool) -> (Option<Event>, u64) {
    let mut pair = Pair::offering(PAYLOAD);
    for _ in 0..9 {
        if is_resent {
            assert!(pair.sender.poll_transmit(pair.now).is_some());
            assert!(pair.wait());
        }
        let mut ack = Bit::Zero;
        let mut left = checked;
        while left > 0 {
            if pair.sender.poll_transmit(pair.now).is_none() {
                // It listens for a second acknowledgment.
                assert!(pair.wait());
                continue;
            }
            if pair.sender.phase() == Phase::Frame {
                left -= 1;
                // The last acknowledgment equals the one before.
                ack = if left == 0 { ack } else { !ack };
            }
            pair.sender.handle_ack(ack, pair.now);
        }
        if let Some(event) = pair.sender.poll_event() {
            return (Some(event), pair.sender.statistics().repeated_frames);
        }
        assert_eq!(pair.sender.phase(), Phase::Quiet);
        assert!(pair.wait());
    }
    (None, pair.sender.statistics().repeated_frames)
}

#[test]
fn three_wrong_beginnings_in_a_row_are_those_of_a_receiver_of_another_protocol() {
    assert_eq!(with_wrong_beginnings(1, false), (Some(Event::NotFramed), 2));
    assert_eq!(with_wrong_beginnings(1, true), (None, 9), "a resend explains it");
    for later in [2, 3, 10] {
        assert_eq!(with_wrong_beginnings(later, false), (None, 9), "it has alternated before");
    }
}

#[test]
fn a_short_frame_behind_a_long_one_is_progress_from_its_first_bit_on() {
    let mut pair = Pair::new();
    pair.sender.offer(&[b'a'; 100], false).expect("a new sender is ready");
    pair.drive();
    pair.sender.offer(b"b", true).expect("the first frame was accepted");
    for _ in 0..30 {
        let before = pair.sender.progress();
        pair.steps(1);
        assert_eq!(pair.sender.progress(), before + 1);
    }
}
