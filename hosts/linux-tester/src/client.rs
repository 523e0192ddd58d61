//! A running client of the pair.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use minitalk_signals::{Peer, ProcessState, ProcessStatus};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, poll};

use crate::launch;
use crate::process::{self, Ending};

/// A program that has slept without using processor time for this long is considered to hang.
const IDLE: Duration = Duration::from_millis(1200);

/// The same if every process involved waits for a signal: none is left to send one.
const DEADLOCK: Duration = Duration::from_millis(250);

/// How often to check whether it is still active.
const LOOK: Duration = Duration::from_millis(80);

/// How long a client that has ended keeps its PID. A server that answers once more still finds it,
/// as it would with a shell, and does not fail just because the tester is quick.
const LEAVE: Duration = Duration::from_millis(5);

/// A running client, a child of the tester. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Client {
    child: Child,
    peer: Option<Peer>,
    ending: Option<Ending>,
    started: Instant,
    ended: Option<Instant>,
}

impl Client {
    /// Starts the client with the PID of a server and a text.
    pub(crate) fn start(program: &Path, server: u32, text: &[u8]) -> io::Result<Self> {
        let words = [OsString::from(server.to_string()), OsStr::from_bytes(text).to_owned()];
        Self::spawn(launch::command(program).args(words))
    }

    /// Starts a client with `command`.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let started = Instant::now();
        let child = command.spawn()?;
        let peer = Peer::open(child.id()).ok();
        Ok(Self { child, peer, ending: None, started, ended: None })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ending(&mut self) -> Option<Ending> {
        if self.ending.is_some() || self.peer.as_ref().is_some_and(|peer| !peer.has_exited()) {
            return self.ending;
        }
        let now = Instant::now();
        thread::sleep(LEAVE);
        if let Ok(Some(status)) = self.child.try_wait() {
            self.ending = Some(Ending::of(status));
            self.ended = Some(now);
        }
        self.ending
    }

    /// Waits until it ends, hangs, or its time is over. In the last two cases it is killed.
    pub(crate) fn finish(&mut self, limit: Duration) -> Ending {
        self.finish_while(Activity::of(self.pid()), limit)
    }

    /// The same for a client that talks to this server: it hangs if the server has had nothing to
    /// do for some time.
    pub(crate) fn finish_with(&mut self, server: u32, limit: Duration) -> Ending {
        self.finish_while(Activity::of(server).with(&[self.pid()]), limit)
    }

    /// The same for a client that hangs once this activity has stopped.
    pub(crate) fn finish_while(&mut self, activity: Activity, limit: Duration) -> Ending {
        self.wait_while(activity, limit);
        self.give_up(limit)
    }

    /// Kills it, unless it has ended: it hangs, or its time is over.
    pub(crate) fn give_up(&mut self, limit: Duration) -> Ending {
        if let Some(ending) = self.ending() {
            return ending;
        }
        let ending = if self.took() < limit { Ending::Hang } else { Ending::Slow };
        self.kill();
        self.ending = Some(ending);
        ending
    }

    /// Waits until it hangs or its time is over, without killing it. Returns how it ended, if it
    /// did.
    pub(crate) fn wait_while(&mut self, mut activity: Activity, limit: Duration) -> Option<Ending> {
        let until = Instant::now() + limit;
        while self.ending().is_none() && !activity.is_idle() && Instant::now() < until {
            self.wait_a_little();
        }
        self.ending()
    }

    /// How long it has been running, or ran.
    pub(crate) fn took(&self) -> Duration {
        self.ended.unwrap_or_else(Instant::now) - self.started
    }

    pub(crate) fn signal(&mut self, signal: Signal) {
        if self.ending().is_none()
            && let Ok(pid) = i32::try_from(self.pid())
        {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Kills it and waits for its end.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        if self.ending.is_none() {
            let _ = self.child.wait();
        }
    }

    fn wait_a_little(&self) {
        match &self.peer {
            Some(peer) => {
                let mut watched = [PollFd::new(peer, PollFlags::IN)];
                let timeout = LOOK.try_into().ok();
                let _ = poll(&mut watched, timeout.as_ref());
            }
            None => thread::sleep(LOOK / 10),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a process is active, as far as that can be seen from outside.
#[derive(Debug)]
pub(crate) struct Activity {
    pid: u32,
    partners: Vec<u32>,
    cpu_nanos: Option<u64>,
    changed: Instant,
}

impl Activity {
    pub(crate) fn of(pid: u32) -> Self {
        let cpu_nanos = process::cpu_nanos(pid);
        Self { pid, partners: Vec::new(), cpu_nanos, changed: Instant::now() }
    }

    /// The same for a process that these others may signal.
    pub(crate) fn with(self, partners: &[u32]) -> Self {
        Self { partners: partners.to_vec(), ..self }
    }

    /// Whether it has slept without using processor time for some time. One that has ended is idle.
    pub(crate) fn is_idle(&mut self) -> bool {
        // Checking takes processor time, which a pair that easily loses bits needs for itself. The
        // partners come first, so that none of them can have signalled it between the two checks.
        let is_deadlock = self.changed.elapsed() >= DEADLOCK
            && self.partners.iter().all(|&partner| process::is_passive(partner))
            && process::is_passive(self.pid);
        let now = process::cpu_nanos(self.pid);
        let is_at_work = || {
            ProcessStatus::read(self.pid).is_ok_and(|status| {
                !matches!(status.state, ProcessState::Sleeping | ProcessState::Zombie)
            })
        };
        if now != self.cpu_nanos || is_at_work() {
            self.cpu_nanos = now;
            self.changed = Instant::now();
        }
        self.changed.elapsed() >= if is_deadlock { DEADLOCK } else { IDLE }
    }
}
