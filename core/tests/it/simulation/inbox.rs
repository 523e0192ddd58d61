//! What the server knows about one client's message, and whether that is right.

use std::collections::BTreeMap;

use minitalk_core::RefusalReason;
use minitalk_core::exchange::{Payload, Protocol};

use super::client::{Client, Outcome};
use super::plan::Faults;

/// What is wrong, if anything.
pub(crate) type Check = Result<(), String>;

#[expect(
    clippy::struct_excessive_bools,
    reason = "they are facts that any combination may hold of"
)]
#[derive(Default)]
pub(crate) struct Inbox {
    text: Vec<u8>,
    /// Whether the last piece has been announced and accepted.
    pub(crate) ended: bool,
    pub(crate) written: bool,
    pub(crate) refused: Option<RefusalReason>,
    pub(crate) closed: bool,
    /// Whether a piece has been announced and waits for its answer.
    pub(crate) waits: bool,
    /// How many frames of each other client were taken since this one began to wait.
    pub(crate) passed_over: BTreeMap<u32, u32>,
}

impl Inbox {
    pub(crate) fn octets(&self) -> usize {
        self.text.len()
    }

    /// Takes a piece, which must be the next one that its client sends, and no other client's.
    pub(crate) fn take(
        &mut self,
        client: &Client,
        piece: &Payload<'_>,
        is_disturbed: bool,
    ) -> Check {
        let (pid, text) = (client.pid, &client.plan.text);
        let framed = piece.protocol == Protocol::Framed;
        if framed != client.plan.framed {
            // A classic client may look like a framed one only if its bits are damaged.
            return Err(format!("PID {pid} is taken for a {} one", piece.protocol));
        }
        if self.waits || self.refused.is_some() || self.closed {
            return Err(format!("PID {pid} delivers what nobody waits for"));
        }
        let (begin, end) = (self.octets(), self.octets() + piece.octets.len());
        let same = text.get(begin..end) == Some(piece.octets);
        let last = piece.last == (end == text.len()) || (!framed && !piece.last);
        let first = piece.first == (begin == 0);
        if (framed || !is_disturbed) && (self.ended || !same || !last || !first) {
            return Err(format!("PID {pid} delivers what it does not send next"));
        }
        self.text.extend_from_slice(piece.octets);
        Ok(())
    }

    /// Whether what a client reports at its end is allowed.
    pub(crate) fn check_outcome(
        &self,
        client: &Client,
        outcome: Outcome,
        faults: &Faults,
    ) -> Check {
        let disturbed = faults.disturb();
        let intact = self.text == client.plan.text;
        let justified = match outcome {
            // Even a classic receipt is true as long as no symbol is lost: one that comes twice
            // shows.
            Outcome::Delivered => self.written && (intact || faults.lose()),
            // One resent bit of the reason is enough: the server was late, or another client's bit
            // was in the way.
            Outcome::Refused(None) => {
                self.refused.is_some() && (disturbed || client.statistics().resent_bits > 0)
            }
            Outcome::Refused(reason) => self.refused == reason,
            Outcome::NotFramed | Outcome::Disturbed => disturbed,
            Outcome::Aborted => faults.abort > 0,
            Outcome::TimedOut => !client.plan.framed && (self.refused.is_some() || disturbed),
            Outcome::Killed => true,
        };
        if !justified {
            return Err(format!("ends wrongly with {outcome:?}"));
        }
        if self.ended && !client.is_outcome_unknown() && outcome != Outcome::Delivered {
            return Err(format!("is sure of a failure that is none: {outcome:?}"));
        }
        Ok(())
    }

    /// Whether `cut` is true for a message that has ended here.
    pub(crate) fn is_told(&self, cut: Option<u64>) -> bool {
        let octets = u64::try_from(self.octets()).unwrap_or(u64::MAX);
        match cut {
            Some(cut) => !self.ended && cut == octets,
            None => self.ended || self.refused.is_some() || octets == 0,
        }
    }
}
