//! Ends a transfer from outside.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use minitalk_signals::OsError;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{read, write};

/// Ends what a [`Connection`](crate::Connection) is doing, from another thread or from a signal
/// handler.
///
/// # Signal safety
///
/// [`interrupt`](Self::interrupt) is one write(2) to an eventfd(2), which a handler may do.
#[derive(Clone, Debug)]
pub struct Interrupter(Arc<OwnedFd>);

impl Interrupter {
    pub(crate) fn new() -> Result<Self, OsError> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self(Arc::new(eventfd(0, flags)?)))
    }

    /// Ends what the connection is doing, or else what it does next, with
    /// [`Interruption::Program`](crate::Interruption::Program).
    pub fn interrupt(&self) {
        // It fails only when it has been called 2^64 - 1 times before.
        let _ = write(&*self.0, &1_u64.to_ne_bytes());
    }

    /// Readable once [`interrupt`](Self::interrupt) has been called.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Makes it ready for the next interruption.
    pub(crate) fn rearm(&self) {
        let _ = read(&*self.0, &mut [0; 8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minitalk_signals::{Interest, is_ready};
    use std::thread;

    #[test]
    fn an_interruption_from_another_thread_is_seen_until_it_is_taken() {
        let interrupter = Interrupter::new().unwrap();
        let is_interrupted = || is_ready(interrupter.descriptor(), Interest::Readable);
        assert!(!is_interrupted());
        let other = interrupter.clone();
        thread::spawn(move || (0..3).for_each(|_| other.interrupt())).join().unwrap();
        assert!(is_interrupted());
        interrupter.rearm();
        assert!(!is_interrupted());
    }
}
