//! What a host can ask the halves of a classic link, and the codecs.

use minitalk_core::Bit;
use minitalk_core::classic::{ByteEncoder, Completed, Dialect, Encoder, TextReceiver};

const PID: u32 = 24_710;

#[test]
fn a_receiver_knows_length_and_process_and_what_would_be_cut_off() {
    let dialect: Dialect = "hello=usr1,end=length32,lead=pid-bits".parse().expect("a dialect");
    let mut receiver = TextReceiver::new(dialect);
    assert_eq!((receiver.length(), receiver.pid(), receiver.octets_at_risk()), (None, None, None));
    let bits = Encoder::new(dialect, b"Hi").expect("a text").with_pid(PID);
    let mut heard = Vec::new();
    for (place, symbol) in [Bit::Zero].into_iter().chain(bits).enumerate() {
        let completed = receiver.handle_bit(symbol);
        let waits_for_host = !matches!(completed, Completed::Nothing(_));
        if waits_for_host {
            heard.push((place, receiver.length(), receiver.octets_at_risk()));
        }
        let _ = receiver.accept();
        let expected = match place {
            0..72 => Some(0),
            72..80 => Some(1),
            _ => None,
        };
        assert_eq!(receiver.octets_at_risk(), expected, "after symbol {place}");
        let length = (32..80).contains(&place).then_some(2);
        assert_eq!(receiver.length(), length, "after symbol {place}");
        assert_eq!(receiver.pid(), (place >= 64).then_some(PID), "after symbol {place}");
    }
    // A text that waits to be accepted is still at risk.
    assert_eq!(heard, [(72, Some(2), Some(0)), (80, None, Some(1))]);
}

#[test]
fn how_much_is_left_of_a_byte_and_of_a_text_is_known() {
    let mut byte = ByteEncoder::new(Dialect::DEFAULT, b'a');
    for left in (0..8).rev() {
        assert_eq!((byte.len(), byte.size_hint()), (left + 1, (left + 1, Some(left + 1))));
        assert!(byte.next().is_some());
        assert_eq!((byte.len(), byte.size_hint()), (left, (left, Some(left))));
    }
    let mut encoder = Encoder::new(Dialect::DEFAULT, b"abc").expect("a text");
    assert_eq!(encoder.bytes_left(), 3);
    for left in [2, 1, 0, 0] {
        assert!(encoder.next().is_some());
        assert_eq!(encoder.bytes_left(), left);
        assert_eq!(encoder.by_ref().take(7).count(), 7);
    }
}
