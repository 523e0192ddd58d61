//! Keeps the operator's disk from filling up: of each kind of line, a few are reported at once,
//! then one per second.

use std::collections::BTreeMap;

use minitalk_core::Instant;

/// The time after which one more line of a kind may be reported.
const LINE_MICROS: u64 = 1_000_000;

/// What has been reported lately, by kind.
#[derive(Debug)]
pub(super) struct Limiter<T>(BTreeMap<&'static str, Kind<T>>);

/// Something that may be reported, and how many others of its kind it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told<T> {
    /// The latest of them.
    pub(super) what: T,
    /// How many others.
    pub(super) others: u64,
}

#[derive(Debug)]
struct Kind<T> {
    /// How many lines may be reported before the next second is over.
    left: u32,
    left_max: u32,
    /// When one more may be reported.
    next_at: Instant,
    waiting: Option<Told<T>>,
}

impl<T> Default for Limiter<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Limiter<T> {
    /// Returns `what`, unless too many of its `kind` have been reported lately: `at_once`, then one
    /// per second. Otherwise it is [due](Self::due) later, alone or together with everything of its
    /// kind that comes until then.
    pub(super) fn admit(
        &mut self,
        kind: &'static str,
        at_once: u32,
        what: T,
        now: Instant,
    ) -> Option<Told<T>> {
        let kind = self.0.entry(kind).or_insert_with(|| Kind::new(at_once, now));
        kind.recover(now);
        if kind.left > 0 {
            kind.left -= 1;
            return Some(Told { what, others: 0 });
        }
        let others = kind.waiting.as_ref().map_or(0, |waiting| waiting.others + 1);
        kind.waiting = Some(Told { what, others });
        None
    }

    /// Something that was held back and may be reported now.
    pub(super) fn due(&mut self, now: Instant) -> Option<Told<T>> {
        self.0.values_mut().find_map(|kind| {
            kind.recover(now);
            let told = if kind.left > 0 { kind.waiting.take() } else { None };
            kind.left -= u32::from(told.is_some());
            told
        })
    }

    /// When [`due`](Self::due) will return something.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let waiting = self.0.values().filter(|kind| kind.waiting.is_some());
        waiting.map(|kind| kind.next_at).min()
    }
}

impl<T> Kind<T> {
    const fn new(at_once: u32, now: Instant) -> Self {
        Self { left: at_once, left_max: at_once, next_at: now, waiting: None }
    }

    fn recover(&mut self, now: Instant) {
        let seconds = now.micros_since(self.next_at) / LINE_MICROS;
        if self.left == self.left_max {
            self.next_at = now.after_micros(LINE_MICROS);
        } else if now >= self.next_at {
            let recovered = u32::try_from(seconds + 1).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(recovered).min(self.left_max);
            self.next_at = self.next_at.after_micros((seconds + 1) * LINE_MICROS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    #[test]
    fn of_many_in_a_second_one_is_told_and_then_one_that_stands_for_the_rest() {
        let mut limiter = Limiter::default();
        let mut admit = |number, millis| limiter.admit("full", 1, number, at(millis));
        assert_eq!(admit(0, 0), Some(Told { what: 0, others: 0 }));
        for millis in 1..=10 {
            assert_eq!(admit(millis, millis), None);
        }
        assert_eq!(limiter.due(at(999)), None);
        assert_eq!(limiter.deadline(), Some(at(1000)));
        assert_eq!(limiter.due(at(1000)), Some(Told { what: 10, others: 9 }));
        assert_eq!(limiter.due(at(1000)), None);
        assert_eq!(limiter.deadline(), None);
        assert!(limiter.admit("full", 1, 11, at(2000)).is_some());
    }

    #[test]
    fn kinds_do_not_wait_for_each_other_and_some_tell_several_at_once() {
        let mut limiter = Limiter::default();
        assert!(limiter.admit("full", 1, (), at(0)).is_some());
        let told = (0..20).filter(|_| limiter.admit("cut", 8, (), at(1)).is_some()).count();
        assert_eq!(told, 8);
    }
}
