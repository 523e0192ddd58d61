//! One sender in the table: what came of it, what waits, what it is owed.

use crate::Bit;
use crate::classic::{Acks, Completed, Dialect, TextReceiver};
use crate::detect::{Detection, Detector};
use crate::receiver::{Receiver, Reply};
use crate::verdict::RefusalReason;

use super::{Handled, Payload, Protocol};

/// What a session is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) enum Want {
    /// The floor: it has a bit to process, or an acknowledgment to send.
    Line,
    /// The host's answer to a payload.
    Host,
    /// Its sender.
    Nothing,
}

/// The bits of a sender that have come and wait to be processed: at most one of each kind, and
/// zero first, just as the kernel keeps signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Pending {
    zero: bool,
    one: bool,
}

impl Pending {
    /// False if the same symbol waits already.
    fn insert(&mut self, bit: Bit) -> bool {
        let waits = match bit {
            Bit::Zero => &mut self.zero,
            Bit::One => &mut self.one,
        };
        !core::mem::replace(waits, true)
    }

    fn take(&mut self) -> Option<Bit> {
        if core::mem::take(&mut self.zero) {
            Some(Bit::Zero)
        } else if core::mem::take(&mut self.one) {
            Some(Bit::One)
        } else {
            None
        }
    }

    const fn is_empty(self) -> bool {
        !self.zero && !self.one
    }
}

/// The receiving half that fits the sender's protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Half<const OCTETS: usize> {
    /// Bits go to the classic half until the detector has decided.
    Undecided(Detector, TextReceiver),
    Classic(TextReceiver),
    Framed(Receiver<OCTETS>),
}

/// What stands between a session and its next bit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// Nothing.
    Listening,
    /// What the last one is owed.
    Owed(Acks),
    /// The host, which has been told of a payload and has not answered. `octet` is the payload of a classic
    /// sender.
    Held { octet: Option<u8> },
    /// The message of a classic sender was refused: it cannot be told, so it is not heard either.
    Muted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Session<const OCTETS: usize> {
    pub(super) peer: u32,
    /// The process has ended; the place is free as soon as the host has answered.
    pub(super) gone: bool,
    /// A boundary between frames or messages has been reached: the floor may pass on.
    pub(super) turn_over: bool,
    /// What is owed next has had to wait, for the floor or for the host.
    pub(super) held_back: bool,
    half: Half<OCTETS>,
    pending: Pending,
    state: State,
}

impl<const OCTETS: usize> Session<OCTETS> {
    pub(super) fn new(peer: u32, dialect: Dialect, detect: bool) -> Self {
        let classic = TextReceiver::new(dialect);
        let half =
            if detect { Half::Undecided(Detector::new(), classic) } else { Half::Classic(classic) };
        Self {
            peer,
            gone: false,
            turn_over: false,
            held_back: false,
            half,
            pending: Pending::default(),
            state: State::Listening,
        }
    }

    pub(super) fn protocol(&self) -> Option<Protocol> {
        match self.half {
            Half::Undecided(..) => None,
            Half::Classic(_) => Some(Protocol::Classic),
            Half::Framed(_) => Some(Protocol::Framed),
        }
    }

    #[inline]
    pub(super) fn want(&self) -> Want {
        match self.state {
            State::Owed(_) => Want::Line,
            State::Held { .. } => Want::Host,
            State::Listening if !self.pending.is_empty() => Want::Line,
            State::Listening | State::Muted => Want::Nothing,
        }
    }

    /// Remembers a bit until it is this session's turn.
    #[inline]
    pub(super) fn take(&mut self, bit: Bit) -> Handled {
        match self.state {
            State::Listening if self.pending.insert(bit) => Handled::Taken,
            // Its predecessor has not been acknowledged, so it can only be the same once more.
            State::Listening | State::Owed(_) | State::Held { .. } => Handled::Repeated,
            State::Muted => Handled::Ignored,
        }
    }

    #[inline]
    pub(super) fn next_owed(&mut self) -> Option<Bit> {
        let State::Owed(acks) = &mut self.state else { return None };
        let ack = acks.next();
        if acks.is_empty() {
            self.state = State::Listening;
        }
        ack
    }

    fn owe(&mut self, acks: Acks) {
        self.state = if acks.is_empty() { State::Listening } else { State::Owed(acks) };
    }

