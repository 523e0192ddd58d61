//! Nobody fills the operator's disk: of one kind, a line a second.

use std::collections::BTreeMap;

use minitalk_core::Instant;

use super::{Notice, Told};

/// How long it takes until one more line of a kind may be told.
const LINE_MICROS: u64 = 1_000_000;

/// What has been told lately, of each kind.
#[derive(Debug, Default)]
pub(crate) struct Limiter(BTreeMap<&'static str, Kind>);

#[derive(Debug)]
struct Kind {
    /// Lines that may be told before the next second is over.
    left: u32,
    left_max: u32,
    /// When one more may be.
    next_at: Instant,
    waiting: Option<Told>,
}

impl Limiter {
    pub(super) fn admit(&mut self, notice: Notice, now: Instant) -> Option<Told> {
        let told = Told { notice, others: 0 };
        let Some((kind, at_once)) = told.notice.kind() else { return Some(told) };
        let kind = self.0.entry(kind).or_insert_with(|| Kind::new(at_once, now));
        kind.recover(now);
        if kind.left > 0 {
            kind.left -= 1;
            return Some(told);
        }
        let others = kind.waiting.as_ref().map_or(0, |waiting| waiting.others + 1);
        kind.waiting = Some(Told { others, ..told });
        None
    }

    pub(super) fn due(&mut self, now: Instant) -> Option<Told> {
        self.0.values_mut().find_map(|kind| {
            kind.recover(now);
            let told = if kind.left > 0 { kind.waiting.take() } else { None };
            kind.left -= u32::from(told.is_some());
            told
        })
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let waiting = self.0.values().filter(|kind| kind.waiting.is_some());
        waiting.map(|kind| kind.next_at).min()
    }
}

impl Kind {
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
        let full = Notice::Full { places: 4 };
        assert_eq!(limiter.admit(full.clone(), at(0)).map(|told| told.others), Some(0));
        for millis in 1..=10 {
            assert_eq!(limiter.admit(full.clone(), at(millis)), None);
        }
        assert_eq!(limiter.due(at(999)), None);
        assert_eq!(limiter.deadline(), Some(at(1000)));
        assert_eq!(limiter.due(at(1000)).map(|told| told.others), Some(9));
        assert_eq!(limiter.due(at(1000)), None);
        assert_eq!(limiter.deadline(), None);
        assert!(limiter.admit(full, at(2000)).is_some());
    }

    #[test]
    fn kinds_do_not_wait_for_each_other_and_some_tell_several_at_once() {
        let mut limiter = Limiter::default();
        assert!(limiter.admit(Notice::Full { places: 4 }, at(0)).is_some());
        let cut = || Notice::Cut { peer: 1, octets: 1, reason: crate::reason::Reason::ended() };
        let told = (0..20).filter(|_| limiter.admit(cut(), at(1)).is_some()).count();
        assert_eq!(told, 8);
        assert!(limiter.admit(Notice::Left { peer: 1 }, at(1)).is_some(), "on request only");
    }
}
