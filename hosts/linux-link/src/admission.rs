//! Which processes may be signalled, and with which of the two signals. This is decided before the
//! first signal, because it would kill the wrong process.
//!
//! The default action of `SIGUSR1` and `SIGUSR2` ends a process (signal(7)), and a process that
//! handles them may do so for its own purposes: to shut down cleanly, to begin a new log file, to
//! make room for its successor. So the decision is based on a list of what is *good*, and it is
//! made in one place, `decide`.
//!
//! A decision holds for the moment when the process was examined: the process may become another
//! program. [`Admitted::recheck`] examines it again.

mod decide;
mod recognise;
mod refusal;
mod shape;

use std::process;
use std::thread;
use std::time::{Duration, Instant as WallInstant};

use minitalk_signals::{Bit, Instant, OpenPeerError, Peer, SendError, now};
use minitalk_signals::{
    Executable, ProcessIdentity, ProcessState, ProcessStatus, ReadProcessError, SignalSet,
    SleepWatch, Slumber, awaited_signals,
};

use rustix::process::getuid;

use self::decide::{Facts, Part, decide};
use self::recognise::Ours;
pub use self::recognise::Recognition;
pub use self::refusal::{PID_MAX, Refusal};
use self::shape::{blocks_everything, is_line};

/// A process younger than this may be a server that is starting and does not handle the signals
/// yet.
const YOUTH: Duration = Duration::from_secs(1);

/// How often a young process is examined.
const YOUTH_LOOK: Duration = Duration::from_millis(2);

/// After a pause of this length, a process is examined again before it is signalled.
const PAUSE_MICROS: u64 = 5_000;

/// With more room than this in the kernel's queue of signals, others do not fill it before it is
/// looked at again.
const QUEUE_ROOM_MIN: u64 = 1_024;

/// Whether the user vouches for a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Not at all: only a process that is known to be a minitalk server is signalled.
    #[default]
    Unspoken,
    /// The user has said that it is a minitalk. It must look like one.
    Told,
    /// The user has said that it is to be signalled, whatever it is.
    Forced,
}

/// Decides which processes are admitted; knows which programs belong to this project.
#[derive(Debug, Default)]
pub struct Admission {
    ours: Ours,
}

/// A process that may be sent the signals for which [`may_receive`](Self::may_receive) is true.
#[derive(Debug)]
pub struct Admitted {
    peer: Peer,
    part: Part,
    trust: Trust,
    found: Found,
    sleep_watch: Option<SleepWatch>,
    /// When something was last sent.
    sent_at: Instant,
}

/// What an examination of a process has found.
#[derive(Debug)]
struct Found {
    status: ProcessStatus,
    recognition: Option<Recognition>,
    executable: Option<Executable>,
    /// The signals that it has handlers for, blocks, or waits for.
    handled: SignalSet,
    may_receive: SignalSet,
}

/// What became of a symbol that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It was sent.
    Sent,
    /// It was not sent, because the process must not be sent this signal.
    Withheld,
    /// It was not sent, because the process must no longer be signalled: it has changed.
    Refused(Refusal),
}

impl Admission {
    /// An admission that has not looked anything up yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the process `pid` as a server, if bits may be sent to it and it can acknowledge them.
    ///
    /// No signal is sent. The process is opened first and examined then, so the result is about the
    /// process that was opened, even if its number is given to another one in between. A process
    /// that has just been started is given a second to become a server.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why not, and which [`Trust`] would overrule it.
    pub fn server(&self, pid: i64, trust: Trust) -> Result<Admitted, Refusal> {
        let pid = in_range(pid)?;
        if pid == process::id() {
            return Err(Refusal::Itself);
        }
        let deadline = WallInstant::now() + YOUTH;
        let peer = open(pid)?;
        loop {
            match self.look(&peer, Part::Server, trust) {
                Ok(found) => return Ok(Admitted::new(peer, Part::Server, trust, found)),
                Err(refusal) => {
                    let may_change = refusal.is_about_handlers() && self.may_become_server(&peer);
                    if !may_change || WallInstant::now() >= deadline {
                        return Err(refusal);
                    }
                }
            }
            thread::sleep(YOUTH_LOOK);
        }
    }

