//! What the loop needs of a protocol.

use std::os::fd::BorrowedFd;

use minitalk_core::{Bit, Doubt, Instant, Lookahead};

use super::Tally;
use crate::cause::{Cause, Delivered};
use crate::connection::Receipt;
use crate::diagnosis::Answers;

/// The sending half of a protocol, with its message. The loop drives it.
pub(crate) trait SendingHalf {
    /// Takes what it needs of the message, without waiting for more input.
    fn refill(&mut self, now: Instant) -> Result<(), Cause>;

    /// Whether there is nothing to send until more input arrives.
    fn is_pending(&self) -> bool;

    /// The input, while the half waits for it.
    fn watch(&self) -> Option<BorrowedFd<'_>>;

    /// The next bit to send now.
    fn poll_transmit(&mut self, now: Instant) -> Option<Bit>;

    /// The bit that follows each acknowledgment that may come next, where that is certain.
    fn lookahead(&self) -> Lookahead {
        Lookahead::NONE
    }

    /// The next step. To be called after each of the other methods.
    fn poll_step(&mut self, answers: &Answers) -> Option<Step>;

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    fn poll_timeout(&self) -> Option<Instant>;

    fn handle_ack(&mut self, ack: Bit, now: Instant);

    fn handle_foreign(&mut self, symbol: Bit);

    fn handle_timeout(&mut self, now: Instant);

    /// Restarts the timeout of the bits in flight.
    fn restart_timeout(&mut self, now: Instant);

    /// What a look at the server has to settle before a timeout is handled.
    fn doubt(&self) -> Option<Doubt>;

    /// Whether a bit that arrives twice damages the message beyond repair.
    fn is_damaged_by_doubles(&self) -> bool;

    /// Whether a server that has taken the bits in flight must have answered them.
    fn is_answer_due(&self) -> bool {
        false
    }

    /// Postpones the timeout to `micros` after `now`; with 0 it is due at once.
    fn postpone(&mut self, now: Instant, micros: u64);

    /// Aborts the message for this cause. Returns whether that requires sending anything.
    fn leave(&mut self, cause: &Cause, now: Instant) -> bool;

    /// Whether all that [`leave`](Self::leave) wanted to send has been sent.
    fn has_left(&mut self) -> bool;

    /// A number that grows whenever the message gets further than before.
    fn progress(&self) -> u64;

    /// What is known to be delivered of a message that failed for this cause.
    fn delivered(&self, cause: &Cause) -> Delivered;

    /// What the message has taken so far. `bits` bits have been sent.
    fn tally(&self, bits: u64) -> Tally;
}

/// A step of a transfer.
#[derive(Debug)]
pub(crate) enum Step {
    /// This many bytes have been confirmed.
    Confirmed(u64),
    /// Everything has been sent, and every answer that is owed has arrived.
    Complete(Receipt),
    /// It cannot go on.
    Failed(Cause),
}
