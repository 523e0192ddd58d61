//! The line to one server, and the clock.

use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::Duration;

use minitalk_core::{Bit, Instant};
use minitalk_signals::{Arrival, Interest, Line, Origin, Wake, WatchError, now};

use crate::admission::{Admitted, Sending};
use crate::cause::{Cause, Interruption};
use crate::diagnosis::{Answers, Diagnosis, Lookout, Sight};
use crate::interrupt::Interrupter;
use crate::observer::Observer;

/// The tokens of what is watched.
const SERVER: u64 = 0;
const INTERRUPTER: u64 = 1;
const OTHER: u64 = 2;

/// Silence after which an observer is told what the server does.
const SUSPICIOUS_MICROS: u64 = 1_000_000;

/// The server is looked at no more often than this: a look costs as much as many bits.
const LOOK_MICROS: u64 = 50_000;

/// The line to one server, and the clock.
#[derive(Debug)]
pub(crate) struct Link<O> {
    line: Line,
    server: Admitted,
    interrupter: Interrupter,
    timeout_micros: u64,
    /// When to give up, however well it goes.
    pub(crate) deadline: Option<Instant>,
    clock: Instant,
    /// Something has come since the clock was read.
    is_clock_late: bool,
    heard_at: Instant,
    lookout: Lookout,
    looked_at: Instant,
    sight: Sight,
    /// What the observer has been told of this silence.
    told: Option<Diagnosis>,
    answers: Answers,
    bits: u64,
    /// A server that is not ours is sent to while it sleeps.
    only_asleep: bool,
    /// How long to pause after each acknowledgment.
    pub(crate) slow: Option<Duration>,
    pub(crate) observer: O,
}

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An acknowledgment of the server.
    Ack(Bit),
    /// A signal of somebody else.
    Foreign(Bit),
    /// The server has ended.
    Gone,
    /// The descriptor that was watched is ready.
    Watched,
    /// Somebody wants to end.
    Interrupted(Interruption),
    /// The deadline has come.
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

    /// Whether the server is known to be one of this project.
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

    /// Bits sent since the last [`restart`](Self::restart), those sent again included.
    pub(crate) const fn bits(&self) -> u64 {
        self.bits
    }

    /// Counts from here. With `only_asleep`, a server that is not ours is sent to only while it
    /// sleeps ([`Admitted::wait_until_asleep`]).
    pub(crate) fn restart(&mut self, only_asleep: bool) {
        self.only_asleep = only_asleep && !self.is_ours();
        self.bits = 0;
        self.answers = Answers::new();
        self.heard_at = self.read_clock();
        self.told = None;
    }

    /// Sends one bit; `apart` if others may be sending theirs, and it must not hide them.
    #[inline]
    pub(crate) fn send(&mut self, bit: Bit, apart: bool) -> Result<(), Cause> {
        self.bits += 1;
        self.answers.sent(bit);
        self.observer.sent(self.server.pid(), bit);
        if self.only_asleep {
            self.server.wait_until_asleep();
        }
        let sent = if apart {
            self.server.send_apart(bit, self.clock)
        } else {
            self.server.send(bit, self.clock)
        };
        match sent.map_err(Cause::Send)? {
            Sending::Sent | Sending::Withheld => Ok(()),
            Sending::Refused(refusal) => Err(Cause::Refusal(refusal)),
        }
    }

    /// What comes at once, if anything does. The clock is not read: between an acknowledgment and
    /// the next bit that takes as long as all else that is done.
    #[inline]
    pub(crate) fn poll(&mut self) -> Result<Option<Heard>, Cause> {
        let wake = self.line.poll().map_err(Cause::Wait)?;
        self.is_clock_late |= wake.is_some();
        Ok(match wake {
            Some(Wake::Arrival(arrival)) => Some(self.heard(arrival)),
            Some(Wake::Terminate(termination)) => {
                Some(Heard::Interrupted(Interruption::Signal(termination)))
            }
            Some(Wake::Ready(_) | Wake::TimedOut) | None => None,
        })
    }

    /// Waits until something comes, or for the deadline.
    pub(crate) fn wait(
        &mut self,
        other: Option<(BorrowedFd<'_>, Interest)>,
        deadline: Option<Instant>,
    ) -> Result<Heard, Cause> {
        if self.is_over() {
            return Ok(Heard::Interrupted(Interruption::Deadline));
        }
        let deadline = [deadline, self.deadline].into_iter().flatten().min();
        // A descriptor that is ready while it is not wanted would end every wait.
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
                self.heard_at = self.clock;
                self.answers.received(arrival.bit);
                self.observer.received(pid, arrival.bit);
                if let Some(pause) = self.slow {
                    thread::sleep(pause);
                    self.heard_at = self.read_clock();
                }
                Heard::Ack(arrival.bit)
            }
            Origin::Process { .. } | Origin::Outside | Origin::Forged { .. } => {
                Heard::Foreign(arrival.bit)
            }
        }
    }

    /// The time when the clock was read last: when a wait ended, or since.
    pub(crate) const fn clock(&self) -> Instant {
        self.clock
    }

    /// The time when the last signal came, or later: [`clock`](Self::clock), brought up to date if
    /// anything has come since it was read.
    pub(crate) fn current_clock(&mut self) -> Instant {
        if self.is_clock_late { self.read_clock() } else { self.clock }
    }

    /// Whether [`clock`](Self::clock) is late: something has come since then.
    pub(crate) const fn is_clock_late(&self) -> bool {
        self.is_clock_late
    }

    /// The time now.
    pub(crate) fn read_clock(&mut self) -> Instant {
        self.clock = now();
        self.is_clock_late = false;
        self.clock
    }

    /// Whether the deadline has come.
    pub(crate) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= self.clock)
    }

    /// The moment at which to give up if nothing gets further after `progress_at`.
    pub(crate) const fn give_up_at(&self, progress_at: Instant) -> Instant {
        self.give_up_after(progress_at, 1)
    }

    /// The same after this many timeouts.
    pub(crate) const fn give_up_after(&self, progress_at: Instant, timeouts: u64) -> Instant {
        progress_at.after_micros(self.timeout_micros.saturating_mul(timeouts))
    }

    /// Why nothing gets any further.
    pub(crate) fn diagnosis(&self) -> Diagnosis {
        self.sight.obstacle.unwrap_or_else(|| self.answers.diagnosis())
    }

    /// Whether it is time to look at the server again.
    pub(crate) const fn is_look_due(&self, now: Instant) -> bool {
        now.micros_since(self.looked_at) >= LOOK_MICROS
    }

    /// Looks at the server, and tells the observer, once each, what keeps it from answering.
    pub(crate) fn look(&mut self, now: Instant) -> Sight {
        let sight = self.lookout.look(&self.server, self.bits, now);
        self.take_in(sight, now)
    }

    /// The same, by a sender that waits for its turn, and wants to know whether the server rests.
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