    /// Processes the next bit that waits.
    #[inline]
    pub(super) fn process(&mut self) {
        let Some(bit) = self.pending.take() else { return };
        // Nobody wanted the turn that ended before it: with this bit the next one begins.
        self.turn_over = false;
        match &mut self.half {
            Half::Framed(receiver) => match receiver.handle_bit(bit) {
                Reply::Acknowledge(ack) => self.owe(Acks::of(Some(ack))),
                Reply::VerdictComplete(ack) => {
                    self.owe(Acks::of(Some(ack)));
                    self.turn_over = true;
                }
                Reply::Frame => self.state = State::Held { octet: None },
                Reply::Ignored => {}
            },
            Half::Classic(receiver) => self.state = after(receiver.handle_bit(bit)),
            Half::Undecided(detector, receiver) => {
                let detection = detector.feed(bit);
                self.state = after(receiver.handle_bit(bit));
                self.settle(detection);
            }
        }
    }

    fn settle(&mut self, detection: Detection) {
        let Half::Undecided(_, classic) = &self.half else { return };
        match detection {
            Detection::Undecided => {}
            Detection::Classic => self.half = Half::Classic(classic.clone()),
            Detection::Framed => {
                // What the classic half made of the mark is nobody's text.
                let ack = classic.dialect().bit_ack(Bit::One);
                self.half = Half::Framed(Receiver::after_ack(ack.unwrap_or(Bit::One)));
                self.owe(Acks::of(ack));
            }
        }
    }

    /// What the host is being told of, if this session is held.
    pub(super) fn payload(&self) -> Option<Payload<'_>> {
        let State::Held { octet } = &self.state else { return None };
        match &self.half {
            Half::Framed(receiver) => {
                let frame = receiver.frame()?;
                Some(Payload {
                    peer: self.peer,
                    protocol: Protocol::Framed,
                    first: frame.first,
                    last: frame.last,
                    coding: frame.coding,
                    length: frame.length,
                    offset: frame.offset,
                    octets: frame.payload,
                })
            }
            Half::Undecided(_, receiver) | Half::Classic(receiver) => Some(Payload {
                peer: self.peer,
                protocol: Protocol::Classic,
                first: receiver.offset() == 0,
                last: receiver.is_last(),
                coding: 0,
                length: receiver.length(),
                offset: receiver.offset(),
                octets: octet.as_slice(),
            }),
        }
    }

    pub(super) fn accept(&mut self) {
        if !matches!(self.state, State::Held { .. }) {
            return;
        }
        let acks = match &mut self.half {
            Half::Framed(receiver) => Acks::of(receiver.accept()),
            Half::Undecided(_, receiver) | Half::Classic(receiver) => {
                self.turn_over = receiver.is_last();
                receiver.accept()
            }
        };
        self.owe(acks);
    }

    pub(super) fn refuse(&mut self, reason: RefusalReason) {
        match &mut self.half {
            Half::Framed(receiver) => {
                if let Some(ack) = receiver.refuse(reason) {
                    self.owe(Acks::of(Some(ack)));
                }
            }
            Half::Undecided(..) | Half::Classic(_) => {
                self.state = State::Muted;
                self.turn_over = true;
                self.pending = Pending::default();
            }
        }
    }

    /// Octets delivered of a message that has begun and not ended.
    pub(super) fn octets_at_risk(&self) -> Option<u64> {
        match &self.half {
            Half::Framed(receiver) => receiver.octets_at_risk(),
            Half::Undecided(_, receiver) | Half::Classic(receiver) => {
                let is_heard = !matches!(self.state, State::Muted);
                is_heard.then(|| receiver.octets_at_risk()).flatten()
            }
        }
    }
}

/// What a classic receiver leaves to be done.
fn after(completed: Completed) -> State {
    match completed {
        Completed::Nothing(acks) if acks.is_empty() => State::Listening,
        Completed::Nothing(acks) => State::Owed(acks),
        Completed::Byte(octet) => State::Held { octet: Some(octet) },
        Completed::End => State::Held { octet: None },
    }
}

#[cfg(test)]
impl<const OCTETS: usize> Session<OCTETS> {
    /// See [`Exchange::forget_the_past`](super::Exchange::forget_the_past).
    pub(super) fn forget_the_past(&mut self, is_sent: impl Fn(u32, &[u8]) -> bool) {
        let peer = self.peer;
        match &mut self.half {
            Half::Undecided(..) | Half::Classic(_) => {}
            Half::Framed(receiver) => receiver.forget_the_past(|octets| is_sent(peer, octets)),
        }
    }
}
