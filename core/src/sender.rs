//! The sending half of a framed link: octets in, bits out, acknowledgments in.
//!
//! ```text
//!            offer()            8 bits        content, FCS, flag       8 bits of a flag
//!   Ready ──────────▶ Mark ───────────▶ Frame ──────────────▶ Verdict ──┬─ accepted ─▶ Ready, or
//!     │                ▲                  ▲                             │              Ended
//!     └── in step ─────┼──────────────────┘                             ├─ refused ──▶ Reason ─▶ Ended
//!                      │                                                │
//!                      └──── line quiet ──── Quiet ◀── out of step ─────┴─ anything else
//! ```
//!
//! The drawing is that of `docs/protocol.md`, section "Sender".

mod acknowledgments;
mod broken;
#[cfg(test)]
mod model;
mod news;
mod transmission;

use crate::detect::MARK_BITS;
use crate::frame::{Frame, Header, PAYLOAD_OCTETS_MAX, Sequence, VERSION};
use crate::hdlc::Cursor;
use crate::retransmission::RetransmissionTimer;
use crate::{Bit, Instant};

pub(crate) use broken::Broken;
pub use news::{Event, OfferError, Statistics};
use transmission::PATIENCE_MICROS_MAX;

/// How long to listen for a second acknowledgment after a bit was resent: long enough for a
/// receiver that is awake, and it has just answered.
const SETTLE_MICROS: u64 = 500;

/// Ones before a frame that is repeated. Acknowledgments of the first attempt that come after all can
/// let the sender run ahead of the receiver, so that some of these are lost; enough must be left for an
/// abort, or what the receiver has of the first attempt could be closed by the next flag.
const REPEATED_MARK_BITS: u8 = 2 * MARK_BITS;

/// Failures in a row, each at the first acknowledgment that is checked and without any resend,
/// after which the peer is taken for one that does not speak this protocol.
const FOREIGN_STARTS_MAX: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Waits for a payload.
    Ready,
    /// Sends ones that abort whatever the receiver thinks it is in the middle of.
    Mark { left: u8 },
    /// Sends the frame; the cursor knows where.
    Frame,
    /// Sends the flag whose acknowledgments are the verdict.
    Verdict { position: u8, ones: u8 },
    /// Sends zeros whose acknowledgments are the reason of a refusal.
    Reason { position: u8, spelled: u16 },
    /// Out of step: sends nothing until no acknowledgment has come for a while.
    Quiet,
    /// Sends ones because the application gave up.
    Abort { left: u8 },
    /// Nothing more will be sent.
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outstanding {
    /// Nothing: the next bit may go.
    None,
    /// One bit.
    One { bit: Bit, sent_at: Instant },
    /// One bit whose timeout expired. `due` if it is to be transmitted now.
    Resent { bit: Bit, due: bool },
    /// A resent bit has been acknowledged; a second acknowledgment would mean that it came twice.
    Settling,
    /// A zero and a one. `seen` is the acknowledgment that has come, if one has.
    Pair { seen: Option<Bit>, sent_at: Instant },
    /// A pair of which neither bit was acknowledged in time. `due` is the bit to transmit now.
    ResentPair { seen: Option<Bit>, due: Option<Bit> },
}

