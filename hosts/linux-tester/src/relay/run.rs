//! A running relay.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Child;
use std::time::Duration;

use minitalk_signals::{
    Bit, Line, OpenLineError, OpenPeerError, Peer, ProcessState, monotonic_nanos,
};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, poll};
use thiserror::Error;

use super::plan::{Action, Passing, Plan, Step};
use super::receive::receive;
use super::recording::{Party, Recording, Symbol};
use super::replay::replay;
use crate::client::Activity;
use crate::launch;
use crate::process::{self, Ending};
use crate::role::Role;

/// How long a symbol waits, at most, for its receiver to take the one before, or to fall asleep.
const PATIENCE_NANOS: u64 = 50_000_000;

/// After this many waits in vain, the receiver seems never to sleep, and this is the limit.
const RESTLESS: u32 = 4;
const RESTLESS_NANOS: u64 = 500_000;

/// How long late answers are waited for after the client has ended.
const QUIET_NANOS: u64 = 60_000_000;

/// How often the client is checked.
const LOOK: Duration = Duration::from_millis(20);

/// The same in nanoseconds.
const LOOK_NANOS: u64 = 20_000_000;

/// More symbols than any test sends: a program that floods the line is stopped.
const SYMBOLS_MAX: usize = 4_000_000;

/// Why there is no recording.
#[derive(Debug, Error)]
pub(super) enum RunError {
    #[error(transparent)]
    Line(#[from] OpenLineError),
    #[error("cannot take over the signals: {0}")]
    Signals(#[from] nix::Error),
    #[error(transparent)]
    Peer(#[from] OpenPeerError),
    #[error("cannot start the client: {0}")]
    Start(#[from] std::io::Error),
}

/// Runs the client of the plan to its end.
pub(super) fn run(plan: &Plan) -> Result<Recording, RunError> {
    let signals = SigSet::from_iter([Signal::SIGUSR1, Signal::SIGUSR2]);
    // With handlers, and blocked, so that a program that examines this process before it signals
    // sees that it survives.
    let _handlers = Line::open()?;
    let line = SignalFd::with_flags(&signals, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    let server = Peer::open(plan.server)?;
    if !plan.replay.is_empty() {
        return replay(plan, &line, &server);
    }
    let from_nanos = monotonic_nanos();
    let mut command = launch::command(&plan.client);
    command.arg(std::process::id().to_string()).arg(OsStr::from_bytes(&plan.text));
    let child = command.spawn()?;
    let client = Peer::open(child.id())?;
    if let Some(faults) = plan.receives {
        return receive(plan, faults, &line, &client, child);
    }
    let mut relay = Relay::new(plan, &server, &client, from_nanos);
    let ending = relay.serve(&line, child)?;
    Ok(relay.recording(ending))
}

pub(super) fn usr_of(info: &siginfo) -> u8 {
    if info.ssi_signo == Signal::SIGUSR2 as u32 { 2 } else { 1 }
}

struct Relay<'a> {
    plan: &'a Plan,
    server: &'a Peer,
    client: &'a Peer,
    from_nanos: u64,
    symbols: Vec<Symbol>,
    to_server: Way,
    to_client: Way,
    /// When a stopped program is to be continued.
    stopped: Vec<(u64, Party)>,
    done: Vec<(u64, Action)>,
    to_nanos: Option<u64>,
    sleeps_in: Option<String>,
}

/// The symbols on their way to one side.
#[derive(Default)]
struct Way {
    /// Indices of symbols, and when each may be passed on.
    queue: VecDeque<(usize, u64)>,
    /// How many symbols have come for this side.
    come: usize,
    /// How many times the receiver was waited for in vain.
    restless: u32,
}

impl<'a> Relay<'a> {
    fn new(plan: &'a Plan, server: &'a Peer, client: &'a Peer, from_nanos: u64) -> Self {
        Self {
            plan,
            server,
            client,
            from_nanos,
            symbols: Vec::new(),
            to_server: Way::default(),
            to_client: Way::default(),
            stopped: Vec::new(),
            done: Vec::new(),
            to_nanos: None,
            sleeps_in: None,
        }
    }

    /// Passes symbols on until the client has ended, or is given up. Returns how it ended.
    fn serve(&mut self, line: &SignalFd, mut child: Child) -> Result<Ending, RunError> {
        let limit = self.from_nanos + self.plan.limit_millis * 1_000_000;
        let mut activity = Activity::of(self.client.pid()).with(&[self.server.pid()]);
        let mut looked_nanos = 0;
        let mut ending = None;
        loop {
            self.pass_on();
            while let Some(info) = line.read_signal()? {
                self.take(&info, monotonic_nanos());
                self.pass_on();
            }
            let now = monotonic_nanos();
            let quiet = now.saturating_sub(self.last_nanos());
            if !self.is_busy() {
                sleep_until_ready(line, self.client);
            } else if now.saturating_sub(looked_nanos) < LOOK_NANOS {
                continue;
            }
            looked_nanos = now;
            if ending.is_none() && self.client.has_exited() {
                ending = child.wait().ok().map(Ending::of);
                self.to_nanos = Some(now);
            }
            let is_at_rest = self.is_empty() && quiet > QUIET_NANOS;
            if ending.is_some() && is_at_rest {
                break;
            }
            if activity.is_idle() && ending.is_none() && is_at_rest && self.stopped.is_empty() {
                self.sleeps_in = process::sleeps_in(self.client.pid());
                ending = Some(Ending::Hang);
                break;
            }
            if now > limit || self.is_answered() || self.symbols.len() > SYMBOLS_MAX {
                break;
            }
        }
        self.to_nanos.get_or_insert_with(monotonic_nanos);
        if !self.client.has_exited() {
            let _ = child.kill();
            let _ = child.wait();
        }
        self.continue_stopped(u64::MAX);
        Ok(ending.unwrap_or(Ending::Slow))
    }

    /// Whether the relay has given all the answers that it should.
    fn is_answered(&self) -> bool {
        matches!(self.plan.passing, Passing::Answered { symbols, .. } if self.to_server.come >= symbols)
    }

    /// When something last happened.
    fn last_nanos(&self) -> u64 {
        let last = self.symbols.last().map_or(self.from_nanos, |symbol| symbol.at_nanos);
        last.max(self.to_nanos.unwrap_or(0))
    }

    fn recording(self, client: Ending) -> Recording {
        Recording {
            symbols: self.symbols,
            from_nanos: self.from_nanos,
            to_nanos: self.to_nanos.unwrap_or(self.from_nanos),
            client,
            server_ended: self.server.has_exited(),
            client_pid: self.client.pid(),
            done: self.done,
            client_sleeps_in: self.sleeps_in,
            received: Vec::new(),
            messages: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.to_server.queue.is_empty() && self.to_client.queue.is_empty()
    }

    fn is_busy(&self) -> bool {
        self.plan.passing.polls() || !self.is_empty() || !self.stopped.is_empty()
    }

    /// Takes a symbol that has come.
    fn take(&mut self, info: &siginfo, at_nanos: u64) {
        let from = match info.ssi_pid {
            pid if pid == self.client.pid() => Party::Client,
            pid if pid == self.server.pid() => Party::Server,
            _ => Party::Stranger,
        };
        let usr = usr_of(info);
        let index = self.symbols.len();
        self.symbols.push(Symbol { at_nanos, from, usr, passed_nanos: None });
        let way = match from {
            Party::Client => &mut self.to_server,
            Party::Server => &mut self.to_client,
            Party::Stranger => return,
        };
        let place = way.come;
        way.come += 1;
        let (mut passes_at, mut times) = (Some(at_nanos), 1);
        if let Passing::Answered { usr, symbols } = self.plan.passing {
            if from == Party::Client && place < symbols {
                let _ = self.client.send(Bit::from_bool(usr == 2));
                let passed_nanos = Some(monotonic_nanos());
                let from = Party::Server;
                self.symbols.push(Symbol { at_nanos: monotonic_nanos(), from, usr, passed_nanos });
            }
            return;
        }
        for step in self.plan.steps.iter().filter(|step| is_due(step, from, place)) {
            self.done.push((at_nanos, step.what));
            match step.what {
                Action::Hold(millis) => passes_at = Some(at_nanos + millis * 1_000_000),
                Action::Drop => passes_at = None,
                Action::Double => times = 2,
                Action::Stray(usr) => stray(self.server.pid(), usr),
                Action::Kill(party) => signal(self.peer(party), Signal::SIGKILL),
                Action::Stop(party, millis) => {
                    signal(self.peer(party), Signal::SIGSTOP);
                    self.stopped.push((at_nanos + millis * 1_000_000, party));
                }
            }
        }
        if let Some(passes_at) = passes_at {
            let way = if from == Party::Client { &mut self.to_server } else { &mut self.to_client };
            way.queue.extend([(index, passes_at)].repeat(times));
        }
    }

    fn peer(&self, party: Party) -> &Peer {
        if party == Party::Client { self.client } else { self.server }
    }

    fn pass_on(&mut self) {
        let now = monotonic_nanos();
        self.continue_stopped(now);
        for party in [Party::Server, Party::Client] {
            loop {
                let way = if party == Party::Server { &self.to_server } else { &self.to_client };
                let Some(&(index, passes_at)) = way.queue.front() else { break };
                let now = monotonic_nanos();
                if now < passes_at || !self.may_pass(party, index, now.max(passes_at)) {
                    break;
                }
                // A program that has ended gets nothing more, which is noticed elsewhere.
                let _ = self.peer(party).send(self.symbols[index].bit());
                self.symbols[index].passed_nanos = Some(now);
                let way =
                    if party == Party::Server { &mut self.to_server } else { &mut self.to_client };
                way.queue.pop_front();
            }
        }
    }

    /// Whether the receiver is ready for another symbol, or has had enough time to be.
    fn may_pass(&mut self, to: Party, index: usize, now: u64) -> bool {
        let passing = self.plan.passing;
        if matches!(passing, Passing::AtOnce | Passing::Seen) {
            return true;
        }
        let Ok(status) = self.peer(to).status() else { return true };
        let is_taken = !status.pending.contains(self.symbols[index].bit());
        let is_asleep = status.state == ProcessState::Sleeping;
        if is_taken && (is_asleep || passing == Passing::Taken) {
            return true;
        }
        let waits = now.saturating_sub(self.symbols[index].at_nanos);
        let way = if to == Party::Server { &mut self.to_server } else { &mut self.to_client };
        let patience = if way.restless < RESTLESS { PATIENCE_NANOS } else { RESTLESS_NANOS };
        let is_over = waits > patience;
        way.restless += u32::from(is_over);
        is_over
    }

    fn continue_stopped(&mut self, now: u64) {
        let (client, server) = (self.client, self.server);
        self.stopped.retain(|&(until, party)| {
            if until <= now {
                signal(if party == Party::Client { client } else { server }, Signal::SIGCONT);
            }
            until > now
        });
    }
}

fn is_due(step: &Step, from: Party, place: usize) -> bool {
    step.when.from == from && step.when.index == place
}

/// Sleeps until a symbol comes, the client ends, or it is time to check.
pub(super) fn sleep_until_ready(line: &SignalFd, client: &Peer) {
    let mut watched = [PollFd::new(line, PollFlags::IN), PollFd::new(client, PollFlags::IN)];
    if client.has_exited() {
        watched[1] = PollFd::new(line, PollFlags::IN);
    }
    let _ = poll(&mut watched, LOOK.try_into().ok().as_ref());
}

/// Both processes were started by the tester, and neither has been waited for.
fn signal(peer: &Peer, signal: Signal) {
    if let Ok(pid) = i32::try_from(peer.pid())
        && !peer.has_exited()
    {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

/// A third process, with a different PID, signals the server once.
fn stray(server: u32, usr: u8) {
    let _ = Role::Stray.command().arg(server.to_string()).arg(usr.to_string()).status();
    // Whatever it causes has happened by then.
    std::thread::sleep(Duration::from_millis(2));
}
