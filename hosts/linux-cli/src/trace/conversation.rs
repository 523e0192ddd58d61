//! What two ends say to each other, for tests of the pictures.

use minitalk_core::classic::{Dialect, Encoder};
use minitalk_core::receiver::Reply;
use minitalk_core::{Bit, Instant, Receiver, Sender};

use super::interpreter::{Interpreter, Meaning, Purpose, Seen};

/// Symbols ten microseconds apart, and their meanings.
pub(super) struct Conversation {
    interpreter: Interpreter,
    pub(super) told: Vec<(Seen, Meaning)>,
}

impl Conversation {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { interpreter: Interpreter::new(dialect), told: Vec::new() }
    }

    pub(super) fn say(&mut self, purpose: Purpose, value: Bit) {
        let nanos = 10_000 * self.told.len() as u64;
        let symbol = Seen { sender: 4242, purpose, value, nanos };
        let meaning = self.interpreter.read(&symbol);
        self.told.push((symbol, meaning));
    }

    /// A text in the default classic dialect.
    pub(super) fn classic(text: &[u8]) -> Self {
        let mut conversation = Self::new(Dialect::DEFAULT);
        for bit in Encoder::new(Dialect::DEFAULT, text).unwrap() {
            conversation.say(Purpose::Bit, bit);
            conversation.say(Purpose::Ack, Bit::Zero);
        }
        conversation.say(Purpose::Ack, Bit::One);
        conversation
    }

    /// A short text in a single frame.
    pub(super) fn framed(text: &[u8]) -> Self {
        let mut conversation = Self::new(Dialect::DEFAULT);
        let mut sender = Sender::new(1, Some(text.len() as u64));
        let mut receiver = Receiver::new();
        let now = Instant::ZERO;
        sender.offer(text, true).unwrap();
        while let Some(bit) = sender.poll_transmit(now) {
            conversation.say(Purpose::Bit, bit);
            let ack = match receiver.handle_bit(bit) {
                Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => Some(ack),
                Reply::Frame => receiver.accept(),
                Reply::Ignored => None,
            };
            if let Some(ack) = ack {
                conversation.say(Purpose::Ack, ack);
                sender.handle_ack(ack, now);
            }
        }
        conversation
    }

    /// The names of the groups, in the order in which they become known.
    pub(super) fn names(&self) -> Vec<&str> {
        self.told.iter().filter_map(|(_, meaning)| meaning.name.as_deref()).collect()
    }
}
