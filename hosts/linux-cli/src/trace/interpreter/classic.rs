//! Classic: eight bits for each byte.

use minitalk::text::is_control;
use minitalk_core::Bit;
use minitalk_core::classic::{Ack, Decoded, Decoder, Dialect, Receipt};
use minitalk_core::exchange::Protocol;

use super::Meaning;
use crate::text;

/// Follows one classic sender.
#[derive(Debug)]
pub(super) struct Classic {
    dialect: Dialect,
    decoder: Decoder,
    text: TextNames,
    /// Whether bits have come for which nothing has been sent back.
    is_unanswered: bool,
    /// Whether the message is complete and the receipt has not come.
    owes_receipt: bool,
}

impl Classic {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            decoder: Decoder::new(dialect),
            text: TextNames::default(),
            is_unanswered: false,
            owes_receipt: false,
        }
    }

    pub(super) fn is_one(&self, symbol: Bit) -> bool {
        symbol == self.dialect.one
    }

    pub(super) fn bit(&mut self, symbol: Bit) -> Meaning {
        let begins = self.decoder.pending_bits() == 0;
        let decoded = self.decoder.feed(symbol);
        let is_greeting = begins && self.decoder.pending_bits() == 0;
        self.is_unanswered = true;
        self.owes_receipt = decoded.ends().message();
        let name = match decoded {
            Decoded::Pending if is_greeting => Some("greeting".to_owned()),
            Decoded::Pending => None,
            Decoded::PrefixByte => Some("length".to_owned()),
            Decoded::Length(length) => Some(format!("length: {length}")),
            Decoded::Empty => Some("length: 0".to_owned()),
            Decoded::Lead { pid: Some(pid), .. } => Some(format!("PID {pid}")),
            Decoded::Lead { pid: None, .. } => Some("prefix".to_owned()),
            Decoded::Byte(byte) | Decoded::LastByte(byte) => Some(self.text.name(byte)),
            Decoded::Surplus => Some("surplus".to_owned()),
            Decoded::Nul => Some("NUL".to_owned()),
        };
        Meaning {
            protocol: Some(Protocol::Classic),
            is_one: self.is_one(symbol),
            begins,
            name,
            ..Meaning::default()
        }
    }

    /// What a symbol that comes back is, if it is more than an acknowledgment.
    pub(super) fn ack(&mut self, symbol: Bit) -> Option<String> {
        let is_answer = std::mem::take(&mut self.is_unanswered);
        let is_receipt = self.owes_receipt
            && match self.dialect.receipt {
                Receipt::BeforeAck(receipt) | Receipt::InsteadOfAck(receipt) => symbol == receipt,
                Receipt::Auto
                | Receipt::None
                | Receipt::NothingInsteadOfAck
                | Receipt::AfterAck(_)
                | Receipt::ThreeAfterAck => !is_answer || self.dialect.ack == Ack::None,
            };
        is_receipt.then(|| "receipt".to_owned())
    }
}

/// Names bytes of text one by one.
#[derive(Clone, Debug, Default)]
pub(super) struct TextNames(text::Decoder);

impl TextNames {
    /// The byte as people read it: `'A'`; for `é`, the first byte is `0xC3` and the last one `'é'`.
    pub(super) fn name(&mut self, byte: u8) -> String {
        let mut text = String::new();
        self.0.feed(&[byte], &mut text);
        match text.chars().next_back() {
            Some(char::REPLACEMENT_CHARACTER) | None => format!("0x{byte:02X}"),
            Some(character) if is_control(character) => character.escape_default().to_string(),
            Some(character) => format!("'{character}'"),
        }
    }
}
