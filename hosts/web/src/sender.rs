//! A sending process of the page: a text, and the sending half for the mode.

use minitalk_core::classic::{Dialect, Ending, TextSender};
use minitalk_core::frame::PAYLOAD_OCTETS_MAX;
use minitalk_core::sender::{Event, Sender};
use minitalk_core::{Bit, Instant, anatomy};

use crate::world::Mode;

/// The pause of a sender that does not wait for acknowledgments.
const PAUSE_MICROS: u64 = 100;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sending,
    /// The receiver has confirmed the whole message.
    Delivered,
    /// Everything was sent, but not confirmed.
    Sent,
    /// The sender knows that the text is damaged, or that the receiver refuses it.
    Failed,
}

/// The progress of a sender.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    /// Bytes of the message that have been confirmed or acknowledged.
    pub(crate) bytes: u64,
    /// Bits that were sent again.
    pub(crate) resent: u64,
    /// Frames sent again.
    pub(crate) repeated: u64,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "two of them, in a static")]
enum Half {
    Framed(Sender),
    Classic(TextSender<'static>),
}

/// One message of one process.
#[derive(Debug)]
pub(crate) struct Sending {
    half: Half,
    text: &'static [u8],
    offered: usize,
    pub(crate) outcome: Outcome,
    /// Symbols sent, including those sent again.
    pub(crate) symbols: u64,
    pub(crate) anatomy: anatomy::Anatomy,
}

impl Sending {
    /// Begins to send `text`; `number` distinguishes this message from others. `None` if the mode
    /// cannot carry the text.
    pub(crate) fn new(mode: Mode, text: &'static [u8], number: u32) -> Option<Self> {
        let classic =
            |dialect| TextSender::new(dialect, text, PAUSE_MICROS).ok().map(Half::Classic);
        let half = match mode {
            Mode::Framed => {
                let length = u64::try_from(text.len()).ok();
                Half::Framed(Sender::new(number, length))
            }
            Mode::Classic => classic(Dialect::DEFAULT)?,
            Mode::Paced => classic(paced())?,
        };
        let outcome = Outcome::Sending;
        let anatomy = anatomy::Anatomy::new();
        Some(Self { half, text, offered: 0, outcome, symbols: 0, anatomy })
    }

    /// The next symbol to send now.
    pub(crate) fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        let bit = match &mut self.half {
            Half::Framed(sender) => {
                if sender.is_ready() && self.outcome == Outcome::Sending {
                    let rest = self.text.get(self.offered..).unwrap_or_default();
                    let piece = &rest[..rest.len().min(PAYLOAD_OCTETS_MAX)];
                    let last = piece.len() == rest.len();
                    if sender.offer(piece, last).is_ok() {
                        self.offered += piece.len();
                    }
                }
                sender.poll_transmit(now)
            }
            Half::Classic(sender) => sender.poll_transmit(now),
        }?;
        self.symbols += 1;
        Some(bit)
    }

    pub(crate) fn handle_ack(&mut self, ack: Bit, now: Instant) {
        match &mut self.half {
            Half::Framed(sender) => sender.handle_ack(ack, now),
            Half::Classic(sender) => sender.handle_ack(ack, now),
        }
        self.settle();
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match &mut self.half {
            Half::Framed(sender) => sender.handle_timeout(now),
            Half::Classic(sender) => sender.handle_timeout(now),
        }
        self.settle();
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match &self.half {
            Half::Framed(sender) => sender.poll_timeout(),
            Half::Classic(sender) => sender.poll_timeout(),
        }
    }

    /// Takes the event of the sender.
    pub(crate) fn settle(&mut self) {
        match &mut self.half {
            Half::Framed(sender) => {
                while let Some(event) = sender.poll_event() {
                    self.outcome = match event {
                        Event::Accepted { last: true, .. } => Outcome::Delivered,
                        Event::Accepted { last: false, .. } => Outcome::Sending,
                        _ => Outcome::Failed,
                    };
                }
            }
            Half::Classic(sender) => {
                while let Some(ending) = sender.poll_event() {
                    self.outcome = match ending {
                        Ending::Delivered => Outcome::Delivered,
                        Ending::Sent => Outcome::Sent,
                        _ => Outcome::Failed,
                    };
                }
            }
        }
    }

    /// What a user wants to know about the sender: what it sends, and what it had to repeat.
    pub(crate) fn phase(&self) -> Phase {
        match &self.half {
            Half::Framed(sender) => {
                let statistics = sender.statistics();
                Phase {
                    bytes: statistics.accepted_octets,
                    resent: statistics.resent_bits,
                    repeated: statistics.repeated_frames,
                }
            }
            Half::Classic(sender) => Phase {
                bytes: u64::try_from(sender.completed_bytes()).unwrap_or(u64::MAX),
                resent: self.symbols.saturating_sub(sender.progress()),
                repeated: 0,
            },
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.outcome != Outcome::Sending
    }
}

/// The mandatory part of the exercise: kill(2) and usleep(3), without any answer.
pub(crate) fn paced() -> Dialect {
    "ack=none,receipt=none".parse().unwrap_or(Dialect::DEFAULT)
}
