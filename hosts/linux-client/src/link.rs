//! The line to one server.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use minitalk::admission::{Admission, Admitted};
use minitalk_core::{Bit, Instant};
use minitalk_signals::{
    Arrival, Interest, Line, Origin, ProcessState, SendError, Termination, WaitError, Wake, now,
};

use crate::address::Address;
use crate::cli::{Options, Protocol};
use crate::failure::{Cause, Failure};
use crate::observer::Observer;
use crate::silence::{Lookout, Silence};
use crate::way::Way;

/// The tokens of what is watched.
const PEER: u64 = 0;
const INPUT: u64 = 1;

/// Silence after which to tell what the server does.
const SUSPICIOUS_MICROS: u64 = 1_000_000;

/// How long a server must have done nothing at all to count as being at rest.
pub(crate) const REST_MICROS: u64 = 20_000;

/// The line to one server.
#[derive(Debug)]
pub(crate) struct Link {
    line: Line,
    server: Admitted,
    timeout: Duration,
    clock: Instant,
    /// Something has come since the clock was read.
    is_clock_late: bool,
    heard_at: Instant,
    lookout: Lookout,
    /// What the user has been told of this silence.
    said: Option<Silence>,
    /// How often the server had been scheduled when it was last seen asleep with nothing to do, and
    /// since when.
    asleep: Option<(u64, Instant)>,
    is_classic: bool,
    is_quiet: bool,
    pub(crate) observer: Observer,
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
    /// The input has something, or has ended.
    Input,
    /// The user wants to end.
    Interrupted(Termination),
    /// The deadline has come.
    TimedOut,
}

impl Link {
    /// Makes sure that `pid`, which is that of `server`, survives a bit and can answer, and opens the line
    /// to it.
    pub(crate) fn open(
        server: &Address,
        pid: i64,
        options: &Options,
        observer: Observer,
    ) -> Result<Self, Failure> {
        let failure = |cause| Failure::before_sending(pid, cause);
        let server_process = Admission::new()
            .server(pid, options.trust())
            .map_err(|refusal| failure(Cause::Refusal(refusal)))?;
        server.confirm(server_process.peer()).map_err(Failure::not_found)?;
        let mut line = Line::open().map_err(|error| failure(Cause::Line(error)))?;
        line.take_terminations().map_err(|error| failure(Cause::Line(error)))?;
        line.watch(server_process.peer().as_fd(), PEER, Interest::Readable)
            .map_err(|error| failure(Cause::Wait(WaitError(error.0))))?;
        Ok(Self {
            line,
            server: server_process,
            timeout: options.timeout,
            clock: now(),
            is_clock_late: false,
            heard_at: now(),
            lookout: Lookout::default(),
            said: None,
            asleep: None,
            is_classic: options.protocol() == Protocol::Classic,
            is_quiet: options.quiet,
            observer,
        })
    }

    pub(crate) fn pid(&self) -> i64 {
        self.server.pid().into()
    }

    /// Sends one bit.
    pub(crate) fn send(&mut self, bit: Bit) -> Result<(), SendError> {
        self.observer.sent(bit);
        self.server.send(bit).map(drop)
    }

    /// What comes at once, if anything does. The clock is not read: between an acknowledgment and the next bit
    /// that takes as long as all else that is done.
    pub(crate) fn poll(&mut self) -> Result<Option<Heard>, Cause> {
        let wake = self.line.poll().map_err(Cause::Wait)?;
        self.is_clock_late |= wake.is_some();
        Ok(match wake {
            Some(Wake::Arrival(arrival)) => Some(self.heard(arrival)),
            Some(Wake::Terminate(termination)) => Some(Heard::Interrupted(termination)),
            Some(Wake::Ready(_) | Wake::TimedOut) | None => None,
        })
    }

    /// Waits until something comes, or for the deadline.
    pub(crate) fn wait(
        &mut self,
        input: Option<BorrowedFd<'_>>,
        deadline: Option<Instant>,
    ) -> Result<Heard, Cause> {
        if let Some(input) = input {
            self.line
                .watch(input, INPUT, Interest::Readable)
                .map_err(|error| Cause::Wait(WaitError(error.0)))?;
        }
        let wake = self.line.wait(deadline).map_err(Cause::Wait);
        if let Some(input) = input {
            self.line.unwatch(input);
        }
        let wake = wake?;
        self.read_clock();
        Ok(match wake {
            Wake::Arrival(arrival) => self.heard(arrival),
            Wake::Terminate(termination) => Heard::Interrupted(termination),
            Wake::Ready(PEER) => Heard::Gone,
            Wake::Ready(_) => Heard::Input,
            Wake::TimedOut => {
                self.observer.timed_out();
                Heard::TimedOut
            }
        })
    }

    fn heard(&mut self, arrival: Arrival) -> Heard {
        match arrival.origin {
            Origin::Process { pid, .. } if pid == self.server.pid() => {
                self.heard_at = self.clock;
                self.observer.acknowledged(arrival.bit);
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

    /// The moment at which to give up if nothing has got further since `progress_at`.
    pub(crate) fn give_up_at(&self, progress_at: Instant) -> Instant {
        progress_at.after_micros(u64::try_from(self.timeout.as_micros()).unwrap_or(u64::MAX))
    }

    /// Why nothing gets any further.
    pub(crate) fn timed_out(&mut self) -> Cause {
        let silence = self.lookout.look(self.server.peer(), self.heard_at, now());
        let way = match (silence, self.is_classic) {
            (Silence::Stopped, _) => Way::Continue,
            (Silence::Busy, _) => Way::Turn,
            (Silence::Unexplained, true) => Way::Dialect,
            (Silence::Unexplained, false) => Way::of(self.observer.answers()),
        };
        Cause::TimedOut { seconds: self.timeout.as_secs_f64(), way }
    }

    /// Says, once each, why the server is silent, if that can be seen.
    pub(crate) fn watch_silence(&mut self, now: Instant) {
        let silence = self.lookout.look(self.server.peer(), self.heard_at, now);
        if now.micros_since(self.heard_at) < SUSPICIOUS_MICROS {
            self.said = None;
            return;
        }
        let pid = self.server.pid();
        let line = match silence {
            Silence::Stopped => {
                format!("PID {pid} is stopped; waiting for it; continue it with: kill -CONT {pid}")
            }
            // Nothing is wrong: it is for somebody who watches.
            Silence::Busy if io::stderr().is_terminal() => {
                format!("PID {pid} is busy with other clients; waiting for a turn")
            }
            Silence::Busy | Silence::Unexplained => return,
        };
        if self.said.replace(silence) != Some(silence) && !self.is_quiet {
            self.observer.note(&line);
        }
    }

    /// Whether the server has done nothing for [`REST_MICROS`] and has nothing to do: it sleeps, none of
    /// the two signals is pending there, and it has not been scheduled since it was looked at before.
    /// Whatever it was going to answer has been answered.
    pub(crate) fn is_at_rest(&mut self, now: Instant) -> bool {
        let asleep = self.server.peer().status().ok().filter(|status| {
            let taken_all = ![Bit::Zero, Bit::One].iter().any(|&bit| status.pending.contains(bit));
            status.state == ProcessState::Sleeping && taken_all
        });
        let Some(status) = asleep else {
            self.asleep = None;
            return false;
        };
        let (_, since) = *self.asleep.insert(match self.asleep {
            Some((switches, since)) if switches == status.context_switches => (switches, since),
            Some(_) | None => (status.context_switches, now),
        });
        now.micros_since(since) >= REST_MICROS
    }
}
