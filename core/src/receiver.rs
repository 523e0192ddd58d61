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

use crate::Bit;
use crate::frame::{Frame, ParseFrameError, Sequence};
use crate::hdlc::{self, Deframer, FeedError};
use crate::verdict::{REASON_BITS, RefusalReason, VERDICT_BITS, bit_at};

/// What one bit led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "an acknowledgment that is not sent stops the link"]
pub enum Reply {
    /// The bit is owed this acknowledgment.
    Acknowledge(Bit),
    /// The bit is owed this acknowledgment, and with it a verdict is complete: a boundary between
    /// frames, where another sender may be given the floor.
    VerdictComplete(Bit),
    /// A new frame has arrived intact. Read it with [`Receiver::frame`], then answer with
    /// [`Receiver::accept`] or [`Receiver::refuse`]; the acknowledgment of the bit comes from there.
    Frame,
    /// A frame is still waiting for its answer, so the bit can only be a repetition: ignored.
    Ignored,
}

/// A frame that waits for [`Receiver::accept`] or [`Receiver::refuse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Received<'a> {
    /// Whether a message begins with this frame.
    pub first: bool,
    /// Whether the message ends with this frame.
    pub last: bool,
    /// Total length of the message in octets, if its first frame, this one, says so.
    pub length: Option<u64>,
    /// Octets of the message that came before this frame.
    pub offset: u64,
    /// The octets that this frame adds.
    pub payload: &'a [u8],
}

/// What a receiver has seen since it was made. Counters saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Counters {
    /// Frames accepted and delivered.
    pub accepted: u32,
    /// Frames accepted again because their verdict had been lost; not delivered again.
    pub repeated: u32,
    /// Frames refused.
    pub refused: u32,
    /// Frames whose FCS, length or content was wrong.
    pub damaged: u32,
    /// Frames broken off by seven ones.
    pub aborted: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// Acknowledgments alternate; the deframer looks for frames.
    Listening,
    /// A frame waits for the host; so does the acknowledgment of its closing flag's last bit.
    Held,
    /// The acknowledgments of the next flag spell the verdict. `position` bits of it have come.
    Verdict { verdict: Verdict, position: u8 },
    /// The acknowledgments of sixteen zeros spell the reason. `position` of them have come.
    Reason { reason: RefusalReason, position: u8 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Verdict {
    Accepted,
    NotAccepted,
    Refused(RefusalReason),
}

/// The message that frames are being taken for, or the last one that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Message {
    number: u32,
    next: Sequence,
    octets: u64,
    standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Standing {
    /// Only the first frame has been accepted: a repetition of it has a header.
    Begun,
    /// Later frames have been accepted.
    Continued,
    /// The last frame has been accepted. `single` if it was also the first.
    Ended {
        single: bool,
    },
    Refused(RefusalReason),
}

/// A rule of the protocol that a receiver can be made to break, in tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// The verdict is spelled into whatever comes, be it the flag or not.
    SpellsBlindly,
    /// A frame that was accepted before is delivered again.
    RepeatedDelivered,
    /// A repetition of a bit whose acknowledgment is held back is acknowledged.
    HeldNotIgnored,
}

/// What is to be done with a good frame.
enum Judgment {
    Deliver,
    Repeated,
    Refuse(RefusalReason),
}

/// The receiving half of a link with one sender.
///
/// `N` is the most octets of a frame between its flags, FCS included; a peer of this protocol needs
/// [`FRAME_OCTETS_MAX`](crate::frame::FRAME_OCTETS_MAX). A message may be of any length.
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics; all may be called from a signal or interrupt
/// handler, as long as only one call runs at a time.
///
/// # Examples
///
/// ```
/// use minitalk_core::{frame::*, Bit, sender, Instant, Sender, Receiver, receiver::Reply};
///
/// let now = Instant::ZERO;
/// let mut sender = Sender::<CONTENT_OCTETS_MAX>::new(7, Some(2));
/// let mut receiver = Receiver::<FRAME_OCTETS_MAX>::new();
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
pub struct Receiver<const N: usize> {
    deframer: Deframer<N>,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    state: State,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    message: Option<Message>,
    next_ack: Bit,
    counters: Counters,
    /// A rule that is deliberately not kept, to show that the model notices.
    #[cfg(test)]
    pub(crate) broken: Option<Broken>,
}

impl<const N: usize> Receiver<N> {
    /// A receiver whose first acknowledgment will be [`Bit::Zero`].
    #[must_use]
    pub const fn new() -> Self {
        Self::after_ack(Bit::One)
    }

