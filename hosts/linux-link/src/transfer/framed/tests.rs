use super::*;
use minitalk_core::classic::Dialect;
use minitalk_core::exchange::{Exchange, Output, Place};
use minitalk_core::frame::{FRAME_OCTETS_MAX, PAYLOAD_OCTETS_MAX};

const PEER: u32 = 7;

/// What a server does with a piece.
#[derive(Clone, Copy)]
enum Answer {
    Accept,
    Refuse(RefusalReason),
    /// It dies.
    None,
}

/// A client and a server in memory, on a line without faults.
struct Pair<'i> {
    client: Framed<'i>,
    server: Exchange<Vec<Place>, FRAME_OCTETS_MAX>,
    now: Instant,
    /// The payload that the server has got, and in how many frames.
    octets: Vec<u8>,
    frames: usize,
}

impl<'i> Pair<'i> {
    /// A server that knows these codings.
    fn new(message: &'i [u8], codings: u16) -> Self {
        let client = Framed::new(message.into(), 5, &Config::default(), true);
        let server = Exchange::new(Dialect::DEFAULT, vec![Place::FREE]).with_codings(codings);
        let mut pair = Self { client, server, now: Instant::ZERO, octets: Vec::new(), frames: 0 };
        pair.server.open(PEER).unwrap();
        pair
    }

    /// Sends the message. `answer` decides about each frame, counted from 0.
    fn run(&mut self, answer: impl Fn(usize) -> Answer) -> Result<Receipt, Cause> {
        loop {
            self.client.refill(self.now)?;
            let sent = self.client.poll_transmit(self.now);
            if let Some(bit) = sent {
                let _ = self.server.handle_bit(PEER, bit, self.now);
            }
            let mut answered = None;
            while let Some(output) = self.server.poll_output(self.now) {
                match output {
                    Output::Transmit { symbol, .. } => self.client.handle_ack(symbol, self.now),
                    Output::Payload(payload) => {
                        self.octets.extend_from_slice(payload.octets);
                        answered = Some(answer(self.frames));
                        self.frames += 1;
                    }
                    Output::TooLong { .. } | Output::Closed { .. } => unreachable!("{output:?}"),
                }
                match answered.take() {
                    Some(Answer::Accept) => self.server.accept(PEER),
                    Some(Answer::Refuse(reason)) => self.server.refuse(PEER, reason),
                    Some(Answer::None) => return Err(Cause::Died),
                    None => {}
                }
            }
            match self.client.poll_step(&Answers::new()) {
                Some(Step::Complete(receipt)) => return Ok(receipt),
                Some(Step::Failed(cause)) => return Err(cause),
                None if sent.is_none() => {
                    self.now = self.client.poll_timeout().expect("nothing is left to wait for");
                    self.client.handle_timeout(self.now);
                }
                Some(Step::Confirmed(_)) | None => {}
            }
        }
    }

    /// What is known to be delivered of a message that fails because of these answers.
    fn delivered(message: &'i [u8], answer: impl Fn(usize) -> Answer) -> Delivered {
        let mut pair = Self::new(message, 3);
        let cause = pair.run(answer).unwrap_err();
        pair.client.delivered(&cause)
    }
}

const MAX: u64 = PAYLOAD_OCTETS_MAX as u64;

/// A message of two frames that is not coded.
fn noise() -> Vec<u8> {
    (0..=u8::MAX).chain(0..100).collect()
}

#[test]
fn a_receipt_says_how_many_bytes_were_accepted() {
    for message in [noise(), b"short".to_vec(), vec![], vec![b'x'; 1000]] {
        let mut pair = Pair::new(&message, 3);
        let receipt = pair.run(|_| Answer::Accept).unwrap();
        assert_eq!(receipt.bytes, message.len() as u64);
        assert_eq!(receipt.confirmation, Confirmation::Message);
        assert_eq!(pair.octets == message, message.len() < 1000, "only the last is coded");
    }
}

#[test]
fn what_a_server_that_is_heard_of_no_more_may_have_written_is_not_denied() {
    let noise = noise();
    let until = |count| move |frame| if frame < count { Answer::Accept } else { Answer::None };
    let unheard = Delivered::Accepted { bytes: 0, unheard: MAX };
    assert_eq!(Pair::delivered(&noise, until(0)), unheard);
    assert_eq!(Pair::delivered(&noise, until(1)), Delivered::Unknown);
    assert_eq!(Pair::delivered(b"short", until(0)), Delivered::Unknown);
}

#[test]
fn what_an_output_that_failed_may_have_got_is_not_denied() {
    let (noise, text) = (noise(), vec![b'x'; 1000]);
    let first = |reason| move |_| Answer::Refuse(reason);
    for (reason, plain, coded) in [
        (RefusalReason::TooLong, 0, 1000),
        (RefusalReason::ShuttingDown, 0, 1000),
        (RefusalReason::OutputFailed, MAX, 1000),
    ] {
        for (message, unheard) in [(&noise, plain), (&text, coded)] {
            let delivered = match unheard {
                0 => Delivered::Nothing,
                unheard => Delivered::Accepted { bytes: 0, unheard },
            };
            assert_eq!(Pair::delivered(message, first(reason)), delivered, "{reason}");
        }
    }
    let second = |frame| match frame {
        0 => Answer::Accept,
        _ => Answer::Refuse(RefusalReason::TooLong),
    };
    let accepted = Delivered::Accepted { bytes: MAX, unheard: 0 };
    assert_eq!(Pair::delivered(&noise, second), accepted);
}

#[test]
fn a_message_that_is_sent_again_as_it_is_is_another_one() {
    let message = vec![b'x'; 1000];
    let mut pair = Pair::new(&message, 1);
    let receipt = pair.run(|_| Answer::Accept).unwrap();
    assert_eq!(receipt.bytes, 1000);
    assert!(pair.octets == message);
    assert_eq!(pair.client.number, 6);
    assert_eq!(pair.client.tally(0).octets, 1000);
}
