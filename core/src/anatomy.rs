//! What each bit of a framed sender is, for pictures, traces and pages.
//!
//! An [`Anatomy`] follows the bits of one sender in the order in which they are sent and names
//! each. The fields are those of `docs/protocol.md`, section "Frame". It expects what a sender of
//! this protocol sends; it decodes nothing and checks nothing. After damage it resynchronises at
//! the next mark or flag.

use core::fmt;

use crate::Bit;
use crate::frame::{CHECK_OCTETS, FINAL, FIRST, OCTETS_256};
use crate::hdlc::{self, FCS_OCTETS};
use crate::verdict::{REASON_BITS, VERDICT_BITS};

/// What a bit is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Part {
    /// Ones between frames: they begin a transmission and abort a frame in progress.
    Mark,
    /// The opening or the closing flag of a frame.
    Flag,
    /// A zero inserted after five ones; the receiver removes it.
    InsertedZero,
    /// The address, always `0xFF`.
    Address,
    /// The control octet: N(S), first, final.
    Control,
    /// The version of the protocol and the coding of the content.
    Version,
    /// The number of the message.
    Number,
    /// The length of the message, plus one.
    Length,
    /// The number of octets in the payload of this frame.
    Octets,
    /// An octet of the message.
    Payload,
    /// The check over the whole message, in its last frame.
    Check,
    /// The frame check sequence.
    Fcs,
    /// A bit of the flag whose acknowledgments spell the verdict.
    Verdict,
    /// A zero whose acknowledgment spells the reason of a refusal.
    Reason,
    /// Nothing that a sender of this protocol sends here.
    Unknown,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mark => "mark",
            Self::Flag => "flag",
            Self::InsertedZero => "inserted zero",
            Self::Address => "address",
            Self::Control => "control",
            Self::Version => "version",
            Self::Number => "message number",
            Self::Length => "length",
            Self::Octets => "octets",
            Self::Payload => "payload",
            Self::Check => "check",
            Self::Fcs => "FCS",
            Self::Verdict => "verdict",
            Self::Reason => "reason",
            Self::Unknown => "unknown",
        })
    }
}

/// The name of one bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a bit is named once"]
pub struct Label {
    /// What the bit is part of.
    pub part: Part,
    /// The octet that this bit completes, if it completes one. Flags, marks and inserted zeros
    /// complete none.
    pub octet: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// Ones, or silence: a zero begins a flag.
    Mark,
    /// `bits` bits of a flag have come. After an opening flag a frame follows, after a closing one
    /// a verdict.
    Flag { bits: u8, is_closing: bool },
    /// Inside a field. `left` octets of it are still to come, the current one included; of a
    /// length, whose octets say whether another one follows, always 1.
    Field { part: Part, left: usize },
    /// `bits` bits of the flag after a frame have come.
    Verdict { bits: u8 },
    /// `bits` zeros after a refusal have come.
    Reason { bits: u8 },
    /// Out of step until the next mark or flag.
    Lost,
}

/// Names the bits of one framed sender. See the [module](self).
///
/// # Signal safety
///
/// Nothing allocates, locks, blocks or panics.
///
/// # Examples
///
/// ```
/// use minitalk_core::Bit;
/// use minitalk_core::anatomy::{Anatomy, Part};
///
/// let mut anatomy = Anatomy::new();
/// let mark = [Bit::One; 8].map(|bit| anatomy.feed(bit).part);
/// assert_eq!(mark, [Part::Mark; 8]);
/// assert_eq!(anatomy.feed(Bit::Zero).part, Part::Flag);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Anatomy {
    state: State,
    /// Ones in a row before this bit.
    ones: u8,
    /// The last eight bits on the line, the latest in the most significant place.
    latest: u8,
    /// The bits of the octet in progress, and how many there are.
    octet: u8,
    bits: u8,
    /// The control octet of the frame in progress.
    control: u8,
}

