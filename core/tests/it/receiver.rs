//! How a receiver judges single frames, written octet by octet.

use minitalk_core::frame::Check;
use minitalk_core::hdlc::{Cursor, FLAG_BITS, Fcs};
use minitalk_core::receiver::Reply;
use minitalk_core::{Bit, Receiver, RefusalReason};

#[derive(Clone, Debug, PartialEq)]
enum Judged {
    /// Accepted, and the host was given these octets.
    Delivered(Vec<u8>),
    /// Accepted without asking the host.
    Repeated,
    NotAccepted,
    Refused(Option<RefusalReason>),
}

/// The number of the message, and so the mask of all its frames except the first.
const MESSAGE: u32 = 7;

/// Sends a frame after a mark, and the flag after the frame.
fn judged(receiver: &mut Receiver, content: &[u8], mask: u32) -> Judged {
    let mut payload = None;
    let mut feed = |bit| match receiver.handle_bit(bit) {
        Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => ack,
        Reply::Frame => {
            payload = receiver.frame().map(|frame| frame.payload.to_vec());
            receiver.accept().expect("a frame waits")
        }
        Reply::Ignored => panic!("nothing is held back"),
    };
    let mut cursor = Cursor::new().masked(mask);
    let frame = std::iter::from_fn(|| cursor.next(content));
    for bit in [Bit::One; 8].into_iter().chain(frame) {
        let _ = feed(bit);
    }
    let verdict = FLAG_BITS.map(&mut feed);
    let reason = (verdict == [Bit::Zero; 8]).then(|| {
        let spelled = [Bit::Zero; 16].map(&mut feed);
        spelled.iter().fold(0, |symbols, symbol| symbols << 1 | u16::from(symbol.is_one()))
    });
    match (reason, payload) {
        (Some(spelled), None) => Judged::Refused(RefusalReason::from_spelled(spelled)),
        (None, Some(payload)) if verdict == [Bit::One; 8] => Judged::Delivered(payload),
        (None, None) if verdict == [Bit::One; 8] => Judged::Repeated,
        (None, None) => Judged::NotAccepted,
        other => panic!("{other:?}"),
    }
}

fn delivered(payload: &[u8]) -> Judged {
    Judged::Delivered(payload.to_vec())
}

/// The first frame of a message of unknown length. More frames follow.
fn first(version: u8) -> Vec<u8> {
    vec![0xFF, 0b0010_0000, version, 7, 0, 0, 0, 0, 1, b'a']
}

/// A later frame. More frames follow.
fn later(sequence: u8) -> Vec<u8> {
    vec![0xFF, sequence << 1, 1, b'b']
}

fn fcs(content: &[u8]) -> u32 {
    let mut fcs = Fcs::new();
    for &octet in content {
        fcs.update(octet);
    }
    fcs.value()
}

/// A later frame that ends a message of these frames.
fn last(sequence: u8, before: &[Vec<u8>]) -> Vec<u8> {
    let mut check = Check::new();
    for content in before {
        check.update(fcs(content));
    }
    let octets = u64::try_from(before.len()).expect("a few frames") + 1;
    let mut content = vec![0xFF, 0b0001_0000 | sequence << 1, 1, b'b'];
    content.extend(check.finish(octets).to_le_bytes());
    content
}

const OUT_OF_SEQUENCE: Judged = Judged::Refused(Some(RefusalReason::OutOfSequence));

#[test]
fn another_version_is_refused_only_in_a_frame_whose_fcs_is_good() {
    for (mask, judgment) in [
        (0, Judged::Refused(Some(RefusalReason::Version))),
        (u32::MAX, Judged::Refused(Some(RefusalReason::Version))),
        (1, Judged::NotAccepted),
        (0x8000_0000, Judged::NotAccepted),
    ] {
        let mut receiver = Receiver::new();
        assert_eq!(judged(&mut receiver, &first(3), mask), judgment, "mask {mask:#x}");
        let damaged = u32::from(judgment == Judged::NotAccepted);
        assert_eq!(receiver.counters().damaged, damaged);
    }
}

#[test]
fn a_frame_is_delivered_in_its_turn_and_in_no_other() {
    let mut receiver = Receiver::new();
    assert_eq!(judged(&mut receiver, &first(2), 0), delivered(b"a"));
    for wrong in [0, 2, 3, 7] {
        assert_eq!(judged(&mut receiver, &later(wrong), MESSAGE), OUT_OF_SEQUENCE, "{wrong}");
    }
    assert_eq!(judged(&mut receiver, &later(1), MESSAGE), delivered(b"b"));
    assert_eq!(judged(&mut receiver, &later(1), !MESSAGE), Judged::Repeated);
    assert_eq!(judged(&mut receiver, &later(1), MESSAGE), OUT_OF_SEQUENCE, "no repetition");
    let end = last(2, &[first(2), later(1)]);
    assert_eq!(judged(&mut receiver, &end, MESSAGE), delivered(b"b"));
    assert_eq!(judged(&mut receiver, &later(3), MESSAGE), OUT_OF_SEQUENCE, "it has ended");
    assert_eq!(receiver.octets_at_risk(), None);
}

#[test]
fn of_two_frames_of_an_unknown_message_the_second_is_refused_if_their_masks_fit() {
    for (masks, is_known) in
        [([5, 5], true), ([5, !5], true), ([!5, 5], true), ([5, 6], false), ([5, !6], false)]
    {
        let mut receiver = Receiver::new();
        assert_eq!(judged(&mut receiver, &later(1), masks[0]), Judged::NotAccepted);
        let second = if is_known { OUT_OF_SEQUENCE } else { Judged::NotAccepted };
        assert_eq!(judged(&mut receiver, &later(2), masks[1]), second, "{masks:x?}");
    }
}

#[test]
fn in_the_middle_of_a_message_a_frame_with_the_mask_of_another_is_damaged() {
    let mut receiver = Receiver::new();
    assert_eq!(judged(&mut receiver, &first(2), 0), delivered(b"a"));
    for _ in 0..3 {
        assert_eq!(judged(&mut receiver, &later(1), 5), Judged::NotAccepted);
    }
    assert_eq!(judged(&mut receiver, &later(1), MESSAGE), delivered(b"b"));
}

#[test]
fn a_frame_with_another_number_of_octets_than_it_says_is_damaged() {
    for (octets, payload) in [(0, &b"b"[..]), (2, b"b"), (1, b""), (1, b"bb")] {
        let mut receiver = Receiver::new();
        assert_eq!(judged(&mut receiver, &first(2), 0), delivered(b"a"));
        let frame = [&[0xFF, 1 << 1, octets], payload].concat();
        assert_eq!(judged(&mut receiver, &frame, MESSAGE), Judged::NotAccepted, "{octets}");
    }
}

#[test]
fn what_comes_while_a_frame_waits_for_the_host_is_ignored() {
    let mut receiver = Receiver::new();
    let content = first(2);
    let mut cursor = Cursor::new();
    let mut last = None;
    while let Some(bit) = cursor.next(&content) {
        last = Some(receiver.handle_bit(bit));
    }
    assert_eq!(last, Some(Reply::Frame));
    let before = receiver.clone();
    for bit in [Bit::Zero, Bit::One, Bit::Zero] {
        assert_eq!(receiver.handle_bit(bit), Reply::Ignored);
    }
    assert_eq!(receiver, before);
    assert!(receiver.accept().is_some());
}
