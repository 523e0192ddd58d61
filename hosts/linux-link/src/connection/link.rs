//! The line to one server, and the clock.

use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::Duration;

use minitalk_core::{Bit, Instant, Lookahead};
use minitalk_signals::{Arrival, Interest, Line, Origin, Reply, SendError, Wake, WatchError, now};

use crate::admission::{Admitted, Sending};
use crate::cause::{Cause, Interruption};
use crate::diagnosis::{Answers, Diagnosis, Lookout, Sight};
use crate::interrupt::Interrupter;
use crate::observer::Observer;

/// The tokens of the watched descriptors.
const SERVER: u64 = 0;
const INTERRUPTER: u64 = 1;
const OTHER: u64 = 2;

/// How long the server must be silent before the observer is told what it is doing.
const SUSPICIOUS_MICROS: u64 = 1_000_000;

/// How often to look at the server if there is no other reason to: a look costs as much as many
/// bits.
const LOOK_MICROS: u64 = 50_000;

/// The line to one server, and the clock.
#[derive(Debug)]
pub(crate) struct Link<O> {
    line: Line,
    server: Admitted,
    interrupter: Interrupter,
    timeout_micros: u64,
    /// When to give up, regardless of progress.
    pub(crate) deadline: Option<Instant>,
    clock: Instant,
    /// Whether something has arrived since the clock was read.
    is_clock_late: bool,
    heard_at: Instant,
    lookout: Lookout,
    looked_at: Instant,
    sight: Sight,
    /// What the observer has been told about the current silence.
    told: Option<Diagnosis>,
    answers: Answers,
    bits: u64,
    /// Whether to send only while the server sleeps, because it is not ours.
    only_asleep: bool,
    /// How long to pause after each acknowledgment.
    pub(crate) slow: Option<Duration>,
    pub(crate) observer: O,
}

/// How a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An acknowledgment from the server.
    Ack(Bit),
    /// An acknowledgment from the server, and the bit that follows it, which has been sent.
    Answered { ack: Bit, next: Bit },
    /// A signal that is not from the server.
    Foreign(Bit),
    /// The server has ended.
    Gone,
    /// The descriptor that was watched is ready.
    Watched,
    /// A signal, the program or the deadline of the connection ends the work.
    Interrupted(Interruption),
    /// The deadline of the wait has passed.
    TimedOut,
}

impl<O: Observer> Link<O> {
    pub(crate) fn new(
        mut line: Line,
        server: Admitted,
        interrupter: Interrupter,
        timeout_micros: u64,
        observer: O,
    ) -> Result<Self, WatchError> {
        line.watch(server.peer().as_fd(), SERVER, Interest::Readable)?;
        line.watch(interrupter.descriptor(), INTERRUPTER, Interest::Readable)?;
        let now = now();
        Ok(Self {
            line,
            server,
            interrupter,
            timeout_micros,
            deadline: None,
            clock: now,
            is_clock_late: false,
            heard_at: now,
            lookout: Lookout::default(),
            looked_at: now,
            sight: Sight::default(),
            told: None,
            answers: Answers::new(),
            bits: 0,
            only_asleep: false,
            slow: None,
            observer,
        })
    }

    pub(crate) const fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Whether the server is recognised as one of ours.
    pub(crate) const fn is_ours(&self) -> bool {
        self.server.recognition().is_some()
    }

    pub(crate) const fn interrupter(&self) -> &Interrupter {
        &self.interrupter
    }

    /// How the server has answered since the last [`restart`](Self::restart).
    pub(crate) const fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Bits sent since the last [`restart`](Self::restart), including those sent again.
    pub(crate) const fn bits(&self) -> u64 {
        self.bits
    }

    /// Resets the counts. With `only_asleep`, bits are sent to a server that is not ours only while
    /// it sleeps ([`Admitted::wait_until_asleep`]).
    pub(crate) fn restart(&mut self, only_asleep: bool) {
        self.only_asleep = only_asleep && !self.is_ours();
        self.bits = 0;
        self.answers = Answers::new();
        self.heard_at = self.read_clock();
        self.told = None;
    }

