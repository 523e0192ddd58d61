//! What a signal was, and who sent it.

use std::fmt;

use minitalk_core::{Bit, Lookahead};
use nix::sys::signal::Signal;

use crate::peer::Peer;

/// One symbol that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Arrival {
    /// Which of the two signals it was.
    pub bit: Bit,
    /// The process that sent it, as far as the kernel vouches for it.
    pub origin: Origin,
    /// What was sent back at once: only if that was asked for ([`Reply`]).
    pub answered: Option<Bit>,
}

/// What to send back to a peer as soon as its next symbol arrives: see
/// [`Line::poll`](crate::Line::poll).
#[derive(Clone, Copy, Debug)]
pub struct Reply<'p> {
    /// The peer.
    pub peer: &'p Peer,
    /// What to send after each symbol.
    pub lookahead: Lookahead,
}

impl Reply<'_> {
    /// Answers a symbol, if it comes from the peer and the answer is certain.
    #[inline]
    pub(crate) fn answer(self, arrival: &mut Arrival) {
        let Origin::Process { pid, .. } = arrival.origin else { return };
        if pid == self.peer.pid()
            && let Some(answer) = self.lookahead.after(arrival.bit)
            && self.peer.send(answer).is_ok()
        {
            arrival.answered = Some(answer);
        }
    }
}

/// The origin of a signal (sigaction(2), `siginfo_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Sent by kill(2), `pidfd_send_signal(2)` or the like: the kernel filled in the sender.
    Process {
        /// Its number in this process's PID namespace. It may have ended since, and the number may
        /// belong to another process: open a [`Peer`](crate::Peer) before answering.
        pid: u32,
        /// Its real user id.
        uid: u32,
    },
    /// Sent from outside this process's PID namespace, where the sender has no number; or the
    /// kernel was out of memory and did not record the sender.
    Outside,
    /// Not sent by kill(2): `sigqueue(3)` and `rt_sigqueueinfo(2)` let the sender write anything
    /// where its process id would be, and timers and the kernel itself have none.
    Forged {
        /// The `si_code` it came with.
        code: i32,
    },
}

/// A signal that asks the process to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Termination {
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`: the default of kill(1).
    Terminate,
    /// `SIGHUP`: the terminal is gone.
    Hangup,
}

impl Termination {
    pub(crate) const ALL: [Self; 3] = [Self::Interrupt, Self::Terminate, Self::Hangup];

    /// The number of the signal. A shell reports a process that was killed by it as 128 plus this
    /// number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.signal() as i32
    }

    pub(crate) const fn signal(self) -> Signal {
        match self {
            Self::Interrupt => Signal::SIGINT,
            Self::Terminate => Signal::SIGTERM,
            Self::Hangup => Signal::SIGHUP,
        }
    }
}

impl fmt::Display for Termination {
    /// The name of the signal, such as `SIGINT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signal().as_str())
    }
}

/// The signal that stands for `bit`.
pub(crate) const fn bit_signal(bit: Bit) -> Signal {
    match bit {
        Bit::Zero => Signal::SIGUSR1,
        Bit::One => Signal::SIGUSR2,
    }
}

/// A signal taken from the kernel, not interpreted yet: the part of a `siginfo_t` that the handler
/// passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caught {
    pub(crate) number: i32,
    pub(crate) code: i32,
    pub(crate) pid: i32,
    pub(crate) uid: u32,
}

/// What a caught signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Arrival(Arrival),
    Termination(Termination),
}

impl Caught {
    /// What the signal means; `None` if it is not a signal of the line.
    pub(crate) fn meaning(self) -> Option<Meaning> {
        let is = |signal: Signal| self.number == signal as i32;
        if let Some(bit) = [Bit::Zero, Bit::One].into_iter().find(|&bit| is(bit_signal(bit))) {
            return Some(Meaning::Arrival(Arrival { bit, origin: self.origin(), answered: None }));
        }
        Termination::ALL.into_iter().find(|end| is(end.signal())).map(Meaning::Termination)
    }

    fn origin(self) -> Origin {
        match (self.code, u32::try_from(self.pid)) {
            (libc::SI_USER | libc::SI_TKILL, Ok(pid @ 1..)) => {
                Origin::Process { pid, uid: self.uid }
            }
            (libc::SI_USER | libc::SI_TKILL, _) => Origin::Outside,
            (code, _) => Origin::Forged { code },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::SignalSet;
    use std::process::{Command, Stdio};

    #[test]
    fn what_is_certain_is_answered_and_only_to_the_peer() {
        let mut blocking = Command::new("env");
        blocking.args(["--block-signal=USR1", "--block-signal=USR2", "cat"]);
        let mut child = blocking.stdin(Stdio::piped()).spawn().unwrap();
        let peer = Peer::open(child.id()).unwrap();
        let is = |bits: [bool; 2], set: SignalSet| {
            [Bit::Zero, Bit::One].map(|bit| set.contains(bit)) == bits
        };
        while !is([true; 2], peer.status().unwrap().blocked) {}
        let reply = Reply { peer: &peer, lookahead: Lookahead::new(Some(Bit::One), None) };
        let answered = |bit, pid| {
            let origin = Origin::Process { pid, uid: 1 };
            let mut arrival = Arrival { bit, origin, answered: None };
            reply.answer(&mut arrival);
            arrival.answered
        };
        assert_eq!(answered(Bit::Zero, 1), None, "somebody else");
        assert_eq!(answered(Bit::One, child.id()), None, "not certain");
        assert!(is([false; 2], peer.status().unwrap().pending));
        assert_eq!(answered(Bit::Zero, child.id()), Some(Bit::One));
        assert!(is([false, true], peer.status().unwrap().pending));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(answered(Bit::Zero, child.id()), None, "it has ended");
    }

    #[test]
    fn only_what_the_kernel_vouches_for_has_an_origin() {
        let rows = [
            (libc::SI_USER, 7, Origin::Process { pid: 7, uid: 1 }),
            (libc::SI_TKILL, 7, Origin::Process { pid: 7, uid: 1 }),
            (libc::SI_USER, 0, Origin::Outside),
            (libc::SI_TKILL, 0, Origin::Outside),
            (libc::SI_QUEUE, 7, Origin::Forged { code: -1 }),
            (libc::SI_TIMER, 0, Origin::Forged { code: -2 }),
            (libc::SI_KERNEL, 0, Origin::Forged { code: 128 }),
        ];
        for (code, pid, origin) in rows {
            let caught = Caught { number: libc::SIGUSR1, code, pid, uid: 1 };
            let arrival = Arrival { bit: Bit::Zero, origin, answered: None };
            assert_eq!(caught.meaning(), Some(Meaning::Arrival(arrival)), "{caught:?}");
        }
    }

    #[test]
    fn every_signal_of_the_line_has_its_meaning() {
        let meaning = |number| Caught { number, code: 0, pid: 0, uid: 0 }.meaning();
        let one = Arrival { bit: Bit::One, origin: Origin::Outside, answered: None };
        assert_eq!(meaning(libc::SIGUSR2), Some(Meaning::Arrival(one)));
        for end in Termination::ALL {
            assert_eq!(meaning(end.number()), Some(Meaning::Termination(end)));
        }
        assert_eq!(meaning(libc::SIGALRM), None);
    }
}
