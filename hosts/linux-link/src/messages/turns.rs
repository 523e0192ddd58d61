//! Messages that arrive, and which of them is shown as it comes.
//!
//! One that arrives alone is shown soon. Of several, one wants to be shown if no more of it may be
//! kept, or if its sender pauses. The one that is shown gives its turn up for those, and for
//! messages that are complete.

use std::collections::{BTreeMap, HashMap, VecDeque};

use minitalk_core::Instant;

use super::format::Format;
use super::message::Message;
use crate::Piece;

/// How long a message arrives alone before it is shown although it is not complete.
const ALONE_MICROS: u64 = 300_000;

/// Silence after which one of several messages wants to be shown as far as it has come.
const PAUSE_MICROS: u64 = 1_000_000;

/// Silence after which the message that is shown gives its turn up.
const QUIET_MICROS: u64 = 1_000_000;

/// How long a turn lasts for which others wait.
const TURN_MICROS: u64 = 2_000_000;

/// Messages that arrive.
#[derive(Debug)]
pub(super) struct Turns<F> {
    messages: HashMap<u32, Message<F>>,
    /// The senders, in the order of their first pieces.
    order: BTreeMap<u64, u32>,
    next_place: u64,
    shown: Option<u32>,
    /// Those that want to be shown, and since when.
    wanting: VecDeque<(u32, Instant)>,
    looked_at: Instant,
}

impl<F> Default for Turns<F> {
    fn default() -> Self {
        Self {
            messages: HashMap::new(),
            order: BTreeMap::new(),
            next_place: 0,
            shown: None,
            wanting: VecDeque::new(),
            looked_at: Instant::default(),
        }
    }
}

impl<F: Format> Turns<F> {
    /// The message that `piece` belongs to, which begins with it if there is none.
    pub(super) fn message(
        &mut self,
        piece: &Piece<'_>,
        format: &F,
        now: Instant,
    ) -> &mut Message<F> {
        self.messages.entry(piece.peer).or_insert_with(|| {
            self.next_place += 1;
            self.order.insert(self.next_place, piece.peer);
            Message::new(piece, format.clone(), self.next_place, now)
        })
    }

    /// Takes the message of `peer` away, and says whether it was shown.
    pub(super) fn remove(&mut self, peer: u32) -> Option<(Message<F>, bool)> {
        let message = self.messages.remove(&peer)?;
        self.order.remove(&message.place);
        self.wanting.retain(|&(wanting, _)| wanting != peer);
        let was_shown = self.shown.take_if(|shown| *shown == peer).is_some();
        Some((message, was_shown))
    }

    /// The senders, in the order of their first pieces.
    pub(super) fn peers(&self) -> impl Iterator<Item = u32> {
        self.order.values().copied()
    }

    /// The message that is shown.
    pub(super) fn shown(&self) -> Option<&Message<F>> {
        self.messages.get(&self.shown?)
    }

    pub(super) fn shown_mut(&mut self) -> Option<&mut Message<F>> {
        self.messages.get_mut(&self.shown?)
    }

    /// Lets a message have the next turn but those that want one already.
    pub(super) fn want(&mut self, peer: u32, now: Instant) {
        if self.shown != Some(peer) {
            self.wanting.push_back((peer, now));
        }
    }

    /// Begins the next turn, if a message wants one.
    pub(super) fn begin(&mut self, now: Instant) -> Option<&mut Message<F>> {
        let alone = self.alone().filter(|alone| alone.began_at.after_micros(ALONE_MICROS) <= now);
        self.shown = match alone {
            Some(alone) => Some(alone.facts.peer),
            None => self.wanting.pop_front().map(|(peer, _)| peer),
        };
        self.shown_mut()
    }

    /// Ends the turn.
    pub(super) fn end(&mut self) -> Option<&mut Message<F>> {
        self.messages.get_mut(&self.shown.take()?)
    }

    /// Looks which messages have paused. `is_waiting` tells of those who merely wait for the line.
    pub(super) fn look(&mut self, is_waiting: impl Fn(u32) -> bool, now: Instant) {
        if self.messages.len() < 2 || now < self.looked_at.after_micros(PAUSE_MICROS) {
            return;
        }
        self.looked_at = now;
        let has_paused = |message: &Message<F>| {
            !message.unwritten.is_empty() && message.heard_at.after_micros(PAUSE_MICROS) <= now
        };
        for &peer in self.order.values() {
            let known = self.wanting.iter().any(|&(wanting, _)| wanting == peer);
            if !known
                && self.shown != Some(peer)
                && has_paused(&self.messages[&peer])
                && !is_waiting(peer)
            {
                self.wanting.push_back((peer, now));
            }
        }
    }

    /// When the turn ends if others have waited for it since `since`, or since one wants a turn.
    pub(super) fn ends_at(&self, since: Option<Instant>) -> Option<Instant> {
        let wanting = self.wanting.front().map(|&(_, since)| since);
        let since = [since, wanting].into_iter().flatten().min()?;
        let quiet_at = self.shown()?.heard_at.after_micros(QUIET_MICROS);
        Some(quiet_at.max(since).min(since.after_micros(TURN_MICROS)))
    }

    /// When [`begin`](Self::begin) or [`look`](Self::look) has something to do although nothing has
    /// come.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.messages.len() > 1 {
            return Some(self.looked_at.after_micros(PAUSE_MICROS));
        }
        let alone = self.alone().filter(|_| self.shown.is_none())?;
        Some(alone.began_at.after_micros(ALONE_MICROS))
    }

    /// The only message there is, if something of it is to be shown.
    fn alone(&self) -> Option<&Message<F>> {
        let first = self.messages.values().next().filter(|_| self.messages.len() == 1)?;
        (!first.unwritten.is_empty()).then_some(first)
    }
}
