//! Tests of the sending half.

use super::*;

const NOW: Instant = Instant::ZERO;

fn sender(text: &[u8]) -> TextSender<'_> {
    TextSender::new(Dialect::DEFAULT, text, 0).expect("a text without NUL")
}

/// Transmits `count` bits and acknowledges each.
fn pass(sender: &mut TextSender<'_>, count: usize) {
    for _ in 0..count {
        assert!(sender.poll_transmit(NOW).is_some());
        sender.handle_ack(Bit::Zero, NOW);
    }
}

#[test]
fn a_receipt_after_the_last_acknowledgment_ends_the_message() {
    let mut sender = sender(b"b");
    pass(&mut sender, 16);
    assert_eq!(sender.poll_transmit(NOW), None);
    assert!(sender.is_outcome_unknown());
    sender.handle_ack(Bit::One, NOW);
    assert_eq!(sender.poll_transmit(NOW), None);
    assert_eq!(sender.poll_event(), Some(Ending::Delivered));
}

/// A receiver that has a bit twice sees the NUL after "b" one bit early, for "b" ends with a zero.
#[test]
fn a_receipt_before_the_last_bit_is_no_receipt() {
    let mut sender = sender(b"b");
    pass(&mut sender, 15);
    assert!(sender.poll_transmit(NOW).is_some());
    sender.handle_ack(Bit::One, NOW);
    assert_eq!(sender.poll_event(), Some(Ending::Unexpected(Bit::One)));
}

/// Sends a bit, sends it again after its timeout, and has it acknowledged once.
fn resend(sender: &mut TextSender<'_>) {
    assert!(sender.poll_transmit(NOW).is_some());
    sender.handle_timeout(sender.poll_timeout().expect("a bit is under way"));
    assert!(sender.poll_transmit(NOW).is_some());
    sender.handle_ack(Bit::Zero, NOW);
    sender.handle_timeout(sender.poll_timeout().expect("listens for a second one"));
}

#[test]
fn a_receipt_that_does_not_fit_after_a_resend_means_that_a_bit_was_doubled() {
    let mut sender = sender(b"b");
    pass(&mut sender, 3);
    resend(&mut sender);
    pass(&mut sender, 5);
    assert!(sender.poll_transmit(NOW).is_some());
    sender.handle_ack(Bit::One, NOW);
    assert_eq!(sender.poll_event(), Some(Ending::Doubled));
}

/// The receipt of a receiver that is one bit ahead may be late. If the last bit were sent
/// meanwhile, it would look right.
#[test]
fn after_a_resend_the_last_bit_waits_for_a_receipt_that_comes_too_early() {
    let mut early = sender(b"b");
    resend(&mut early);
    pass(&mut early, 14);
    assert_eq!(early.poll_transmit(NOW), None, "listens");
    assert_eq!(early.doubt(), Some(Doubt::Twice));
    let mut in_time = early.clone();
    early.handle_ack(Bit::One, NOW);
    assert_eq!(early.poll_event(), Some(Ending::Doubled));

    in_time.handle_timeout(in_time.poll_timeout().expect("not for ever"));
    assert!(in_time.poll_transmit(NOW).is_some());
    in_time.handle_ack(Bit::Zero, NOW);
    in_time.handle_ack(Bit::One, NOW);
    assert_eq!(in_time.poll_transmit(NOW), None);
    assert_eq!(in_time.poll_event(), Some(Ending::Delivered));
}

fn auto<'t>(text: &'t [u8], dialect: &str) -> TextSender<'t> {
    let dialect: Dialect = dialect.parse().expect("a dialect");
    let dialect = Dialect { ack: Ack::Auto, receipt: Receipt::Auto, ..dialect };
    TextSender::new(dialect, text, 0).expect("a text without NUL")
}

/// Lets a sender talk to a receiver of `dialect` that answers at once, until nothing more happens.
fn converse(sender: &mut TextSender<'_>, dialect: &str) -> (Option<Ending>, u64) {
    let dialect: Dialect = dialect.parse().expect("a dialect");
    let mut receiver = crate::classic::TextReceiver::new(dialect);
    let mut now = NOW;
    for _ in 0..10_000 {
        while let Some(symbol) = sender.poll_transmit(now) {
            let acks = match receiver.handle_bit(symbol) {
                crate::classic::Completed::Nothing(acks) => acks,
                crate::classic::Completed::Byte(_) | crate::classic::Completed::End => {
                    receiver.accept()
                }
            };
            for ack in acks {
                sender.handle_ack(ack, now);
            }
        }
        if let Some(ending) = sender.poll_event() {
            return (Some(ending), now.as_micros());
        }
        let Some(timeout) = sender.poll_timeout() else { break };
        now = now.max(timeout);
        sender.handle_timeout(now);
    }
    (None, now.as_micros())
}

