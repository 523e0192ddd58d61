//! Buffers that are smaller than the longest frame, at one end or both.

use minitalk_core::frame::{FRAME_OCTETS_MAX, octets_for};
use minitalk_core::receiver::Reply;
use minitalk_core::sender::{Event, OfferError};
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender};

/// What becomes of a message of one frame, and how many frames were sent for it.
fn send<const S: usize, const R: usize>(
    sender: &mut Sender<S>,
    receiver: &mut Receiver<R>,
) -> (Event, Vec<u8>, u64) {
    let (mut now, mut text) = (Instant::ZERO, Vec::new());
    loop {
        while let Some(bit) = sender.poll_transmit(now) {
            let ack = match receiver.handle_bit(bit) {
                Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => Some(ack),
                Reply::Frame => {
                    text.extend_from_slice(receiver.frame().expect("just announced").payload);
                    receiver.accept()
                }
                Reply::Ignored => None,
            };
            if let Some(ack) = ack {
                sender.handle_ack(ack, now);
            }
        }
        if let Some(event) = sender.poll_event() {
            return (event, text, 1 + sender.statistics().repeated_frames);
        }
        now = sender.poll_timeout().expect("it waits for something");
        sender.handle_timeout(now);
    }
}

#[test]
fn both_ends_agree_on_a_payload_and_every_header_fits() {
    const SHORT: usize = octets_for(32);
    assert_eq!(octets_for(256), FRAME_OCTETS_MAX);
    assert_eq!(Sender::<SHORT>::PAYLOAD_OCTETS_MAX, 32);
    for length in [None, Some(32), Some(u64::MAX - 1)] {
        let mut sender = Sender::<SHORT>::short(7, length);
        let mut receiver = Receiver::<SHORT>::short();
        let last = length != Some(u64::MAX - 1);
        sender.offer(&[0xFF; 32], last).expect("what was agreed on fits");
        let accepted = Event::Accepted { octets: 32, last };
        assert_eq!(send(&mut sender, &mut receiver), (accepted, vec![0xFF; 32], 1));
    }
}

#[test]
fn a_sender_of_short_frames_says_how_much_it_takes() {
    let mut sender = Sender::<{ octets_for(32) }>::short(7, Some(u64::MAX - 1));
    assert_eq!(sender.offer(&[0; 33], false), Err(OfferError::TooLong { octets_max: 32 }));
    let said = OfferError::TooLong { octets_max: 32 }.to_string();
    assert_eq!(said, "a payload of one frame has 32 octets at most");
    // The shortest header leaves room for nine more octets.
    let mut sender = Sender::<{ octets_for(32) }>::short(7, None);
    assert_eq!(sender.offer(&[0; 42], true), Err(OfferError::TooLong { octets_max: 41 }));
    assert_eq!(sender.offer(&[0; 41], true), Ok(()));
}

#[test]
fn a_receiver_without_room_for_a_frame_refuses_it_at_its_third_sending() {
    let mut sender = Sender::new(7, Some(256)).without_pairs();
    let mut receiver = Receiver::<256>::short();
    sender.offer(&[0; 256], true).expect("a new sender is ready");
    let refused = Event::Refused(Some(RefusalReason::TooLong));
    assert_eq!(send(&mut sender, &mut receiver), (refused, vec![], 3));
    // A frame for which there is room arrives nevertheless, and resets the count.
    for (message, octets) in [(8, 200), (9, 256)] {
        let mut sender = Sender::new(message, Some(octets));
        sender.offer(&vec![1; usize::try_from(octets).unwrap()], true).expect("it is ready");
        let (event, text, sendings) = send(&mut sender, &mut receiver);
        assert_eq!(
            (event == refused, text.len(), sendings),
            match octets {
                200 => (false, 200, 1),
                _ => (true, 0, 3),
            }
        );
    }
}

#[test]
fn a_sender_whose_frame_is_heard_and_never_accepted_says_so() {
    let mut sender = Sender::new(7, None).without_pairs();
    sender.offer(b"hi", true).expect("a new sender is ready");
    let (mut now, mut ack) = (Instant::ZERO, Bit::Zero);
    let event = loop {
        while sender.poll_transmit(now).is_some() {
            sender.handle_ack(ack, now);
            ack = !ack;
        }
        if let Some(event) = sender.poll_event() {
            break event;
        }
        now = sender.poll_timeout().expect("it tries again");
        sender.handle_timeout(now);
    };
    assert_eq!((event, sender.statistics().repeated_frames), (Event::NotAccepted, 63));
    assert_eq!(sender.poll_timeout(), None);
}