    /// Sends one bit.
    #[inline]
    pub(crate) fn send(&mut self, bit: Bit) -> Result<(), Cause> {
        self.note_sent(bit);
        if self.only_asleep {
            self.server.wait_until_asleep();
        }
        outcome(self.server.send(bit, self.clock))
    }

    /// Sends one bit so that it hides nobody else's, if the server is one of ours and that can be
    /// done: others may be sending theirs.
    pub(crate) fn send_apart(&mut self, bit: Bit) -> Result<(), Cause> {
        if !self.is_ours() {
            return self.send(bit);
        }
        self.note_sent(bit);
        outcome(self.server.send_apart(bit, self.clock))
    }

    /// The same, if nobody else's hides it either. Returns whether it was sent; if not, there is no
    /// room for it now.
    pub(crate) fn try_send_apart(&mut self, bit: Bit) -> Result<bool, Cause> {
        if !self.is_ours() {
            return self.send(bit).map(|()| true);
        }
        let sent = self.server.try_send_apart(bit, self.clock);
        let Some(sending) = sent.map_err(Cause::Send)? else { return Ok(false) };
        self.note_sent(bit);
        outcome(Ok(sending))?;
        Ok(true)
    }

    /// Counts and shows a bit that is sent, or has been sent.
    #[inline]
    pub(crate) fn note_sent(&mut self, bit: Bit) {
        self.bits += 1;
        self.answers.sent(bit);
        self.observer.sent(self.server.pid(), bit);
    }

