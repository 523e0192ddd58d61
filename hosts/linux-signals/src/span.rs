//! How long to poll before going to sleep: adapted to the results, like KVM's halt polling.

use minitalk_core::Instant;

/// The longest time to poll in one wait.
///
/// A round trip between two sleeping processes on two cores takes 55-130 µs; polling for twice that
/// catches the far side's answer if there is one.
pub(crate) const SPAN_MICROS_MAX: u32 = 200;

/// The first step up from not polling at all.
const SPAN_MICROS_MIN: u32 = 10;

/// A signal that comes this soon after polling was given up belongs to the same traffic: either the
/// far side is slow, or it was waiting for this very processor.
const TRAFFIC_MICROS_MAX: u64 = 1_000;

/// What a poll that brought a signal saved, at least: half the difference between a round trip of
/// two processes that sleep on the same processor (11 µs) and one of two that poll on two (4 µs).
const SAVED_MICROS: u32 = 4;

/// How much time may be wasted on polling, minus what it saved, before it is given up for a while.
/// An idle processor takes over work from a busy one within one or two scheduler ticks.
const WASTE_MICROS_MAX: u32 = 10_000;

/// How long polling is given up for the first time; this doubles each time.
const PARK_MICROS_MIN: u32 = 100_000;

/// The longest time that polling is given up for.
const PARK_MICROS_MAX: u32 = 800_000;

/// After this many polls that brought a signal, the machine is no longer considered busy.
const RECOVERY_POLLS: u32 = 10_000;

/// How long to poll for the next signal.
///
/// The span is between 0 and [`SPAN_MICROS_MAX`]. It doubles when polling brought a signal. It
/// becomes the longest at once when a signal came so soon that polling would have caught it. It
/// halves, down to 0, when nothing came within its reach.
///
/// On a busy machine polling keeps others from running, including the far side. So its cost is
/// recorded: the time for which the scheduler gave the processor to another process in the middle
/// of a poll, and the vain polls while there was traffic. What polling saved is subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PollSpan {
    micros: u32,
    micros_max: u32,
    wasted_micros: u32,
    parked_until: Instant,
    park_micros: u32,
    paid_polls: u32,
}

impl PollSpan {
    /// The policy for a thread that may run on this many `processors`.
    ///
    /// On a single processor the far side cannot run while this thread polls, so it never does.
    pub(crate) const fn new(processors: usize) -> Self {
        let (micros, micros_max) =
            if processors > 1 { (SPAN_MICROS_MIN, SPAN_MICROS_MAX) } else { (0, 0) };
        Self {
            micros,
            micros_max,
            wasted_micros: 0,
            parked_until: Instant::ZERO,
            park_micros: PARK_MICROS_MIN,
            paid_polls: 0,
        }
    }

    /// How long to poll now; 0 means not at all.
    pub(crate) const fn micros(self) -> u32 {
        self.micros
    }

    /// Whether the span can ever be other than 0.
    pub(crate) const fn is_adaptive(self) -> bool {
        self.micros_max != 0
    }

    /// Polling brought a signal.
    pub(crate) fn paid(&mut self) {
        self.wasted_micros = self.wasted_micros.saturating_sub(SAVED_MICROS);
        self.paid_polls = self.paid_polls.saturating_add(1);
        if self.paid_polls == RECOVERY_POLLS {
            self.park_micros = PARK_MICROS_MIN;
        }
        self.grow();
    }

    /// Polling brought nothing, and after it the thread slept for `slept_micros`, until a signal
    /// came or it stopped waiting.
    pub(crate) fn missed(&mut self, now: Instant, slept_micros: u64) {
        if slept_micros <= TRAFFIC_MICROS_MAX {
            self.waste(now, self.micros);
        }
        if now < self.parked_until {
            return;
        }
        if slept_micros > SPAN_MICROS_MAX.into() {
            self.micros /= 2;
            if self.micros < SPAN_MICROS_MIN {
                self.micros = 0;
            }
        } else {
            // Traffic. Not step by step: while both ends sleep, one step of either is too short.
            self.micros = self.micros_max;
        }
    }

    /// The scheduler gave the processor to another process in the middle of a poll, for
    /// `gap_micros`.
    pub(crate) fn preempted(&mut self, now: Instant, gap_micros: u64) {
        self.waste(now, u32::try_from(gap_micros).unwrap_or(u32::MAX));
    }

