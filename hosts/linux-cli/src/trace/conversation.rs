//! What two ends say to each other, for tests of the pictures.

use minitalk_core::classic::{Dialect, Encoder};
use minitalk_core::frame::{CONTENT_OCTETS_MAX, FRAME_OCTETS_MAX};
use minitalk_core::receiver::Reply;
use minitalk_core::{Bit, Instant, Receiver, Sender};

use super::reader::{Reader, Reading, Role, Symbol};

/// Symbols ten microseconds apart, and what they are.
pub(super) struct Conversation {
    reader: Reader,
    pub(super) told: Vec<(Symbol, Reading)>,
}

impl Conversation {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { reader: Reader::new(dialect), told: Vec::new() }
    }

    pub(super) fn say(&mut self, role: Role, value: Bit) {
        let nanos = 10_000 * self.told.len() as u64;
        let symbol = Symbol { sender: 4242, role, value, nanos };
        let reading = self.reader.read(&symbol);
        self.told.push((symbol, reading));
    }

    /// A text in the usual classic dialect.
    pub(super) fn classic(text: &[u8]) -> Self {
        let mut conversation = Self::new(Dialect::DEFAULT);
        for bit in Encoder::new(Dialect::DEFAULT, text).unwrap() {
            conversation.say(Role::Bit, bit);
            conversation.say(Role::Ack, Bit::Zero);
        }
        conversation.say(Role::Ack, Bit::One);
        conversation
    }

    /// A short text in a single frame.
    pub(super) fn framed(text: &[u8]) -> Self {
        let mut conversation = Self::new(Dialect::DEFAULT);
        let mut sender = Sender::<CONTENT_OCTETS_MAX>::new(1, Some(text.len() as u64));
        let mut receiver = Receiver::<FRAME_OCTETS_MAX>::new();
        let now = Instant::ZERO;
        sender.offer(text, true).unwrap();
        while let Some(bit) = sender.poll_transmit(now) {
            conversation.say(Role::Bit, bit);
            let ack = match receiver.handle_bit(bit) {
                Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => Some(ack),
                Reply::Frame => receiver.accept(),
                Reply::Ignored => None,
            };
            if let Some(ack) = ack {
                conversation.say(Role::Ack, ack);
                sender.handle_ack(ack, now);
            }
        }
        conversation
    }

    /// The names of the groups, in the order in which they become known.
    pub(super) fn names(&self) -> Vec<&str> {
        self.told.iter().filter_map(|(_, reading)| reading.name.as_deref()).collect()
    }
}