    /// What arrives at once, if anything. If it is an acknowledgment and the `lookahead` has the
    /// bit that follows it, the bit is sent before this returns. Does not read the clock: that
    /// would take as long as everything else between an acknowledgment and the next bit.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        lookahead: impl FnOnce() -> Lookahead,
    ) -> Result<Option<Heard>, Cause> {
        let may_reply = self.line.is_polling() && self.is_ours() && self.slow.is_none();
        let reply = if may_reply && self.server.is_clear(self.clock) {
            Some(Reply { peer: self.server.peer(), lookahead: lookahead() })
        } else {
            None
        };
        let wake = self.line.poll(reply).map_err(Cause::Wait)?;
        self.is_clock_late |= wake.is_some();
        Ok(match wake {
            Some(Wake::Arrival(Arrival { bit: ack, answered: Some(next), .. })) => {
                self.note_received(ack);
                Some(Heard::Answered { ack, next })
            }
            Some(Wake::Arrival(arrival)) => Some(self.heard(arrival)),
            Some(Wake::Terminate(termination)) => {
                Some(Heard::Interrupted(Interruption::Signal(termination)))
            }
            Some(Wake::Ready(_) | Wake::TimedOut) | None => None,
        })
    }

    /// Waits until something arrives or the deadline passes.
    pub(crate) fn wait(
        &mut self,
        other: Option<(BorrowedFd<'_>, Interest)>,
        deadline: Option<Instant>,
    ) -> Result<Heard, Cause> {
        if self.is_over() {
            return Ok(Heard::Interrupted(Interruption::Deadline));
        }
        let deadline = [deadline, self.deadline].into_iter().flatten().min();
        // It is watched only during this wait: while it is ready, it would end every other one.
        if let Some((descriptor, interest)) = other {
            self.line.watch(descriptor, OTHER, interest).map_err(Cause::Watch)?;
        }
        let wake = self.line.wait(deadline).map_err(Cause::Wait);
        if let Some((descriptor, _)) = other {
            self.line.unwatch(descriptor);
        }
        let wake = wake?;
        self.read_clock();
        Ok(match wake {
            Wake::Arrival(arrival) => self.heard(arrival),
            Wake::Terminate(termination) => Heard::Interrupted(Interruption::Signal(termination)),
            Wake::Ready(SERVER) => Heard::Gone,
            Wake::Ready(INTERRUPTER) => {
                self.interrupter.rearm();
                Heard::Interrupted(Interruption::Program)
            }
            Wake::Ready(_) => Heard::Watched,
            Wake::TimedOut if self.is_over() => Heard::Interrupted(Interruption::Deadline),
            Wake::TimedOut => {
                self.observer.timed_out(self.server.pid());
                Heard::TimedOut
            }
        })
    }

    #[inline]
    fn heard(&mut self, arrival: Arrival) -> Heard {
        match arrival.origin {
            Origin::Process { pid, .. } if pid == self.server.pid() => {
                self.note_received(arrival.bit);
                if let Some(pause) = self.slow {
                    self.pause(pause);
                }
                Heard::Ack(arrival.bit)
            }
            Origin::Process { .. } | Origin::Outside | Origin::Forged { .. } => {
                Heard::Foreign(arrival.bit)
            }
        }
    }

    #[inline]
    fn note_received(&mut self, ack: Bit) {
        self.heard_at = self.clock;
        self.answers.received(ack);
        self.observer.received(self.server.pid(), ack);
    }

    #[cold]
    fn pause(&mut self, pause: Duration) {
        thread::sleep(pause);
        self.heard_at = self.read_clock();
    }

    /// The last reading of the clock, taken at the end of the last wait or later.
    pub(crate) const fn clock(&self) -> Instant {
        self.clock
    }

    /// Like [`clock`](Self::clock), but reads the clock first if anything has arrived since the
    /// last reading.
    pub(crate) fn current_clock(&mut self) -> Instant {
        if self.is_clock_late { self.read_clock() } else { self.clock }
    }

    /// Whether something has arrived since the last reading of the [`clock`](Self::clock).
    pub(crate) const fn is_clock_late(&self) -> bool {
        self.is_clock_late
    }

    /// The time now.
    pub(crate) fn read_clock(&mut self) -> Instant {
        self.clock = now();
        self.is_clock_late = false;
        self.clock
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= self.clock)
    }

    /// When to give up if there is no progress after `progress_at`.
    pub(crate) const fn give_up_at(&self, progress_at: Instant) -> Instant {
        self.give_up_after(progress_at, 1)
    }

    /// The same after this many timeouts.
    pub(crate) const fn give_up_after(&self, progress_at: Instant, timeouts: u64) -> Instant {
        progress_at.after_micros(self.timeout_micros.saturating_mul(timeouts))
    }

    /// Why there is no progress.
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        self.sight.obstacle.unwrap_or_else(|| self.answers.diagnosis())
    }

    /// Whether it is time to look at the server again.
    pub(crate) const fn is_look_due(&self, now: Instant) -> bool {
        now.micros_since(self.looked_at) >= LOOK_MICROS
    }

    /// Looks at the server. If it has been silent for long, tells the observer what keeps it from
    /// answering, whenever that changes.
    pub(crate) fn look(&mut self, now: Instant) -> Sight {
        let sight = self.lookout.look(&self.server, self.bits, now);
        self.take_in(sight, now)
    }

    /// The same for a sender that waits for its turn: is the server at rest?
    pub(crate) fn look_for_rest(&mut self, now: Instant) -> Sight {
        let sight = self.lookout.look_for_rest(&self.server, self.bits, now);
        self.take_in(sight, now)
    }

    fn take_in(&mut self, sight: Sight, now: Instant) -> Sight {
        self.looked_at = now;
        self.sight = sight;
        let obstacle = self.sight.obstacle;
        if now.micros_since(self.heard_at) < SUSPICIOUS_MICROS {
            self.told = None;
        } else if let Some(diagnosis) = obstacle
            && self.told.replace(diagnosis) != obstacle
        {
            self.observer.waiting(self.server.pid(), diagnosis);
        }
        self.sight
    }
}

#[inline]
fn outcome(sent: Result<Sending, SendError>) -> Result<(), Cause> {
    match sent.map_err(Cause::Send)? {
        Sending::Sent | Sending::Withheld => Ok(()),
        Sending::Refused(refusal) => Err(Cause::Refusal(refusal)),
    }
}