impl Anatomy {
    /// An anatomy of a sender that has not sent a bit.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: State::Mark, ones: 0, latest: 0, octet: 0, bits: 0, control: 0 }
    }

    /// Names the next bit.
    pub fn feed(&mut self, bit: Bit) -> Label {
        let ones = self.ones;
        self.ones = if bit.is_one() { ones.saturating_add(1) } else { 0 };
        self.latest = self.latest >> 1 | if bit.is_one() { 0x80 } else { 0 };
        // The seventh one in a row aborts the frame, wherever it comes.
        if ones >= hdlc::ABORT_ONES.saturating_sub(1) && bit.is_one() {
            self.state = State::Mark;
            return plain(Part::Mark);
        }
        match self.state {
            State::Mark if bit.is_one() => plain(Part::Mark),
            State::Mark => {
                self.state = State::Flag { bits: 1, is_closing: false };
                plain(Part::Flag)
            }
            // An FCS that ends with five ones has a zero inserted behind it, before the flag.
            State::Flag { bits: 0, is_closing: true }
                if ones == hdlc::ABORT_ONES.saturating_sub(2) && !bit.is_one() =>
            {
                plain(Part::InsertedZero)
            }
            State::Flag { bits, is_closing } => self.feed_flag(bits, is_closing),
            State::Field { part, left } => self.feed_field(bit, ones, part, left),
            State::Verdict { bits } => self.feed_verdict(bits),
            State::Reason { bits } => self.feed_reason(bit, bits),
            State::Lost => {
                if self.latest == hdlc::FLAG {
                    self.begin_frame();
                    return plain(Part::Flag);
                }
                plain(Part::Unknown)
            }
        }
    }

    fn feed_flag(&mut self, bits: u8, is_closing: bool) -> Label {
        let bits = bits.saturating_add(1);
        let begun = u32::from(8_u8.saturating_sub(bits));
        // The bits so far must be the beginning of a flag.
        if self.latest.checked_shr(begun).unwrap_or(0) != hdlc::FLAG & mask(bits) {
            self.state = State::Lost;
            return plain(Part::Unknown);
        }
        self.state = State::Flag { bits, is_closing };
        if bits == 8 {
            if is_closing {
                self.state = State::Verdict { bits: 0 };
            } else {
                self.begin_frame();
            }
        }
        plain(Part::Flag)
    }

    fn feed_field(&mut self, bit: Bit, ones: u8, part: Part, left: usize) -> Label {
        if ones == hdlc::ABORT_ONES.saturating_sub(2) {
            if !bit.is_one() {
                return plain(Part::InsertedZero);
            }
            // Six ones are a mark if an address was expected, otherwise a flag in the middle of a
            // frame.
            let is_mark = part == Part::Address;
            self.state = if is_mark { State::Mark } else { State::Lost };
            return plain(if is_mark { Part::Mark } else { Part::Unknown });
        }
        self.octet = self.octet >> 1 | if bit.is_one() { 0x80 } else { 0 };
        self.bits = self.bits.saturating_add(1);
        if self.bits < 8 {
            return plain(part);
        }
        self.bits = 0;
        let octet = self.octet;
        self.state = match left.checked_sub(1) {
            Some(left @ 1..) => State::Field { part, left },
            Some(0) | None => self.after(part, octet),
        };
        Label { part, octet: Some(octet) }
    }

    /// What follows the last octet of a field.
    fn after(&mut self, part: Part, octet: u8) -> State {
        let field = |part, left| State::Field { part, left };
        match part {
            Part::Address => field(Part::Control, 1),
            Part::Control => {
                self.control = octet;
                field(if octet & FIRST == 0 { Part::Octets } else { Part::Version }, 1)
            }
            Part::Version => field(Part::Number, 4),
            Part::Number => field(Part::Length, 1),
            Part::Length if octet & 0x80 != 0 => field(Part::Length, 1),
            Part::Length => field(Part::Octets, 1),
            Part::Octets => {
                let ninth = if self.control & OCTETS_256 == 0 { 0 } else { 256 };
                match usize::from(octet) | ninth {
                    0 => self.after_payload(),
                    left => field(Part::Payload, left),
                }
            }
            Part::Payload => self.after_payload(),
            Part::Check => field(Part::Fcs, FCS_OCTETS),
            Part::Fcs => State::Flag { bits: 0, is_closing: true },
            Part::Mark
            | Part::Flag
            | Part::InsertedZero
            | Part::Verdict
            | Part::Reason
            | Part::Unknown => State::Lost,
        }
    }

    const fn after_payload(&self) -> State {
        if self.control & FINAL == 0 {
            State::Field { part: Part::Fcs, left: FCS_OCTETS }
        } else {
            State::Field { part: Part::Check, left: CHECK_OCTETS }
        }
    }

    const fn begin_frame(&mut self) {
        self.ones = 0;
        (self.octet, self.bits) = (0, 0);
        self.state = State::Field { part: Part::Address, left: 1 };
    }

    fn feed_verdict(&mut self, bits: u8) -> Label {
        let bits = bits.saturating_add(1);
        if bits < VERDICT_BITS {
            self.state = State::Verdict { bits };
        } else {
            // Either a frame follows, and this was its opening flag, or the reason of a refusal.
            self.state = State::Reason { bits: 0 };
        }
        plain(Part::Verdict)
    }

    fn feed_reason(&mut self, bit: Bit, bits: u8) -> Label {
        if bits == 0 && bit.is_one() {
            // Content begins with an address, which is all ones.
            self.begin_frame();
            self.ones = 1;
            return self.feed_field(bit, 0, Part::Address, 1);
        }
        let bits = bits.saturating_add(1);
        self.state = if bits < REASON_BITS { State::Reason { bits } } else { State::Lost };
        plain(Part::Reason)
    }
}

