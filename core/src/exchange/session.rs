//! One sender in the table: what came of it, what waits, what it is owed.

use crate::Bit;
use crate::classic::{self, Acks, Dialect};
use crate::detect::{Detection, Detector};
use crate::receiver::{self, Receiver};
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
    Undecided(Detector, classic::TextReceiver),
    Classic(classic::TextReceiver),
    Framed(Receiver<OCTETS>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or false whatever the others are")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Session<const OCTETS: usize> {
    pub(super) peer: u32,
    /// The process has ended; the place is free as soon as the host has answered.
    pub(super) gone: bool,
    /// A boundary between frames or messages has been reached: the floor may pass on.
    pub(super) turn_over: bool,
    half: Half<OCTETS>,
    pending: Pending,
    owed: Acks,
    /// The host has been told of a payload and has not answered.
    held: bool,
    /// A classic sender whose message was refused: it cannot be told, so it is not heard either.
    muted: bool,
    /// The octet that a classic sender has completed, while the host is being told of it.
    octet: Option<u8>,
}

impl<const OCTETS: usize> Session<OCTETS> {
    pub(super) fn new(peer: u32, dialect: Dialect, detect: bool) -> Self {
        let classic = classic::TextReceiver::new(dialect);
        let half =
            if detect { Half::Undecided(Detector::new(), classic) } else { Half::Classic(classic) };
        Self {
            peer,
            gone: false,
            turn_over: false,
            half,
            pending: Pending::default(),
            owed: Acks::NONE,
            held: false,
            muted: false,
            octet: None,
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
        if !self.owed.is_empty() {
            Want::Line
        } else if self.held {
            Want::Host
        } else if self.pending.is_empty() {
            Want::Nothing
        } else {
            Want::Line
        }
    }

    /// Remembers a bit until it is this session's turn.
    #[inline]
    pub(super) fn take(&mut self, bit: Bit) -> Handled {
        if self.muted {
            Handled::Ignored
        } else if self.held || !self.owed.is_empty() || !self.pending.insert(bit) {
            // Its predecessor has not been acknowledged, so it can only be the same once more.
            Handled::Repeated
        } else {
            Handled::Taken
        }
    }

    #[inline]
    pub(super) fn next_owed(&mut self) -> Option<Bit> {
        self.owed.next()
    }

    /// Processes the next bit that waits.
    #[inline]
    pub(super) fn process(&mut self) {
        let Some(bit) = self.pending.take() else { return };
        // Nobody wanted the turn that ended before it: with this bit the next one begins.
        self.turn_over = false;
        match &mut self.half {
            Half::Framed(receiver) => match receiver.handle_bit(bit) {
                receiver::Reply::Acknowledge(ack) => self.owed = Acks::of(Some(ack)),
                receiver::Reply::VerdictComplete(ack) => {
                    self.owed = Acks::of(Some(ack));
                    self.turn_over = true;
                }
                receiver::Reply::Frame => self.held = true,
                receiver::Reply::Ignored => {}
            },
            Half::Classic(_) => self.process_classic(bit),
            Half::Undecided(detector, _) => {
                let detection = detector.feed(bit);
                self.process_classic(bit);
                self.settle(detection);
            }
        }
    }

    fn process_classic(&mut self, bit: Bit) {
        let (Half::Undecided(_, receiver) | Half::Classic(receiver)) = &mut self.half else {
            return;
        };
        match receiver.handle_bit(bit) {
            classic::Completed::Nothing(acks) => self.owed = acks,
            classic::Completed::Byte(octet) => {
                self.octet = Some(octet);
                self.held = true;
            }
            classic::Completed::End => {
                self.octet = None;
                self.held = true;
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
                self.held = false;
                self.octet = None;
                let ack = classic.dialect().bit_ack(Bit::One);
                self.owed = Acks::of(ack);
                self.half = Half::Framed(Receiver::after_ack(ack.unwrap_or(Bit::One)));
            }
        }
    }

    /// What the host is being told of, if this session is held.
    pub(super) fn payload(&self) -> Option<Payload<'_>> {
        if !self.held {
            return None;
        }
        match &self.half {
            Half::Framed(receiver) => {
                let frame = receiver.frame()?;
                Some(Payload {
                    peer: self.peer,
                    protocol: Protocol::Framed,
                    first: frame.first,
                    last: frame.last,
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
                length: receiver.length(),
                offset: receiver.offset(),
                octets: self.octet.as_slice(),
            }),
        }
    }

    pub(super) fn accept(&mut self) {
        if !self.held {
            return;
        }
        self.held = false;
        self.octet = None;
        match &mut self.half {
            Half::Framed(receiver) => {
                self.owed = Acks::of(receiver.accept());
            }
            Half::Undecided(_, receiver) | Half::Classic(receiver) => {
                self.turn_over = receiver.is_last();
                self.owed = receiver.accept();
            }
        }
    }

    pub(super) fn refuse(&mut self, reason: RefusalReason) {
        self.held = false;
        self.octet = None;
        match &mut self.half {
            Half::Framed(receiver) => {
                if let Some(ack) = receiver.refuse(reason) {
                    self.owed = Acks::of(Some(ack));
                }
            }
            Half::Undecided(..) | Half::Classic(_) => {
                self.muted = true;
                self.turn_over = true;
                self.pending = Pending::default();
                self.owed = Acks::NONE;
            }
        }
    }

    /// Octets delivered of a message that has begun and not ended.
    pub(super) fn octets_at_risk(&self) -> Option<u64> {
        match &self.half {
            Half::Framed(receiver) => receiver.octets_at_risk(),
            Half::Undecided(_, receiver) | Half::Classic(receiver) => {
                (!self.muted).then(|| receiver.octets_at_risk()).flatten()
            }
        }
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
