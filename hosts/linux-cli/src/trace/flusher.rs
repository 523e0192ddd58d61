//! Writes buffered data when nothing has come for a while.

use std::io;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};

/// How long data may stay in a buffer.
const DELAY: Duration = Duration::from_millis(100);

/// Something that buffers what it writes.
pub(super) trait Flush: Send + 'static {
    /// Writes the buffered data.
    fn flush(&mut self);
}

/// Shares a value with a thread that flushes it soon after it has been changed.
///
/// The thread blocks every signal, so it takes none away from the line. It sleeps while nothing
/// changes.
pub(super) struct Flusher<T> {
    shared: Arc<Shared<T>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    value: Option<T>,
    is_dirty: bool,
}

impl<T: Flush> Flusher<T> {
    pub(super) fn new(value: T) -> io::Result<Self> {
        let state = Mutex::new(State { value: Some(value), is_dirty: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let others = Arc::clone(&shared);
        // A new thread inherits the mask of its creator.
        let mask = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
        let name = "trace".to_owned();
        let thread = thread::Builder::new().name(name).spawn(move || others.keep_flushing());
        mask.thread_set_mask()?;
        Ok(Self { shared, thread: Some(thread?) })
    }

    /// Changes the value; it is flushed soon.
    pub(super) fn change(&self, change: impl FnOnce(&mut T)) {
        let mut state = self.shared.lock();
        if let Some(value) = &mut state.value {
            change(value);
        }
        if !mem::replace(&mut state.is_dirty, true) {
            self.shared.changed.notify_one();
        }
    }

    /// Ends the thread and returns the value.
    pub(super) fn end(&mut self) -> Option<T> {
        let value = self.shared.lock().value.take();
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        value
    }
}

impl<T: Flush> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_flushing(&self) {
        let mut state = self.lock();
        while state.value.is_some() {
            if !mem::take(&mut state.is_dirty) {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            // Anything that comes in the meantime is flushed with it.
            let waited =
                self.changed.wait_timeout_while(state, DELAY, |state| state.value.is_some());
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            state.is_dirty = false;
            if let Some(value) = &mut state.value {
                value.flush();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};

    struct Value(u32, Sender<u32>);

    impl Flush for Value {
        fn flush(&mut self) {
            let _ = self.1.send(self.0);
        }
    }

    #[test]
    fn what_has_changed_is_flushed_without_being_asked() {
        let (sender, written) = channel();
        let mut flusher = Flusher::new(Value(0, sender)).unwrap();
        for round in 1..=3 {
            flusher.change(|value| value.0 = round);
            assert_eq!(written.recv_timeout(Duration::from_secs(60)), Ok(round));
        }
        assert_eq!(flusher.end().map(|value| value.0), Some(3));
        assert!(flusher.end().is_none());
    }
}