impl Default for Anatomy {
    fn default() -> Self {
        Self::new()
    }
}

const fn plain(part: Part) -> Label {
    Label { part, octet: None }
}

/// The lowest `bits` bits of an octet.
const fn mask(bits: u8) -> u8 {
    match bits {
        0 => 0,
        1..8 => 0xFF >> (8_u8.saturating_sub(bits)),
        8.. => 0xFF,
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]
mod tests {
    use super::*;
    use crate::{Instant, Sender};
    use std::vec::Vec;

    /// The parts of a message that is accepted at once, in their order, each with the number of
    /// consecutive bits that it takes on the line.
    fn parts(text: &[u8], pieces: usize) -> Vec<(Part, usize)> {
        let mut sender = Sender::new(0x5EED, Some(2));
        let mut receiver = crate::Receiver::<{ crate::frame::FRAME_OCTETS_MAX }>::new();
        let (mut anatomy, mut parts): (_, Vec<(Part, usize)>) = (Anatomy::new(), Vec::new());
        let mut pieces = text.chunks(text.len().div_ceil(pieces)).peekable();
        while let Some(piece) = pieces.next() {
            sender.offer(piece, pieces.peek().is_none()).unwrap();
            while let Some(bit) = sender.poll_transmit(Instant::ZERO) {
                let part = anatomy.feed(bit).part;
                match parts.last_mut() {
                    Some((last, count)) if *last == part => *count += 1,
                    _ => parts.push((part, 1)),
                }
                let ack = match receiver.handle_bit(bit) {
                    crate::receiver::Reply::Frame => receiver.accept(),
                    crate::receiver::Reply::Acknowledge(ack)
                    | crate::receiver::Reply::VerdictComplete(ack) => Some(ack),
                    crate::receiver::Reply::Ignored => None,
                };
                sender.handle_ack(ack.unwrap(), Instant::ZERO);
            }
            assert!(sender.poll_event().is_some());
        }
        parts
    }

    #[test]
    fn every_field_of_a_message_has_its_name_and_its_length() {
        let expected = [
            (Part::Mark, 8),
            (Part::Flag, 8),
            (Part::Address, 8),
            (Part::Control, 8),
            (Part::Version, 8),
            (Part::Number, 32),
            (Part::Length, 8),
            (Part::Octets, 8),
            (Part::Payload, 16),
            (Part::Check, 32),
            (Part::Fcs, 32),
            (Part::Flag, 8),
            (Part::Verdict, 8),
        ];
        let mut found: Vec<(Part, usize)> = Vec::new();
        for (part, count) in parts(b"Hi", 1) {
            match found.last_mut() {
                _ if part == Part::InsertedZero => {}
                Some((last, sum)) if *last == part => *sum += count,
                _ => found.push((part, count)),
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn a_frame_that_follows_another_begins_after_the_verdict() {
        let parts: Vec<Part> = parts(b"Hi", 2).into_iter().map(|(part, _)| part).collect();
        let verdict = parts.iter().position(|&part| part == Part::Verdict).unwrap();
        let after = [Part::Address, Part::InsertedZero, Part::Address, Part::Control, Part::Octets];
        assert!(parts[verdict + 1..].starts_with(&after), "{parts:?}");
        assert!(!parts.contains(&Part::Unknown));
    }

    #[test]
    fn a_mark_or_a_flag_brings_it_back_into_place() {
        let mut anatomy = Anatomy::new();
        let mut feed = |bits: &str| {
            let labels = bits.bytes().map(|bit| anatomy.feed(Bit::from(bit == b'1')).part);
            labels.collect::<Vec<_>>()
        };
        feed("1111111101111110");
        assert_eq!(feed("111110111").last(), Some(&Part::Address));
        // The closing flag of a frame that was cut short, and then another frame.
        feed("0000000001111110");
        assert_eq!(feed("11111"), [Part::Address; 5]);
        assert_eq!(feed("111").last(), Some(&Part::Mark));
        assert_eq!(feed("01111110"), [Part::Flag; 8]);
    }

    /// The parts of the first frame of a message of this length that is refused.
    fn parts_of_refused(length: u64) -> Vec<(Part, usize)> {
        let mut sender = Sender::new(0x5EED, Some(length)).without_pairs();
        let mut receiver = crate::Receiver::<{ crate::frame::FRAME_OCTETS_MAX }>::new();
        let (mut anatomy, mut parts): (_, Vec<(Part, usize)>) = (Anatomy::new(), Vec::new());
        sender.offer(b"Hi", false).unwrap();
        while let Some(bit) = sender.poll_transmit(Instant::ZERO) {
            match (anatomy.feed(bit).part, parts.last_mut()) {
                (Part::InsertedZero, _) => {}
                (part, Some((last, count))) if *last == part => *count += 1,
                (part, _) => parts.push((part, 1)),
            }
            let ack = match receiver.handle_bit(bit) {
                crate::receiver::Reply::Frame => receiver.refuse(crate::RefusalReason::TooLong),
                crate::receiver::Reply::Acknowledge(ack)
                | crate::receiver::Reply::VerdictComplete(ack) => Some(ack),
                crate::receiver::Reply::Ignored => None,
            };
            sender.handle_ack(ack.unwrap(), Instant::ZERO);
        }
        // What comes after the reason is no part of anything.
        parts.push((anatomy.feed(Bit::Zero).part, 1));
        parts
    }

    #[test]
    fn a_long_length_takes_more_octets_and_a_reason_follows_a_refusal() {
        let reason = usize::from(REASON_BITS);
        for (length, bits) in [(126, 8), (128, 16), (1 << 20, 24)] {
            let parts = parts_of_refused(length);
            assert!(parts.contains(&(Part::Length, bits)), "{length}: {parts:?}");
            let end = [(Part::Verdict, 8), (Part::Reason, reason), (Part::Unknown, 1)];
            assert!(parts.ends_with(&end), "{parts:?}");
        }
    }
}
