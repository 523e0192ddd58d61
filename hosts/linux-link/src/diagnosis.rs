//! Why a server does not answer as it should, as far as that can be seen from outside.

use minitalk_core::{Bit, Instant};
use minitalk_signals::{ProcessState, WorkWatch};

use crate::admission::Admitted;

/// A server that uses at least this percentage of a processor is not idle. Ignoring bits that are
/// sent repeatedly costs it less than a tenth of that.
const BUSY_PERCENT: u64 = 1;

/// The least time over which work is measured.
const MEASURE_MICROS: u64 = 100_000;

/// What can be seen of a server that does not answer as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Diagnosis {
    /// It is stopped, by `SIGSTOP`, by its terminal or by a debugger.
    Stopped,
    /// It is one of ours and works for other clients.
    Busy,
    /// It has not acknowledged a single bit.
    Silent,
    /// It acknowledges every bit with this signal.
    Always(Bit),
    /// It acknowledges every bit with the signal that brought it.
    Echoes,
    /// It has answered as a framed server does, or as the dialect says.
    Answers,
}

/// How a server has answered so far, which gives away a server of another kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers {
    latest: Bit,
    acks: [u64; 2],
    echoes: u64,
}

impl Answers {
    pub(crate) const fn new() -> Self {
        Self { latest: Bit::Zero, acks: [0; 2], echoes: 0 }
    }

    #[inline]
    pub(crate) const fn sent(&mut self, bit: Bit) {
        self.latest = bit;
    }

    #[inline]
    pub(crate) fn received(&mut self, ack: Bit) {
        self.acks[usize::from(ack.is_one())] += 1;
        self.echoes += u64::from(ack == self.latest);
    }

    pub(crate) const fn diagnosis(&self) -> Diagnosis {
        match self.acks {
            [0, 0] => Diagnosis::Silent,
            [_, 0] => Diagnosis::Always(Bit::Zero),
            [0, _] => Diagnosis::Always(Bit::One),
            [zeros, ones] if zeros + ones == self.echoes => Diagnosis::Echoes,
            [_, _] => Diagnosis::Answers,
        }
    }
}

/// How long a server must have done nothing at all to count as at rest.
pub(crate) const REST_MICROS: u64 = 30_000;

/// The result of one look at a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself")]
pub(crate) struct Sight {
    /// What keeps the server from answering, if that can be seen.
    pub(crate) obstacle: Option<Diagnosis>,
    /// Neither of the two signals is pending at the server.
    pub(crate) has_taken_all: bool,
    /// In addition, the server sleeps: it has nothing to do.
    pub(crate) is_asleep: bool,
    /// The server has been asleep like this for [`REST_MICROS`] without running in between. It has
    /// answered whatever it was going to answer.
    pub(crate) is_at_rest: bool,
    /// The server has run since the last look, although this sender has sent nothing since then.
    pub(crate) has_run: bool,
}

/// Looks at a server from time to time.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    /// `None` before the first look, and if the kernel does not account for processor time.
    work: Option<WorkWatch>,
    /// The server's processor time at the last look, in nanoseconds, and since when that has not
    /// changed.
    idle: Option<(u64, Instant)>,
    /// When the server's work was last measured, and its processor time then.
    measured: Option<(Instant, u64)>,
    is_busy: bool,
    /// At the last look, how often the server had been scheduled, and how many bits had been sent.
    seen: Option<(u64, u64)>,
    /// How often the server had been scheduled when it was first seen asleep with nothing to do,
    /// and when that was.
    asleep: Option<(u64, Instant)>,
}

impl Lookout {
    /// Looks whether the server, to which `bits` bits have been sent so far, is at rest. If it has
    /// worked since the last look, and not for this sender, it is not at rest and the look stops
    /// there: many senders may be waiting for their turn, and a full look costs as much as 20 bits.
    pub(crate) fn look_for_rest(&mut self, server: &Admitted, bits: u64, now: Instant) -> Sight {
        let is_for_others = self.seen.is_some_and(|(_, bits_then)| bits_then == bits);
        if self.measure(server, now) && is_for_others {
            return Sight { obstacle: Some(Diagnosis::Busy), has_run: true, ..Sight::default() };
        }
        self.look(server, bits, now)
    }

