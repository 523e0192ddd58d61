//! The loop that moves a message from a sending half to the line, and the answers back.

mod classic;
mod content;
mod framed;
mod half;
mod probing;

use std::mem;

use minitalk_core::{Bit, Doubt, Instant};
use minitalk_signals::{Interest, now};

use crate::cause::{Cause, Delivered};
use crate::connection::{Heard, Link, Receipt};
use crate::diagnosis::{Diagnosis, REST_MICROS, Sight};
use crate::observer::Observer;

pub(crate) use classic::Classic;
pub(crate) use framed::Framed;
pub(crate) use half::{SendingHalf, Step};
pub use probing::Probe;
pub(crate) use probing::Probing;

/// The time between two looks at a server that is not at rest grows up to this.
const REST_LOOK_MICROS_MAX: u64 = 640_000;

/// How long a sender to which a doubled bit does no harm waits for the server to come to rest:
/// whatever keeps the server from resting may go on for ever. Doubles each time.
const REST_PATIENCE_MICROS: u64 = 250_000;
const REST_PATIENCE_MICROS_MAX: u64 = 2_000_000;

/// The same at one of our servers if a doubled bit does harm, or while a signal is pending there.
/// Our servers ignore repetitions of a bit that they hold back: only one that crosses the
/// acknowledgment would count, and the sender would learn of it.
const LONG_REST_PATIENCE_MICROS: u64 = 5_000_000;

/// How soon to look again whether one of our servers has answered all that it has taken.
const SHORT_LOOK_MICROS: u64 = 5_000;

/// How long to wait for an answer that is due before the first look at one of our servers: it may
/// only have been preempted. Doubles with each look.
const ANSWER_MICROS: u64 = 2_000;

/// How soon to look again at a server with a pending signal, which a bit would meet. Doubles; after
/// the last look the bit is sent anyway.
const ROOM_LOOK_MICROS: u64 = 1_000;
const ROOM_LOOK_MICROS_MAX: u64 = 64_000;

/// The timeout does not run while a server works for others, but for at most this many timeouts.
const BUSY_TIMEOUTS_MAX: u64 = 30;

/// How long to try to tell the server that no more will come.
const FAREWELL_MICROS: u64 = 200_000;

/// What sending a message took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Bytes of the message that have been confirmed, or acknowledged.
    pub bytes: u64,
    /// Octets that these bytes were sent as: fewer if the message was compressed.
    pub octets: u64,
    /// Bits on the line, including those that were sent again.
    pub bits: u64,
    /// Bits that were sent again.
    pub resent_bits: u64,
    /// Frames that were sent again.
    pub repeated_frames: u64,
    /// Time from the first bit to the end, in microseconds.
    pub micros: u64,
}

/// A message that is being sent.
pub(crate) struct Transfer<'a, H, O> {
    link: &'a mut Link<O>,
    half: H,
    progress: u64,
    progress_at: Instant,
    /// Since when the message has got no further, even if the server was working for others.
    stalled_at: Instant,
    /// Since when a timeout has been postponed, the time to the next look, and whether the server
    /// was asleep at the last one.
    postponed: Option<(Instant, u64, bool)>,
    /// How long to wait for the server to come to rest, if a doubled bit does no harm.
    patience_micros: u64,
    /// Whether an acknowledgment was taken while the clock was late. The timeout of the bits sent
    /// in response does not run yet.
    untimed: bool,
    /// When to look next at a server that owes an answer, and the time for which that look waited.
    answer_look: Option<(Instant, u64)>,
    /// Whether the last bit was sent [apart](Link::send_apart).
    was_apart: bool,
    /// Whether the server has been seen to work for others.
    is_crowded: bool,
}

impl<'a, H: SendingHalf, O: Observer> Transfer<'a, H, O> {
    pub(crate) fn new(link: &'a mut Link<O>, half: H) -> Self {
        let progress_at = link.read_clock();
        let (stalled_at, postponed) = (progress_at, None);
        Self {
            link,
            half,
            progress: 0,
            progress_at,
            stalled_at,
            postponed,
            patience_micros: REST_PATIENCE_MICROS,
            untimed: false,
            answer_look: None,
            was_apart: false,
            is_crowded: false,
        }
    }

