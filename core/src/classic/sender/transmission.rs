//! Which symbol is sent next, and what the sender waits for then.

use super::super::{Ack, Acks, End, Ends, Hello, Receipt};
use super::{Ending, SILENT_MICROS, State, TextSender};
use crate::{Bit, Instant};

/// The pause between symbols if nothing is acknowledged and the application has not set one.
pub(super) const PAUSE_MICROS: u64 = 1_000;

impl TextSender<'_> {
    pub(super) fn next_symbol(&mut self, now: Instant) -> Option<Bit> {
        let first = self.greeting.0.take();
        self.is_greeting = first.is_some();
        let greeting = first.or_else(|| self.greeting.1.take());
        let Some(symbol) = greeting.or_else(|| self.encoder.next()) else {
            self.run_out(now);
            return None;
        };
        self.symbols = self.symbols.saturating_add(1);
        // Most symbols are among the first seven of a byte, each acknowledged by itself.
        if self.is_plain() && self.encoder.ends() == Ends::Nothing {
            self.deadline = Some(now.after_micros(self.timeout_micros));
            self.wait_for(symbol, Acks::of(self.dialect.bit_ack(symbol)));
        } else {
            self.expect(symbol, now);
        }
        Some(symbol)
    }

    /// Waits for what is owed for `symbol`, or pauses.
    #[inline(never)]
    pub(super) fn expect(&mut self, symbol: Bit, now: Instant) {
        let after = |micros| Some(now.after_micros(micros));
        let is_last = self.encoder.ends().message();
        if is_last && self.dialect.receipt == Receipt::Auto {
            self.listen_for_receipt(symbol, now);
        } else if self.dialect.ack == Ack::Auto && !self.is_pacing {
            self.state = State::Observing { symbol, is_byte: false };
            // After the first answer every symbol must be answered.
            self.deadline = after(SILENT_MICROS).filter(|_| !self.observation.is_any());
        } else if self.dialect.ack == Ack::Auto && self.encoder.ends().byte() {
            self.state = State::Observing { symbol, is_byte: true };
            self.deadline = after(SILENT_MICROS);
        } else {
            let owed = if self.is_pacing { Acks::NONE } else { self.owed_for(symbol) };
            if owed.is_empty() {
                self.pause(now);
                return;
            }
            self.wait_for(symbol, owed);
            // A bit can be sent again only if it is acknowledged by itself.
            let alone = self.dialect.bit_ack(symbol).is_some();
            self.deadline = after(self.timeout_micros).filter(|_| alone);
        }
    }

    /// Whether each symbol of the text is acknowledged by itself, in a way that is known.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self.dialect.ack, Ack::PerBit(_) | Ack::Echo | Ack::PerBitAndByte(_))
            && !self.is_greeting
    }

    #[inline]
    fn wait_for(&mut self, symbol: Bit, owed: Acks) {
        self.state = State::Waiting { symbol, owed, resent: false, due: false, disturbed: false };
    }

    fn pause(&mut self, now: Instant) {
        let micros = match self.pause_micros {
            0 if self.is_pacing => PAUSE_MICROS,
            micros => micros,
        };
        self.state = State::Pausing;
        self.deadline = Some(now.after_micros(micros));
    }

    /// Listens for the receipt after the last symbol, `symbol`, has been sent.
    fn listen_for_receipt(&mut self, symbol: Bit, now: Instant) {
        let expected = match self.dialect.ack {
            Ack::None => Acks::NONE,
            // No acknowledgment has come, not even at the end.
            Ack::Auto if self.is_pacing => {
                self.dialect.ack = Ack::None;
                Acks::NONE
            }
            Ack::Auto => Acks::of(self.observation.first()),
            Ack::PerByte(_) | Ack::PerBit(_) | Ack::Echo | Ack::PerBitAndByte(_) => {
                self.dialect.acks(Ends::Byte, symbol)
            }
        };
        self.state = State::Closing { expected, receipt: None };
        self.deadline = Some(now.after_micros(SILENT_MICROS));
    }

    /// Ends the message: nothing is left to send, and everything owed for the last symbol has come.
    #[cold]
    fn run_out(&mut self, now: Instant) {
        let is_silence_the_end = self.dialect.end == End::Silence && self.receipt.is_none();
        match self.dialect.receipt {
            // The receipt follows when the receiver has noticed the silence.
            _ if is_silence_the_end && self.dialect.receipt() != Acks::NONE => {
                self.receipt = Some(self.dialect.receipt);
                let receipt = self.dialect.receipt();
                if self.dialect.receipt == Receipt::Auto {
                    self.state = State::Closing { expected: Acks::NONE, receipt: None };
                    self.deadline = Some(now.after_micros(SILENT_MICROS));
                } else {
                    self.wait_for(Bit::Zero, receipt);
                }
            }
            Receipt::None | Receipt::NothingInsteadOfAck => {
                let is_acknowledged = self.dialect.ack != Ack::None && !self.is_pacing;
                self.end(if is_acknowledged { Ending::Acknowledged } else { Ending::Sent });
            }
            Receipt::Auto
            | Receipt::AfterAck(_)
            | Receipt::BeforeAck(_)
            | Receipt::InsteadOfAck(_)
            | Receipt::ThreeAfterAck => self.end(Ending::Delivered),
        }
    }

    /// What the receiver owes for the symbol sent last.
    pub(super) fn owed_for(&self, symbol: Bit) -> Acks {
        if self.is_greeting {
            Acks::of(self.dialect.greeting_ack(symbol))
        } else {
            self.dialect.acks(self.encoder.ends(), symbol)
        }
    }

    /// How many symbols the greeting has.
    pub(super) fn greeting_symbols(&self) -> u64 {
        match self.dialect.hello {
            Hello::None => 0,
            Hello::One(_) => 1,
            Hello::AndWidth(_) => 2,
        }
    }
}
