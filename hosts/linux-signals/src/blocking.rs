//! Runs something that may block, while the program can still be terminated.

use std::io::{self, PipeReader};
use std::os::fd::AsFd;
use std::panic;
use std::thread::{self, JoinHandle};

use nix::sys::signal::SigSet;
use thiserror::Error;

use crate::arrival::{Caught, Meaning, Termination};
use crate::dispositions::Dispositions;
use crate::os_error::OsError;
use crate::queue::QUEUE;
use crate::sys::{self, Sleep};
use crate::watch::{Interest, is_ready};

/// Why waiting for a result ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BlockingError {
    /// A signal asked this program to end.
    #[error("ended by signal {}", .0.number())]
    Terminated(Termination),
    /// The kernel refused a resource.
    #[error("cannot start a thread: {0}")]
    Os(#[from] OsError),
}

impl From<io::Error> for BlockingError {
    fn from(error: io::Error) -> Self {
        Self::Os(OsError::from(&error))
    }
}

/// Runs `work` in a thread: see [`Line::run_blocking`](crate::Line::run_blocking).
pub(crate) fn run<T: Send + 'static>(
    signals: &Dispositions,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BlockingError> {
    let (reader, writer) = io::pipe()?;
    let thread = thread::Builder::new().spawn(move || {
        let result = work();
        // The waiting thread sees the end of the pipe, also after a panic.
        drop(writer);
        result
    })?;
    // What the handler recorded before is kept for the next wait, in the same order.
    let before: Vec<Caught> = std::iter::from_fn(|| QUEUE.pop()).collect();
    let ended = wait(&reader, &thread, &signals.asleep_for_terminations());
    for caught in before {
        QUEUE.record(caught);
    }
    if let Some(termination) = ended? {
        return Err(BlockingError::Terminated(termination));
    }
    Ok(thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)))
}

/// Sleeps until the other end of the pipe is closed, or until a termination signal comes, which it
/// returns.
fn wait<T>(
    reader: &PipeReader,
    thread: &JoinHandle<T>,
    mask: &SigSet,
) -> Result<Option<Termination>, OsError> {
    while !is_ready(reader.as_fd(), Interest::Readable) && !thread.is_finished() {
        sys::poll_asleep(Some(reader.as_fd()), Sleep::Unlimited, mask)?;
        if let Some(Meaning::Termination(termination)) = QUEUE.pop().and_then(Caught::meaning) {
            return Ok(Some(termination));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispositions::Wanted;
    use crate::queue;

    #[test]
    fn bits_that_were_recorded_before_are_there_afterwards() {
        let _alone = queue::tests::alone();
        let signals = Dispositions::take(Wanted::uncaught(SigSet::empty())).unwrap();
        let bits = [libc::SIGUSR2, libc::SIGUSR1];
        let recorded = bits.map(|number| Caught { number, code: libc::SI_USER, pid: 7, uid: 0 });
        for caught in recorded {
            QUEUE.record(caught);
        }
        assert_eq!(run(&signals, || 5), Ok(5));
        let left: Vec<Caught> = std::iter::from_fn(|| QUEUE.pop()).collect();
        assert_eq!(left, recorded);
    }
}