    /// Sends the message. Returns when everything has been confirmed, or the transfer has failed,
    /// with what it took.
    pub(crate) fn run(mut self) -> (Result<Receipt, (Cause, Delivered)>, Tally) {
        let began = now();
        let result = self.transfer().map_err(|cause| {
            let delivered = self.half.delivered(&cause);
            self.leave(&cause);
            (cause, delivered)
        });
        let micros = now().micros_since(began);
        (result, Tally { micros, ..self.half.tally(self.link.bits()) })
    }

    fn transfer(&mut self) -> Result<Receipt, Cause> {
        loop {
            let now = self.link.clock();
            if self.half.is_pending() {
                self.get_further(now);
            }
            self.half.refill(now)?;
            self.transmit(now)?;
            match self.half.poll_step(self.link.answers()) {
                Some(Step::Complete(receipt)) => return Ok(receipt),
                Some(Step::Failed(cause)) => return Err(cause),
                Some(Step::Confirmed(bytes)) => {
                    let now = self.link.read_clock();
                    self.get_further(now);
                    self.link.observer.progress(bytes);
                    continue;
                }
                None => {}
            }
            let heard = match self.poll()? {
                Some(heard) => heard,
                None => self.wait()?,
            };
            self.handle(heard)?;
        }
    }

    #[inline]
    fn transmit(&mut self, now: Instant) -> Result<(), Cause> {
        while let Some(bit) = self.half.poll_transmit(now) {
            // If a bit that was sent apart is lost, its repetition goes the usual way.
            if self.half.doubt() == Some(Doubt::Turn) && !self.was_apart {
                self.send_apart(bit)?;
            } else {
                self.was_apart = false;
                self.link.send(bit)?;
            }
        }
        Ok(())
    }

    /// What arrives at once, if anything. Acknowledgments that lead to nothing but the next bit are
    /// handled here.
    #[inline]
    fn poll(&mut self) -> Result<Option<Heard>, Cause> {
        loop {
            match self.link.poll(|| self.half.lookahead())? {
                Some(heard @ Heard::Answered { .. }) => self.handle(heard)?,
                heard => return Ok(heard),
            }
            self.transmit(self.link.clock())?;
        }
    }

