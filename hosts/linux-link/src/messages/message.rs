//! What is to be written: messages, and lines that are not messages.

use minitalk_core::Instant;

use super::format::Format;
use super::unwritten::Unwritten;
use crate::{Ended, Piece};

/// Something that is written in one piece, unless it is a message that is put aside.
#[derive(Debug)]
pub(super) enum Entry<F> {
    /// A message that has ended.
    Message(Message<F>),
    /// A line that is not a message, and that no sender waits for.
    Line(Unwritten),
}

impl<F> Entry<F> {
    pub(super) const fn unwritten(&mut self) -> &mut Unwritten {
        match self {
            Self::Message(message) => &mut message.unwritten,
            Self::Line(line) => line,
        }
    }

    /// The sender who waits until it has been written, if any.
    pub(super) fn owed_to(&self) -> Option<u32> {
        match self {
            Self::Message(message) => message.is_owed.then_some(message.facts.peer),
            Self::Line(_) => None,
        }
    }
}

/// A message that has begun to arrive and has not been written to its end.
#[derive(Debug)]
pub(super) struct Message<F> {
    /// What is known about what has arrived so far.
    pub(super) facts: Ended,
    /// Its length in octets, if its beginning gave it.
    pub(super) length: Option<u64>,
    /// When its first piece came, and the last one.
    pub(super) began_at: Instant,
    pub(super) heard_at: Instant,
    format: F,
    pub(super) unwritten: Unwritten,
    /// Whether the sender waits for an answer to its last piece.
    pub(super) is_owed: bool,
    /// Whether others have been written since its last part.
    is_aside: bool,
    /// Its place in the order of messages that arrive.
    pub(super) place: u64,
}

impl<F: Format> Message<F> {
    /// A message that begins with the piece `first`, which must still be [taken](Self::take).
    pub(super) fn new(first: &Piece<'_>, mut format: F, place: u64, now: Instant) -> Self {
        let &Piece { peer, uid, protocol, dialect, length, .. } = first;
        let mut unwritten = Unwritten::default();
        format.begin(first, unwritten.more());
        Self {
            facts: Ended { peer, uid, protocol, dialect, octets: 0, micros: 0 },
            length,
            began_at: now,
            heard_at: now,
            format,
            unwritten,
            is_owed: false,
            is_aside: false,
            place,
        }
    }

    /// Takes the next piece. Its sender waits from now on.
    pub(super) fn take(&mut self, piece: &Piece<'_>, now: Instant) {
        self.heard_at = now;
        self.facts.octets += piece.octets.len() as u64;
        self.facts.micros = piece.micros;
        self.facts.dialect = piece.dialect;
        self.is_owed = true;
        self.format.take(piece.octets, self.unwritten.more());
    }

    /// Ends the message: its last piece has come, or it was `cut` off.
    pub(super) fn end(&mut self, cut: Option<&F::Reason>) {
        self.is_owed &= cut.is_none();
        self.format.end(&self.facts, cut, self.unwritten.more());
    }

    /// Whether fewer than `octets_max` of its octets are still unwritten.
    pub(super) fn may_keep_more(&self, octets_max: usize) -> bool {
        self.unwritten.rest().len() < octets_max
    }

    /// The sender, who then no longer waits for an answer to its last piece.
    pub(super) const fn answer(&mut self) -> u32 {
        self.is_owed = false;
        self.facts.peer
    }

    /// Ends a part: other messages are written before the next one.
    pub(super) const fn end_part(&mut self) {
        self.is_aside = true;
    }

    /// Begins the next part.
    pub(super) fn begin_part(&mut self) {
        if std::mem::take(&mut self.is_aside) {
            let mut mark = Vec::new();
            self.format.resume(self.facts.peer, &mut mark);
            self.unwritten.more().splice(0..0, mark);
        }
    }
}
