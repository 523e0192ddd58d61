//! `--ping`: how long signals to the server and back take.
//!
//! ```text
//! mark      flag      flag       flag
//! 11111111  01111110  01111110   01111110  …
//! └─ once, to begin ─┘└ probe 1 ┘└ probe 2 ┘
//! ```
//!
//! Between flags there is nothing, so the server has nothing to show and nothing to complain of. The
//! first bit of a probe finds it asleep, if nobody else talks to it; the others find it awake.

use std::io::{self, Write};

use minitalk_core::Bit;
use minitalk_core::detect::MARK_BITS;
use minitalk_core::hdlc::FLAG_BITS;
use minitalk_signals::{Instant, Termination, monotonic_nanos, now};

use crate::address::Address;
use crate::cli::Options;
use crate::failure::{Cause, Failure};
use crate::link::{Heard, Link};
use crate::observer::Observer;
use crate::pings::{Line, Pings};
use crate::send::open_trace;
use crate::way::Way;

/// A bit without an acknowledgment is sent again after this time. Longer than for a message: here, a
/// bit that comes twice spoils more than the time is worth.
const RESEND_MICROS: u64 = 250_000;

/// How long to listen for a second acknowledgment then.
const SETTLE_MICROS: u64 = 5_000;

/// How long after Ctrl-C the probe under way may be completed.
const FAREWELL_MICROS: u64 = 100_000;

/// Pings until enough or told to end. The exit code, which is 0 if there was an answer and otherwise 1,
/// and whether the figures could be shown.
pub(crate) fn run(server: &Address, options: &Options) -> Result<(u8, io::Result<()>), Failure> {
    let pid = server.find().map_err(Failure::not_found)?;
    let observer = Observer::new(open_trace(pid, options)?, None);
    let mut link = Link::open(server, pid, options, observer)?;
    let mut pings = Pings::new(pid, options);
    let mut pinger = Pinger { link: &mut link, last_ack: None, is_known: false, ending: None };
    let result = pinger.run(&mut pings, options);
    link.observer.finish_trace();
    let shown = pings.finish().and_then(|()| io::stdout().flush());
    match result {
        Ok(()) | Err(Cause::Interrupted(_)) => Ok((u8::from(!pings.is_good()), shown)),
        Err(cause) => Err(Failure::before_sending(pid, cause)),
    }
}

struct Pinger<'a> {
    link: &'a mut Link,
    /// None before the mark: then the next acknowledgment may be either.
    last_ack: Option<Bit>,
    /// The server alternates: it is one of ours.
    is_known: bool,
    /// The user wants to end.
    ending: Option<(Termination, Instant)>,
}

/// The acknowledgment of a bit.
struct Answer {
    nanos: u64,
    is_resent: bool,
}

impl Pinger<'_> {
    fn run(&mut self, pings: &mut Pings, options: &Options) -> Result<(), Cause> {
        let interval_micros = u64::try_from(options.interval.as_micros()).unwrap_or(u64::MAX);
        self.begin()?;
        let mut next_at = now();
        loop {
            pings.sent();
            let line = self.probe()?;
            // Nobody may read any more: then there is no use in measuring.
            if pings.answered(&line).is_err()
                || options.count.is_some_and(|count| pings.is_count(count))
            {
                return Ok(());
            }
            next_at = next_at.after_micros(interval_micros).max(now());
            self.pause(next_at)?;
        }
    }

    /// Tells the server that what follows is framed.
    fn begin(&mut self) -> Result<(), Cause> {
        for _ in 0..MARK_BITS {
            self.last_ack = None;
            self.exchange(Bit::One)?;
        }
        self.probe()?;
        self.is_known = true;
        Ok(())
    }

    /// One flag.
    fn probe(&mut self) -> Result<Line, Cause> {
        let mut line = Line::default();
        for (bit, nanos) in FLAG_BITS.into_iter().zip(&mut line.nanos) {
            let answer = self.exchange(bit)?;
            *nanos = answer.nanos;
            line.resent += u64::from(answer.is_resent);
        }
        if let Some((termination, _)) = self.ending {
            return Err(Cause::Interrupted(termination));
        }
        Ok(line)
    }

    /// Sends a bit until it is acknowledged.
    fn exchange(&mut self, bit: Bit) -> Result<Answer, Cause> {
        let began = now();
        let sent_nanos = monotonic_nanos();
        self.link.send(bit).map_err(Cause::Send)?;
        let mut resend_at = began.after_micros(RESEND_MICROS);
        let mut is_resent = false;
        loop {
            let patience = self.link.give_up_at(began);
            let give_up_at = self.ending.map_or(patience, |(_, deadline)| patience.min(deadline));
            match self.link.wait(None, Some(resend_at.min(give_up_at)))? {
                Heard::Ack(ack) => {
                    let nanos = monotonic_nanos().saturating_sub(sent_nanos);
                    if is_resent {
                        self.settle()?;
                    }
                    self.check(ack, is_resent)?;
                    return Ok(Answer { nanos, is_resent });
                }
                Heard::Foreign(_) | Heard::Input => {}
                Heard::Gone => return Err(Cause::Died),
                Heard::Interrupted(termination) => {
                    self.ending = Some((termination, now().after_micros(FAREWELL_MICROS)));
                }
                Heard::TimedOut if now() >= give_up_at => {
                    return Err(match self.ending {
                        Some((termination, _)) => Cause::Interrupted(termination),
                        None => self.link.timed_out(),
                    });
                }
                Heard::TimedOut => {
                    self.link.watch_silence(now());
                    self.link.send(bit).map_err(Cause::Send)?;
                    resend_at = now().after_micros(RESEND_MICROS);
                    is_resent = true;
                }
            }
        }
    }

    /// A server of ours alternates. One that does not from the beginning is of another kind; later, or
    /// after a resend, it is only out of step, which a ping need not mind.
    fn check(&mut self, ack: Bit, is_resent: bool) -> Result<(), Cause> {
        let is_wrong = self.last_ack == Some(ack) && !is_resent && !self.is_known;
        self.last_ack = if is_resent { None } else { Some(ack) };
        if is_wrong { Err(Cause::NotFramed(Way::of(self.link.observer.answers()))) } else { Ok(()) }
    }

    /// Takes the acknowledgment of the other copy, if both have arrived.
    fn settle(&mut self) -> Result<(), Cause> {
        let deadline = now().after_micros(SETTLE_MICROS);
        while self.link.wait(None, Some(deadline))? != Heard::TimedOut && now() < deadline {}
        Ok(())
    }

    /// Waits for the next probe.
    fn pause(&mut self, until: Instant) -> Result<(), Cause> {
        while now() < until {
            match self.link.wait(None, Some(until))? {
                Heard::Gone => return Err(Cause::Died),
                Heard::Interrupted(termination) => return Err(Cause::Interrupted(termination)),
                Heard::Ack(_) | Heard::Foreign(_) | Heard::Input | Heard::TimedOut => {}
            }
        }
        Ok(())
    }
}
