//! A message in the classic protocol.

use std::os::fd::BorrowedFd;
use std::process;
use std::time::Duration;

use minitalk_core::classic::{
    Ack, Dialect, EncodeError, Ending, TIMEOUT_MICROS, TIMEOUT_OF_KNOWN_MICROS, TextSender,
};
use minitalk_core::{Bit, Doubt, Instant, Lookahead};

use super::{SendingHalf, Step, Tally};
use crate::cause::{Cause, Delivered};
use crate::config::micros;
use crate::connection::{Confirmation, Receipt};
use crate::diagnosis::Answers;

/// The pause after a bit that is not acknowledged.
const PACE_MICROS: u64 = 500;

/// A message in the classic protocol: the core's sender, which holds the whole message.
pub(crate) struct Classic<'t> {
    sender: TextSender<'t>,
    told: usize,
    /// The least time between bits that are acknowledged.
    pace_micros: u64,
    /// A bit that is due later.
    held: Option<(Bit, Instant)>,
    /// When the next bit may be sent.
    free_at: Instant,
}

impl<'t> Classic<'t> {
    pub(crate) fn new(
        text: &'t [u8],
        dialect: Dialect,
        pace: Option<Duration>,
        is_ours: bool,
    ) -> Result<Self, EncodeError> {
        let timeout_micros = if is_ours { TIMEOUT_OF_KNOWN_MICROS } else { TIMEOUT_MICROS };
        let pace_micros = pace.map(micros);
        let pause_micros = pace_micros.unwrap_or(PACE_MICROS);
        let sender = TextSender::new(dialect, text, pause_micros)?;
        // Without acknowledgments, the core's sender makes the pauses itself.
        let is_acknowledged = dialect.ack == Ack::Auto || dialect.can_hold_back();
        Ok(Self {
            sender: sender.with_timeout_micros(timeout_micros).with_pid(process::id()),
            told: 0,
            pace_micros: pace_micros.filter(|_| is_acknowledged).unwrap_or(0),
            held: None,
            free_at: Instant::ZERO,
        })
    }

    fn complete(&self, confirmation: Confirmation) -> Step {
        let dialect = Some(self.sender.observed());
        Step::Complete(Receipt { bytes: self.bytes(), confirmation, dialect })
    }

    fn bytes(&self) -> u64 {
        self.sender.completed_bytes() as u64
    }
}

impl SendingHalf for Classic<'_> {
    fn refill(&mut self, _now: Instant) -> Result<(), Cause> {
        Ok(())
    }

    fn is_pending(&self) -> bool {
        false
    }

    fn watch(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    #[inline]
    fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        if self.pace_micros == 0 {
            return self.sender.poll_transmit(now);
        }
        let (bit, due) = match self.held.take() {
            Some(held) => held,
            None => (self.sender.poll_transmit(now)?, self.free_at),
        };
        if now < due {
            self.held = Some((bit, due));
            return None;
        }
        self.free_at = now.after_micros(self.pace_micros);
        Some(bit)
    }

    #[inline]
    fn lookahead(&self) -> Lookahead {
        if self.pace_micros == 0 { self.sender.lookahead() } else { Lookahead::NONE }
    }

    #[inline]
    fn poll_step(&mut self, _answers: &Answers) -> Option<Step> {
        match self.sender.poll_event() {
            Some(Ending::Delivered) => Some(self.complete(Confirmation::Message)),
            Some(Ending::Acknowledged) => Some(self.complete(Confirmation::Bits)),
            Some(Ending::Sent) => Some(self.complete(Confirmation::Nothing)),
            Some(Ending::Unexpected(ack)) => {
                let is_first = self.sender.progress() <= 1;
                Some(Step::Failed(Cause::UnexpectedAck { ack, is_first }))
            }
            Some(Ending::Doubled) => Some(Step::Failed(Cause::Doubled)),
            Some(Ending::Disturbed) => Some(Step::Failed(Cause::Disturbed)),
            None if self.sender.completed_bytes() > self.told => {
                self.told = self.sender.completed_bytes();
                Some(Step::Confirmed(self.bytes()))
            }
            None => None,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.held.map_or_else(|| self.sender.poll_timeout(), |(_, due)| Some(due))
    }

    #[inline]
    fn handle_ack(&mut self, ack: Bit, now: Instant) {
        self.sender.handle_ack(ack, now);
    }

    fn handle_foreign(&mut self, symbol: Bit) {
        self.sender.handle_foreign(symbol);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.held.is_none() {
            self.sender.handle_timeout(now);
        }
    }

    /// Does nothing: a timeout of a quarter of a second need not be exact.
    fn restart_timeout(&mut self, _now: Instant) {}

    fn doubt(&self) -> Option<Doubt> {
        self.sender.doubt().filter(|_| self.held.is_none())
    }

    fn is_damaged_by_doubles(&self) -> bool {
        true
    }

    fn postpone(&mut self, now: Instant, micros: u64) {
        self.sender.postpone(now, micros);
    }

    /// The classic protocol has no way to abort a message.
    fn leave(&mut self, _cause: &Cause, _now: Instant) -> bool {
        false
    }

    fn has_left(&mut self) -> bool {
        true
    }

    fn progress(&self) -> u64 {
        self.sender.progress()
    }

    fn delivered(&self, _cause: &Cause) -> Delivered {
        if self.sender.is_outcome_unknown() {
            Delivered::Unknown
        } else {
            Delivered::Acknowledged(self.bytes())
        }
    }

    fn tally(&self, bits: u64) -> Tally {
        let resent_bits = bits.saturating_sub(self.sender.progress());
        let bytes = self.bytes();
        Tally { bytes, octets: bytes, bits, resent_bits, ..Tally::default() }
    }
}
