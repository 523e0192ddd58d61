//! The end of a listener: no new messages are accepted, and senders are told why.

use minitalk_core::{Instant, RefusalReason};
use minitalk_signals::now;

use super::Listener;
use crate::Observer;

/// How long senders are told that nothing more will be accepted.
const FAREWELL_MICROS: u64 = 1_000_000;

/// The state of a listener that accepts nothing new.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shutdown {
    /// What senders are told.
    pub(super) reason: RefusalReason,
    /// When to end even if senders are still connected.
    pub(super) deadline: Instant,
}

impl<O: Observer> Listener<O> {
    /// Accepts no more messages. Senders are told the reason, for at most a second; then, or as
    /// soon as no sender is connected, [`Happening::Closed`](super::Happening::Closed) is reported.
    pub fn shut_down(&mut self, reason: RefusalReason) {
        let deadline = now().after_micros(FAREWELL_MICROS);
        self.shutdown.get_or_insert(Shutdown { reason, deadline });
    }

    /// Whether [`shut_down`](Self::shut_down) has been called.
    #[must_use]
    pub const fn is_shutting_down(&self) -> bool {
        self.shutdown.is_some()
    }

    /// Whether no sender is left to be told.
    pub(super) fn is_closed(&self) -> bool {
        self.shutdown.is_some_and(|end| self.connected() == 0 || now() >= end.deadline)
    }
}
