//! What the kernel does with the two signals of one process (signal(7)).

use crate::Bit;

/// Who sent a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    /// The other end of link number so many.
    Peer(u8),
    /// A process that has nothing to do with it.
    Foreign,
}

/// The pending signals of one process: one of each kind at most, and of each the first sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Pending {
    zero: Option<Origin>,
    one: Option<Origin>,
}

impl Pending {
    /// kill(2). A signal that is pending already is dropped.
    pub(crate) fn send(&mut self, bit: Bit, origin: Origin) {
        let slot = match bit {
            Bit::Zero => &mut self.zero,
            Bit::One => &mut self.one,
        };
        slot.get_or_insert(origin);
    }

    /// sigtimedwait(2): the lower number first.
    pub(crate) fn take(&mut self) -> Option<(Bit, Origin)> {
        let zero = self.zero.take().map(|origin| (Bit::Zero, origin));
        zero.or_else(|| self.one.take().map(|origin| (Bit::One, origin)))
    }

    /// Whether a signal that `origin` sent is pending.
    pub(crate) fn has_one_of(self, origin: Origin) -> bool {
        [self.zero, self.one].contains(&Some(origin))
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.zero.is_none() && self.one.is_none()
    }
}