/// The sending half of a link, for one message.
///
/// `N` is the most octets of a frame without its FCS: at least
/// [`CONTENT_OCTETS_MAX`](crate::frame::CONTENT_OCTETS_MAX) for full-size frames. The message is
/// handed over frame by frame with [`offer`](Self::offer) and may be of any length.
///
/// # The loop
///
/// After every `handle_…` or `offer`: call [`poll_transmit`](Self::poll_transmit) until it returns
/// `None`, then [`poll_event`](Self::poll_event) until `None`; then wait for an acknowledgment, but
/// no longer than [`poll_timeout`](Self::poll_timeout).
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics; all may be called from a signal or interrupt
/// handler, as long as only one call runs at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::struct_excessive_bools, reason = "each is true or false whatever the others are")]
pub struct Sender<const N: usize> {
    content: heapless::Vec<u8, N>,
    payload_octets: usize,
    last: bool,
    cursor: Cursor,
    /// The bit after the one transmitted last, looked at to see whether the two make a pair.
    upcoming: Option<Bit>,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    phase: Phase,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    outstanding: Outstanding,
    deadline: Option<Instant>,
    timer: RetransmissionTimer,
    /// The least time to wait for the bit under way, if its acknowledgment may be held back or a resend would cost
    /// the reason of a refusal, else 0.
    patience_micros: u64,
    /// The acknowledgment that came last: the next one must differ.
    last_ack: Bit,
    /// Whether a flag of the line is behind us and the next frame may follow it directly.
    in_step: bool,
    /// Whether a bit has been resent since the mark, or since the verdict or the reason began.
    resent: bool,
    /// Whether the frame is a repetition, which is sent in single bits.
    repeated: bool,
    /// Whether the whole frame has been on the line: from here on it may have been delivered.
    exposed: bool,
    /// Acknowledgments checked since the mark.
    checked: bool,
    foreign_starts: u8,
    pairs: bool,
    sequence: Sequence,
    message: u32,
    length: Option<u64>,
    began: bool,
    event: Option<Event>,
    /// Bits of this frame acknowledged since its mark, or since its beginning if it has none.
    acknowledged: u32,
    /// The most that `acknowledged` has been for this frame.
    furthest: u32,
    progress: u64,
    statistics: Statistics,
    /// A rule that is deliberately not kept, to show that the model notices.
    #[cfg(test)]
    pub(crate) broken: Option<Broken>,
}

impl<const N: usize> Sender<N> {
    /// A sender for one message.
    ///
    /// `message` should be random: it tells this message from all others of the same process.
    /// `length` is the total number of octets, where it is known.
    #[must_use]
    pub const fn new(message: u32, length: Option<u64>) -> Self {
        Self {
            content: heapless::Vec::new(),
            payload_octets: 0,
            last: false,
            cursor: Cursor::new(),
            upcoming: None,
            phase: Phase::Ready,
            outstanding: Outstanding::None,
            deadline: None,
            timer: RetransmissionTimer::new(),
            patience_micros: 0,
            last_ack: Bit::Zero,
            in_step: false,
            resent: false,
            repeated: false,
            exposed: false,
            checked: false,
            foreign_starts: 0,
            pairs: true,
            sequence: Sequence::FIRST,
            message,
            length,
            began: false,
            event: None,
            acknowledged: 0,
            furthest: 0,
            progress: 0,
            statistics: Statistics {
                bits: 0,
                resent_bits: 0,
                repeated_frames: 0,
                accepted_frames: 0,
                accepted_octets: 0,
                stray_acks: 0,
            },
            #[cfg(test)]
            broken: None,
        }
    }

    /// The same sender, never with two bits under way.
    #[must_use]
    pub const fn without_pairs(mut self) -> Self {
        self.pairs = false;
        self
    }