    /// Sends a bit that may have to wait for its turn. If others are waiting for theirs, nothing
    /// must hide it: then this waits until there is room for it.
    #[cold]
    fn send_apart(&mut self, bit: Bit) -> Result<(), Cause> {
        self.was_apart = true;
        if !self.is_crowded && self.link.bits() > 0 {
            return self.link.send_apart(bit);
        }
        let mut pause_micros = ROOM_LOOK_MICROS;
        while !self.link.try_send_apart(bit)? {
            if pause_micros > ROOM_LOOK_MICROS_MAX {
                self.was_apart = false;
                self.link.send(bit)?;
                break;
            }
            let next_look = self.link.read_clock().after_micros(pause_micros);
            pause_micros *= 2;
            match self.link.wait(None, Some(next_look))? {
                Heard::TimedOut => {}
                heard => self.handle(heard)?,
            }
        }
        let now = self.link.read_clock();
        self.half.restart_timeout(now);
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
            Heard::Answered { ack, next } => {
                self.half.handle_ack(ack, now);
                self.untimed = true;
                let sent = self.half.poll_transmit(now);
                debug_assert_eq!(sent, Some(next), "it was certain");
                self.was_apart = false;
                self.link.note_sent(next);
            }
            Heard::Foreign(symbol) => self.half.handle_foreign(symbol),
            Heard::Watched => {}
            Heard::Gone => return Err(Cause::Died),
            Heard::Interrupted(interruption) => return Err(Cause::Interrupted(interruption)),
            Heard::TimedOut => self.handle_timeout(now)?,
        }
        Ok(())
    }

    /// Waits for something to arrive.
    fn wait(&mut self) -> Result<Heard, Cause> {
        let now = self.link.current_clock();
        if mem::take(&mut self.untimed) {
            self.half.restart_timeout(now);
        }
        if self.half.progress() != self.progress {
            self.progress = self.half.progress();
            self.get_further(now);
        }
        let timeout = self.half.poll_timeout();
        let deadline = if self.half.is_pending() {
            timeout
        } else {
            let give_up_at = self.link.give_up_at(self.progress_at);
            Some(timeout.map_or(give_up_at, |timeout| timeout.min(give_up_at)))
        };
        let looks = self.link.is_ours() && self.half.is_answer_due();
        let look = looks.then(|| {
            self.answer_look.get_or_insert((now.after_micros(ANSWER_MICROS), ANSWER_MICROS)).0
        });
        let deadline = [deadline, look].into_iter().flatten().min();
        let input = self.half.watch().map(|input| (input, Interest::Readable));
        let heard = self.link.wait(input, deadline)?;
        if heard != Heard::TimedOut {
            self.answer_look = None;
        }
        Ok(heard)
    }

    fn get_further(&mut self, now: Instant) {
        self.progress_at = now;
        self.stalled_at = now;
        self.postponed = None;
        self.patience_micros = REST_PATIENCE_MICROS;
    }

    #[inline(never)]
    fn handle_timeout(&mut self, now: Instant) -> Result<(), Cause> {
        let is_due = self.half.poll_timeout().is_some_and(|due| due <= now);
        if let Some((at, micros)) = self.answer_look
            && !is_due
            && at <= now
        {
            return self.look_for_answer(micros, now);
        }
        let doubt = self.half.doubt().filter(|&doubt| is_due && !self.is_settled_unseen(doubt));
        let may_be_pending = is_due && self.link.is_ours();
        if doubt.is_some() || may_be_pending || self.link.is_look_due(now) {
            let sight = match doubt {
                Some(Doubt::Turn) => self.link.look_for_rest(now),
                _ => self.link.look(now),
            };
            if sight.obstacle == Some(Diagnosis::Busy) && now < self.busy_until() {
                self.progress_at = now;
            }
            self.is_crowded |= sight.has_run;
            let is_settled = match doubt {
                Some(doubt) => self.is_settled(doubt, sight),
                // Signals do not queue: a repetition of a pending one would be dropped.
                None => sight.has_taken_all || !may_be_pending,
            };
            if !is_settled && self.postpone(doubt, sight, now) {
                return self.give_up_if_late(now);
            }
        }
        self.give_up_if_late(now)?;
        self.postponed = None;
        if doubt.is_some() {
            // The look took time, and this process may have been preempted: the answer may be here.
            let heard = self.link.wait(None, Some(now))?;
            if heard != Heard::TimedOut {
                return self.handle(heard);
            }
        }
        self.half.handle_timeout(now);
        Ok(())
    }

    /// Handles the timeout now if the server sleeps with nothing pending, since it has then
    /// answered all that it has taken.
    fn look_for_answer(&mut self, micros: u64, now: Instant) -> Result<(), Cause> {
        let micros = micros.saturating_mul(2);
        self.answer_look = Some((now.after_micros(micros), micros));
        if self.link.look(now).is_asleep && self.half.is_answer_due() {
            // The answer may have arrived just before it fell asleep.
            let heard = self.link.wait(None, Some(now))?;
            if heard != Heard::TimedOut {
                return self.handle(heard);
            }
            self.half.postpone(now, 0);
            self.half.handle_timeout(now);
        }
        self.give_up_if_late(now)
    }

    /// Whether a bit may be sent again without a look at the server.
    fn is_settled_unseen(&self, doubt: Doubt) -> bool {
        match doubt {
            Doubt::Turn => !self.link.is_ours() && !self.half.is_damaged_by_doubles(),
            Doubt::Lost => !self.half.is_damaged_by_doubles(),
            Doubt::Twice => false,
        }
    }

    /// Whether the look at the server allows handling a timeout. One of our servers that sleeps
    /// with nothing pending has answered all that it has taken, and ignores repetitions of bits
    /// that it holds back.
    const fn is_settled(&self, doubt: Doubt, sight: Sight) -> bool {
        match doubt {
            Doubt::Lost | Doubt::Twice if self.link.is_ours() => sight.is_asleep,
            Doubt::Turn | Doubt::Lost | Doubt::Twice => sight.is_at_rest,
        }
    }

    fn give_up_if_late(&self, now: Instant) -> Result<(), Cause> {
        if !self.half.is_pending() && now >= self.link.give_up_at(self.progress_at) {
            return Err(Cause::TimedOut(match self.link.diagnosis() {
                Diagnosis::Stopped => Diagnosis::Stopped,
                _ if self.progress_at > self.stalled_at => Diagnosis::Busy,
                diagnosis => diagnosis,
            }));
        }
        Ok(())
    }

    /// Until when work for others counts as progress.
    const fn busy_until(&self) -> Instant {
        self.link.give_up_after(self.stalled_at, BUSY_TIMEOUTS_MAX)
    }

    /// Postpones the timeout if that is better than sending the bit again. Returns whether it did.
    fn postpone(&mut self, doubt: Option<Doubt>, sight: Sight, now: Instant) -> bool {
        let is_ours = self.link.is_ours();
        let waits_for_turn = is_ours && doubt == Some(Doubt::Turn);
        let first_micros = if is_ours && !waits_for_turn { SHORT_LOOK_MICROS } else { REST_MICROS };
        let (since, micros, was_asleep) = self.postponed.unwrap_or((now, first_micros, false));
        let patience_micros = match (self.half.is_damaged_by_doubles(), is_ours) {
            // What is pending there may be this very bit.
            (_, true) if !sight.has_taken_all && !sight.has_run => LONG_REST_PATIENCE_MICROS,
            (false, _) if doubt.is_some() => self.patience_micros,
            (_, true) => LONG_REST_PATIENCE_MICROS,
            (false, false) => self.patience_micros,
            (true, false) => u64::MAX,
        };
        if now.micros_since(since) >= patience_micros {
            self.patience_micros =
                self.patience_micros.saturating_mul(2).min(REST_PATIENCE_MICROS_MAX);
            return false;
        }
        // If the server sleeps, the next look will show whether it is at rest. If it slept at the
        // last look too and is still not at rest, it works now and then.
        let is_asleep = sight.is_asleep && !was_asleep;
        let (wait_micros, next_micros) = if is_asleep {
            (REST_MICROS, micros)
        } else if doubt.is_none() && sight.has_run {
            // The server has taken what was pending, so what is pending now is from another sender.
            (ROOM_LOOK_MICROS, micros)
        } else if waits_for_turn {
            // The longer it has waited, the more others there are.
            let waited_micros = now.micros_since(since);
            ((REST_MICROS + waited_micros).min(REST_LOOK_MICROS_MAX), micros)
        } else {
            (micros, micros.saturating_mul(2).min(REST_LOOK_MICROS_MAX))
        };
        self.half.postpone(now, wait_micros);
        self.postponed = Some((since, next_micros, is_asleep));
        true
    }

    /// Tells the server that no more will come, if the protocol has a way to do so.
    fn leave(&mut self, cause: &Cause) {
        let now = self.link.read_clock();
        let deadline = now.after_micros(FAREWELL_MICROS);
        // The deadline of the connection is lifted for this: it may be the cause.
        let total = self.link.deadline.take();
        let mut is_going_on = self.half.leave(cause, now);
        while is_going_on && self.transmit(self.link.clock()).is_ok() && !self.half.has_left() {
            let timeout = self.half.poll_timeout().unwrap_or(deadline);
            let heard = self.link.wait(None, Some(timeout.min(deadline)));
            let now = self.link.clock();
            match heard {
                Ok(Heard::Ack(ack) | Heard::Answered { ack, .. }) => {
                    self.half.handle_ack(ack, now);
                }
                Ok(Heard::TimedOut) => self.half.handle_timeout(now),
                Ok(Heard::Foreign(_) | Heard::Watched | Heard::Interrupted(_)) => {}
                Ok(Heard::Gone) | Err(_) => is_going_on = false,
            }
            is_going_on &= now < deadline;
        }
        self.link.deadline = total;
    }
}
