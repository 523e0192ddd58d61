//! The end of a listener: nothing new is taken, and senders are told why.

use minitalk_core::{Instant, RefusalReason};
use minitalk_signals::now;

use super::Listener;
use crate::Observer;

/// How long senders are told that no more will be taken.
const FAREWELL_MICROS: u64 = 1_000_000;

/// Nothing new is taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shutdown {
    /// What senders are told.
    pub(super) reason: RefusalReason,
    /// When to end although some of them are still connected.
    pub(super) deadline: Instant,
}

impl<O: Observer> Listener<O> {
    /// Takes no more messages. Whoever sends is told the reason, for a second at most; then, or as
    /// soon as nobody is connected, [`Happening::Closed`](super::Happening::Closed) comes.
    pub fn shut_down(&mut self, reason: RefusalReason) {
        let deadline = now().after_micros(FAREWELL_MICROS);
        self.shutdown.get_or_insert(Shutdown { reason, deadline });
    }

    /// Whether [`shut_down`](Self::shut_down) has been called.
    #[must_use]
    pub const fn is_shutting_down(&self) -> bool {
        self.shutdown.is_some()
    }

    /// Whether there is nobody left to be told.
    pub(super) fn is_closed(&self) -> bool {
        self.shutdown.is_some_and(|end| self.connected() == 0 || now() >= end.deadline)
    }
}
