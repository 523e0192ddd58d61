//! The processes that a listener answers, and those it turned away a moment ago.

use std::collections::HashMap;

use minitalk_core::Instant;
use minitalk_core::exchange::{Payload, Protocol};
use minitalk_signals::ProcessStatus;

use crate::admission::{Admission, Admitted, Trust};

use super::happening::{Connected, Ended, Happening, PieceHeader, Stray, StrayCause};

/// How long a process that was turned away is not looked at again: under a storm of signals,
/// looking is what costs.
const TURNED_AWAY_MICROS: u64 = 100_000;

/// Turned-away processes remembered at a time.
const TURNED_AWAY_MAX: usize = 256;

/// Every process with a place in the exchange.
#[derive(Debug, Default)]
pub(super) struct Senders {
    admission: Admission,
    open: HashMap<u32, Sender>,
    turned_away: HashMap<u32, Instant>,
}

/// A process that is answered.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) process: Admitted,
    uid: u32,
    /// When it was first heard, or, later, when its last message ended.
    since: Instant,
    message: Option<Message>,
    /// A bit of its message has been lost, and the program knows.
    is_damaged: bool,
}

/// The message that a sender is in the middle of.
#[derive(Clone, Copy, Debug)]
struct Message {
    protocol: Protocol,
    octets: u64,
    /// When its last piece came, once that has come.
    complete_at: Option<Instant>,
}

impl Senders {
    /// Opens the process `pid` if it may be served, or, with `anyone`, in any case.
    pub(super) fn admit(
        &mut self,
        pid: u32,
        anyone: bool,
        now: Instant,
    ) -> Result<Connected, Stray> {
        let trust = if anyone { Trust::Forced } else { Trust::Unspoken };
        let process = self.admission.sender(pid, trust).map_err(|refusal| Stray {
            peer: Some(pid),
            program: program_of(pid),
            cause: refusal.into(),
        })?;
        let (uid, program) = (process.status().uids.real, process.status().name.clone());
        let sender = Sender { process, uid, since: now, message: None, is_damaged: false };
        self.open.insert(pid, sender);
        Ok(Connected { peer: pid, uid, program })
    }

    /// Remembers that `pid` was turned away.
    pub(super) fn turn_away(&mut self, pid: u32, now: Instant) {
        if self.turned_away.len() >= TURNED_AWAY_MAX {
            self.turned_away.clear();
        }
        self.turned_away.insert(pid, now.after_micros(TURNED_AWAY_MICROS));
    }

    /// Whether `pid` was turned away a moment ago.
    pub(super) fn is_turned_away(&self, pid: u32, now: Instant) -> bool {
        self.turned_away.get(&pid).is_some_and(|&until| now < until)
    }

    /// Makes sure once more that the process `pid` may be acknowledged.
    pub(super) fn look_again(&mut self, pid: u32) -> Result<(), Stray> {
        let Some(sender) = self.open.get_mut(&pid) else { return Ok(()) };
        sender.process.recheck().map_err(|refusal| Stray {
            peer: Some(pid),
            program: program_of(pid),
            cause: refusal.into(),
        })
    }

    pub(super) fn find(&self, pid: u32) -> Option<&Sender> {
        self.open.get(&pid)
    }

    pub(super) fn forget(&mut self, pid: u32) -> Option<Sender> {
        self.open.remove(&pid)
    }

    /// Notes a piece of a message. The second value is the message that it breaks off, if it does.
    pub(super) fn take(
        &mut self,
        payload: &Payload<'_>,
        now: Instant,
    ) -> Option<(PieceHeader, Option<Happening<'static>>)> {
        let &Payload { peer, protocol, first, last, length, offset, octets, .. } = payload;
        let sender = self.open.get_mut(&peer)?;
        let before = sender.message.filter(|_| first);
        let cut = before.map(|message| Happening::Cut { peer, octets: message.octets });
        sender.message = Some(Message {
            protocol,
            octets: offset.saturating_add(octets.len() as u64),
            complete_at: last.then_some(now),
        });
        let uid = sender.uid;
        Some((PieceHeader { peer, uid, protocol, first, last, length, offset }, cut))
    }

    /// Notes that a piece has been accepted: that ends a message if it was the last one.
    pub(super) fn accept(&mut self, peer: u32, now: Instant) -> Option<Ended> {
        let sender = self.open.get_mut(&peer)?;
        let message = sender.message?;
        let complete_at = message.complete_at?;
        let micros = complete_at.micros_since(sender.since);
        sender.end_message(now);
        let Message { protocol, octets, .. } = message;
        Some(Ended { peer, uid: sender.uid, protocol, octets, micros })
    }

    /// Notes that no more of the message of `peer` is taken.
    pub(super) fn refuse(&mut self, peer: u32, now: Instant) {
        if let Some(sender) = self.open.get_mut(&peer) {
            sender.end_message(now);
        }
    }

    /// Notes that a bit of `peer` was lost; false if that is known already.
    pub(super) fn lose(&mut self, peer: u32) -> bool {
        let sender = self.open.get_mut(&peer);
        sender.is_some_and(|sender| !std::mem::replace(&mut sender.is_damaged, true))
    }
}

impl Sender {
    /// What comes now belongs to another message.
    fn end_message(&mut self, now: Instant) {
        self.since = now;
        self.message = None;
        self.is_damaged = false;
    }
}

/// The name of the program that the process `pid` runs, if it can be had.
pub(super) fn program_of(pid: u32) -> Option<String> {
    ProcessStatus::read(pid).ok().map(|status| status.name)
}

impl Stray {
    pub(super) fn of_nobody(cause: StrayCause) -> Self {
        Self { peer: None, program: None, cause }
    }
}