    /// Whether the next payload may be [offered](Self::offer).
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Ready)
    }

    /// Whether the frame under way may have been delivered without our having heard of it.
    ///
    /// If the link ends while this is so, the outcome of that frame is unknown, and no protocol
    /// could tell (Lynch, Mansour and Fekete 1988).
    #[must_use]
    pub const fn is_outcome_unknown(&self) -> bool {
        self.exposed
    }

    /// Whether the frame under way, if one is, ends the message.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.last
    }

    /// A number that grows whenever the message gets further than it ever was: what tells a slow
    /// link from one that only repeats itself.
    #[must_use]
    pub const fn progress(&self) -> u64 {
        self.progress
    }

    /// What has been done so far.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Hands over the next piece of the message, at most
    /// [`PAYLOAD_OCTETS_MAX`] octets of it, empty ones included.
    ///
    /// `last` ends the message: it must be known when the piece is offered.
    ///
    /// # Errors
    ///
    /// [`OfferError`]; the sender is unchanged.
    pub fn offer(&mut self, payload: &[u8], last: bool) -> Result<(), OfferError> {
        if !self.is_ready() {
            return Err(OfferError::NotReady);
        }
        if payload.len() > PAYLOAD_OCTETS_MAX {
            return Err(OfferError::TooLong);
        }
        let (version, message, length) = (VERSION, self.message, self.length);
        let header = (!self.began).then_some(Header { version, message, length });
        let frame = Frame { sequence: self.sequence, header, last, payload };
        frame.encode(&mut self.content).map_err(|_| OfferError::TooLong)?;
        self.began = true;
        self.payload_octets = payload.len();
        self.last = last;
        self.repeated = false;
        self.acknowledged = 0;
        self.furthest = 0;
        if self.in_step {
            self.start_frame(Cursor::after_flag());
        } else {
            self.start_mark();
        }
        Ok(())
    }

    /// Gives the message up: what is under way is broken off with an HDLC abort.
    pub fn abort(&mut self) {
        match self.phase {
            Phase::Ended => {}
            Phase::Ready
            | Phase::Mark { .. }
            | Phase::Frame
            | Phase::Verdict { .. }
            | Phase::Reason { .. }
            | Phase::Quiet
            | Phase::Abort { .. } => {
                self.phase = Phase::Abort { left: MARK_BITS };
                self.outstanding = Outstanding::None;
                self.deadline = None;
            }
        }
    }

    /// Takes an acknowledgment of the receiver.
    #[inline]
    pub fn handle_ack(&mut self, ack: Bit, now: Instant) {
        match self.outstanding {
            Outstanding::One { sent_at, .. } => {
                // How long others took says nothing about the line.
                if self.patience_micros == 0 {
                    self.timer.sample(now.micros_since(sent_at));
                }
                self.outstanding = Outstanding::None;
                self.deadline = None;
                self.take_ack(ack, now);
            }
            Outstanding::Pair { seen: None, sent_at } => {
                self.outstanding = Outstanding::Pair { seen: Some(ack), sent_at };
            }
            // Two different acknowledgments further, the alternation is where it was.
            Outstanding::Pair { seen: Some(seen), sent_at } if seen != ack => {
                self.timer.sample(now.micros_since(sent_at));
                self.outstanding = Outstanding::None;
                self.deadline = None;
                self.advance(2);
                self.end_frame_if_complete();
            }
            Outstanding::ResentPair { seen: None, due } => {
                self.outstanding = Outstanding::ResentPair { seen: Some(ack), due };
            }
            Outstanding::ResentPair { seen: Some(seen), .. } if seen != ack => {
                self.settle(now);
                self.advance(2);
                self.end_frame_if_complete();
            }
            Outstanding::Pair { .. } | Outstanding::ResentPair { .. } => {
                self.fall_out_of_step(now);
            }
            Outstanding::Resent { .. } => {
                self.settle(now);
                self.take_ack(ack, now);
            }
            Outstanding::Settling => self.take_second_ack(ack, now),
            Outstanding::None => self.take_stray_ack(now),
        }
    }

    /// Tells that time has passed. Nothing happens before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.deadline = None;
        match self.outstanding {
            Outstanding::One { bit, .. } | Outstanding::Resent { bit, .. } => {
                self.timer.back_off();
                self.patience_micros =
                    self.patience_micros.saturating_mul(2).min(PATIENCE_MICROS_MAX);
                self.resent = true;
                self.outstanding = Outstanding::Resent { bit, due: true };
            }
            Outstanding::Pair { seen: None, .. } | Outstanding::ResentPair { seen: None, .. } => {
                self.timer.back_off();
                self.resent = true;
                self.outstanding = Outstanding::ResentPair { seen: None, due: Some(Bit::Zero) };
            }
            // Nobody can tell which of the two was lost.
            Outstanding::Pair { seen: Some(_), .. }
            | Outstanding::ResentPair { seen: Some(_), .. } => self.fall_out_of_step(now),
            Outstanding::Settling => self.outstanding = Outstanding::None,
            Outstanding::None => match self.phase {
                Phase::Quiet => self.start_mark(),
                Phase::Ready
                | Phase::Mark { .. }
                | Phase::Frame
                | Phase::Verdict { .. }
                | Phase::Reason { .. }
                | Phase::Abort { .. }
                | Phase::Ended => {}
            },
        }
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// The next event, if there is one.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.event.take()
    }

    fn start_mark(&mut self) {
        self.resent = false;
        self.checked = false;
        self.acknowledged = 0;
        self.outstanding = Outstanding::None;
        self.deadline = None;
        let is_long = self.repeated && !self.breaks(Broken::ShortMark);
        let left = if is_long { REPEATED_MARK_BITS } else { MARK_BITS };
        self.phase = Phase::Mark { left };
    }

    fn start_frame(&mut self, cursor: Cursor) {
        self.cursor = cursor;
        self.phase = Phase::Frame;
        self.look_ahead();
    }

    fn end(&mut self, event: Event) {
        self.phase = Phase::Ended;
        self.outstanding = Outstanding::None;
        self.deadline = None;
        self.event = Some(event);
    }
}
