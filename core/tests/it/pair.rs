//! Both ends of a link in memory.

use minitalk_core::receiver::Reply;
use minitalk_core::sender::Event;
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender};

/// A sender and a receiver on a line without a kernel, and the clock.
pub(crate) struct Pair {
    pub(crate) sender: Sender,
    pub(crate) receiver: Receiver,
    pub(crate) text: Vec<u8>,
    /// How many octets came before the frame that was accepted last, unless that has been read.
    pub(crate) taken: Option<u64>,
    pub(crate) events: Vec<Event>,
    pub(crate) refuses: Option<RefusalReason>,
    pub(crate) now: Instant,
    pub(crate) bits: u64,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self {
            sender: Sender::new(7, None).without_pairs(),
            receiver: Receiver::new(),
            text: Vec::new(),
            taken: None,
            events: Vec::new(),
            refuses: None,
            now: Instant::ZERO,
            bits: 0,
        }
    }

    pub(crate) fn offering(payload: &[u8]) -> Self {
        let mut pair = Self::new();
        pair.sender.offer(payload, true).expect("a new sender is ready");
        pair
    }

    /// The acknowledgment of one bit.
    pub(crate) fn receive(&mut self, bit: Bit) -> Option<Bit> {
        match self.receiver.handle_bit(bit) {
            Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => Some(ack),
            Reply::Ignored => None,
            Reply::Frame => {
                if let Some(reason) = self.refuses {
                    return self.receiver.refuse(reason);
                }
                let frame = self.receiver.frame().expect("just announced");
                self.text.extend_from_slice(frame.payload);
                self.taken = Some(frame.offset);
                self.receiver.accept()
            }
        }
    }

    /// Sends one bit and takes its acknowledgment; false if there is nothing to send.
    pub(crate) fn step(&mut self) -> bool {
        let Some(bit) = self.sender.poll_transmit(self.now) else { return false };
        self.bits += 1;
        if let Some(ack) = self.receive(bit) {
            self.sender.handle_ack(ack, self.now);
        }
        self.events.extend(self.sender.poll_event());
        true
    }

    pub(crate) fn steps(&mut self, count: u64) {
        for _ in 0..count {
            assert!(self.step());
        }
    }

    /// Continues until there is nothing to send and nothing to wait for.
    pub(crate) fn drive(&mut self) {
        for _ in 0..2_000_000 {
            if !self.step() && !self.wait() {
                return;
            }
        }
        panic!("it does not end");
    }

    pub(crate) fn wait(&mut self) -> bool {
        let Some(deadline) = self.sender.poll_timeout() else { return false };
        self.now = deadline;
        self.sender.handle_timeout(deadline);
        true
    }
}

/// A sender for a message of one frame, without pairs.
pub(crate) fn sender_of(payload: &[u8]) -> Sender {
    let mut sender = Sender::new(7, u64::try_from(payload.len()).ok()).without_pairs();
    sender.offer(payload, true).expect("a new sender is ready");
    sender
}
