//! Sends a message in frames.

use std::mem;

use minitalk_core::RefusalReason;
use minitalk_core::frame::CONTENT_OCTETS_MAX;
use minitalk_core::sender::{Event, Sender};
use minitalk_signals::{Bit, Instant, Termination, now};

use crate::cli::Options;
use crate::failure::{Cause, Delivered, Failure};
use crate::input::{Input, Piece};
use crate::link::{Heard, Link};
use crate::stats::Totals;
use crate::way::Way;

/// How long an interrupted client tries to tell the server.
const FAREWELL_MICROS: u64 = 100_000;

/// Sends the message and returns when the server has confirmed all of it.
pub(crate) fn send(
    link: &mut Link,
    input: Input,
    options: &Options,
    totals: &mut Totals,
) -> Result<(), Failure> {
    // Any number will do, as long as it is another one for the next message of this process.
    let number = getrandom::u32().unwrap_or(0);
    let sender = Sender::new(number, input.length());
    let sender = if options.single_bits { sender.without_pairs() } else { sender };
    let started = now();
    let mut transfer = Transfer {
        link,
        input,
        sender,
        offered: 0,
        progress: 0,
        progress_at: started,
        pending: false,
        untimed: false,
    };
    let result = transfer.run();
    let statistics = transfer.sender.statistics();
    totals.bytes = statistics.accepted_octets;
    totals.resent_bits = statistics.resent_bits;
    totals.repeated_frames = statistics.repeated_frames;
    result.map_err(|cause| transfer.failure(cause))
}

struct Transfer<'a> {
    link: &'a mut Link,
    input: Input,
    sender: Sender<CONTENT_OCTETS_MAX>,
    /// Octets of the piece that the sender has.
    offered: u64,
    progress: u64,
    progress_at: Instant,
    /// Standard input has nothing yet, so there is nothing to send.
    pending: bool,
    /// An acknowledgment was taken while the clock was late: the timeout of what came of it does not run yet.
    untimed: bool,
}

impl Transfer<'_> {
    fn run(&mut self) -> Result<(), Cause> {
        loop {
            let now = self.link.clock();
            self.offer(now)?;
            self.transmit(now)?;
            match self.sender.poll_event() {
                Some(Event::Accepted { last: true, .. }) => return Ok(()),
                Some(Event::Accepted { last: false, .. }) => {
                    let now = self.link.read_clock();
                    self.show_progress(now);
                    continue;
                }
                Some(Event::Refused(reason)) => return Err(Cause::Rejected(reason)),
                Some(Event::NotFramed) => {
                    return Err(Cause::NotFramed(Way::of(self.link.observer.answers())));
                }
                Some(Event::Aborted) | None => {}
            }
            let heard = match self.link.poll()? {
                Some(heard) => heard,
                None => self.wait()?,
            };
            let now = self.link.clock();
            match heard {
                Heard::Ack(ack) => self.handle_ack(ack, now),
                Heard::Foreign(_) | Heard::Input => {}
                Heard::Gone => return Err(Cause::Died),
                Heard::Interrupted(termination) => return Err(self.abort(termination)),
                Heard::TimedOut => self.handle_timeout(now)?,
            }
        }
    }

    /// Hands the next piece of the input to the sender, if both are ready.
    fn offer(&mut self, now: Instant) -> Result<(), Cause> {
        if !self.sender.is_ready() {
            return Ok(());
        }
        let piece = self.input.next().map_err(Cause::Input)?;
        self.pending = piece == Piece::Pending;
        if let Piece::Ready { octets, last } = piece {
            let payload = self.input.piece(octets);
            self.sender.offer(payload, last).expect("a ready sender takes a piece that fits");
            self.offered = octets as u64;
            self.progress_at = now;
        }
        Ok(())
    }

    fn handle_ack(&mut self, ack: Bit, now: Instant) {
        self.sender.handle_ack(ack, now);
        self.untimed |= self.link.is_clock_late();
    }

    fn transmit(&mut self, now: Instant) -> Result<(), Cause> {
        while let Some(bit) = self.sender.poll_transmit(now) {
            self.link.send(bit).map_err(Cause::Send)?;
        }
        Ok(())
    }

    /// Waits for what has not come at once.
    fn wait(&mut self) -> Result<Heard, Cause> {
        let late = self.link.is_clock_late();
        let now = if late { self.link.read_clock() } else { self.link.clock() };
        if mem::take(&mut self.untimed) {
            self.sender.restart_timeout(now);
        }
        if self.sender.progress() != self.progress {
            self.progress = self.sender.progress();
            self.progress_at = now;
        }
        let input = if self.pending { self.input.watch() } else { None };
        let deadline = if self.pending {
            self.sender.poll_timeout()
        } else {
            let give_up_at = self.link.give_up_at(self.progress_at);
            Some(self.sender.poll_timeout().map_or(give_up_at, |timeout| timeout.min(give_up_at)))
        };
        self.link.wait(input, deadline)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Cause> {
        if !self.pending && now >= self.link.give_up_at(self.progress_at) {
            return Err(self.link.timed_out());
        }
        self.link.watch_silence(now);
        self.show_progress(now);
        self.sender.handle_timeout(now);
        Ok(())
    }

    fn show_progress(&mut self, now: Instant) {
        let sender = &self.sender;
        self.link.observer.progress(|| sender.statistics().accepted_octets, now);
    }

    /// Tells the server that no more will come, if it listens.
    fn abort(&mut self, termination: Termination) -> Cause {
        let deadline = now().after_micros(FAREWELL_MICROS);
        self.sender.abort();
        while self.sender.poll_event() != Some(Event::Aborted) && now() < deadline {
            if self.transmit(now()).is_err() {
                break;
            }
            match self.link.wait(None, Some(deadline)) {
                Ok(Heard::Ack(ack)) => self.sender.handle_ack(ack, now()),
                Ok(Heard::Foreign(_) | Heard::Input | Heard::Interrupted(_)) => {}
                Ok(Heard::Gone | Heard::TimedOut) | Err(_) => break,
            }
        }
        Cause::Interrupted(termination)
    }

    fn failure(&self, cause: Cause) -> Failure {
        let octets = self.sender.statistics().accepted_octets;
        let is_unheard = self.sender.is_outcome_unknown();
        // Its output may have failed in the middle of a piece.
        let is_torn = matches!(cause, Cause::Rejected(None | Some(RefusalReason::OutputFailed)));
        let delivered = if is_unheard && self.sender.is_last() {
            Delivered::Unknown
        } else if is_unheard || (is_torn && self.offered > 0) {
            Delivered::AtLeast { octets, unheard: self.offered }
        } else {
            Delivered::Octets(octets)
        };
        Failure { pid: self.link.pid(), cause, delivered }
    }
}
