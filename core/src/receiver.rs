//! The receiving half of a framed link: bits in, acknowledgments and frames out.
//!
//! ```text
//!                     good frame, new          accept()
//!   ┌───────────┐ ─────────────────────▶ Held ─────────▶ Verdict(accepted) ──┐
//!   │ Listening │                          └── refuse() ▶ Verdict(refused) ──┼─▶ Reason ─┐
//!   │           │ ── good frame, repeated ─────────────▶ Verdict(accepted) ──┤           │
//!   │           │ ── frame that does not check ────────▶ Verdict(not acc.) ──┤           │
//!   └───────────┘ ◀── eight bits of the flag, or a bit that is not the flag's┴───────────┘
//! ```
//!
//! The drawing is that of `docs/protocol.md`, section "Receiver".

mod memory;
mod rules;

use crate::frame::{FRAME_OCTETS_MAX, assert_room};
use crate::hdlc::{self, Deframer, FeedError, Unchecked};
use crate::verdict::{REASON_BITS, RefusalReason, VERDICT_BITS, bit_at};
use crate::{Bit, Lookahead};

use memory::{Closed, Held, Judgment, Memory};
#[cfg(test)]
pub(crate) use rules::Broken;
use rules::Rules;

/// What one bit led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "an acknowledgment that is not sent stops the link"]
pub enum Reply {
    /// This acknowledgment is owed for the bit.
    Acknowledge(Bit),
    /// This acknowledgment is owed for the bit, and completes a verdict. This is a boundary between
    /// frames, where another sender may be given the floor.
    VerdictComplete(Bit),
    /// A new frame has arrived intact. Read it with [`Receiver::frame`], then answer with
    /// [`Receiver::accept`] or [`Receiver::refuse`], which return the acknowledgment of the bit.
    Frame,
    /// A frame is still waiting for its answer, so the bit can only be a repetition: ignored.
    Ignored,
}

/// A frame that waits for [`Receiver::accept`] or [`Receiver::refuse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Received<'a> {
    /// Whether a message begins with this frame.
    pub first: bool,
    /// Whether the message ends with this frame.
    pub last: bool,
    /// How the octets of the message are coded, as its first frame says; 0 means not at all. A
    /// receiver that does not know the coding must [refuse](Receiver::refuse) the message.
    pub coding: u8,
    /// Total length of the message in octets, if its first frame gives it. A message that turns out
    /// to have another length is refused.
    pub length: Option<u64>,
    /// Octets of the message that came before this frame.
    pub offset: u64,
    /// The octets that this frame adds.
    pub payload: &'a [u8],
}

/// What a receiver has seen since it was made. Counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Counters {
    /// Frames accepted and delivered.
    pub accepted: u32,
    /// Frames accepted again because their verdict had been lost; not delivered again.
    pub repeated: u32,
    /// Frames refused.
    pub refused: u32,
    /// Frames whose FCS, length or content was wrong.
    pub damaged: u32,
    /// Frames aborted by seven ones.
    pub aborted: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// Acknowledgments alternate; the deframer looks for frames.
    Listening,
    /// A frame waits for the host, and so does the acknowledgment of the last bit of its closing
    /// flag.
    Held(Held),
    /// The acknowledgments of the next flag spell the verdict. `position` bits of the flag have
    /// come.
    Verdict { verdict: Verdict, position: u8 },
    /// The acknowledgments of sixteen zeros spell the reason. `position` zeros have come.
    Reason { reason: RefusalReason, position: u8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Verdict {
    Accepted,
    NotAccepted,
    Refused(RefusalReason),
}

/// The receiving half of a link with one sender.
///
/// `N` is the largest number of octets between the flags of a frame, FCS included. By default it is
/// [`FRAME_OCTETS_MAX`], enough for any peer of this protocol; only such a receiver has
/// [`new`](Self::new). A receiver for [`short`](Self::short) frames refuses longer ones. A message
/// may be of any length.
///
/// ```compile_fail,E0599
/// // 256 is the payload of a frame, and not all of it.
/// let receiver = minitalk_core::Receiver::<256>::new();
/// ```
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics; all may be called from a signal or interrupt
/// handler, as long as only one call runs at a time.
///
/// # Examples
///
/// ```
/// use minitalk_core::{Bit, sender, Instant, Sender, Receiver, receiver::Reply};
///
/// let now = Instant::ZERO;
/// let mut sender = Sender::new(7, Some(2));
/// let mut receiver = Receiver::new();
/// sender.offer(b"hi", true)?;
/// let mut text = [0; 2];
/// while let Some(bit) = sender.poll_transmit(now) {
///     let acknowledgment = match receiver.handle_bit(bit) {
///         Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => Some(ack),
///         Reply::Frame => {
///             text.copy_from_slice(receiver.frame().expect("just announced").payload);
///             receiver.accept()
///         }
///         Reply::Ignored => None,
///     };
///     if let Some(ack) = acknowledgment {
///         sender.handle_ack(ack, now);
///     }
/// }
/// assert_eq!(&text, b"hi");
/// assert_eq!(sender.poll_event(), Some(sender::Event::Accepted { octets: 2, last: true }));
/// # Ok::<(), sender::OfferError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Receiver<const N: usize = FRAME_OCTETS_MAX> {
    deframer: Deframer<N>,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    state: State,
    memory: Memory,
    /// Whether any frame has been aborted or damaged.
    disturbed: bool,
    overlong: Overlong,
    next_ack: Bit,
    counters: Counters,
    rules: Rules,
}

