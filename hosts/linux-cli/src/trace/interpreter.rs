//! Determines what the symbols of a line are: the one interpreter that all forms of a trace share.
//!
//! Bits go from a sender to a receiver, acknowledgments come back. Each sender is followed
//! separately. What its bits are comes from the core: from the
//! [`Anatomy`](minitalk_core::anatomy::Anatomy) of framed senders and from the classic decoder.

mod classic;
mod framed;

use std::collections::HashMap;

use minitalk_core::Bit;
use minitalk_core::classic::Dialect;
use minitalk_core::detect::{Detection, Detector};
use minitalk_core::exchange::Protocol;

use self::classic::Classic;
use self::framed::Framed;

/// A symbol on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The process that has a message, whether it has sent the symbol or received it.
    pub(crate) sender: u32,
    pub(crate) purpose: Purpose,
    pub(crate) value: Bit,
    /// Nanoseconds since the first symbol.
    pub(crate) nanos: u64,
}

/// What a symbol is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A bit of a message.
    Bit,
    /// The same bit again, because its acknowledgment has not come.
    Again,
    /// What the receiver sends back.
    Ack,
}

/// What a symbol is. A *group* is a byte, a flag or another run of bits that has a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// `None` while the first bits leave it open.
    pub(crate) protocol: Option<Protocol>,
    /// The bit as the protocol understands it: in a classic dialect, `SIGUSR1` may be a one.
    pub(crate) is_one: bool,
    /// Whether the bit is the first of a group.
    pub(crate) begins: bool,
    /// The position of the bit in terms of HDLC.
    pub(crate) framing: Framing,
    /// The name of the group that the symbol completes, as far as it is known.
    pub(crate) name: Option<String>,
}

/// The position of a bit in terms of HDLC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Not in a frame, or not framed at all.
    #[default]
    Outside,
    /// At the end of a flag.
    FlagEnd,
    /// Between two flags.
    Frame,
    /// Between two flags, and removed by the receiver.
    InsertedZero,
}

/// Follows every sender of a line.
#[derive(Debug)]
pub(crate) struct Interpreter {
    dialect: Dialect,
    senders: HashMap<u32, Conversation>,
}

/// What is known of one sender.
#[derive(Debug)]
struct Conversation {
    protocol: Option<Protocol>,
    detector: Detector,
    framed: Framed,
    classic: Classic,
}

impl Interpreter {
    /// An interpreter that expects classic senders to speak `dialect`.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { dialect, senders: HashMap::new() }
    }

    /// Determines what the next symbol is.
    pub(crate) fn read(&mut self, symbol: &Seen) -> Meaning {
        let dialect = self.dialect;
        let conversation =
            self.senders.entry(symbol.sender).or_insert_with(|| Conversation::new(dialect));
        match symbol.purpose {
            Purpose::Bit => conversation.bit(symbol.value),
            Purpose::Again => Meaning {
                protocol: conversation.protocol,
                is_one: conversation.is_one(symbol.value),
                ..Meaning::default()
            },
            Purpose::Ack => conversation.ack(symbol.value),
        }
    }
}

impl Conversation {
    fn new(dialect: Dialect) -> Self {
        Self {
            protocol: (!dialect.admits_framed()).then_some(Protocol::Classic),
            detector: Detector::new(),
            framed: Framed::new(),
            classic: Classic::new(dialect),
        }
    }

    fn is_one(&self, symbol: Bit) -> bool {
        match self.protocol {
            Some(Protocol::Classic) => self.classic.is_one(symbol),
            Some(Protocol::Framed) | None => symbol.is_one(),
        }
    }

    fn bit(&mut self, symbol: Bit) -> Meaning {
        if self.protocol.is_none() {
            self.protocol = match self.detector.feed(symbol) {
                Detection::Undecided => None,
                Detection::Classic => Some(Protocol::Classic),
                Detection::Framed => Some(Protocol::Framed),
            };
            // Until the protocol is known, both follow.
            let (framed, classic) = (self.framed.bit(symbol), self.classic.bit(symbol));
            return match self.protocol {
                Some(Protocol::Framed) => framed,
                Some(Protocol::Classic) => classic,
                None => Meaning { protocol: None, name: None, ..framed },
            };
        }
        match self.protocol {
            Some(Protocol::Framed) => self.framed.bit(symbol),
            Some(Protocol::Classic) | None => self.classic.bit(symbol),
        }
    }

    fn ack(&mut self, symbol: Bit) -> Meaning {
        let name = match self.protocol {
            Some(Protocol::Framed) => self.framed.ack(symbol),
            Some(Protocol::Classic) => self.classic.ack(symbol),
            None => {
                self.framed.ack(symbol);
                self.classic.ack(symbol)
            }
        };
        Meaning { protocol: self.protocol, is_one: symbol.is_one(), name, ..Meaning::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::conversation::Conversation;

    #[test]
    fn bytes_and_the_receipt_of_a_classic_text_are_named() {
        let names = ["'A'", "0xC3", "'é'", "\\n", "NUL", "receipt"];
        assert_eq!(Conversation::classic("Aé\n".as_bytes()).names(), names);
    }

    #[test]
    fn the_other_signal_may_be_the_one() {
        let dialect = "one=usr1".parse().unwrap();
        let mut conversation = Conversation::new(dialect);
        for bit in minitalk_core::classic::Encoder::new(dialect, b"A").unwrap() {
            conversation.say(Purpose::Bit, bit);
        }
        let ones: String = conversation
            .told
            .iter()
            .map(|(_, meaning)| if meaning.is_one { '1' } else { '0' })
            .collect();
        assert_eq!(ones, "0100000100000000");
        assert_eq!(conversation.names(), ["'A'", "NUL"]);
    }

    #[test]
    fn flags_fields_and_the_verdict_of_a_frame_are_named() {
        let conversation = Conversation::framed(b"Hi");
        let names = conversation.names();
        assert_eq!(names[..4], ["mark", "flag", "address 0xFF", "control: N(S) 0, first, last"]);
        assert!(names.windows(2).any(|pair| pair == ["'H'", "'i'"]), "{names:?}");
        assert!(
            names[names.len() - 3..].ends_with(&["flag", "verdict", "flag: accepted"]),
            "{names:?}"
        );
        assert_eq!(names.iter().filter(|name| name.starts_with("FCS ")).count(), 4, "{names:?}");
        let is_inserted =
            |(_, meaning): &&(Seen, Meaning)| meaning.framing == Framing::InsertedZero;
        assert!(conversation.told.iter().filter(is_inserted).count() > 0, "the address has one");
    }

    #[test]
    fn every_sender_is_followed_by_itself() {
        let mut interpreter = Interpreter::new(Dialect::DEFAULT);
        let mut names = Vec::new();
        for position in 0..8 {
            for (sender, byte) in [(1, b'a'), (2, b'b')] {
                let value = Bit::from_bool(byte << position & 0x80 != 0);
                let symbol = Seen { sender, purpose: Purpose::Bit, value, nanos: 0 };
                names.extend(interpreter.read(&symbol).name);
            }
        }
        assert_eq!(names, ["'a'", "'b'"]);
    }
}