    /// Opens the process `pid`, which has sent a bit.
    ///
    /// A process that handles neither signal is admitted, but may receive none.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unlike`] for a process that handles a signal and does not look like a minitalk;
    /// and whatever prevents it from being examined.
    pub fn sender(&self, pid: u32, trust: Trust) -> Result<Admitted, Refusal> {
        let peer = open(pid)?;
        let found = self.look(&peer, Part::Sender, trust)?;
        let is_settled = found.handled.contains_line() || !blocks_everything(&found.status);
        let mut admitted = Admitted::new(peer, Part::Sender, trust, found);
        if !is_settled {
            // It may be about to wait for the two signals, which does not show yet.
            let _ = admitted.wait_until_asleep();
            admitted.found = self.look(&admitted.peer, Part::Sender, trust)?;
        }
        Ok(admitted)
    }

    fn look(&self, peer: &Peer, part: Part, trust: Trust) -> Result<Found, Refusal> {
        let status = ProcessStatus::read(peer.pid())?;
        let executable = Executable::of(peer.pid()).ok();
        let recognition = self.ours.recognise(part, peer.pid(), executable);
        let permitted = peer.check_permission() != Err(SendError::NotPermitted);
        // Whether a sender may signal this process need not be checked: it has done so.
        let own = match part {
            Part::Server if !is_neighbour(&status) => {
                Some(ProcessStatus::own().map_err(Refusal::Unreadable)?)
            }
            Part::Server | Part::Sender => None,
        };
        if status.state != ProcessState::Zombie && peer.has_exited() {
            return Err(Refusal::NoSuchProcess);
        }
        let awaited = awaited(&status);
        let recognition = recognition.or_else(|| {
            let is_line = part == Part::Sender && is_line(&status, awaited);
            is_line.then_some(Recognition::Line)
        });
        let handled = handled(&status, awaited);
        let own = own.as_ref();
        let facts = Facts { status: &status, handled, awaited, own, permitted, recognition };
        let may_receive = decide(&facts, part, trust)?;
        Ok(Found { status, recognition, executable, handled, may_receive })
    }

    /// Whether the process may be refused only because it is just becoming a server.
    fn may_become_server(&self, peer: &Peer) -> bool {
        let identity = ProcessIdentity::of(peer.pid()).ok().flatten();
        let is_young = identity.is_some_and(|identity| identity.uptime() < YOUTH);
        let executable = Executable::of(peer.pid()).ok();
        is_young || self.ours.recognise(Part::Server, peer.pid(), executable).is_some()
    }
}

impl Admitted {
    fn new(peer: Peer, part: Part, trust: Trust, found: Found) -> Self {
        Self { peer, part, trust, found, sleep_watch: None, sent_at: now() }
    }

