//! A probe of the line: an empty message.

use std::os::fd::BorrowedFd;

use minitalk_core::ping::{PROBE_BITS, PingEvent, Pinger};
use minitalk_core::{Bit, Doubt, Instant};
use minitalk_signals::monotonic_nanos;

use super::{SendingHalf, Step, Tally};
use crate::cause::{Cause, Delivered};
use crate::connection::{Confirmation, Receipt};
use crate::diagnosis::Answers;

/// The round trips of a probe's eight bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Probe {
    /// Time from the first transmission of each bit to its acknowledgment, in nanoseconds.
    pub round_trips_nanos: [u64; PROBE_BITS as usize],
    /// Bits that were sent again.
    pub resent_bits: u64,
}

/// One probe. The core's pinger is kept from probe to probe.
pub(crate) struct Probing<'p> {
    pinger: &'p mut Pinger,
    probe: &'p mut Probe,
    is_ours: bool,
    /// Whether the pinger has been told to send the probe.
    has_begun: bool,
    /// Whether the server does not speak the framed protocol.
    is_foreign: bool,
    sent_nanos: Option<u64>,
    round_trip_nanos: u64,
}

impl<'p> Probing<'p> {
    pub(crate) const fn new(pinger: &'p mut Pinger, probe: &'p mut Probe, is_ours: bool) -> Self {
        let (has_begun, is_foreign, sent_nanos) = (false, false, None);
        Self { pinger, probe, is_ours, has_begun, is_foreign, sent_nanos, round_trip_nanos: 0 }
    }
}

impl SendingHalf for Probing<'_> {
    fn refill(&mut self, _now: Instant) -> Result<(), Cause> {
        self.has_begun = self.has_begun || self.pinger.probe();
        Ok(())
    }

    fn is_pending(&self) -> bool {
        false
    }

    fn watch(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        let bit = self.pinger.poll_transmit(now)?;
        self.sent_nanos.get_or_insert_with(monotonic_nanos);
        Some(bit)
    }

    fn poll_step(&mut self, answers: &Answers) -> Option<Step> {
        match self.pinger.poll_event()? {
            PingEvent::Acknowledged { position, resent } => {
                self.probe.resent_bits += u64::from(resent);
                self.probe.round_trips_nanos[usize::from(position)] = self.round_trip_nanos;
                let confirmation = Confirmation::Message;
                let receipt = Receipt { bytes: 0, confirmation, dialect: None };
                (position + 1 == PROBE_BITS).then_some(Step::Complete(receipt))
            }
            PingEvent::NotFramed => {
                self.is_foreign = true;
                None
            }
            PingEvent::Withdrawn if self.is_foreign => {
                Some(Step::Failed(Cause::NotFramed(answers.diagnosis())))
            }
            PingEvent::Ready | PingEvent::Withdrawn => None,
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.pinger.poll_timeout()
    }

    fn handle_ack(&mut self, ack: Bit, now: Instant) {
        if let Some(sent_nanos) = self.sent_nanos.take() {
            self.round_trip_nanos = monotonic_nanos().saturating_sub(sent_nanos);
        }
        self.pinger.handle_ack(ack, now);
    }

    fn handle_foreign(&mut self, _symbol: Bit) {}

    fn handle_timeout(&mut self, now: Instant) {
        self.pinger.handle_timeout(now);
    }

    fn restart_timeout(&mut self, _now: Instant) {}

    fn doubt(&self) -> Option<Doubt> {
        self.pinger.doubt()
    }

    fn is_damaged_by_doubles(&self) -> bool {
        false
    }

    fn postpone(&mut self, now: Instant, micros: u64) {
        self.pinger.postpone(now, micros);
    }

    fn leave(&mut self, _cause: &Cause, now: Instant) -> bool {
        // One of our servers would take zeros in the middle of its mark for a classic message.
        if !self.is_ours {
            self.pinger.withdraw(now);
        }
        !self.is_ours
    }

    fn has_left(&mut self) -> bool {
        self.pinger.poll_event() == Some(PingEvent::Withdrawn)
    }

    fn progress(&self) -> u64 {
        self.pinger.progress()
    }

    fn delivered(&self, _cause: &Cause) -> Delivered {
        Delivered::Nothing
    }

    fn tally(&self, bits: u64) -> Tally {
        Tally { bits, resent_bits: self.probe.resent_bits, ..Tally::default() }
    }
}