    /// Looks at the server, to which `bits` bits have been sent so far.
    pub(crate) fn look(&mut self, server: &Admitted, bits: u64, now: Instant) -> Sight {
        let Ok(status) = server.peer().status() else { return Sight::default() };
        if matches!(status.state, ProcessState::Stopped | ProcessState::Traced) {
            return Sight { obstacle: Some(Diagnosis::Stopped), ..Sight::default() };
        }
        let has_taken_all = ![Bit::Zero, Bit::One].iter().any(|&bit| status.pending.contains(bit));
        let is_asleep = status.state == ProcessState::Sleeping && has_taken_all;
        self.asleep = match self.asleep {
            _ if !is_asleep => None,
            Some((switches, since)) if switches == status.context_switches => {
                Some((switches, since))
            }
            Some(_) | None => Some((status.context_switches, now)),
        };
        // After reading the status: a server that slept then and has not worked up to now has slept
        // ever since.
        self.measure(server, now);
        let is_long = |since| now.micros_since(since) >= REST_MICROS;
        let has_slept = self.asleep.is_some_and(|(_, since)| is_long(since));
        let has_not_worked = self.idle.is_some_and(|(_, since)| is_long(since));
        // If it has run although this sender sent nothing, it has worked for others. On a busy
        // machine it may also be ready to run for a long time before it does.
        let was_scheduled = self.seen.is_some_and(|(switches, bits_then)| {
            switches != status.context_switches && bits_then == bits
        });
        self.seen = Some((status.context_switches, bits));
        let is_working = was_scheduled || status.state == ProcessState::Running;
        let is_busy = self.is_busy || is_working && server.recognition().is_some();
        Sight {
            obstacle: is_busy.then_some(Diagnosis::Busy),
            has_taken_all,
            is_asleep,
            is_at_rest: is_asleep && (has_slept || has_not_worked),
            has_run: was_scheduled,
        }
    }

    /// Measures how busy the server is, which takes two looks. Returns whether it has worked since
    /// the last look.
    fn measure(&mut self, server: &Admitted, now: Instant) -> bool {
        // The processor time of other minitalks says nothing: some wait in a busy loop.
        if server.recognition().is_none() {
            return false;
        }
        if self.work.is_none() {
            self.work = WorkWatch::open(server.pid()).ok();
        }
        let Some(Ok(worked)) = self.work.as_ref().map(WorkWatch::look) else { return false };
        let worked_nanos = u64::try_from(worked.as_nanos()).unwrap_or(u64::MAX);
        let has_worked = self.idle.is_some_and(|(before, _)| before != worked_nanos);
        if has_worked || self.idle.is_none() {
            self.idle = Some((worked_nanos, now));
        }
        let is_due = |at| now.micros_since(at) >= MEASURE_MICROS;
        if let Some((at, before)) = self.measured.filter(|&(at, _)| is_due(at)) {
            self.is_busy = is_busy(now.micros_since(at), worked_nanos.saturating_sub(before));
        }
        if self.measured.is_none_or(|(at, _)| is_due(at)) {
            self.measured = Some((now, worked_nanos));
        }
        has_worked
    }
}

const fn is_busy(elapsed_micros: u64, worked_nanos: u64) -> bool {
    // One nanosecond per microsecond is a tenth of a percent.
    worked_nanos / 10 >= elapsed_micros * BUSY_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_works_a_hundredth_of_the_time_is_busy() {
        assert!(!is_busy(1_000_000, 9_000_000));
        assert!(is_busy(1_000_000, 10_000_000));
    }

    #[test]
    fn a_server_gives_itself_away_by_its_answers() {
        let diagnosis = |pairs: &[(Bit, Bit)]| {
            let mut answers = Answers::new();
            for &(bit, ack) in pairs {
                answers.sent(bit);
                answers.received(ack);
            }
            answers.diagnosis()
        };
        let (zero, one) = (Bit::Zero, Bit::One);
        assert_eq!(diagnosis(&[]), Diagnosis::Silent);
        assert_eq!(diagnosis(&[(one, zero), (zero, zero)]), Diagnosis::Always(zero));
        assert_eq!(diagnosis(&[(one, one), (zero, zero)]), Diagnosis::Echoes);
        assert_eq!(diagnosis(&[(one, zero), (zero, one)]), Diagnosis::Answers);
    }
}
