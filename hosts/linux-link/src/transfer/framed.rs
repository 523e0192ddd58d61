//! A message in frames.

use std::io;
use std::os::fd::BorrowedFd;

use minitalk_core::sender::{Event, Sender, Statistics};
use minitalk_core::withdrawal::{Alignment, Withdrawal};
use minitalk_core::{Bit, Doubt, Instant, Lookahead, RefusalReason};

use super::content::Content;
use super::{SendingHalf, Step, Tally};
use crate::cause::{Cause, Delivered};
use crate::config::Config;
use crate::connection::{Confirmation, Receipt};
use crate::diagnosis::Answers;
use crate::input::{Input, Piece};

/// A message in frames: the core's sender, and the content that it sends.
pub(crate) struct Framed<'i> {
    sender: Sender,
    content: Content<'i>,
    /// Different for every message of this process.
    number: u32,
    single_bits: bool,
    /// Whether a piece has been offered to the sender, which settles what its message is.
    has_begun: bool,
    /// The statistics of the first attempt, if the server refused the message for its coding.
    before: Statistics,
    /// Whether there is nothing to send, because the input has nothing yet.
    is_pending: bool,
    stranger: Stranger,
}

/// Whether the server may turn out not to be framed. Such a server must not be left in the middle
/// of a byte.
enum Stranger {
    /// It is one of ours, or has answered a frame as framed servers do.
    No,
    /// Nothing shows yet that it is framed.
    Perhaps(Alignment),
    /// It is not framed: what is sent to it now completes its byte and ends the message with a NUL.
    Leaving(Withdrawal),
}

impl<'i> Framed<'i> {
    /// `number` and the number after it should differ from those of all other messages of this
    /// process.
    pub(crate) fn new(input: Input<'i>, number: u32, config: &Config, is_ours: bool) -> Self {
        let stranger = if is_ours { Stranger::No } else { Stranger::Perhaps(Alignment::new()) };
        Self {
            sender: Sender::new(number, None),
            content: Content::new(input, config.compress),
            number,
            single_bits: config.single_bits,
            has_begun: false,
            before: Statistics::default(),
            is_pending: false,
            stranger,
        }
    }

    /// Makes a new sender for the message, as it is coded now.
    fn begin(&mut self) -> io::Result<()> {
        let length = self.content.announce_length()?;
        let sender = Sender::new(self.number, length).with_coding(self.content.coding());
        self.sender = if self.single_bits { sender.without_pairs() } else { sender };
        self.has_begun = true;
        Ok(())
    }

    /// Starts again without coding if that is why the server refused the message. False if that was
    /// not the reason, if the message is not coded, or if a part of it has been accepted.
    fn go_back(&mut self, reason: Option<RefusalReason>) -> bool {
        if reason != Some(RefusalReason::Coding) || !self.content.go_back() {
            return false;
        }
        self.before = *self.sender.statistics();
        self.number = self.number.wrapping_add(1);
        self.has_begun = false;
        self.sender = Sender::new(self.number, None);
        true
    }
}

impl SendingHalf for Framed<'_> {
    /// Hands the next piece of the input to the sender, if both are ready.
    #[inline]
    fn refill(&mut self, _now: Instant) -> Result<(), Cause> {
        if !self.sender.is_ready() {
            return Ok(());
        }
        let piece = self.content.next().map_err(Cause::Input)?;
        self.is_pending = piece == Piece::Pending;
        if let Piece::Ready { bytes, last } = piece {
            if !self.has_begun {
                self.begin().map_err(Cause::Input)?;
            }
            let payload = self.content.take(bytes).map_err(Cause::Input)?;
            self.sender.offer(payload, last).expect("a ready sender takes a piece that fits");
        }
        Ok(())
    }

    fn is_pending(&self) -> bool {
        self.is_pending
    }

    fn watch(&self) -> Option<BorrowedFd<'_>> {
        if self.is_pending { self.content.input().watch() } else { None }
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
    fn lookahead(&self) -> Lookahead {
        match self.stranger {
            Stranger::No => self.sender.lookahead(),
            Stranger::Perhaps(_) | Stranger::Leaving(_) => Lookahead::NONE,
        }
    }

    #[inline]
    fn poll_step(&mut self, answers: &Answers) -> Option<Step> {
        let step = match self.sender.poll_event()? {
            Event::Accepted { last, .. } => {
                self.content.accept();
                let bytes = self.content.accepted();
                if last {
                    let confirmation = Confirmation::Message;
                    Step::Complete(Receipt { bytes, confirmation, dialect: None })
                } else {
                    Step::Confirmed(bytes)
                }
            }
            Event::Refused(reason) if self.go_back(reason) => Step::Confirmed(0),
            Event::Refused(reason) => Step::Failed(Cause::Rejected(reason)),
            Event::NotFramed => return Some(Step::Failed(Cause::NotFramed(answers.diagnosis()))),
            // The server acknowledges every bit and gives no reason.
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

    fn is_answer_due(&self) -> bool {
        self.sender.is_answer_due()
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
        self.before.bits + self.sender.progress()
    }

    fn delivered(&self, cause: &Cause) -> Delivered {
        let bytes = self.content.accepted();
        let is_unheard = self.sender.is_outcome_unknown();
        // The server's output may have failed in the middle of a piece. Of a coded piece, text is
        // written before all of it is decoded.
        let is_torn = match cause {
            Cause::Rejected(None | Some(RefusalReason::OutputFailed)) => true,
            Cause::Rejected(_) => self.content.coding() != 0,
            _ => false,
        };
        let unheard = if is_unheard || is_torn { self.content.unheard() } else { 0 };
        match (bytes, unheard) {
            _ if is_unheard && self.sender.is_last() => Delivered::Unknown,
            (0, 0) => Delivered::Nothing,
            (bytes, unheard) => Delivered::Accepted { bytes, unheard },
        }
    }

    fn tally(&self, bits: u64) -> Tally {
        let (before, statistics) = (self.before, self.sender.statistics());
        Tally {
            bits,
            bytes: self.content.accepted(),
            octets: statistics.accepted_octets,
            resent_bits: before.resent_bits + statistics.resent_bits,
            repeated_frames: before.repeated_frames + statistics.repeated_frames,
            ..Tally::default()
        }
    }
}

#[cfg(test)]
mod tests;