#[test]
fn whatever_a_receiver_answers_is_taken_for_what_it_is() {
    for (answers, ending) in [
        ("ack=usr1,receipt=usr2-after", Ending::Delivered),
        ("ack=usr2,receipt=usr1-after", Ending::Delivered),
        ("ack=usr1,receipt=usr2-before", Ending::Delivered),
        ("ack=usr1,receipt=usr1-after", Ending::Delivered),
        ("ack=usr2,receipt=usr1-instead", Ending::Delivered),
        ("ack=usr1,receipt=none", Ending::Acknowledged),
        ("ack=echo,receipt=none", Ending::Acknowledged),
        ("ack=byte-usr2,receipt=usr1-instead", Ending::Delivered),
        ("ack=byte-usr1,receipt=none", Ending::Acknowledged),
        ("ack=usr1-byte-usr2,receipt=none", Ending::Acknowledged),
        ("ack=usr1,receipt=usr2-usr1-usr2-after", Ending::Delivered),
        ("ack=none,receipt=usr1-after", Ending::Delivered),
        ("ack=none,receipt=none", Ending::Sent),
        ("ack=usr1,receipt=nothing-instead", Ending::Sent),
    ] {
        let mut sender = auto(b"Hi", "");
        assert_eq!(converse(&mut sender, answers).0, Some(ending), "{answers}");
        let told: Dialect = answers.parse().expect("a dialect");
        let observed = sender.observed();
        assert_eq!(observed.ack, told.ack, "{answers}");
        let seen = match told.receipt {
            // Two symbols that arrive at the same time are delivered in the order of their numbers.
            Receipt::NothingInsteadOfAck => Receipt::None,
            Receipt::InsteadOfAck(_)
            | Receipt::Auto
            | Receipt::None
            | Receipt::AfterAck(_)
            | Receipt::BeforeAck(_)
            | Receipt::ThreeAfterAck => told.receipt,
        };
        assert_eq!(observed.receipt, seen, "{answers}");
    }
}

#[test]
fn a_receiver_that_acknowledges_nothing_is_given_time() {
    let mut sender = auto(b"Hi", "");
    let (ending, micros) = converse(&mut sender, "ack=none,receipt=none");
    assert_eq!(ending, Some(Ending::Sent));
    assert!(sender.is_pacing());
    // The sender waits for the acknowledgment of the first bit, for that of the first byte and for
    // the receipt. Otherwise it pauses after each symbol.
    assert!((3_000_000 + 20 * transmission::PAUSE_MICROS..4_000_000).contains(&micros), "{micros}");
}

#[test]
fn an_acknowledgment_that_comes_after_the_sender_has_gone_on_ends_the_message() {
    let mut sender = auto(b"Hi", "");
    assert!(sender.poll_transmit(NOW).is_some());
    let later = NOW.after_micros(SILENT_MICROS);
    sender.handle_timeout(later);
    assert!(sender.poll_transmit(later).is_some());
    sender.handle_ack(Bit::Zero, later);
    assert_eq!(sender.poll_event(), Some(Ending::Unexpected(Bit::Zero)));
}

/// Two pending signals of the same kind become one.
#[test]
fn symbols_of_one_answer_that_became_one_are_not_waited_for_for_ever() {
    for (dialect, came) in [
        ("receipt=usr2-usr1-usr2-after", &[Bit::Zero, Bit::One][..]),
        ("ack=usr1-byte-usr2,receipt=usr2-after", &[Bit::Zero, Bit::One][..]),
        ("receipt=usr1-after", &[Bit::Zero][..]),
    ] {
        let told = dialect.parse().expect("a dialect");
        let mut sender = TextSender::new(told, b"", 0).expect("a text");
        for _ in 0..7 {
            assert!(sender.poll_transmit(NOW).is_some());
            sender.handle_ack(Bit::Zero, NOW);
        }
        assert!(sender.poll_transmit(NOW).is_some());
        for &ack in came {
            sender.handle_ack(ack, NOW);
        }
        assert_eq!(sender.poll_event(), None, "{dialect}");
        let later = NOW.after_micros(MERGED_MICROS);
        sender.handle_timeout(later);
        assert_eq!(sender.poll_transmit(later), None);
        assert_eq!(sender.poll_event(), Some(Ending::Delivered), "{dialect}");
    }
}

