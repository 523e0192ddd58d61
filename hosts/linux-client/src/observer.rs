//! Watches what goes over the line, for whoever asked to see it. It changes nothing.

use minitalk_cli::trace::Trace;
use minitalk_signals::{Bit, Instant, monotonic_nanos};

use crate::note::note;
use crate::progress::Progress;
use crate::stats::{RoundTrips, Summary};

/// Everybody who watches.
#[derive(Debug)]
pub(crate) struct Observer {
    pub(crate) trace: Option<Trace>,
    pub(crate) round_trips: Option<RoundTrips>,
    pub(crate) progress: Option<Progress>,
    bits: u64,
    latest: Bit,
    acks: [u64; 2],
    echoes: u64,
}

/// How the server has answered so far: what a server of another kind gives itself away by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Not at all.
    None,
    /// Always with this symbol.
    Always(Bit),
    /// With the symbol that it was sent.
    Echo,
    /// In another way.
    Mixed,
}

impl Observer {
    pub(crate) fn new(trace: Option<Trace>, round_trips: Option<RoundTrips>) -> Self {
        let (latest, acks) = (Bit::Zero, [0; 2]);
        Self { trace, round_trips, progress: None, bits: 0, latest, acks, echoes: 0 }
    }

    /// A bit is about to be sent.
    #[inline]
    pub(crate) fn sent(&mut self, bit: Bit) {
        self.bits += 1;
        self.latest = bit;
        if let Some(trace) = &mut self.trace {
            trace.bit(bit);
        }
        if let Some(round_trips) = &mut self.round_trips {
            round_trips.sent(monotonic_nanos());
        }
    }

    /// An acknowledgment has come.
    #[inline]
    pub(crate) fn acknowledged(&mut self, ack: Bit) {
        self.acks[usize::from(ack == Bit::One)] += 1;
        self.echoes += u64::from(ack == self.latest);
        if let Some(trace) = &mut self.trace {
            trace.ack(ack);
        }
        if let Some(round_trips) = &mut self.round_trips {
            round_trips.acknowledged(monotonic_nanos());
        }
    }

    /// Nothing has come for as long as somebody wanted to wait.
    pub(crate) fn timed_out(&mut self) {
        if let Some(round_trips) = &mut self.round_trips {
            round_trips.forget();
        }
    }

    /// So many bytes of the message have arrived by `now`.
    #[inline]
    pub(crate) fn progress(&mut self, bytes: impl FnOnce() -> u64, now: Instant) {
        if let Some(progress) = &mut self.progress {
            progress.update(bytes, now);
        }
    }

    /// Tells the user something.
    pub(crate) fn note(&self, line: &str) {
        match &self.progress {
            Some(progress) => progress.suspend(|| note(&line)),
            None => note(&line),
        }
    }

    /// Ends the trace, and says so if it is not complete.
    pub(crate) fn finish_trace(&mut self) {
        if let Some(Err(error)) = self.trace.take().map(Trace::finish) {
            self.note(&error.to_string());
        }
    }

    /// Bits sent so far, those sent again included.
    pub(crate) const fn bits(&self) -> u64 {
        self.bits
    }

    pub(crate) fn round_trip(&self) -> Option<Summary> {
        self.round_trips.as_ref().and_then(RoundTrips::summary)
    }

    pub(crate) const fn answers(&self) -> Answers {
        match self.acks {
            [0, 0] => Answers::None,
            [_, 0] => Answers::Always(Bit::Zero),
            [0, _] => Answers::Always(Bit::One),
            [zeros, ones] if zeros + ones == self.echoes => Answers::Echo,
            [_, _] => Answers::Mixed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_gives_itself_away_by_its_answers() {
        let answers = |pairs: &[(Bit, Bit)]| {
            let mut observer = Observer::new(None, None);
            for &(bit, ack) in pairs {
                observer.sent(bit);
                observer.acknowledged(ack);
            }
            observer.answers()
        };
        let (zero, one) = (Bit::Zero, Bit::One);
        assert_eq!(answers(&[]), Answers::None);
        assert_eq!(answers(&[(one, zero), (zero, zero)]), Answers::Always(zero));
        assert_eq!(answers(&[(one, one), (zero, zero)]), Answers::Echo);
        assert_eq!(answers(&[(one, zero), (zero, one)]), Answers::Mixed);
    }
}
