//! From the handler to the loop: a small queue of caught signals.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32};

use crate::arrival::Caught;

/// How many signals fit. They have to last for the [work](crate::Line::catching) of a program that
/// takes some time.
pub(crate) const CAPACITY: usize = 256;

/// The queue of this process: a handler has no other way to reach a [`Line`](crate::Line).
pub(crate) static QUEUE: Queue = Queue::new();

/// A queue that a signal handler may push to.
///
/// With the mask that [`Line`](crate::Line) keeps, handler and loop never use it at the same time.
/// If a program unblocks the signals on its own and they do, the second one does not wait, because
/// it might wait for the thread that it has interrupted: its signal is dropped and counted.
#[derive(Debug)]
pub(crate) struct Queue {
    in_use: AtomicBool,
    first: AtomicU32,
    len: AtomicU32,
    dropped: AtomicU32,
    slots: [Slot; CAPACITY],
}

/// A [`Caught`], word by word.
#[derive(Debug)]
struct Slot {
    number: AtomicI32,
    code: AtomicI32,
    pid: AtomicI32,
    uid: AtomicU32,
}

impl Slot {
    const fn new() -> Self {
        Self {
            number: AtomicI32::new(0),
            code: AtomicI32::new(0),
            pid: AtomicI32::new(0),
            uid: AtomicU32::new(0),
        }
    }

    fn store(&self, caught: Caught) {
        self.number.store(caught.number, Relaxed);
        self.code.store(caught.code, Relaxed);
        self.pid.store(caught.pid, Relaxed);
        self.uid.store(caught.uid, Relaxed);
    }

    fn load(&self) -> Caught {
        Caught {
            number: self.number.load(Relaxed),
            code: self.code.load(Relaxed),
            pid: self.pid.load(Relaxed),
            uid: self.uid.load(Relaxed),
        }
    }
}

impl Queue {
    const fn new() -> Self {
        Self {
            in_use: AtomicBool::new(false),
            first: AtomicU32::new(0),
            len: AtomicU32::new(0),
            dropped: AtomicU32::new(0),
            slots: [const { Slot::new() }; CAPACITY],
        }
    }

    /// Records a signal: called by the handler if it woke the process, otherwise by the loop.
    ///
    /// Async-signal-safe: it accesses only atomics and does not wait.
    pub(crate) fn record(&self, caught: Caught) {
        let pushed = self.exclusively(|| {
            let len = self.len.load(Relaxed);
            let Some(slot) = self.slot(len).filter(|_| (len as usize) < CAPACITY) else {
                return false;
            };
            slot.store(caught);
            self.len.store(len + 1, Relaxed);
            true
        });
        if pushed != Some(true) {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    /// Takes the oldest signal.
    pub(crate) fn pop(&self) -> Option<Caught> {
        if self.len.load(Relaxed) == 0 {
            return None;
        }
        self.exclusively(|| {
            let len = self.len.load(Relaxed).checked_sub(1)?;
            let slot = self.slot(0)?;
            let caught = slot.load();
            self.first.store(self.first.load(Relaxed).wrapping_add(1), Relaxed);
            self.len.store(len, Relaxed);
            Some(caught)
        })
        .flatten()
    }

    /// How many signals have been dropped since the start.
    pub(crate) fn dropped(&self) -> u32 {
        self.dropped.load(Relaxed)
    }

    /// The slot `offset` places after the oldest one.
    fn slot(&self, offset: u32) -> Option<&Slot> {
        let index = self.first.load(Relaxed).wrapping_add(offset) as usize % CAPACITY;
        self.slots.get(index)
    }

    fn exclusively<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        if self.in_use.swap(true, Acquire) {
            return None;
        }
        let result = work();
        self.in_use.store(false, Release);
        Some(result)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// The queue of the process, for one test at a time.
    pub(crate) fn alone() -> MutexGuard<'static, ()> {
        static ALONE: Mutex<()> = Mutex::new(());
        ALONE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn caught(number: i32) -> Caught {
        Caught { number, code: -number, pid: number << 20, uid: u32::MAX }
    }

    #[test]
    fn signals_come_out_whole_and_in_order() {
        let queue = Queue::new();
        for round in 0..100 {
            let count = round * 37 % (CAPACITY + 1);
            for number in (0..).take(count) {
                queue.record(caught(number));
            }
            for number in (0..).take(count) {
                assert_eq!(queue.pop(), Some(caught(number)));
            }
            assert_eq!(queue.pop(), None);
        }
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let queue = Queue::new();
        for number in (0..).take(CAPACITY + 2) {
            queue.record(caught(number));
        }
        assert_eq!(queue.dropped(), 2);
        assert_eq!(std::iter::from_fn(|| queue.pop()).count(), CAPACITY);
    }

    #[test]
    fn a_handler_in_the_middle_of_a_push_does_not_wait() {
        let queue = Queue::new();
        queue.exclusively(|| queue.record(caught(1)));
        assert_eq!(queue.dropped(), 1);
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn threads_at_once_lose_what_they_count_and_nothing_else() {
        let queue = Queue::new();
        let popped = std::thread::scope(|scope| {
            let push_many = || (0..10_000).for_each(|_| queue.record(caught(5)));
            let pushers = [scope.spawn(push_many), scope.spawn(push_many)];
            let mut popped = 0;
            while pushers.iter().any(|pusher| !pusher.is_finished()) {
                if let Some(one) = queue.pop() {
                    assert_eq!(one, caught(5));
                    popped += 1;
                }
            }
            popped
        });
        let left = std::iter::from_fn(|| queue.pop()).count();
        assert_eq!(popped + left + queue.dropped() as usize, 20_000);
    }
}