#[test]
fn a_greeting_may_be_answered_otherwise_than_a_bit() {
    let answers = "hello=usr1,ack=usr2,ready=usr1,end=length32,receipt=usr1-instead";
    let mut sender = auto(b"Hi", "hello=usr1,end=length32");
    assert_eq!(converse(&mut sender, answers).0, Some(Ending::Delivered));
    assert_eq!(sender.observed().ack, Ack::PerBit(Bit::One));
    let mut told = TextSender::new(answers.parse().expect("a dialect"), b"Hi", 0).expect("a text");
    assert_eq!(converse(&mut told, answers).0, Some(Ending::Delivered));
}

#[test]
fn a_busy_receiver_is_asked_again_later() {
    let dialect = "hello=usr2,ack=usr2,busy=usr1,receipt=usr1-after".parse().expect("a dialect");
    let mut sender = TextSender::new(dialect, b"Hi", 0).expect("a text");
    assert_eq!(sender.poll_transmit(NOW), Some(Bit::One));
    sender.handle_ack(Bit::Zero, NOW);
    assert_eq!((sender.poll_transmit(NOW), sender.poll_event()), (None, None));
    let later = NOW.after_micros(answers::BUSY_MICROS);
    sender.handle_timeout(later);
    assert_eq!(sender.poll_transmit(later), Some(Bit::One));
    let answers = "hello=usr2,ack=usr2,receipt=usr1-after";
    sender.handle_ack(Bit::One, later);
    let mut receiver = crate::classic::TextReceiver::new(answers.parse().expect("a dialect"));
    let _ = receiver.handle_bit(Bit::One);
    while let Some(symbol) = sender.poll_transmit(later) {
        let acks = match receiver.handle_bit(symbol) {
            crate::classic::Completed::Nothing(acks) => acks,
            crate::classic::Completed::Byte(_) | crate::classic::Completed::End => {
                receiver.accept()
            }
        };
        acks.for_each(|ack| sender.handle_ack(ack, later));
    }
    assert_eq!(sender.poll_event(), Some(Ending::Delivered));
}

#[test]
fn what_the_dialect_does_not_confirm_is_not_called_delivered() {
    for (dialect, ending) in [
        ("receipt=none", Ending::Acknowledged),
        ("receipt=nothing-instead", Ending::Acknowledged),
        ("ack=none,receipt=none", Ending::Sent),
        ("ack=none,receipt=usr1-after", Ending::Delivered),
    ] {
        let told = dialect.parse().expect("a dialect");
        let mut sender = TextSender::new(told, b"Hi", 50).expect("a text");
        assert_eq!(converse(&mut sender, dialect).0, Some(ending), "{dialect}");
    }
}

#[test]
fn a_receipt_for_silence_is_waited_for() {
    let dialect = "end=silence,receipt=usr2-after".parse().expect("a dialect");
    let mut sender = TextSender::new(dialect, b"H", 0).expect("a text");
    pass(&mut sender, 8);
    assert_eq!((sender.poll_transmit(NOW), sender.poll_event()), (None, None));
    sender.handle_ack(Bit::One, NOW);
    assert_eq!((sender.poll_transmit(NOW), sender.poll_event()), (None, Some(Ending::Delivered)));
}

#[test]
fn how_far_a_message_is_counts_what_has_been_acknowledged() {
    let mut sender = sender(b"ab");
    assert_eq!((sender.completed_bytes(), sender.progress()), (0, 0));
    assert!(!sender.is_outcome_unknown() && !sender.is_pacing());
    pass(&mut sender, 7);
    assert!(sender.poll_transmit(NOW).is_some());
    assert_eq!((sender.completed_bytes(), sender.progress()), (0, 8), "its last bit is on its way");
    sender.handle_ack(Bit::Zero, NOW);
    assert_eq!(sender.completed_bytes(), 1);
    pass(&mut sender, 4);
    assert_eq!((sender.completed_bytes(), sender.progress()), (1, 12), "half of the next one");
    pass(&mut sender, 11);
    assert!(!sender.is_outcome_unknown());
    assert!(sender.poll_transmit(NOW).is_some());
    assert!(sender.is_outcome_unknown(), "the receiver may have it all");
    sender.handle_ack(Bit::Zero, NOW);
    sender.handle_ack(Bit::One, NOW);
    assert_eq!(sender.poll_transmit(NOW), None);
    assert_eq!(sender.poll_event(), Some(Ending::Delivered));
    assert_eq!(sender.completed_bytes(), 2);
}

