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
mod flight;
#[cfg(test)]
mod model;
mod news;
mod outgoing;
mod reach;
mod rules;
mod transmission;

use crate::detect::MARK_BITS;
use crate::frame::{FRAME_OCTETS_MAX, OVERHEAD_OCTETS_MAX, assert_room, payload_octets_max};
use crate::hdlc::Cursor;
use crate::slot::Slot;
use crate::{Bit, Doubt, Instant, Lookahead};

use flight::{Expired, Flight};
pub use news::{Event, OfferError, Phase, Statistics};
use outgoing::Outgoing;
use reach::Reach;
#[cfg(test)]
pub(crate) use rules::Broken;
use rules::Rules;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// Waits for a payload. If `in_step`, a flag has just been sent, and the next frame may follow
    /// it.
    Ready { in_step: bool },
    /// Sends ones that abort whatever frame the receiver may be in.
    Mark { left: u8 },
    /// Sends the frame; the cursor has the position.
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

/// The sending half of a link, for one message.
///
/// `N` is the largest number of octets between the flags of a frame, as for a
/// [`Receiver`](crate::Receiver); by default, that of full-size frames. The message is handed over
/// frame by frame with [`offer`](Self::offer) and may be of any length.
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
pub struct Sender<const N: usize = FRAME_OCTETS_MAX> {
    outgoing: Outgoing<N>,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    state: State,
    flight: Flight,
    parity: Parity,
    /// Whether a bit has been resent since the mark, or since the verdict or the reason began.
    resent: bool,
    /// Whether there are never two bits in flight.
    is_single: bool,
    /// How many times in a row the receiver has heard a frame to its end and not accepted it.
    rejections: u8,
    reach: Reach,
    event: Slot<Event>,
    statistics: Statistics,
    rules: Rules,
}

/// What the alternation of the acknowledgments has shown so far.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Parity {
    /// The last acknowledgment; the next one must differ.
    last_ack: Bit,
    /// Whether an acknowledgment has been right since the mark.
    is_checked: bool,
    /// How many times in a row the first one that was checked was wrong.
    foreign_starts: u8,
}

impl Sender {
    /// A sender for one message, with frames of any length that this protocol has.
    ///
    /// `message` should be random: it distinguishes this message from all others of the same
    /// process. Without random numbers, a counter that survives a restart will do. `length` is the
    /// total number of octets, if it is known.
    ///
    /// `Sender::new(0, None)` is all zeros: a `static` initialised with it takes no room in flash.
    #[must_use]
    pub const fn new(message: u32, length: Option<u64>) -> Self {
        Self::short(message, length)
    }
}

impl<const N: usize> Sender<N> {
    /// A sender whose frames may be shorter than this protocol's: `N` is
    /// [`octets_for`](crate::frame::octets_for) their payloads. It does not compile with room for
    /// less than one octet of payload.
    #[must_use]
    pub const fn short(message: u32, length: Option<u64>) -> Self {
        const { assert_room(N) };
        Self {
            outgoing: Outgoing::new(message, length),
            state: State::Ready { in_step: false },
            flight: Flight::new(),
            parity: Parity { last_ack: Bit::Zero, is_checked: false, foreign_starts: 0 },
            resent: false,
            is_single: false,
            rejections: 0,
            reach: Reach::new(),
            event: Slot::Empty,
            statistics: Statistics {
                bits: 0,
                resent_bits: 0,
                repeated_frames: 0,
                accepted_frames: 0,
                accepted_octets: 0,
                stray_acks: 0,
            },
            rules: Rules::new(),
        }
    }

    /// The largest number of octets of a piece:
    /// [`frame::PAYLOAD_OCTETS_MAX`](crate::frame::PAYLOAD_OCTETS_MAX), or what `N` has room for in
    /// a frame with the longest header.
    pub const PAYLOAD_OCTETS_MAX: usize = payload_octets_max(N, OVERHEAD_OCTETS_MAX);

    /// The same sender, for a message whose octets are coded. `coding` says how, from 1 to
    /// [`CODING_MAX`](crate::frame::CODING_MAX); a receiver that does not know it
    /// [refuses](crate::RefusalReason::Coding) the message. 0, the default, means not coded.
    #[must_use]
    pub const fn with_coding(mut self, coding: u8) -> Self {
        self.outgoing.header.coding = coding;
        self
    }

    /// The same sender, which never has two bits in flight.
    #[must_use]
    pub const fn without_pairs(mut self) -> Self {
        self.is_single = true;
        self
    }

