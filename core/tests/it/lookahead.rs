//! What follows is known before the symbol that it follows has come.

use minitalk_core::classic::{Completed, Dialect, TextReceiver, TextSender};
use minitalk_core::sender::Phase;
use minitalk_core::{Bit, Instant, Sender};

use crate::pair::Pair;

const NOW: Instant = Instant::ZERO;
const TEXT: &[u8] = b"UU\xFF\x01 hi";

/// Every bit in the middle of a frame is foreseen, and none of another kind.
#[test]
fn the_bits_of_a_frame_that_is_checked_are_foreseen() {
    for is_single in [true, false] {
        let mut pair = Pair::new();
        let sender = Sender::new(7, None);
        pair.sender = if is_single { sender.without_pairs() } else { sender };
        pair.sender.offer(TEXT, true).expect("a new sender is ready");
        let (mut next, mut is_checked) = (None, false);
        while pair.sender.poll_event().is_none() {
            let bits: Vec<Bit> =
                std::iter::from_fn(|| pair.sender.poll_transmit(pair.now)).collect();
            assert!(next.is_none() || next == bits.first().copied(), "it has been sent already");
            let in_frame = pair.sender.phase() == Phase::Frame;
            let acks: Vec<Bit> = bits.iter().filter_map(|&bit| pair.receive(bit)).collect();
            let (&last, others) = acks.split_last().expect("nothing is held back");
            for &ack in others {
                assert!(pair.sender.lookahead().is_none(), "another acknowledgment comes first");
                pair.sender.handle_ack(ack, pair.now);
            }
            next = pair.sender.lookahead().after(last);
            assert_eq!(pair.sender.lookahead().after(!last), None, "it would be wrong");
            pair.sender.handle_ack(last, pair.now);
            let goes_on = in_frame && pair.sender.phase() == Phase::Frame;
            assert_eq!(next.is_some(), goes_on && is_checked);
            is_checked |= goes_on;
        }
        assert_eq!(pair.text, TEXT);
    }
}

#[test]
fn the_symbols_of_a_text_are_foreseen_but_for_the_last_one() {
    for (dialect, unforeseen) in [
        ("", 1),
        ("one=usr1,order=lsb", 1),
        ("ack=echo", 1),
        ("hello=usr2", 2),
        ("ack=usr1-byte-usr2", 1),
        // Nothing is acknowledged by itself.
        ("ack=byte-usr1", 63),
        ("ack=none", 63),
    ] {
        let Ok(dialect): Result<Dialect, _> = dialect.parse() else { panic!("{dialect}") };
        let mut sender = TextSender::new(dialect, TEXT, 0).expect("a text without NUL");
        let mut receiver = TextReceiver::new(dialect);
        let (mut next, mut foreseen, mut symbols) = (None, 0, 0);
        let mut now = NOW;
        loop {
            let Some(symbol) = sender.poll_transmit(now) else {
                if sender.poll_event().is_some() {
                    break;
                }
                now = sender.poll_timeout().expect("it pauses");
                sender.handle_timeout(now);
                continue;
            };
            symbols += 1;
            assert!(next.is_none() || next == Some(symbol), "{dialect:?}");
            let acks = match receiver.handle_bit(symbol) {
                Completed::Nothing(acks) => acks,
                Completed::Byte(_) | Completed::End => receiver.accept(),
            };
            next = None;
            for ack in acks {
                next = sender.lookahead().after(ack);
                sender.handle_ack(ack, now);
            }
            foreseen += usize::from(next.is_some());
        }
        // Nothing follows the last one.
        assert_eq!(symbols - 1 - foreseen, unforeseen, "{dialect:?}");
    }
}
