//! A message in the classic protocol.

use std::os::fd::BorrowedFd;

use minitalk_core::classic::{
    Dialect, EncodeError, Ending, TIMEOUT_MICROS, TIMEOUT_OF_KNOWN_MICROS, TextSender,
};
use minitalk_core::{Bit, Doubt, Instant};

use super::{SendingHalf, Step, Tally};
use crate::cause::{Cause, Delivered};
use crate::diagnosis::Answers;

/// A message in the classic protocol: the core's sender, which has all of it.
pub(crate) struct Classic<'t> {
    sender: TextSender<'t>,
    told: usize,
}

impl<'t> Classic<'t> {
    pub(crate) fn new(
        dialect: Dialect,
        text: &'t [u8],
        pause_micros: u64,
        is_ours: bool,
    ) -> Result<Self, EncodeError> {
        let timeout_micros = if is_ours { TIMEOUT_OF_KNOWN_MICROS } else { TIMEOUT_MICROS };
        let sender = TextSender::new(dialect, text, pause_micros)?;
        Ok(Self { sender: sender.with_timeout_micros(timeout_micros), told: 0 })
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
        self.sender.poll_transmit(now)
    }

    #[inline]
    fn poll_step(&mut self, _answers: &Answers) -> Option<Step> {
        match self.sender.poll_event() {
            Some(Ending::Delivered | Ending::Acknowledged | Ending::Sent) => Some(Step::Complete),
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
        self.sender.poll_timeout()
    }

    #[inline]
    fn handle_ack(&mut self, ack: Bit, now: Instant) {
        self.sender.handle_ack(ack, now);
    }

    fn handle_foreign(&mut self, symbol: Bit) {
        self.sender.handle_foreign(symbol);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.sender.handle_timeout(now);
    }

    /// To be exact about a timeout of a quarter of a second does not matter.
    fn restart_timeout(&mut self, _now: Instant) {}

    fn doubt(&self) -> Option<Doubt> {
        self.sender.doubt()
    }

    fn is_damaged_by_doubles(&self) -> bool {
        true
    }

    fn postpone(&mut self, now: Instant, micros: u64) {
        self.sender.postpone(now, micros);
    }

    /// Classic has no way to break a message off.
    fn abort(&mut self, _now: Instant) -> bool {
        false
    }

    fn is_aborted(&mut self) -> bool {
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
        Tally { bytes: self.bytes(), bits, resent_bits, ..Tally::default() }
    }
}
