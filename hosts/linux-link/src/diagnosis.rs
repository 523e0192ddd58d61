//! Why a server does not answer as it should: what can be seen of it from outside.

use minitalk_core::{Bit, Instant};
use minitalk_signals::{ProcessState, processor_time};

use crate::admission::Admitted;

/// A server that works for this part of the time, in percent, is not idle. To ignore the bits that
/// are sent to it again and again costs it less than a tenth of that.
const BUSY_PERCENT: u64 = 1;

/// To work at all, it must have had the time.
const LOOK_MICROS: u64 = 100_000;

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

/// How a server has answered so far: what a server of another kind gives itself away by.
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

/// Keeps an eye on a server from when it was last heard.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    /// When it was last heard, when it was first looked at after that, and its processor time then.
    first_look: Option<(Instant, Instant, u64)>,
}

impl Lookout {
    /// What keeps the server from answering since it was heard at `heard_at`, if that can be seen.
    /// To know whether it works takes two looks.
    pub(crate) fn look(
        &mut self,
        server: &Admitted,
        heard_at: Instant,
        now: Instant,
    ) -> Option<Diagnosis> {
        let status = server.peer().status().ok()?;
        if matches!(status.state, ProcessState::Stopped | ProcessState::Traced) {
            return Some(Diagnosis::Stopped);
        }
        // Another minitalk may work for nobody: some wait in a busy loop.
        server.recognition()?;
        let worked = processor_time(server.pid()).ok()?;
        let worked_nanos = u64::try_from(worked.as_nanos()).unwrap_or(u64::MAX);
        match self.first_look {
            Some((since_heard_at, at, before_nanos)) if since_heard_at == heard_at => {
                let is_busy =
                    is_busy(now.micros_since(at), worked_nanos.saturating_sub(before_nanos));
                is_busy.then_some(Diagnosis::Busy)
            }
            Some(_) | None => {
                self.first_look = Some((heard_at, now, worked_nanos));
                None
            }
        }
    }
}

const fn is_busy(elapsed_micros: u64, worked_nanos: u64) -> bool {
    // A nanosecond in a microsecond is a tenth of a percent.
    elapsed_micros >= LOOK_MICROS && worked_nanos / 10 >= elapsed_micros * BUSY_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_works_a_hundredth_of_the_time_is_busy() {
        assert!(!is_busy(1_000_000, 9_000_000));
        assert!(is_busy(1_000_000, 10_000_000));
        assert!(!is_busy(10_000, 10_000_000), "too short a look");
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