    fn waste(&mut self, now: Instant, micros: u32) {
        self.wasted_micros = self.wasted_micros.saturating_add(micros);
        if self.wasted_micros > WASTE_MICROS_MAX {
            self.parked_until = now.after_micros(self.park_micros.into());
            self.park_micros = (self.park_micros * 2).min(PARK_MICROS_MAX);
            self.micros = 0;
            self.wasted_micros = 0;
            self.paid_polls = 0;
        }
    }

    fn grow(&mut self) {
        self.micros = (self.micros * 2).max(SPAN_MICROS_MIN).min(self.micros_max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::ZERO;
    /// A sleep that was longer than polling could ever last.
    const LONG: u64 = SPAN_MICROS_MAX as u64 + 1;

    /// A span at its longest.
    fn grown() -> PollSpan {
        let mut span = PollSpan::new(2);
        (0..10).for_each(|_| span.paid());
        span
    }

    #[test]
    fn a_single_processor_is_never_polled_on() {
        let mut span = PollSpan::new(1);
        assert!(!span.is_adaptive());
        for _ in 0..100 {
            span.paid();
            span.missed(NOW, 50);
            assert_eq!(span.micros(), 0);
        }
    }

    #[test]
    fn success_doubles_the_span_up_to_the_limit() {
        let mut span = PollSpan::new(2);
        let mut seen = vec![span.micros()];
        for _ in 0..6 {
            span.paid();
            seen.push(span.micros());
        }
        assert_eq!(seen, [10, 20, 40, 80, 160, 200, 200]);
    }

    #[test]
    fn misses_halve_the_span_down_to_nothing() {
        let mut span = grown();
        let mut seen = Vec::new();
        for _ in 0..6 {
            span.missed(NOW, LONG);
            seen.push(span.micros());
        }
        assert_eq!(seen, [100, 50, 25, 12, 0, 0]);
    }

    #[test]
    fn a_sleep_that_polling_would_have_spared_revives_it() {
        let mut span = PollSpan::new(2);
        span.missed(NOW, LONG);
        assert_eq!(span.micros(), 0);
        span.missed(NOW, 200);
        assert_eq!(span.micros(), SPAN_MICROS_MAX);
        span.missed(NOW, LONG);
        assert_eq!(span.micros(), SPAN_MICROS_MAX / 2);
    }

    /// Wastes time until polling is given up, and returns for how long it is.
    fn park(span: &mut PollSpan, now: Instant) -> u64 {
        (0..4).for_each(|_| span.preempted(now, 3_000));
        assert_eq!(span.micros(), 0);
        span.parked_until.micros_since(now)
    }

    #[test]
    fn polling_that_is_preempted_is_given_up_for_longer_and_longer() {
        let mut span = grown();
        let times: Vec<u64> = (0..5).map(|_| park(&mut span, NOW)).collect();
        assert_eq!(times, [100_000, 200_000, 400_000, 800_000, 800_000]);
        for _ in 0..100 {
            span.missed(Instant::from_micros(799_999), 30);
            assert_eq!(span.micros(), 0);
        }
        span.missed(Instant::from_micros(800_000), 30);
        assert_eq!(span.micros(), SPAN_MICROS_MAX);
    }

    #[test]
    fn polling_that_keeps_the_far_side_from_running_is_given_up() {
        let mut span = grown();
        let polls = (0..).take_while(|_| {
            span.missed(NOW, 5);
            span.micros() > 0
        });
        assert!((50..150).contains(&polls.count()));
    }

    #[test]
    fn polling_that_saves_more_than_it_wastes_goes_on() {
        let mut span = grown();
        for _ in 0..100 {
            span.preempted(NOW, 3_000);
            (0..750).for_each(|_| span.paid());
        }
        assert_eq!(span.micros(), SPAN_MICROS_MAX);
    }

    #[test]
    fn long_success_makes_the_machine_an_idle_one_again() {
        let mut span = grown();
        for _ in 0..5 {
            park(&mut span, NOW);
        }
        (0..RECOVERY_POLLS).for_each(|_| span.paid());
        assert_eq!(park(&mut span, NOW), PARK_MICROS_MIN.into());
    }
}