    /// The process.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Its number.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.peer.pid()
    }

    /// Its status when it was last examined.
    #[must_use]
    pub const fn status(&self) -> &ProcessStatus {
        &self.found.status
    }

    /// The file that it ran when it was admitted, if that could be seen. It identifies its program.
    #[must_use]
    pub const fn executable(&self) -> Option<Executable> {
        self.found.executable
    }

    /// How it was recognised as part of this project; `None` for a stranger.
    #[must_use]
    pub const fn recognition(&self) -> Option<Recognition> {
        self.found.recognition
    }

    /// Whether it may be sent the signal that stands for `symbol`.
    #[must_use]
    pub const fn may_receive(&self, symbol: Bit) -> bool {
        self.found.may_receive.contains(symbol)
    }

    /// Whether it uses the signal that stands for `symbol`, and so may be waiting for it: it has a
    /// handler for it, or blocks it and takes it with sigwait(3).
    #[must_use]
    pub const fn handles(&self, symbol: Bit) -> bool {
        self.found.handled.contains(symbol)
    }

    /// Sends a symbol at the time `now`, if the process may receive it.
    ///
    /// After a pause the process is [examined again](Self::recheck). If it has no handler for the
    /// signal but blocks it, it is examined each time: it may block everything only for a moment,
    /// while it starts a child.
    ///
    /// # Errors
    ///
    /// [`SendError`].
    #[inline]
    pub fn send(&mut self, symbol: Bit, now: Instant) -> Result<Sending, SendError> {
        match self.prepare(symbol, now)? {
            Some(held) => Ok(held),
            None => self.peer.send(symbol).map(|()| Sending::Sent),
        }
    }

    /// Whether both symbols may be sent at the time `now` without a further look at the process, by
    /// whoever holds the [peer](Self::peer).
    #[inline]
    #[must_use]
    pub fn is_clear(&self, now: Instant) -> bool {
        let Found { status, may_receive, .. } = &self.found;
        let has_handlers =
            self.trust == Trust::Forced || status.caught.union(status.ignored).contains_line();
        let is_recent = now.micros_since(self.sent_at) <= PAUSE_MICROS;
        is_recent && has_handlers && may_receive.contains_line()
    }

    /// Like [`send`](Self::send), but if possible it sends the symbol so that it does not hide the
    /// symbols of other senders: [to the first thread](Peer::send_to_first_thread). That is
    /// possible if the process is recognised, has no other thread, and is sure to learn who sent
    /// the symbol.
    ///
    /// # Errors
    ///
    /// [`SendError`].
    pub fn send_apart(&mut self, symbol: Bit, now: Instant) -> Result<Sending, SendError> {
        match self.prepare(symbol, now)? {
            Some(held) => return Ok(held),
            None if self.has_place_apart() => self.peer.send_to_first_thread(symbol)?,
            None => self.peer.send(symbol)?,
        }
        Ok(Sending::Sent)
    }

    /// The same, but only if the symbol is not hidden either: the process is [examined
    /// again](Self::recheck), and the same signal must not be pending there. Nobody else who calls
    /// this for the process sends meanwhile ([`Peer::try_lock`]). `None` if there is no room for
    /// the symbol now; try again later.
    ///
    /// # Errors
    ///
    /// [`SendError`].
    pub fn try_send_apart(
        &mut self,
        symbol: Bit,
        now: Instant,
    ) -> Result<Option<Sending>, SendError> {
        if !self.peer.try_lock() {
            return Ok(None);
        }
        // What is examined here need not be examined again to be sent.
        self.sent_at = now;
        let sent = match self.recheck() {
            Ok(()) if self.is_pending(symbol) => Ok(None),
            Ok(()) => self.send_apart(symbol, now).map(Some),
            Err(Refusal::NoSuchProcess) => Err(SendError::Gone),
            Err(refusal) => Ok(Some(Sending::Refused(refusal))),
        };
        self.peer.unlock();
        sent
    }

    const fn has_place_apart(&self) -> bool {
        let Found { status, recognition, .. } = &self.found;
        recognition.is_some() && status.threads == 1 && status.queue_room > QUEUE_ROOM_MIN
    }

    /// Whether the symbol would be hidden if it was sent apart.
    const fn is_pending(&self, symbol: Bit) -> bool {
        let status = &self.found.status;
        let pending = if self.has_place_apart() { status.thread_pending } else { status.pending };
        pending.contains(symbol)
    }

    /// What keeps a symbol from being sent now, if anything does.
    #[inline]
    fn prepare(&mut self, symbol: Bit, now: Instant) -> Result<Option<Sending>, SendError> {
        let pause_micros = now.micros_since(self.sent_at);
        self.sent_at = now;
        if pause_micros > PAUSE_MICROS {
            match self.recheck() {
                Ok(()) => {}
                Err(Refusal::NoSuchProcess) => return Err(SendError::Gone),
                Err(refusal) => return Ok(Some(Sending::Refused(refusal))),
            }
        }
        let is_held =
            !self.may_receive(symbol) || !self.has_handler(symbol) && !self.takes_now(symbol);
        Ok(is_held.then_some(Sending::Withheld))
    }

    /// Whether the signal does not kill the process, whatever its mask is.
    #[inline]
    fn has_handler(&self, symbol: Bit) -> bool {
        let Found { status, .. } = &self.found;
        self.trust == Trust::Forced || status.caught.union(status.ignored).contains(symbol)
    }

    #[cold]
    fn takes_now(&self, symbol: Bit) -> bool {
        let status = self.peer.status();
        status.is_ok_and(|status| handled(&status, awaited(&status)).contains(symbol))
    }

    /// Examines the process again, before something is sent that has been held back: it may have
    /// become another program, or may handle its signals differently now. This takes some tens of
    /// microseconds.
    ///
    /// # Errors
    ///
    /// Why it must no longer be signalled. [`may_receive`](Self::may_receive) is then false for
    /// both signals.
    #[cold]
    pub fn recheck(&mut self) -> Result<(), Refusal> {
        self.found.may_receive = SignalSet::default();
        let executable = match Executable::of(self.peer.pid()) {
            // The kernel has removed its program: it is about to end.
            Err(ReadProcessError::NoSuchProcess) if self.found.executable.is_some() => {
                return Err(Refusal::NoSuchProcess);
            }
            executable => executable.ok(),
        };
        if executable != self.found.executable && self.trust != Trust::Forced {
            return Err(Refusal::Replaced);
        }
        self.found.status = self.peer.status()?;
        self.found.handled = handled(&self.found.status, awaited(&self.found.status));
        self.found.may_receive =
            decide::again(&self.found.status, self.found.handled, self.part, self.trust)?;
        Ok(())
    }

    /// Waits, for at most a millisecond, until a stranger sleeps, as a minitalk does that waits for
    /// a signal: one that calls kill(2) and then pause(2) would miss a signal between the two.
    /// Returns what it was doing at the end.
    ///
    /// It does not wait for a process that has been recognised, and gives up on one that never
    /// sleeps after a few waits.
    #[inline(never)]
    pub fn wait_until_asleep(&mut self) -> Slumber {
        if self.found.recognition.is_some() {
            return Slumber::Awake;
        }
        if self.sleep_watch.is_none() {
            self.sleep_watch = self.peer.sleep_watch().ok();
        }
        let slumber = self.sleep_watch.as_mut().and_then(|watch| watch.wait().ok());
        slumber.unwrap_or(Slumber::Awake)
    }
}

