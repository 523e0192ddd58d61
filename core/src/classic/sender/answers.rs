//! What a sender concludes from answers that it was not told to expect.

use super::super::{Ack, Acks, Receipt};
use super::{Ending, SETTLE_MICROS, State, TextSender};
use crate::{Bit, Instant};

/// How long to listen, after an acknowledgment, for a receipt that may not come.
const RECEIPT_MICROS: u64 = 300_000;

/// How long a busy receiver is left alone.
pub(super) const BUSY_MICROS: u64 = 100_000;

impl TextSender<'_> {
    /// Takes an acknowledgment that is not owed for `symbol`.
    #[inline(never)]
    pub(super) fn handle_other(&mut self, symbol: Bit, ack: Bit, now: Instant) {
        let State::Waiting { disturbed, .. } = self.state else { return };
        if self.dialect.busy == Some(ack) {
            self.state = State::Refused { symbol, due: false };
            self.deadline = Some(now.after_micros(BUSY_MICROS));
        } else if self.is_of_first_byte(ack) {
            self.expect_two_for_a_byte(ack);
        } else {
            self.end(match (disturbed, self.resent_symbols) {
                (true, _) => Ending::Disturbed,
                (false, 1..) => Ending::Doubled,
                (false, 0) => Ending::Unexpected(ack),
            });
        }
    }

    /// Whether an acknowledgment that is not owed for a bit can be that of the first byte. If so,
    /// there is another one after each byte.
    pub(super) fn is_of_first_byte(&self, ack: Bit) -> bool {
        // The first bit of the second byte may have been sent already.
        let place = self.symbols.saturating_sub(self.greeting_symbols());
        let is_constant = matches!(self.dialect.ack, Ack::Auto | Ack::PerBit(_));
        let is_other = self.observation.first() == Some(!ack);
        is_constant && is_other && matches!(place, 8 | 9)
    }

    pub(super) const fn expect_two_for_a_byte(&mut self, ack: Bit) {
        self.dialect.ack = Ack::PerBitAndByte(match ack {
            Bit::Zero => Bit::One,
            Bit::One => Bit::Zero,
        });
    }

    /// Takes an answer of a receiver whose acknowledgments are observed.
    #[inline(never)]
    pub(super) fn observe(&mut self, symbol: Bit, ack: Bit, is_byte: bool) {
        if self.is_greeting {
            // The answer to a greeting may differ from that to a bit.
        } else if is_byte {
            self.dialect.ack = Ack::PerByte(ack);
        } else {
            match self.observation.take(symbol, ack) {
                Some(observed) => self.dialect.ack = observed,
                None => return self.end(Ending::Unexpected(ack)),
            }
        }
        self.acknowledged();
    }

    /// Takes what comes after the last symbol has been sent.
    #[inline(never)]
    pub(super) fn close(
        &mut self,
        ack: Bit,
        mut expected: Acks,
        receipt: Option<Bit>,
        now: Instant,
    ) {
        let is_acknowledged = expected.is_empty();
        if expected.arrived(ack) && receipt.is_none() {
            self.deadline = Some(now.after_micros(RECEIPT_MICROS));
            self.state = State::Closing { expected, receipt: None };
            return;
        }
        self.receipt = Some(match receipt {
            Some(receipt) if expected.is_empty() && !is_acknowledged => Receipt::BeforeAck(receipt),
            Some(_) => Receipt::ThreeAfterAck,
            None if is_acknowledged => Receipt::AfterAck(ack),
            None => Receipt::InsteadOfAck(ack),
        });
        // The rest of the receipt comes at once.
        self.deadline = Some(now.after_micros(SETTLE_MICROS));
        self.state = State::Closing { expected, receipt: receipt.or(Some(ack)) };
    }
}
