//! Waiting in three steps, from the most expensive to the cheapest.
//!
//! ```text
//!              span over              watchdog fired, no signal since the last time
//!    POLL ────────────────► DOZE ────────────────────────────────────► SLEEP
//!     ▲                      │                                          │
//!     └──────────────────────┴──────────────── signal ──────────────────┘
//!
//!    POLL   sigtimedwait without time, over and over, for the span of span.rs
//!    DOZE   sigwaitinfo: a cheap wake-up, but blind to descriptors until the watchdog fires
//!    SLEEP  ppoll with the signals let in: their handler is the interrupt
//! ```
//!
//! This is what a network driver does (NAPI), with the signal mask instead of the interrupt enable.
//! Descriptors and deadlines are checked when a doze or a sleep ends, and during a poll every
//! [`CHECK_MICROS`].

use std::thread;

use minitalk_core::Instant;

use crate::arrival::{Arrival, Caught, Meaning, Origin, Reply};
use crate::clock;
use crate::crowding::Crowding;
use crate::dispositions::Dispositions;
use crate::line::Wake;
use crate::os_error::OsError;
use crate::processor;
use crate::queue::{self, QUEUE};
use crate::span::PollSpan;
use crate::sys::{self, Sleep};
use crate::watch::Watches;
use crate::watchdog::{self, Watchdog};

/// How often descriptors and the deadline are checked while signals come in.
const CHECK_MICROS: u64 = 10_000;

/// How many polls in a row may bring nothing before the clock is read.
const LOOKS_PER_CLOCK: u32 = 16;

/// How many signals may be taken before the clock is read, however quickly they follow each other.
const SIGNALS_PER_CLOCK: u32 = 256;

/// If this many signals in a row came only after this thread had yielded the processor, the far
/// side shares it.
const YIELDS_MAX: u32 = 4;

/// After that, how many signals a thread that stays on the processor sleeps for, without polling.
/// Two processes that share a processor are three times as fast if they sleep as if they poll.
const SHARED_SLEEPS: u32 = 16;

/// Sixteen polls take some microseconds. If they took this long, another process was running.
const GAP_MICROS: u64 = 1_000;

/// What is remembered from one wait to the next.
#[derive(Debug)]
pub(crate) struct Waiting {
    span: PollSpan,
    /// Created before the first sleep.
    crowding: Option<Crowding>,
    watchdog: Watchdog,
    activity: Activity,
    /// Polls without result since a signal came or the clock was read.
    looks: u32,
    /// Signals taken since the clock was read.
    signals: u32,
    /// Signals in a row that came only after this process had yielded the processor.
    yields: u32,
    /// For how many more signals to sleep without polling first.
    shared_sleeps: u32,
    checked_at: Instant,
    /// The deadline has passed, and is to be reported once the queue is empty.
    is_deadline_owed: bool,
    pub(crate) watches: Watches,
    /// The sender of the last signal.
    peer: Option<u32>,
}

/// How long ago the last signal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activity {
    /// Since the watchdog last fired.
    Traffic,
    /// Before the watchdog last fired.
    Pause,
    /// So long before that a handler is needed to notice the next one.
    Silence,
}

impl Waiting {
    pub(crate) fn new(watchdog: Watchdog, watches: Watches) -> Self {
        Self {
            span: PollSpan::new(1),
            crowding: None,
            watchdog,
            activity: Activity::Silence,
            looks: 0,
            signals: 0,
            yields: 0,
            shared_sleeps: 0,
            checked_at: Instant::ZERO,
            is_deadline_owed: false,
            watches,
            peer: None,
        }
    }

    pub(crate) fn wait(
        &mut self,
        signals: &Dispositions,
        deadline: Option<Instant>,
    ) -> Result<Wake, OsError> {
        if let Some(wake) = self.next_queued() {
            return Ok(wake);
        }
        let mut wait = Wait { waiting: self, signals, deadline };
        if let Some(wake) = wait.first_look()? {
            return Ok(wake);
        }
        if let Some(wake) = wait.poll()? {
            return Ok(wake);
        }
        if let Some(wake) = wait.doze()? {
            return Ok(wake);
        }
        wait.sleep()
    }

