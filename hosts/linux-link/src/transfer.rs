//! The one loop that moves a message: from a sending half to the line, and back.

mod classic;
mod framed;
mod probing;

use std::mem;
use std::os::fd::BorrowedFd;

use minitalk_core::{Bit, Instant};
use minitalk_signals::now;

use crate::cause::{Cause, Delivered, Interruption};
use crate::connection::{Heard, Link, REST_MICROS};
use crate::diagnosis::Answers;
use crate::observer::Observer;

pub(crate) use classic::Classic;
pub(crate) use framed::Framed;
pub use probing::Probe;
pub(crate) use probing::Probing;

/// How long an interrupted sender tries to tell the server.
const FAREWELL_MICROS: u64 = 100_000;

/// The sending half of a protocol, with the message, as the loop drives it.
pub(crate) trait SendingHalf {
    /// Takes what it needs of the message, without waiting for it.
    fn refill(&mut self, now: Instant) -> Result<(), Cause>;

    /// Whether there is nothing to send before the input has something.
    fn is_pending(&self) -> bool;

    /// The input, while it has to be waited for.
    fn watch(&self) -> Option<BorrowedFd<'_>>;

    /// The next bit to send now.
    fn poll_transmit(&mut self, now: Instant) -> Option<Bit>;

    /// The next step, after every call of another method.
    fn poll_step(&mut self, answers: &Answers) -> Option<Step>;

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    fn poll_timeout(&self) -> Option<Instant>;

    fn handle_ack(&mut self, ack: Bit, now: Instant);

    fn handle_foreign(&mut self, symbol: Bit);

    fn handle_timeout(&mut self, now: Instant);

    /// The timeout of what has just been sent begins now.
    fn restart_timeout(&mut self, now: Instant);

    /// Whether a timeout may be handled only while the server is at rest.
    fn needs_rest(&self) -> bool;

    /// Puts the timeout off.
    fn postpone(&mut self, now: Instant, micros: u64);

    /// Breaks the message off; whether there is something to send for it.
    fn abort(&mut self, now: Instant) -> bool;

    /// Whether all that [`abort`](Self::abort) wanted to send has been sent.
    fn is_aborted(&mut self) -> bool;

    /// Grows whenever the message gets further than it ever was.
    fn progress(&self) -> u64;

    /// What is known of the message after it was broken off for this cause.
    fn delivered(&self, cause: &Cause) -> Delivered;

    /// What was done, of which the line had `bits` bits.
    fn tally(&self, bits: u64) -> Tally;
}

/// How a transfer gets on.
#[derive(Debug)]
pub(crate) enum Step {
    /// This many bytes have been confirmed.
    Confirmed(u64),
    /// All has been sent, and everything that is owed for it has come.
    Complete,
    /// It cannot go on.
    Failed(Cause),
}

/// What sending a message took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Bytes of the message that have been confirmed, or acknowledged.
    pub bytes: u64,
    /// Bits on the line, those that were sent again included.
    pub bits: u64,
    /// Bits that were sent again.
    pub resent_bits: u64,
    /// Frames that were sent again.
    pub repeated_frames: u64,
    /// Time from the first bit to the end, in microseconds.
    pub micros: u64,
}

/// A message under way.
pub(crate) struct Transfer<'a, H, O> {
    link: &'a mut Link<O>,
    half: H,
    progress: u64,
    progress_at: Instant,
    /// An acknowledgment was taken while the clock was late: the timeout of what came of it does
    /// not run yet.
    untimed: bool,
}

impl<'a, H: SendingHalf, O: Observer> Transfer<'a, H, O> {
    pub(crate) fn new(link: &'a mut Link<O>, half: H) -> Self {
        let progress_at = link.read_clock();
        Self { link, half, progress: 0, progress_at, untimed: false }
    }

    /// Sends the message and returns when everything has been confirmed; and what it took.
    pub(crate) fn run(mut self) -> (Result<(), (Cause, Delivered)>, Tally) {
        let began = now();
        let result = self.transfer().map_err(|cause| {
            let delivered = self.half.delivered(&cause);
            (cause, delivered)
        });
        let micros = now().micros_since(began);
        (result, Tally { micros, ..self.half.tally(self.link.bits()) })
    }

