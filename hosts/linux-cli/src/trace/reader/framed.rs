//! Framed: marks, flags, octets with their inserted zeros, verdicts.

use std::collections::VecDeque;

use minitalk_core::hdlc::{ABORT_ONES, FLAG};
use minitalk_core::{Bit, REASON_BITS, RefusalReason, VERDICT_BITS};

use super::classic::TextNames;
use super::{Place, Protocol, Reading};

/// Follows one framed sender.
#[derive(Debug)]
pub(super) struct Framed {
    state: State,
    text: TextNames,
    /// The last eight bits as they went over the line, the latest the highest.
    latest: u8,
    /// Ones in a row.
    ones: u8,
    /// The octet in progress, without inserted zeros, and how many bits of it have come.
    octet: u8,
    bits: u8,
    /// What bits that have not been acknowledged are part of.
    unacknowledged: VecDeque<State>,
    /// Acknowledgments of a verdict or a reason, the first one on top.
    spelled: u16,
    spelled_bits: u8,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A mark, or the flag behind it.
    Mark,
    /// An octet or the closing flag; the frame has an octet or not.
    Frame { has_octets: bool },
    /// The flag whose acknowledgments are the verdict.
    Verdict,
    /// Zeros whose acknowledgments are a reason, or the next frame.
    AfterVerdict,
    /// More of these zeros.
    Reason,
}

/// More bits than this are never under way.
const UNACKNOWLEDGED_MAX: usize = 16;

impl Framed {
    pub(super) fn new() -> Self {
        Self {
            state: State::Mark,
            text: TextNames::default(),
            latest: 0,
            ones: 0,
            octet: 0,
            bits: 0,
            unacknowledged: VecDeque::new(),
            spelled: 0,
            spelled_bits: 0,
        }
    }

    pub(super) fn bit(&mut self, bit: Bit) -> Reading {
        let ones = self.ones;
        self.ones = if bit.is_one() { ones.saturating_add(1) } else { 0 };
        self.latest = self.latest >> 1 | if bit.is_one() { 0x80 } else { 0 };
        if self.state == State::AfterVerdict {
            self.state =
                if bit.is_one() { State::Frame { has_octets: false } } else { State::Reason };
        }
        if self.unacknowledged.len() == UNACKNOWLEDGED_MAX {
            self.unacknowledged.pop_front();
        }
        self.unacknowledged.push_back(self.state);
        let reading = Reading {
            protocol: Some(Protocol::Framed),
            is_one: bit.is_one(),
            ..Reading::default()
        };
        let is_inserted = ones == ABORT_ONES - 2 && !bit.is_one();
        if is_inserted && matches!(self.state, State::Frame { .. }) {
            return Reading { place: Place::InsertedZero, ..reading };
        }
        let begins = self.bits == 0 || self.ones == 1 && self.state == State::Mark;
        self.octet = self.octet >> 1 | if bit.is_one() { 0x80 } else { 0 };
        self.bits = if begins { 1 } else { self.bits + 1 };
        let in_frame = matches!(self.state, State::Frame { .. });
        let place = if in_frame { Place::Frame } else { Place::Outside };
        if self.ones >= ABORT_ONES {
            self.state = State::Mark;
            let name = (self.ones > ABORT_ONES).then(|| "mark".to_owned());
            self.bits = self.bits.min(8);
            return Reading { begins, name, ..reading };
        }
        if self.latest == FLAG && self.state != State::Verdict {
            let closes = self.state == State::Frame { has_octets: true };
            self.state = if closes { State::Verdict } else { State::Frame { has_octets: false } };
            self.bits = 0;
            let name = Some("flag".to_owned());
            return Reading { begins, place: Place::FlagEnd, name, ..reading };
        }
        if self.bits < 8 || self.state == State::Mark {
            return Reading { begins, place, ..reading };
        }
        self.bits = 0;
        let name = self.end_octet();
        let place = if self.latest == FLAG { Place::FlagEnd } else { place };
        Reading { begins, place, name: Some(name), ..reading }
    }

    /// What eight bits are.
    fn end_octet(&mut self) -> String {
        match self.state {
            State::Verdict => {
                self.state = State::AfterVerdict;
                "verdict".to_owned()
            }
            State::Reason => "reason".to_owned(),
            State::Mark | State::AfterVerdict | State::Frame { .. } => {
                self.state = State::Frame { has_octets: true };
                self.text.name(self.octet)
            }
        }
    }

    /// What an acknowledgment completes: a verdict or a reason.
    pub(super) fn ack(&mut self, ack: Bit) -> Option<String> {
        let state = self.unacknowledged.pop_front()?;
        let wanted = match state {
            State::Verdict => VERDICT_BITS,
            State::Reason => REASON_BITS,
            State::Mark | State::Frame { .. } | State::AfterVerdict => {
                (self.spelled, self.spelled_bits) = (0, 0);
                return None;
            }
        };
        self.spelled = self.spelled << 1 | u16::from(ack.is_one());
        self.spelled_bits += 1;
        if self.spelled_bits < wanted {
            return None;
        }
        let spelled = std::mem::take(&mut self.spelled);
        self.spelled_bits = 0;
        Some(if state == State::Verdict { verdict(spelled) } else { reason(spelled) })
    }
}

/// Eight equal acknowledgments are the verdict.
fn verdict(acks: u16) -> String {
    let verdict = match acks {
        0xFF => "accepted",
        0x00 => "refused",
        0x55 | 0xAA => "not accepted",
        _ => "out of step",
    };
    format!("flag: {verdict}")
}

/// Why the message is refused, if the acknowledgments spell that.
fn reason(acks: u16) -> String {
    RefusalReason::from_spelled(acks)
        .map_or_else(|| "reason: out of step".to_owned(), |reason| format!("reason: {reason}"))
}