    /// A receiver that takes over after `last_ack` has been sent, when the bits before were needed
    /// to [detect](crate::detect) the protocol.
    #[must_use]
    pub const fn after_ack(last_ack: Bit) -> Self {
        Self {
            deframer: Deframer::new(),
            state: State::Listening,
            message: None,
            next_ack: match last_ack {
                Bit::Zero => Bit::One,
                Bit::One => Bit::Zero,
            },
            counters: Counters { accepted: 0, repeated: 0, refused: 0, damaged: 0, aborted: 0 },
            #[cfg(test)]
            broken: None,
        }
    }

    /// Takes the next bit of the sender.
    #[inline]
    pub fn handle_bit(&mut self, bit: Bit) -> Reply {
        match self.state {
            State::Listening => self.listen(bit),
            State::Held if self.breaks(Broken::HeldNotIgnored) => {
                Reply::Acknowledge(self.alternate())
            }
            State::Held => Reply::Ignored,
            State::Verdict { verdict, position } => self.spell_verdict(bit, verdict, position),
            State::Reason { reason, position } => self.spell_reason(bit, reason, position),
        }
    }

    /// The frame that waits for an answer, if one does.
    #[must_use]
    pub fn frame(&self) -> Option<Received<'_>> {
        match self.state {
            State::Held => {}
            State::Listening | State::Verdict { .. } | State::Reason { .. } => return None,
        }
        let frame = Frame::parse(self.deframer.frame()?).ok()?;
        let offset = match self.message {
            Some(message) if frame.header.is_none() => message.octets,
            Some(_) | None => 0,
        };
        Some(Received {
            first: frame.header.is_some(),
            last: frame.last,
            length: frame.header.and_then(|header| header.length),
            offset,
            payload: frame.payload,
        })
    }

    /// Octets accepted of a message that has begun and not ended: what is cut off if the sender
    /// disappears now. `None` if nothing would be.
    #[must_use]
    pub fn octets_at_risk(&self) -> Option<u64> {
        let Some(message) = self.message else {
            let broken_off = self.counters.aborted > 0 || self.counters.damaged > 0;
            return (broken_off || self.deframer.has_content()).then_some(0);
        };
        match message.standing {
            Standing::Begun | Standing::Continued => Some(message.octets),
            Standing::Ended { .. } | Standing::Refused(_) => None,
        }
    }

    /// What has been seen since the receiver was made.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Accepts the frame that waits: its octets are safe, or written if it is the last one.
    ///
    /// Returns the acknowledgment that the sender is owed, or `None` if no frame waits.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn accept(&mut self) -> Option<Bit> {
        let received = self.frame()?;
        let (first, last) = (received.first, received.last);
        let octets = received
            .offset
            .saturating_add(u64::try_from(received.payload.len()).unwrap_or(u64::MAX));
        let frame = Frame::parse(self.deframer.frame()?).ok()?;
        let number = match (frame.header, self.message) {
            (Some(header), _) => header.message,
            (None, Some(message)) => message.number,
            (None, None) => return None,
        };
        let standing = match (first, last) {
            (single, true) => Standing::Ended { single },
            (true, false) => Standing::Begun,
            (false, false) => Standing::Continued,
        };
        self.message = Some(Message { number, next: frame.sequence.next(), octets, standing });
        self.counters.accepted = self.counters.accepted.saturating_add(1);
        self.state = State::Verdict { verdict: Verdict::Accepted, position: 0 };
        Some(self.alternate())
    }

    /// Refuses the message in progress, or the one that the waiting frame begins, for good.
    ///
    /// Returns the acknowledgment that the sender is owed if a frame waits. If none does, the
    /// refusal is spelled after the next frame of the message. A message that has ended was delivered
    /// and is not refused any more.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn refuse(&mut self, reason: RefusalReason) -> Option<Bit> {
        let waiting = match self.state {
            State::Held => self.deframer.frame().and_then(|content| Frame::parse(content).ok()),
            State::Listening | State::Verdict { .. } | State::Reason { .. } => None,
        };
        let standing = Standing::Refused(reason);
        if let Some(header) = waiting.and_then(|frame| frame.header) {
            let number = header.message;
            self.message = Some(Message { number, next: Sequence::FIRST, octets: 0, standing });
        } else if let Some(message) = &mut self.message {
            match message.standing {
                Standing::Begun | Standing::Continued => message.standing = standing,
                Standing::Ended { .. } | Standing::Refused(_) => {}
            }
        }
        waiting?;
        Some(self.begin_refusal(reason))
    }

    fn listen(&mut self, bit: Bit) -> Reply {
        let delivers_again = self.breaks(Broken::RepeatedDelivered);
        let judgment = match self.deframer.feed(bit) {
            Ok(hdlc::Deframed::Pending | hdlc::Deframed::Flag) => {
                return Reply::Acknowledge(self.alternate());
            }
            Ok(hdlc::Deframed::Frame(content)) => match Frame::parse(content) {
                Ok(frame) => Some(match judge(&frame, self.message) {
                    Judgment::Repeated if delivers_again => Judgment::Deliver,
                    judgment @ (Judgment::Deliver | Judgment::Repeated | Judgment::Refuse(_)) => {
                        judgment
                    }
                }),
                Err(ParseFrameError::Version(_)) => Some(Judgment::Refuse(RefusalReason::Version)),
                Err(
                    ParseFrameError::Address | ParseFrameError::Control | ParseFrameError::Header,
                ) => None,
            },
            Err(FeedError::Aborted) => {
                self.counters.aborted = self.counters.aborted.saturating_add(1);
                return Reply::Acknowledge(self.alternate());
            }
            Err(FeedError::TooLong) => {
                self.counters.damaged = self.counters.damaged.saturating_add(1);
                return Reply::Acknowledge(self.alternate());
            }
            Err(FeedError::BadFcs | FeedError::Noise) => None,
        };
        match judgment {
            Some(Judgment::Deliver) => {
                self.state = State::Held;
                return Reply::Frame;
            }
            Some(Judgment::Repeated) => {
                self.counters.repeated = self.counters.repeated.saturating_add(1);
                self.state = State::Verdict { verdict: Verdict::Accepted, position: 0 };
            }
            Some(Judgment::Refuse(reason)) => {
                return Reply::Acknowledge(self.begin_refusal(reason));
            }
            None => {
                self.counters.damaged = self.counters.damaged.saturating_add(1);
                self.state = State::Verdict { verdict: Verdict::NotAccepted, position: 0 };
            }
        }
        Reply::Acknowledge(self.alternate())
    }

    fn spell_verdict(&mut self, bit: Bit, verdict: Verdict, position: u8) -> Reply {
        if bit != bit_at(hdlc::FLAG, position) && !self.breaks(Broken::SpellsBlindly) {
            // Out of step: what comes is not the flag, so nothing may be spelled into it.
            self.state = State::Listening;
            return self.listen(bit);
        }
        // The flag itself is news to the deframer only as the opening of the next frame.
        let _ = self.deframer.feed(bit);
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

    fn spell_reason(&mut self, bit: Bit, reason: RefusalReason, position: u8) -> Reply {
        if bit.is_one() {
            self.state = State::Listening;
            return self.listen(bit);
        }
        let _ = self.deframer.feed(bit);
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

    #[cfg(test)]
    fn breaks(&self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "a test's receiver has an answer of its own")]
    const fn breaks(&self, _rule: Broken) -> bool {
        false
    }

    /// Forgets what nothing depends on any more, so that states that will behave alike are equal;
    /// and, of a frame that is not the beginning of one that `is_sent`, all but that it is damaged.
    #[cfg(test)]
    pub(crate) fn forget_the_past(&mut self, is_sent: impl Fn(&[u8]) -> bool) {
        self.counters = Counters::default();
        self.deframer.forget_the_past(self.state == State::Held, is_sent);
    }

    #[inline]
    fn alternate(&mut self) -> Bit {
        let ack = self.next_ack;
        self.next_ack = !ack;
        ack
    }
}

impl<const N: usize> Default for Receiver<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Compares a good frame with what has been accepted so far.
fn judge(frame: &Frame<'_>, message: Option<Message>) -> Judgment {
    let out_of_sequence = Judgment::Refuse(RefusalReason::OutOfSequence);
    let Some(message) = message else {
        return if frame.header.is_some() { Judgment::Deliver } else { out_of_sequence };
    };
    if let Some(header) = frame.header {
        if header.message != message.number {
            return Judgment::Deliver;
        }
        return match message.standing {
            Standing::Begun | Standing::Ended { single: true } => Judgment::Repeated,
            Standing::Refused(reason) => Judgment::Refuse(reason),
            Standing::Continued | Standing::Ended { single: false } => out_of_sequence,
        };
    }
    let is_next = frame.sequence == message.next;
    let is_repeated = frame.sequence.next() == message.next;
    match message.standing {
        Standing::Begun | Standing::Continued if is_next => Judgment::Deliver,
        Standing::Continued | Standing::Ended { single: false } if is_repeated => {
            Judgment::Repeated
        }
        Standing::Refused(reason) => Judgment::Refuse(reason),
        Standing::Begun | Standing::Continued | Standing::Ended { .. } => out_of_sequence,
    }
}
