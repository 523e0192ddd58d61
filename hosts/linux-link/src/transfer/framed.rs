//! A message in frames.

use std::io;
use std::os::fd::BorrowedFd;

use minitalk_core::sender::{Event, Sender};
use minitalk_core::withdrawal::{Alignment, Withdrawal};
use minitalk_core::{Bit, Doubt, Instant, RefusalReason};

use super::{SendingHalf, Step, Tally};
use crate::cause::{Cause, Delivered};
use crate::config::Config;
use crate::connection::{Confirmation, Receipt};
use crate::diagnosis::Answers;
use crate::input::{Input, Piece};

/// A message in frames: the core's sender, and what it takes its pieces from.
pub(crate) struct Framed<'i> {
    sender: Sender,
    input: Input<'i>,
    /// Bytes of the piece that the sender has.
    offered: u64,
    /// The input has nothing yet, so there is nothing to send.
    is_pending: bool,
    stranger: Stranger,
}

/// A server that is not known to be framed. It is not left in the middle of a byte.
enum Stranger {
    /// It is known, or has accepted a frame.
    No,
    /// Nothing shows yet that it is framed.
    Perhaps(Alignment),
    /// It is not: it is sent what is a NUL to it.
    Leaving(Withdrawal),
}

impl<'i> Framed<'i> {
    /// `number` should be another one for every message of this process.
    pub(crate) fn new(
        mut input: Input<'i>,
        number: u32,
        config: &Config,
        is_ours: bool,
    ) -> io::Result<Self> {
        let sender = Sender::new(number, input.announce_length()?);
        let sender = if config.single_bits { sender.without_pairs() } else { sender };
        let stranger = if is_ours { Stranger::No } else { Stranger::Perhaps(Alignment::new()) };
        Ok(Self { sender, input, offered: 0, is_pending: false, stranger })
    }
}

impl SendingHalf for Framed<'_> {
    /// Hands the next piece of the input to the sender, if both are ready.
    #[inline]
    fn refill(&mut self, _now: Instant) -> Result<(), Cause> {
        if !self.sender.is_ready() {
            return Ok(());
        }
        let piece = self.input.next().map_err(Cause::Input)?;
        self.is_pending = piece == Piece::Pending;
        if let Piece::Ready { bytes, last } = piece {
            let payload = self.input.take(bytes);
            self.sender.offer(payload, last).expect("a ready sender takes a piece that fits");
            self.offered = bytes as u64;
        }
        Ok(())
    }

    fn is_pending(&self) -> bool {
        self.is_pending
    }

    fn watch(&self) -> Option<BorrowedFd<'_>> {
        if self.is_pending { self.input.watch() } else { None }
    }

    #[inline]
    fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        match &mut self.stranger {
            Stranger::No => self.sender.poll_transmit(now),
            Stranger::Perhaps(alignment) => {
                self.sender.poll_transmit(now).inspect(|&bit| alignment.transmitted(bit))
            }
            Stranger::Leaving(withdrawal) => withdrawal.poll_transmit(now),
        }
    }

    #[inline]
    fn poll_step(&mut self, answers: &Answers) -> Option<Step> {
        let step = match self.sender.poll_event()? {
            Event::Accepted { last: true, .. } => Step::Complete(Receipt {
                bytes: self.sender.statistics().accepted_octets,
                confirmation: Confirmation::Message,
                dialect: None,
            }),
            Event::Accepted { last: false, .. } => {
                Step::Confirmed(self.sender.statistics().accepted_octets)
            }
            Event::Refused(reason) => Step::Failed(Cause::Rejected(reason)),
            Event::NotFramed => return Some(Step::Failed(Cause::NotFramed(answers.diagnosis()))),
            // It heard every bit, and says nothing else.
            Event::NotAccepted => Step::Failed(Cause::Rejected(None)),
            Event::Aborted => return None,
        };
        self.stranger = Stranger::No;
        Some(step)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        match &self.stranger {
            Stranger::No | Stranger::Perhaps(_) => self.sender.poll_timeout(),
            Stranger::Leaving(withdrawal) => withdrawal.poll_timeout(),
        }
    }

    #[inline]
    fn handle_ack(&mut self, ack: Bit, now: Instant) {
        match &mut self.stranger {
            Stranger::No => {}
            Stranger::Perhaps(alignment) => alignment.acknowledged(),
            Stranger::Leaving(withdrawal) => return withdrawal.handle_ack(),
        }
        self.sender.handle_ack(ack, now);
    }

    fn handle_foreign(&mut self, _symbol: Bit) {}

    fn handle_timeout(&mut self, now: Instant) {
        match &mut self.stranger {
            Stranger::No | Stranger::Perhaps(_) => self.sender.handle_timeout(now),
            Stranger::Leaving(withdrawal) => withdrawal.handle_timeout(now),
        }
    }

    fn restart_timeout(&mut self, now: Instant) {
        self.sender.restart_timeout(now);
    }

    fn doubt(&self) -> Option<Doubt> {
        self.sender.doubt()
    }

    fn is_damaged_by_doubles(&self) -> bool {
        false
    }

    fn postpone(&mut self, now: Instant, micros: u64) {
        self.sender.postpone(now, micros);
    }

    fn leave(&mut self, cause: &Cause, now: Instant) -> bool {
        match (&self.stranger, cause) {
            (Stranger::Perhaps(alignment), _) => {
                self.stranger = Stranger::Leaving(Withdrawal::new(alignment, now));
                true
            }
            (Stranger::No, Cause::Interrupted(_)) => {
                self.sender.abort();
                true
            }
            (Stranger::No | Stranger::Leaving(_), _) => false,
        }
    }

    fn has_left(&mut self) -> bool {
        match &self.stranger {
            Stranger::Leaving(withdrawal) => withdrawal.is_over(),
            Stranger::No | Stranger::Perhaps(_) => self.sender.poll_event() == Some(Event::Aborted),
        }
    }

    fn progress(&self) -> u64 {
        self.sender.progress()
    }

    fn delivered(&self, cause: &Cause) -> Delivered {
        let bytes = self.sender.statistics().accepted_octets;
        let is_unheard = self.sender.is_outcome_unknown();
        // Its output may have failed in the middle of a piece.
        let is_torn = matches!(cause, Cause::Rejected(None | Some(RefusalReason::OutputFailed)));
        let unheard = if is_unheard || is_torn { self.offered } else { 0 };
        match (bytes, unheard) {
            _ if is_unheard && self.sender.is_last() => Delivered::Unknown,
            (0, 0) => Delivered::Nothing,
            (bytes, unheard) => Delivered::Accepted { bytes, unheard },
        }
    }

    fn tally(&self, bits: u64) -> Tally {
        let statistics = self.sender.statistics();
        Tally {
            bits,
            bytes: statistics.accepted_octets,
            resent_bits: statistics.resent_bits,
            repeated_frames: statistics.repeated_frames,
            ..Tally::default()
        }
    }
}