/// Frames that are too long for a receiver of short ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Overlong {
    /// How many came in a row.
    frames: u8,
    /// Whether the flag after the last of them has not come.
    is_open: bool,
}

/// How many frames in a row must be too long before the sender is refused. Two frames that became
/// one, because the flag between them was damaged, are an accident; this many in a row are not.
const OVERLONG_MAX: u8 = 3;

impl Receiver {
    /// A receiver for any frame of this protocol. Its first acknowledgment will be [`Bit::Zero`].
    /// It is all zeros, so that a `static` takes no room in flash.
    #[must_use]
    pub const fn new() -> Self {
        Self::short()
    }

    /// A receiver that takes over after `last_ack` has been sent, for when the bits before were
    /// needed to [detect](crate::detect) the protocol.
    #[must_use]
    pub const fn after_ack(last_ack: Bit) -> Self {
        Self::resuming(last_ack)
    }
}

impl<const N: usize> Receiver<N> {
    /// A receiver for frames that may be shorter than this protocol's: `N` is
    /// [`octets_for`](crate::frame::octets_for) the payloads that both ends have agreed on. It
    /// refuses a sender whose frames do not fit, with [`RefusalReason::TooLong`], when such a frame
    /// comes for the third time. It does not compile with room for less than one octet of payload:
    ///
    /// ```compile_fail,E0080
    /// let receiver = minitalk_core::Receiver::<17>::short();
    /// ```
    #[must_use]
    pub const fn short() -> Self {
        Self::resuming(Bit::One)
    }

    pub(crate) const fn resuming(last_ack: Bit) -> Self {
        const { assert_room(N) };
        Self {
            deframer: Deframer::new(),
            state: State::Listening,
            memory: Memory::new(),
            disturbed: false,
            overlong: Overlong { frames: 0, is_open: false },
            next_ack: match last_ack {
                Bit::Zero => Bit::One,
                Bit::One => Bit::Zero,
            },
            counters: Counters { accepted: 0, repeated: 0, refused: 0, damaged: 0, aborted: 0 },
            rules: Rules::new(),
        }
    }

    /// Takes the next bit of the sender.
    #[inline]
    pub fn handle_bit(&mut self, bit: Bit) -> Reply {
        match self.state {
            State::Listening => self.listen(bit),
            State::Held(_) if self.rules.hears_while_held() => Reply::Acknowledge(self.alternate()),
            State::Held(_) => Reply::Ignored,
            State::Verdict { verdict, position } => self.spell_verdict(bit, verdict, position),
            State::Reason { reason, position } => self.spell_reason(bit, reason, position),
        }
    }

    /// The acknowledgment of the next bit, if that bit can lead to nothing else.
    #[inline]
    pub(crate) fn lookahead(&self) -> Lookahead {
        let ack = self.is_plain().then_some(self.next_ack);
        Lookahead::new(ack, ack)
    }

    /// Whether the next bit can lead to nothing but its acknowledgment.
    #[inline]
    const fn is_plain(&self) -> bool {
        matches!(self.state, State::Listening) && self.deframer.is_within_content()
    }