    fn transfer(&mut self) -> Result<(), Cause> {
        loop {
            let now = self.link.clock();
            if self.half.is_pending() {
                self.progress_at = now;
            }
            self.half.refill(now)?;
            self.transmit(now)?;
            match self.half.poll_step(self.link.answers()) {
                Some(Step::Complete) => return Ok(()),
                Some(Step::Failed(cause)) => return Err(cause),
                Some(Step::Confirmed(bytes)) => {
                    self.progress_at = self.link.read_clock();
                    self.link.observer.progress(bytes);
                    continue;
                }
                None => {}
            }
            let heard = match self.link.poll()? {
                Some(heard) => heard,
                None => self.wait()?,
            };
            self.handle(heard)?;
        }
    }

    #[inline]
    fn transmit(&mut self, now: Instant) -> Result<(), Cause> {
        while let Some(bit) = self.half.poll_transmit(now) {
            self.link.send(bit).map_err(Cause::Send)?;
        }
        Ok(())
    }

    #[inline]
    fn handle(&mut self, heard: Heard) -> Result<(), Cause> {
        let now = self.link.clock();
        match heard {
            Heard::Ack(ack) => {
                self.half.handle_ack(ack, now);
                self.untimed |= self.link.is_clock_late();
            }
            Heard::Foreign(symbol) => self.half.handle_foreign(symbol),
            Heard::Input => {}
            Heard::Gone => return Err(Cause::Died),
            Heard::Interrupted(interruption) => return Err(self.abort(interruption)),
            Heard::TimedOut => self.handle_timeout(now)?,
        }
        Ok(())
    }

    /// Waits for what has not come at once.
    fn wait(&mut self) -> Result<Heard, Cause> {
        let now = self.link.current_clock();
        if mem::take(&mut self.untimed) {
            self.half.restart_timeout(now);
        }
        if self.half.progress() != self.progress {
            self.progress = self.half.progress();
            self.progress_at = now;
        }
        let timeout = self.half.poll_timeout();
        let deadline = if self.half.is_pending() {
            timeout
        } else {
            let give_up_at = self.link.give_up_at(self.progress_at);
            Some(timeout.map_or(give_up_at, |timeout| timeout.min(give_up_at)))
        };
        self.link.wait(self.half.watch(), deadline)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Cause> {
        if !self.half.is_pending() && now >= self.link.give_up_at(self.progress_at) {
            return Err(Cause::TimedOut(self.link.diagnosis()));
        }
        self.link.watch_silence(now);
        if self.half.needs_rest() && self.half.poll_timeout().is_some_and(|due| due <= now) {
            if !self.link.is_at_rest(now) {
                self.half.postpone(now, REST_MICROS);
                return Ok(());
            }
            // To look at the server took time, and this process may have lost its processor
            // meanwhile.
            let heard = self.link.wait(None, Some(now))?;
            if heard != Heard::TimedOut {
                return self.handle(heard);
            }
        }
        self.half.handle_timeout(now);
        Ok(())
    }

    /// Tells the server that no more will come, if it listens.
    fn abort(&mut self, interruption: Interruption) -> Cause {
        let now = self.link.read_clock();
        let deadline = now.after_micros(FAREWELL_MICROS);
        let mut is_going_on = self.half.abort(now);
        while is_going_on && !self.half.is_aborted() && self.transmit(self.link.clock()).is_ok() {
            match self.link.wait(None, Some(deadline)) {
                Ok(Heard::Ack(ack)) => self.half.handle_ack(ack, self.link.clock()),
                Ok(Heard::Foreign(_) | Heard::Input | Heard::Interrupted(_)) => {}
                Ok(Heard::Gone | Heard::TimedOut) | Err(_) => is_going_on = false,
            }
            is_going_on &= self.link.clock() < deadline;
        }
        Cause::Interrupted(interruption)
    }
}
