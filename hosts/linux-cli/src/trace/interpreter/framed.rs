//! Framed: flags, fields, verdicts.

use std::collections::VecDeque;

use minitalk_core::anatomy::{Anatomy, Part};
use minitalk_core::exchange::Protocol;
use minitalk_core::frame::{FINAL, FIRST};
use minitalk_core::{Bit, REASON_BITS, RefusalReason, VERDICT_BITS};

use super::classic::TextNames;
use super::{Framing, Meaning};

/// Follows one framed sender.
#[derive(Debug)]
pub(super) struct Framed {
    anatomy: Anatomy,
    text: TextNames,
    /// The part that the current group is, and how many of its bits have come, without inserted
    /// zeros.
    part: Part,
    bits: u32,
    /// The parts that the bits without an acknowledgment belong to.
    unacknowledged: VecDeque<Part>,
    /// Acknowledgments of a verdict or a reason, the first one in the most significant place.
    spelled: u16,
    spelled_bits: u8,
}

/// More than the number of bits that can be in flight.
const UNACKNOWLEDGED_MAX: usize = 16;

impl Framed {
    pub(super) fn new() -> Self {
        Self {
            anatomy: Anatomy::new(),
            text: TextNames::default(),
            part: Part::Unknown,
            bits: 0,
            unacknowledged: VecDeque::new(),
            spelled: 0,
            spelled_bits: 0,
        }
    }

    pub(super) fn bit(&mut self, bit: Bit) -> Meaning {
        let label = self.anatomy.feed(bit);
        if self.unacknowledged.len() == UNACKNOWLEDGED_MAX {
            self.unacknowledged.pop_front();
        }
        self.unacknowledged.push_back(label.part);
        let is_inserted = label.part == Part::InsertedZero;
        let is_over = self.bits >= 8 && self.part != Part::Mark;
        let begins = !is_inserted && (is_over || self.part != label.part);
        if begins {
            (self.part, self.bits) = (label.part, 0);
        }
        self.bits += u32::from(!is_inserted);
        let is_flag = matches!(label.part, Part::Flag | Part::Verdict);
        let name = match label.octet {
            Some(octet) if label.part == Part::Payload => Some(self.text.name(octet)),
            Some(octet) => Some(octet_name(label.part, octet)),
            None if !is_inserted && self.bits >= 8 => Some(label.part.to_string()),
            None => None,
        };
        Meaning {
            protocol: Some(Protocol::Framed),
            is_one: bit.is_one(),
            begins,
            framing: if is_flag && self.bits == 8 { Framing::FlagEnd } else { framing(label.part) },
            name,
        }
    }

    /// What an acknowledgment completes: a verdict or a reason.
    pub(super) fn ack(&mut self, ack: Bit) -> Option<String> {
        let part = self.unacknowledged.pop_front()?;
        let wanted = match part {
            Part::Verdict => VERDICT_BITS,
            Part::Reason => REASON_BITS,
            Part::Mark
            | Part::Flag
            | Part::InsertedZero
            | Part::Address
            | Part::Control
            | Part::Length
            | Part::Version
            | Part::Number
            | Part::Octets
            | Part::Payload
            | Part::Check
            | Part::Fcs
            | Part::Unknown => {
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
        Some(if part == Part::Verdict { verdict(spelled) } else { reason(spelled) })
    }
}

/// The verdict is eight equal acknowledgments.
fn verdict(acks: u16) -> String {
    let verdict = match acks {
        0xFF => "accepted",
        0x00 => "refused",
        0x55 | 0xAA => "not accepted",
        _ => "out of step",
    };
    format!("flag: {verdict}")
}

/// The reason for a refusal, if the acknowledgments spell one.
fn reason(acks: u16) -> String {
    RefusalReason::from_spelled(acks)
        .map_or_else(|| "reason: out of step".to_owned(), |reason| format!("reason: {reason}"))
}

const fn framing(part: Part) -> Framing {
    match part {
        Part::InsertedZero => Framing::InsertedZero,
        Part::Address
        | Part::Control
        | Part::Length
        | Part::Version
        | Part::Number
        | Part::Octets
        | Part::Payload
        | Part::Check
        | Part::Fcs => Framing::Frame,
        Part::Mark | Part::Flag | Part::Verdict | Part::Reason | Part::Unknown => Framing::Outside,
    }
}

/// The name of an octet that is not text.
fn octet_name(part: Part, octet: u8) -> String {
    match part {
        Part::Control => {
            let first = if octet & FIRST == 0 { "" } else { ", first" };
            let last = if octet & FINAL == 0 { "" } else { ", last" };
            format!("control: N(S) {}{first}{last}", octet >> 1 & 0b111)
        }
        Part::Octets => format!("octets: {octet}"),
        _ => format!("{part} 0x{octet:02X}"),
    }
}