    /// Takes a bit if it can lead only to its acknowledgment. Otherwise does nothing.
    #[inline]
    pub(crate) fn acknowledge(&mut self, bit: Bit) -> Option<Bit> {
        match self.is_plain().then(|| self.listen(bit))? {
            Reply::Acknowledge(ack) => Some(ack),
            Reply::VerdictComplete(_) | Reply::Frame | Reply::Ignored => None,
        }
    }

    /// The frame that waits for an answer, if one does.
    #[must_use]
    pub fn frame(&self) -> Option<Received<'_>> {
        let (held, message) = (self.held()?, self.memory.message.as_ref()?);
        let (content, _) = self.deframer.unchecked()?;
        Some(Received {
            first: message.latest.first,
            last: message.latest.last,
            coding: message.coding,
            length: message.length,
            offset: message.octets.saturating_sub(u64::try_from(held.octets).unwrap_or(u64::MAX)),
            payload: content.get(held.begin..)?.get(..held.octets)?,
        })
    }

    fn held(&self) -> Option<Held> {
        match self.state {
            State::Held(held) => Some(held),
            State::Listening | State::Verdict { .. } | State::Reason { .. } => None,
        }
    }

    /// Octets accepted of a message that has begun and not ended: what is cut off if the sender
    /// disappears now. `None` if no message has begun.
    #[must_use]
    pub fn octets_at_risk(&self) -> Option<u64> {
        let Some(message) = self.memory.message.as_ref() else {
            return (self.disturbed || self.deframer.has_content()).then_some(0);
        };
        if let Some(held) = self.held() {
            return Some(message.octets.saturating_sub(u64::try_from(held.octets).ok()?));
        }
        message.is_open().then_some(message.octets)
    }

    /// What has been seen since the receiver was made.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Accepts the frame that waits: its octets are safe or, if it is the last frame, written.
    ///
    /// Returns the acknowledgment that the sender is owed, or `None` if no frame waits.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn accept(&mut self) -> Option<Bit> {
        self.held()?;
        self.counters.accepted = self.counters.accepted.saturating_add(1);
        self.state = State::Verdict { verdict: Verdict::Accepted, position: 0 };
        Some(self.alternate())
    }

    /// Refuses the message in progress, or the one that the waiting frame begins, for good.
    ///
    /// Returns the acknowledgment that is owed to the sender if a frame waits. If none does, the
    /// refusal is spelled after the next frame of the message. A message that has ended was
    /// delivered and can no longer be refused.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn refuse(&mut self, reason: RefusalReason) -> Option<Bit> {
        let is_held = self.held().is_some();
        if let Some(message) = self.memory.message.as_mut()
            && (is_held || message.is_open())
        {
            message.refused = Some(reason);
        }
        is_held.then(|| self.begin_refusal(reason))
    }

    #[inline]
    fn listen(&mut self, bit: Bit) -> Reply {
        match self.deframer.feed_unchecked(bit) {
            Ok(Unchecked::Pending) => {}
            Ok(Unchecked::Flag) => return Reply::Acknowledge(self.pass_flag()),
            Ok(Unchecked::Frame(residue)) => return self.close(residue),
            Err(FeedError::Aborted) => {
                self.disturbed = true;
                self.counters.aborted = self.counters.aborted.saturating_add(1);
            }
            Err(FeedError::TooLong) => {
                self.note_damage();
                self.overlong.frames = self.overlong.frames.saturating_add(1);
                self.overlong.is_open = true;
            }
            Err(FeedError::BadFcs | FeedError::Noise) => {
                self.note_damage();
                self.state = State::Verdict { verdict: Verdict::NotAccepted, position: 0 };
            }
        }
        Reply::Acknowledge(self.alternate())
    }

    /// Handles a flag that has closed nothing except, perhaps, a frame that is too long.
    #[cold]
    fn pass_flag(&mut self) -> Bit {
        let was_open = core::mem::replace(&mut self.overlong.is_open, false);
        // No sender's frames are longer than this protocol allows. So if those fit, this is an
        // accident.
        if was_open && self.overlong.frames >= OVERLONG_MAX && N < FRAME_OCTETS_MAX {
            self.begin_refusal(RefusalReason::TooLong)
        } else {
            self.alternate()
        }
    }

    /// Handles a flag that has closed a frame.
    #[cold]
    fn close(&mut self, residue: hdlc::Fcs) -> Reply {
        let judgment = match self.deframer.unchecked() {
            Some((content, fcs)) => self.memory.judge(Closed { content, fcs, residue }, self.rules),
            None => Judgment::Damaged,
        };
        if judgment != Judgment::Damaged {
            self.overlong.frames = 0;
        }
        let verdict = match judgment {
            Judgment::Deliver(held) => {
                self.state = State::Held(held);
                return Reply::Frame;
            }
            Judgment::Refuse(reason) => return Reply::Acknowledge(self.begin_refusal(reason)),
            Judgment::Repeated => {
                self.counters.repeated = self.counters.repeated.saturating_add(1);
                Verdict::Accepted
            }
            Judgment::Damaged => {
                self.note_damage();
                Verdict::NotAccepted
            }
        };
        self.state = State::Verdict { verdict, position: 0 };
        Reply::Acknowledge(self.alternate())
    }

    fn note_damage(&mut self) {
        self.disturbed = true;
        self.counters.damaged = self.counters.damaged.saturating_add(1);
    }

    #[cold]
    fn spell_verdict(&mut self, bit: Bit, verdict: Verdict, position: u8) -> Reply {
        if bit != bit_at(hdlc::FLAG, position) {
            // Out of step: these bits are not the flag, so nothing may be spelled into them.
            self.state = State::Listening;
            return self.listen(bit);
        }
        // The deframer needs the flag only as the opening of the next frame.
        let _ = self.deframer.feed_unchecked(bit);
        let ack = match verdict {
            Verdict::Accepted => Bit::One,
            Verdict::Refused(_) => Bit::Zero,
            Verdict::NotAccepted => self.next_ack,
        };
        self.next_ack = !ack;
        let position = position.saturating_add(1);
        if position < VERDICT_BITS {
            self.state = State::Verdict { verdict, position };
            return Reply::Acknowledge(ack);
        }
        match verdict {
            Verdict::Accepted | Verdict::NotAccepted => {
                self.state = State::Listening;
                Reply::VerdictComplete(ack)
            }
            Verdict::Refused(reason) => {
                self.state = State::Reason { reason, position: 0 };
                Reply::Acknowledge(ack)
            }
        }
    }

    #[cold]
    fn spell_reason(&mut self, bit: Bit, reason: RefusalReason, position: u8) -> Reply {
        if bit.is_one() {
            self.state = State::Listening;
            return self.listen(bit);
        }
        let _ = self.deframer.feed_unchecked(bit);
        let ack = reason.symbol_at(position);
        self.next_ack = !ack;
        let position = position.saturating_add(1);
        if position < REASON_BITS {
            self.state = State::Reason { reason, position };
            return Reply::Acknowledge(ack);
        }
        self.state = State::Listening;
        Reply::VerdictComplete(ack)
    }

    fn begin_refusal(&mut self, reason: RefusalReason) -> Bit {
        self.counters.refused = self.counters.refused.saturating_add(1);
        self.state = State::Verdict { verdict: Verdict::Refused(reason), position: 0 };
        self.alternate()
    }

    #[inline]
    fn alternate(&mut self) -> Bit {
        let ack = self.next_ack;
        self.next_ack = !ack;
        ack
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
impl<const N: usize> Receiver<N> {
    /// The same receiver, which breaks a rule.
    pub(crate) const fn breaking(mut self, rule: Option<Broken>) -> Self {
        self.rules.broken = rule;
        self
    }

    /// Whether a verdict, or a reason, is being spelled.
    pub(crate) fn is_in_verdict(&self) -> bool {
        matches!(self.state, State::Verdict { .. } | State::Reason { .. })
    }

    /// Forgets state that no longer matters, so that states that will behave alike are equal. Of a
    /// frame that is not the beginning of one that `is_sent`, only the fact that it is damaged is
    /// kept.
    pub(crate) fn forget_the_past(&mut self, is_sent: impl Fn(&[u8]) -> bool) {
        self.counters = Counters::default();
        self.deframer.forget_the_past(self.held().is_some(), is_sent);
    }
}