    /// What there is now: see [`Line::try_wait`](crate::Line::try_wait).
    pub(crate) fn try_wait(&mut self, signals: &Dispositions) -> Result<Option<Wake>, OsError> {
        loop {
            if let Some(wake) = self.next_queued().or_else(|| self.next_ready()) {
                return Ok(Some(wake));
            }
            match self.take(signals, Sleep::Micros(0), None)? {
                Taken::Wake(wake) => return Ok(Some(wake)),
                Taken::Watchdog => {}
                Taken::Nothing => break,
            }
        }
        Wait { waiting: self, signals, deadline: None }.check(clock::now())
    }

    /// The next signal, if one is recorded or comes soon: see [`Line::poll`](crate::Line::poll).
    #[inline]
    pub(crate) fn poll_briefly(
        &mut self,
        signals: &Dispositions,
        reply: Option<Reply<'_>>,
    ) -> Result<Option<Wake>, OsError> {
        if let Some(wake) = self.next_queued() {
            return Ok(Some(wake));
        }
        if !self.is_poll_due() {
            return Ok(None);
        }
        while !self.is_clock_due() {
            match self.take(signals, Sleep::Micros(0), reply)? {
                Taken::Wake(wake) => {
                    self.span.paid();
                    self.yields = 0;
                    return Ok(Some(wake));
                }
                Taken::Watchdog => return Ok(None),
                Taken::Nothing => {}
            }
        }
        Ok(None)
    }

    /// Whether [`poll_briefly`](Self::poll_briefly) looks for signals at all.
    #[inline]
    pub(crate) fn is_poll_due(&self) -> bool {
        let is_owed = self.is_deadline_owed || self.watches.is_owed();
        !is_owed && self.activity != Activity::Silence && self.may_poll()
    }

    /// Whether so much may have happened since the clock was read that it must be read again.
    #[inline]
    const fn is_clock_due(&self) -> bool {
        self.looks >= LOOKS_PER_CLOCK || self.signals >= SIGNALS_PER_CLOCK
    }

    #[inline]
    fn may_poll(&self) -> bool {
        let is_busy = self.crowding.as_ref().is_some_and(Crowding::is_busy);
        self.span.micros() != 0 && self.shared_sleeps == 0 && !is_busy
    }

    fn read_clock(&mut self) -> Instant {
        self.looks = 0;
        self.signals = 0;
        clock::now()
    }

    /// Takes one signal, and answers it if there is a `reply` to it. The queue must be empty.
    #[inline]
    fn take(
        &mut self,
        signals: &Dispositions,
        sleep: Sleep,
        reply: Option<Reply<'_>>,
    ) -> Result<Taken, OsError> {
        self.looks += 1;
        let set = signals.waited();
        let caught = match sleep {
            Sleep::Micros(0) => sys::take(set)?,
            sleep => sys::take_asleep(set, sleep)?,
        };
        let Some(caught) = caught else { return Ok(Taken::Nothing) };
        if caught.number == watchdog::SIGNAL as i32 {
            self.watchdog.fired();
            return Ok(Taken::Watchdog);
        }
        // Anything that a handler has recorded would come first, but all of it has been returned.
        let Some(mut meaning) = caught.meaning() else { return Ok(Taken::Nothing) };
        // The peer waits for this, and for nothing else.
        if let (Meaning::Arrival(arrival), Some(reply)) = (&mut meaning, reply) {
            reply.answer(arrival);
        }
        self.hear(meaning);
        self.looks = 0;
        self.signals += 1;
        Ok(Taken::Wake(meaning.into()))
    }