/// The signals that a process waits for with sigwait(3) at this moment.
fn awaited(status: &ProcessStatus) -> SignalSet {
    if status.state != ProcessState::Sleeping {
        return SignalSet::default();
    }
    awaited_signals(status.pid).unwrap_or_default()
}

/// The signals that a process uses: it has a handler for them, blocks them and takes them later, or
/// waits for them now.
///
/// A process that blocks everything may do so only for a moment, while it starts a child: a signal
/// that arrives then takes effect afterwards.
fn handled(status: &ProcessStatus, awaited: SignalSet) -> SignalSet {
    let taken = if blocks_everything(status) { SignalSet::default() } else { status.blocked };
    status.caught.union(taken).union(awaited)
}

/// Whether a process can certainly signal this one (kill(2)): it belongs to the user who started
/// this one, and lives in no PID namespace inside another.
fn is_neighbour(status: &ProcessStatus) -> bool {
    let own = getuid().as_raw();
    let is_outermost = status.namespace_pids.len() <= 1;
    is_outermost && [status.uids.effective, status.uids.real].contains(&own)
}

fn in_range(pid: i64) -> Result<u32, Refusal> {
    match u32::try_from(pid) {
        Ok(pid @ 1..=PID_MAX) => Ok(pid),
        _ => Err(Refusal::OutOfRange),
    }
}

fn open(pid: u32) -> Result<Peer, Refusal> {
    Peer::open(pid).map_err(|error| match error {
        OpenPeerError::NoSuchProcess => Refusal::NoSuchProcess,
        OpenPeerError::Thread => thread_of(pid),
        error => Refusal::Unopened(error),
    })
}

/// The refusal of a number that belongs to a thread, not to a process.
fn thread_of(tid: u32) -> Refusal {
    match ProcessStatus::read(tid) {
        Ok(status) => Refusal::Thread { of: status.tgid },
        Err(ReadProcessError::NoSuchProcess) => Refusal::NoSuchProcess,
        Err(error) => Refusal::Unreadable(error),
    }
}

#[cfg(test)]
mod tests;
