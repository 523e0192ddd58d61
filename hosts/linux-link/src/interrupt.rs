//! Ends a transfer from outside.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use minitalk_signals::OsError;
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::{read, write};

/// Interrupts a [`Connection`](crate::Connection), from another thread or from a signal handler.
///
/// # Signal safety
///
/// [`interrupt`](Self::interrupt) is one write(2) to an eventfd(2), which is allowed in a handler.
#[derive(Clone, Debug)]
pub struct Interrupter(Arc<OwnedFd>);

impl Interrupter {
    pub(crate) fn new() -> Result<Self, OsError> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self(Arc::new(eventfd(0, flags)?)))
    }

    /// Ends the current operation of the connection, or the next one if there is none, with
    /// [`Interruption::Program`](crate::Interruption::Program).
    pub fn interrupt(&self) {
        // This fails only after 2^64 - 1 earlier calls.
        let _ = write(&*self.0, &1_u64.to_ne_bytes());
    }

    /// Readable once [`interrupt`](Self::interrupt) has been called.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Resets it for the next interruption.
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