    /// The oldest recorded signal.
    #[inline]
    fn next_queued(&mut self) -> Option<Wake> {
        let meaning = std::iter::from_fn(|| QUEUE.pop()).find_map(Caught::meaning)?;
        self.hear(meaning);
        Some(meaning.into())
    }

    #[inline]
    fn hear(&mut self, meaning: Meaning) {
        self.activity = Activity::Traffic;
        if let Meaning::Arrival(Arrival { origin: Origin::Process { pid, .. }, .. }) = meaning {
            self.peer = Some(pid);
        }
    }

    /// The next descriptor that was found ready and has not been reported.
    fn next_ready(&mut self) -> Option<Wake> {
        self.watches.next_ready().map(Wake::Ready)
    }

    /// Counts the processors, once, before a sleep, when there is time to read the files that this
    /// needs.
    fn count_processors(&mut self) {
        if self.crowding.is_none() {
            let processors = thread::available_parallelism().map_or(1, usize::from);
            self.span = PollSpan::new(processors);
            self.crowding = Some(Crowding::new(processors));
        }
    }

    /// A signal has ended a sleep.
    fn after_sleep(&mut self, now: Instant, slept_micros: u64) {
        let Some(crowding) = &mut self.crowding else { return };
        if crowding.is_busy() {
            crowding.look_after_sleep(now, slept_micros, self.peer);
        } else {
            self.span.missed(now, slept_micros);
        }
    }

    fn was_preempted(&mut self) -> bool {
        self.crowding.as_mut().is_some_and(Crowding::was_preempted)
    }
}

/// One wait, with its arguments.
struct Wait<'w> {
    waiting: &'w mut Waiting,
    signals: &'w Dispositions,
    deadline: Option<Instant>,
}

/// The result of a take.
enum Taken {
    Wake(Wake),
    Watchdog,
    Nothing,
}

