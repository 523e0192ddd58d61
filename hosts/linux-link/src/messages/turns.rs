//! Messages that are arriving, and which of them is shown as it comes.
//!
//! A message that arrives alone is shown soon. If there are several, one of them wants to be shown
//! when no more of it can be kept, or when its sender pauses. The message that is shown gives up
//! its turn for those, and for complete messages.

use std::collections::{BTreeMap, HashMap, VecDeque};

use minitalk_core::Instant;

use super::format::Format;
use super::message::Message;
use crate::Piece;

/// How long a message arrives alone before it is shown although it is incomplete.
const ALONE_MICROS: u64 = 300_000;

/// If several messages arrive: silence after which one of them wants its part so far to be shown.
const PAUSE_MICROS: u64 = 1_000_000;

/// Silence after which the message that is shown gives up its turn.
const QUIET_MICROS: u64 = 1_000_000;

/// How long a turn lasts if others wait.
const TURN_MICROS: u64 = 2_000_000;

/// The messages that are arriving.
#[derive(Debug)]
pub(super) struct Turns<F> {
    messages: HashMap<u32, Message<F>>,
    /// The senders, in the order of their first pieces.
    order: BTreeMap<u64, u32>,
    next_place: u64,
    shown: Option<u32>,
    /// The senders of messages that want to be shown, and since when.
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
    /// The message that `piece` belongs to; if there is none, it begins with this piece.
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

    /// Removes the message of `peer`, and returns it and whether it was shown.
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

    /// Queues a message for a turn, after those that want one already.
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

    /// Checks which messages have paused. `is_waiting` is true of a sender that only waits for the
    /// line.
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

    /// When the turn ends, if complete messages have waited for it since `since`, or another one
    /// wants a turn.
    pub(super) fn ends_at(&self, since: Option<Instant>) -> Option<Instant> {
        let wanting = self.wanting.front().map(|&(_, since)| since);
        let since = [since, wanting].into_iter().flatten().min()?;
        let quiet_at = self.shown()?.heard_at.after_micros(QUIET_MICROS);
        Some(quiet_at.max(since).min(since.after_micros(TURN_MICROS)))
    }

    /// When [`begin`](Self::begin) or [`look`](Self::look) has something to do even if nothing
    /// happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.messages.len() > 1 {
            return Some(self.looked_at.after_micros(PAUSE_MICROS));
        }
        let alone = self.alone().filter(|_| self.shown.is_none())?;
        Some(alone.began_at.after_micros(ALONE_MICROS))
    }

    /// The only message there is, if there is something to show of it.
    fn alone(&self) -> Option<&Message<F>> {
        let first = self.messages.values().next().filter(|_| self.messages.len() == 1)?;
        (!first.unwritten.is_empty()).then_some(first)
    }
}
