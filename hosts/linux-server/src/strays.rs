//! Signals that are part of no message: counted, and told of once each kind.

use crate::peers::TurnedAway;
use crate::reason::Reason;
use crate::report::Happening;

/// Signals that were part of no message.
#[derive(Debug, Default)]
pub(crate) struct Strays {
    count: u64,
    told_outside: bool,
    told_forged: bool,
    told_full: bool,
}

impl Strays {
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// From a process that was turned away a moment ago.
    pub(crate) fn repeated(&mut self) {
        self.count += 1;
    }

    /// From a process that is not answered.
    pub(crate) fn turned_away(&mut self, pid: u32, program: String, why: &TurnedAway) -> Happening {
        self.count += 1;
        Happening::Stray { peer: Some(pid), program, reason: why.into() }
    }

    /// From outside this PID namespace.
    pub(crate) fn outside(&mut self) -> Option<Happening> {
        self.count += 1;
        let told = std::mem::replace(&mut self.told_outside, true);
        (!told).then(|| {
            unnamed(Reason::new(
                "outside",
                "from outside this PID namespace: its sender has no number here and cannot be answered; \
                 run the client in the same container",
            ))
        })
    }

    /// With a siginfo that the sender has made up.
    pub(crate) fn forged(&mut self, code: i32) -> Option<Happening> {
        self.count += 1;
        let told = std::mem::replace(&mut self.told_forged, true);
        (!told).then(|| {
            unnamed(Reason::new(
                "forged",
                format!("that was not sent with kill(2) (si_code {code}): it may name any sender it likes"),
            ))
        })
    }

    /// From a newcomer for whom there is no place: not lost, it will send again.
    pub(crate) fn full(&mut self, sessions: usize) -> Option<Happening> {
        let told = std::mem::replace(&mut self.told_full, true);
        (!told).then_some(Happening::Full { sessions })
    }
}

fn unnamed(reason: Reason) -> Happening {
    Happening::Stray { peer: None, program: String::new(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stray_is_counted_and_each_kind_told_of_once() {
        let mut strays = Strays::default();
        assert!(strays.outside().is_some());
        assert!(strays.outside().is_none());
        assert!(strays.forged(-1).is_some());
        assert!(strays.forged(-1).is_none());
        strays.repeated();
        assert_eq!(strays.count(), 5);
        assert!(strays.full(64).is_some());
        assert_eq!(strays.count(), 5);
    }
}