impl Wait<'_> {
    /// Reports what was noticed before the signals that have been returned since, if it is still
    /// the case. Also checks the descriptors if one is new.
    ///
    /// Anything that became ready later has to wait for the next check: signals may have been sent
    /// before it.
    fn first_look(&mut self) -> Result<Option<Wake>, OsError> {
        if let Some(wake) = self.waiting.next_ready() {
            return Ok(Some(wake));
        }
        let is_owed = std::mem::take(&mut self.waiting.is_deadline_owed);
        if is_owed && self.is_late(clock::now()) {
            return Ok(Some(Wake::TimedOut));
        }
        if self.waiting.watches.is_changed() { self.check(clock::now()) } else { Ok(None) }
    }

    fn poll(&mut self) -> Result<Option<Wake>, OsError> {
        if self.waiting.activity == Activity::Silence {
            return Ok(None);
        }
        let mut polling: Option<(Instant, Instant)> = None;
        let mut has_yielded = false;
        loop {
            if self.waiting.is_clock_due() {
                let now = self.waiting.read_clock();
                if self.is_due(now) {
                    let peer = self.waiting.peer;
                    if let Some(crowding) = &mut self.waiting.crowding {
                        crowding.look_while_polling(now, peer);
                    }
                    if let Some(wake) = self.check(now)? {
                        return Ok(Some(wake));
                    }
                }
                if polling.is_some() {
                    // Nothing has come for a while: the far side may be waiting for this very
                    // processor.
                    if self.waiting.yields >= YIELDS_MAX {
                        // It is. The far side finds out the same at about this time; if both left,
                        // they would meet again.
                        let is_ours_to_leave = now.as_micros().is_multiple_of(2);
                        if is_ours_to_leave && processor::leave() {
                            self.waiting.yields = 0;
                            continue;
                        }
                        // Next time one yield is enough to see whether it still is.
                        self.waiting.yields = YIELDS_MAX - 1;
                        self.waiting.shared_sleeps = SHARED_SLEEPS;
                        return Ok(None);
                    }
                    thread::yield_now();
                    has_yielded = true;
                }
                let (since, last) = polling.unwrap_or((now, now));
                polling = Some((since, now));
                let gap = now.micros_since(last);
                if gap > GAP_MICROS && self.waiting.was_preempted() {
                    self.waiting.span.preempted(now, gap);
                }
                if now.micros_since(since) >= u64::from(self.waiting.span.micros()) {
                    return Ok(None);
                }
            }
            if !self.waiting.may_poll() {
                return Ok(None);
            }
            match self.waiting.take(self.signals, Sleep::Micros(0), None)? {
                Taken::Wake(wake) => {
                    self.waiting.span.paid();
                    self.waiting.yields = if has_yielded { self.waiting.yields + 1 } else { 0 };
                    return Ok(Some(wake));
                }
                Taken::Watchdog => self.waiting.looks = LOOKS_PER_CLOCK,
                Taken::Nothing => {}
            }
        }
    }

    fn doze(&mut self) -> Result<Option<Wake>, OsError> {
        self.waiting.count_processors();
        let has_polled = self.waiting.span.is_adaptive() && self.waiting.shared_sleeps == 0;
        let began = has_polled.then(clock::now);
        while self.waiting.activity != Activity::Silence {
            let fires_at = self.waiting.watchdog.set()?;
            let sleep = match self.deadline {
                Some(deadline) if deadline < fires_at => until(deadline),
                _ if self.waiting.watchdog.is_dumb() => until(fires_at),
                _ => Sleep::Unlimited,
            };
            let taken = match self.waiting.take(self.signals, sleep, None)? {
                Taken::Nothing if self.waiting.watchdog.has_expired(clock::now()) => {
                    Taken::Watchdog
                }
                taken => taken,
            };
            match taken {
                Taken::Wake(wake) => {
                    self.waiting.shared_sleeps = self.waiting.shared_sleeps.saturating_sub(1);
                    if let Some(began) = began {
                        let now = clock::now();
                        let slept_micros = now.micros_since(began);
                        self.waiting.after_sleep(now, slept_micros);
                    }
                    return Ok(Some(wake));
                }
                Taken::Watchdog => {
                    self.waiting.activity = match self.waiting.activity {
                        Activity::Traffic => Activity::Pause,
                        Activity::Pause | Activity::Silence => Activity::Silence,
                    };
                }
                Taken::Nothing => {}
            }
            let now = clock::now();
            if let Some(wake) = self.check(now)? {
                return Ok(Some(wake));
            }
            if self.waiting.activity == Activity::Silence {
                self.waiting.shared_sleeps = 0;
                self.waiting.span.missed(now, watchdog::PERIOD_MICROS);
            }
        }
        Ok(None)
    }

    fn sleep(&mut self) -> Result<Wake, OsError> {
        self.waiting.count_processors();
        loop {
            let watches = &self.waiting.watches;
            let sleep = if watches.is_always_ready() {
                Sleep::Micros(0)
            } else {
                self.deadline.map_or(Sleep::Unlimited, until)
            };
            sys::poll_asleep(watches.descriptor(), sleep, self.signals.asleep())?;
            if let Some(wake) = self.waiting.next_queued() {
                return Ok(wake);
            }
            if let Some(wake) = self.check(clock::now())? {
                return Ok(wake);
            }
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        now.micros_since(self.waiting.checked_at) >= CHECK_MICROS || self.is_late(now)
    }

    /// Checks everything that is not a signal.
    ///
    /// If there is something to report, the signals that came before it are returned first: those
    /// that are pending now.
    fn check(&mut self, now: Instant) -> Result<Option<Wake>, OsError> {
        self.waiting.checked_at = now;
        let is_ready = self.waiting.watches.look()?;
        let is_late = self.is_late(now);
        if !is_ready && !is_late {
            return Ok(None);
        }
        for _ in 0..queue::CAPACITY {
            match sys::take(self.signals.waited())? {
                Some(caught) if caught.number == watchdog::SIGNAL as i32 => {
                    self.waiting.watchdog.fired();
                }
                Some(caught) => QUEUE.record(caught),
                None => break,
            }
        }
        if let Some(wake) = self.waiting.next_queued() {
            self.waiting.is_deadline_owed = is_late;
            return Ok(Some(wake));
        }
        if let Some(wake) = self.waiting.next_ready() {
            return Ok(Some(wake));
        }
        Ok(is_late.then_some(Wake::TimedOut))
    }

    fn is_late(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }
}