    /// Whether the next payload may be [offered](Self::offer): the one before it has been accepted,
    /// and the [event](Self::poll_event) that says so has been taken.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready { .. }) && self.event.as_ref().is_none()
    }

    /// Whether the current frame may have been delivered without the sender's knowledge.
    ///
    /// If the link ends while this is so, the outcome of that frame is unknown, and no protocol
    /// could tell (Lynch, Mansour and Fekete 1988).
    #[must_use]
    pub const fn is_outcome_unknown(&self) -> bool {
        self.outgoing.is_exposed
    }

    /// Whether the current frame, if there is one, ends the message.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.outgoing.is_last
    }

    /// What is being sent, for display and for checks. No decision needs to depend on it.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self.state {
            State::Ready { .. } => Phase::Ready,
            State::Mark { .. } => Phase::Mark,
            State::Frame => Phase::Frame,
            State::Verdict { .. } => Phase::Verdict,
            State::Reason { .. } => Phase::Reason,
            State::Quiet => Phase::Quiet,
            State::Abort { .. } => Phase::Abort,
            State::Ended => Phase::Ended,
        }
    }

    /// A number that grows whenever the message gets further than ever before: it tells a slow link
    /// from one that only repeats itself.
    #[must_use]
    pub const fn progress(&self) -> u64 {
        self.reach.total()
    }

    /// What has been done so far.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// The bit that follows each acknowledgment that may come next.
    #[inline]
    #[must_use]
    pub fn lookahead(&self) -> Lookahead {
        if !matches!(self.state, State::Frame) || !self.parity.is_checked {
            return Lookahead::NONE;
        }
        match (self.flight.last_ack_due(self.parity.last_ack), self.outgoing.upcoming()) {
            (Some(ack), Some(bit)) => Lookahead::only(ack, bit),
            (Some(_) | None, _) => Lookahead::NONE,
        }
    }

    /// Hands over the next piece of the message, at most
    /// [`PAYLOAD_OCTETS_MAX`](Self::PAYLOAD_OCTETS_MAX) octets, or a few more if the frame has a
    /// short header. A piece may be empty.
    ///
    /// `last` ends the message: whether a piece is the last one must be known when it is offered.
    ///
    /// # Errors
    ///
    /// [`OfferError`]; the sender is unchanged.
    pub fn offer(&mut self, payload: &[u8], last: bool) -> Result<(), OfferError> {
        let State::Ready { in_step } = self.state else { return Err(OfferError::NotReady) };
        if self.event.as_ref().is_some() {
            return Err(OfferError::NotReady);
        }
        self.outgoing.load(payload, last)?;
        self.reach.begin_frame();
        if in_step {
            self.start_frame(Cursor::after_flag());
        } else {
            self.start_mark();
        }
        Ok(())
    }

    /// Gives the message up: the current frame is ended with an HDLC abort.
    pub fn abort(&mut self) {
        match self.state {
            State::Ended => {}
            State::Ready { .. }
            | State::Mark { .. }
            | State::Frame
            | State::Verdict { .. }
            | State::Reason { .. }
            | State::Quiet
            | State::Abort { .. } => {
                self.state = State::Abort { left: MARK_BITS };
                self.flight.clear();
            }
        }
    }

    /// To be called when time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.flight.expire(now) {
            None | Some(Expired::Settled) => {}
            Some(Expired::Resend) => self.resent = true,
            Some(Expired::HalfPair) => self.fall_out_of_step(now),
            Some(Expired::Quiet) => self.start_mark(),
        }
    }

    /// Restarts the current timeout at `now`.
    ///
    /// A host that polls for acknowledgments need not read the clock for each. It may pass the time
    /// of its last reading to the other methods, and call this once, with a new reading, before it
    /// waits after all. An acknowledgment that came before counts as a round trip of no time, in
    /// fact one shorter than the host polls.
    pub fn restart_timeout(&mut self, now: Instant) {
        self.flight.restart(now);
    }

    /// What is in doubt at the timeout, if that is more than whether a signal was lost: the first
    /// bit of a mark, or of a frame that follows another, may be waiting for its
    /// [turn](Doubt::Turn).
    ///
    /// Sending it again does this sender no harm. So while the receiver works for others, the
    /// timeout may be [postponed](Self::postpone), but need not be, and must not be for ever.
    #[must_use]
    pub const fn doubt(&self) -> Option<Doubt> {
        let may_wait = match self.state {
            State::Mark { .. } | State::Frame => self.reach.is_at_beginning(),
            State::Ready { .. }
            | State::Verdict { .. }
            | State::Reason { .. }
            | State::Quiet
            | State::Abort { .. }
            | State::Ended => false,
        };
        if may_wait && self.flight.is_one() { Some(Doubt::Turn) } else { None }
    }

    /// Whether bits are in flight that the receiver answers as soon as it has taken them: it holds
    /// none of them back, neither for another sender nor for its output.
    ///
    /// If the host then sees the receiver asleep, no signal pending there and no acknowledgment
    /// here, a signal was lost. There is no need to wait for the timeout:
    /// [`postpone`](Self::postpone) it by 0.
    #[must_use]
    pub const fn is_answer_due(&self) -> bool {
        self.flight.is_answer_due()
    }

    /// Postpones the timeout to `micros` after `now`; with 0 it is due at once.
    pub fn postpone(&mut self, now: Instant, micros: u64) {
        self.flight.postpone(now, micros);
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.flight.deadline()
    }

    /// The next event, if there is one. No further payload is accepted until it has been taken.
    #[must_use]
    pub fn poll_event(&mut self) -> Option<Event> {
        self.event.take()
    }

    fn start_mark(&mut self) {
        self.resent = false;
        self.parity.is_checked = false;
        self.reach.begin_attempt();
        self.flight.clear();
        self.state = State::Mark { left: self.rules.mark_bits(self.outgoing.is_repeated()) };
    }

    fn start_frame(&mut self, cursor: Cursor) {
        self.outgoing.begin(cursor);
        self.state = State::Frame;
    }

    /// Gives up the frame: nothing that the other end says can be trusted until the line has been
    /// quiet.
    #[cold]
    fn fall_out_of_step(&mut self, now: Instant) {
        self.statistics.repeated_frames = self.statistics.repeated_frames.saturating_add(1);
        self.outgoing.repeat();
        if self.rules.waits_for_quiet() {
            self.state = State::Quiet;
            self.flight.await_quiet(now);
        } else {
            self.start_mark();
        }
    }

    fn end(&mut self, event: Event) {
        self.state = State::Ended;
        self.flight.clear();
        self.event = Slot::Full(event);
    }
}