#[test]
fn what_is_in_doubt_of_the_first_bit_and_of_the_last_is_whether_its_turn_has_come() {
    let mut sender = sender(b"b");
    let mut doubts = std::vec::Vec::new();
    for _ in 0..16 {
        assert_eq!(sender.doubt(), None);
        assert!(sender.poll_transmit(NOW).is_some());
        doubts.extend(sender.doubt());
        sender.handle_ack(Bit::Zero, NOW);
    }
    let mut expected = [Doubt::Lost; 16];
    (expected[0], expected[15]) = (Doubt::Turn, Doubt::Turn);
    assert_eq!(doubts, expected);
}

#[test]
fn a_foreign_signal_of_the_owed_kind_may_have_hidden_it_and_another_one_not() {
    let mut sender = sender(b"b");
    assert!(sender.poll_transmit(NOW).is_some());
    sender.handle_foreign(Bit::One);
    assert!(sender.doubt().is_some(), "it cannot have hidden a zero");
    sender.handle_foreign(Bit::Zero);
    sender.handle_foreign(Bit::One);
    assert_eq!(sender.doubt(), None, "it will not be sent again");
    sender.handle_timeout(sender.poll_timeout().expect("a bit is under way"));
    assert_eq!((sender.poll_transmit(NOW), sender.poll_event()), (None, Some(Ending::Disturbed)));
}

#[test]
fn a_timer_does_nothing_before_its_time_and_can_be_put_off() {
    let mut sender = sender(b"b");
    assert!(sender.poll_transmit(NOW).is_some());
    let timeout = sender.poll_timeout().expect("a bit is under way");
    sender.handle_timeout(Instant::from_micros(timeout.as_micros() - 1));
    assert_eq!((sender.poll_timeout(), sender.poll_transmit(NOW)), (Some(timeout), None));
    sender.postpone(timeout, 70);
    assert_eq!(sender.poll_timeout(), Some(timeout.after_micros(70)));
    sender.handle_timeout(timeout);
    assert_eq!(sender.poll_transmit(NOW), None);
}

/// The second of a pair that the kernel has merged, or that of a bit sent again.
#[test]
fn an_acknowledgment_of_nothing_changes_nothing() {
    for dialect in ["ack=usr1", "ack=byte-usr1"] {
        let dialect = dialect.parse().expect("a dialect");
        let mut sender = TextSender::new(dialect, b"bc", 0).expect("a text without NUL");
        assert!(sender.poll_transmit(NOW).is_some());
        sender.handle_ack(Bit::Zero, NOW);
        sender.handle_timeout(Instant::from_micros(1_000_000));
        let before = std::format!("{sender:?}");
        sender.handle_ack(Bit::Zero, NOW);
        assert_eq!(std::format!("{sender:?}"), before);
    }
}

#[test]
fn a_byte_in_the_middle_of_which_a_message_fails_is_not_counted() {
    let mut sender = sender(b"ab");
    pass(&mut sender, 12);
    assert!(sender.poll_transmit(NOW).is_some());
    sender.handle_ack(Bit::One, NOW);
    assert_eq!(sender.completed_bytes(), 1);
    assert_eq!(sender.poll_event(), Some(Ending::Unexpected(Bit::One)));
    assert_eq!(sender.completed_bytes(), 1, "also when its end is known");
}

#[test]
fn a_text_is_complete_when_what_ends_it_begins() {
    let mut sender = sender(b"ab");
    pass(&mut sender, 16);
    assert!(sender.poll_transmit(NOW).is_some());
    assert_eq!(sender.completed_bytes(), 2);
    sender.handle_ack(Bit::One, NOW);
    assert_eq!(sender.poll_event(), Some(Ending::Unexpected(Bit::One)));
    assert_eq!(sender.completed_bytes(), 2);
}

#[test]
fn a_whole_message_counts_whole_however_it_ends() {
    for end in ["nul", "length32", "length64", "length32-nul", "length32-counted-nul", "silence"] {
        let dialect = std::format!("end={end},ack=usr1,receipt=usr2-after");
        let dialect = dialect.parse().expect("a dialect");
        let mut sender = TextSender::new(dialect, b"ab", 0).expect("a text without NUL");
        while sender.poll_transmit(NOW).is_some() {
            let is_last = sender.is_outcome_unknown();
            assert!(sender.completed_bytes() < 2 || end.ends_with("nul"), "{end}");
            sender.handle_ack(Bit::Zero, NOW);
            assert_eq!(sender.is_outcome_unknown(), is_last, "{end}: what comes changes nothing");
        }
        assert!(sender.is_outcome_unknown(), "{end}: it may have been written");
        sender.handle_ack(Bit::One, NOW);
        assert_eq!(
            (sender.poll_transmit(NOW), sender.poll_event()),
            (None, Some(Ending::Delivered))
        );
        assert_eq!(sender.completed_bytes(), 2, "{end}");
    }
}

