//! The pending signals of one process (signal(7)).

/// At most one signal of each kind, with its first sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pending<Sender> {
    zero: Option<Sender>,
    one: Option<Sender>,
}

impl<Sender: Copy + PartialEq> Pending<Sender> {
    /// No pending signal.
    pub const NONE: Self = Self { zero: None, one: None };

    /// kill(2). A signal that is already pending is dropped.
    pub fn send(&mut self, symbol: impl Into<bool>, from: Sender) {
        let slot = if symbol.into() { &mut self.one } else { &mut self.zero };
        slot.get_or_insert(from);
    }

    /// sigtimedwait(2): takes the lower number first.
    pub fn take<Symbol: From<bool>>(&mut self) -> Option<(Symbol, Sender)> {
        let zero = self.zero.take().map(|sender| (false.into(), sender));
        zero.or_else(|| self.one.take().map(|sender| (true.into(), sender)))
    }

    /// Whether a signal of `sender` is pending.
    pub fn has_one_of(&self, sender: Sender) -> bool {
        [self.zero, self.one].contains(&Some(sender))
    }

    /// Whether no signal is pending.
    pub const fn is_empty(&self) -> bool {
        self.zero.is_none() && self.one.is_none()
    }
}

impl<Sender: Copy + PartialEq> Default for Pending<Sender> {
    fn default() -> Self {
        Self::NONE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zero_comes_first_and_of_each_kind_only_the_first_one() {
        let mut pending = Pending::NONE;
        pending.send(true, 1);
        pending.send(false, 2);
        pending.send(true, 3);
        assert!(pending.has_one_of(1) && !pending.has_one_of(3));
        assert_eq!(pending.take(), Some((false, 2)));
        assert_eq!(pending.take(), Some((true, 1)));
        assert_eq!((pending.take::<bool>(), pending.is_empty()), (None, true));
    }
}
