//! The pending signals of one process (signal(7)).

use minitalk_core::Bit;

/// The PID of whoever has nothing to do with the link.
pub(crate) const FOREIGN: u32 = 0;

/// One signal of each kind at most, and of each the first sender.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pending {
    zero: Option<u32>,
    one: Option<u32>,
}

impl Pending {
    /// kill(2). A signal that is pending already is dropped.
    pub(crate) fn send(&mut self, symbol: Bit, pid: u32) {
        let slot = if symbol.is_one() { &mut self.one } else { &mut self.zero };
        slot.get_or_insert(pid);
    }

    /// sigtimedwait(2): the lower number first.
    pub(crate) fn take(&mut self) -> Option<(Bit, u32)> {
        let zero = self.zero.take().map(|pid| (Bit::Zero, pid));
        zero.or_else(|| self.one.take().map(|pid| (Bit::One, pid)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.zero.is_none() && self.one.is_none()
    }
}