#[test]
fn a_last_byte_whose_last_bit_fails_is_not_counted() {
    for end in ["length32", "silence"] {
        let dialect =
            std::format!("end={end},ack=usr1,receipt=usr2-after").parse().expect("a dialect");
        let mut sender = TextSender::new(dialect, b"ab", 0).expect("a text without NUL");
        loop {
            assert!(sender.poll_transmit(NOW).is_some());
            if sender.is_outcome_unknown() {
                break;
            }
            sender.handle_ack(Bit::Zero, NOW);
        }
        sender.handle_ack(Bit::One, NOW);
        assert_eq!(sender.poll_event(), Some(Ending::Unexpected(Bit::One)), "{end}");
        assert_eq!(sender.completed_bytes(), 1, "{end}");
    }
}

/// Its bits are all zeros, so a constant and an echo look the same until the end.
#[test]
fn what_answers_an_empty_text_is_its_acknowledgment_and_only_then_a_receipt() {
    for (answers, ending, receipt) in [
        ("ack=usr1,receipt=none", Ending::Acknowledged, Receipt::None),
        ("ack=echo,receipt=none", Ending::Acknowledged, Receipt::None),
        ("ack=usr1,receipt=usr2-after", Ending::Delivered, Receipt::AfterAck(Bit::One)),
        ("ack=none,receipt=none", Ending::Sent, Receipt::None),
    ] {
        let mut sender = auto(b"", "");
        assert_eq!(converse(&mut sender, answers).0, Some(ending), "{answers}");
        assert_eq!(sender.observed().receipt, receipt, "{answers}");
    }
}

#[test]
fn a_sender_that_is_told_that_nothing_is_acknowledged_pauses_for_as_long_as_it_is_told() {
    let dialect: Dialect = "ack=none".parse().expect("a dialect");
    for pause_micros in [0, 1, 5_000] {
        let mut sender = TextSender::new(dialect, b"a", pause_micros).expect("a text");
        assert!(sender.poll_transmit(NOW).is_some());
        assert_eq!(sender.poll_transmit(NOW), None);
        assert_eq!(sender.poll_timeout(), Some(NOW.after_micros(pause_micros)));
    }
}

/// A receiver that has been observed to acknowledge each bit with `USR1`.
#[test]
fn the_other_symbol_is_the_acknowledgment_of_the_first_byte_only_right_behind_that() {
    for place in 3..=16 {
        let mut sender = auto(b"Hi", "");
        pass(&mut sender, place - 1);
        assert!(sender.poll_transmit(NOW).is_some());
        sender.handle_ack(Bit::One, NOW);
        // At the ninth bit it may still be that of the byte; before the eighth it cannot be.
        let is_of_byte = matches!(place, 8 | 9);
        let ending = (!is_of_byte).then_some(Ending::Unexpected(Bit::One));
        assert_eq!(sender.poll_event(), ending, "bit {place}");
        let two = Ack::PerBitAndByte(Bit::Zero);
        assert_eq!(sender.observed().ack == two, is_of_byte, "bit {place}");
    }
}

#[test]
fn who_is_told_what_acknowledges_a_bit_does_not_take_the_other_symbol_for_one() {
    for place in [8, 9] {
        let mut sender = sender(b"Hi");
        pass(&mut sender, place - 1);
        assert!(sender.poll_transmit(NOW).is_some());
        sender.handle_ack(Bit::One, NOW);
        assert_eq!(sender.poll_event(), Some(Ending::Unexpected(Bit::One)), "bit {place}");
    }
}

#[test]
fn the_symbols_of_a_greeting_belong_to_no_byte() {
    let hello = "hello=usr1-width,end=length32";
    let mut sender = auto(b"Hi", hello);
    let answers = std::format!("{hello},ack=usr1-byte-usr2,receipt=none");
    assert_eq!(converse(&mut sender, &answers).0, Some(Ending::Acknowledged));
    assert_eq!(sender.observed().ack, Ack::PerBitAndByte(Bit::Zero));
}