fn until(deadline: Instant) -> Sleep {
    Sleep::Micros(deadline.micros_since(clock::now()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::Termination;
    use crate::dispositions::Wanted;
    use minitalk_core::Bit;
    use nix::sys::pthread::{pthread_kill, pthread_self};
    use nix::sys::signal::{SigSet, Signal};
    use std::io::{Write, pipe};
    use std::os::fd::AsFd;
    use std::sync::MutexGuard;

    use crate::watch::Interest;

    /// A wait for signals that are blocked in this thread and sent only to it.
    struct Bench {
        waiting: Waiting,
        signals: Dispositions,
        _alone: MutexGuard<'static, ()>,
    }

    impl Bench {
        fn new() -> Self {
            let signals: SigSet = Termination::ALL.into_iter().map(Termination::signal).collect();
            signals.thread_block().unwrap();
            Self {
                waiting: Waiting::new(Watchdog::dumb(), Watches::new().unwrap()),
                signals: Dispositions::take(Wanted::uncaught(signals)).unwrap(),
                _alone: queue::tests::alone(),
            }
        }

        fn send(signals: &[Signal]) {
            for &signal in signals {
                pthread_kill(pthread_self(), signal).unwrap();
            }
        }

        fn wait(&mut self, deadline: Option<Instant>) -> Wake {
            self.waiting.wait(&self.signals, deadline).unwrap()
        }
    }

    #[test]
    fn all_signals_that_came_before_a_descriptor_was_ready_are_told_before_it() {
        let mut bench = Bench::new();
        let (reader, mut writer) = pipe().unwrap();
        bench.waiting.watches.add(reader.as_fd(), 7, Interest::Readable).unwrap();
        Bench::send(&[Signal::SIGINT, Signal::SIGTERM]);
        writer.write_all(b"x").unwrap();
        assert_eq!(bench.wait(None), Wake::Terminate(Termination::Interrupt));
        assert_eq!(bench.wait(None), Wake::Terminate(Termination::Terminate));
        assert_eq!(bench.wait(None), Wake::Ready(7));
    }

    #[test]
    fn a_deadline_that_has_come_is_told_although_more_and_more_signals_come() {
        let mut bench = Bench::new();
        let past = Some(clock::now());
        Bench::send(&[Signal::SIGINT]);
        assert_eq!(bench.wait(past), Wake::Terminate(Termination::Interrupt));
        Bench::send(&[Signal::SIGTERM]);
        assert_eq!(bench.wait(past), Wake::TimedOut);
        assert_eq!(bench.wait(past), Wake::Terminate(Termination::Terminate));
    }

    #[test]
    fn what_is_recorded_is_told_before_what_is_pending() {
        let mut bench = Bench::new();
        Bench::send(&[Signal::SIGINT]);
        let recorded = Caught { number: libc::SIGUSR2, code: libc::SI_USER, pid: 7, uid: 0 };
        QUEUE.record(recorded);
        let first = bench.waiting.poll_briefly(&bench.signals, None).unwrap();
        let origin = Origin::Process { pid: 7, uid: 0 };
        assert_eq!(first, Some(Wake::Arrival(Arrival { bit: Bit::One, origin, answered: None })));
        assert_eq!(bench.wait(None), Wake::Terminate(Termination::Interrupt));
    }
}
