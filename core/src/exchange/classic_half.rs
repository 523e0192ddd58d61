//! The classic half of a session. The dialect of its sender is given or guessed.

use crate::classic::{
    Acks, Completed, Dialect, End, Memory, TextReceiver, Understanding, Understood, Waits,
};
use crate::{Bit, Instant, Lookahead};

/// Silence after which a message is over if nothing on the line ends it.
const END_MICROS: u64 = 500_000;

/// The receiving half of a link with a classic sender.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[expect(clippy::large_enum_variant, reason = "the receiver of frames beside it is larger still")]
pub(super) enum ClassicHalf {
    /// The host has said what the dialect is.
    Given {
        receiver: TextReceiver,
        /// The octet that waits to be accepted.
        octet: Option<u8>,
        /// When the last symbol came, if the silence after it can mean something.
        active_at: Option<Instant>,
    },
    /// The dialect is guessed.
    Guessed(Understanding),
}

/// What a symbol, or the passing of time, led to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    /// These acknowledgments are owed.
    Acks(Acks),
    /// The host has to be told.
    Held,
}

impl From<Understood> for Outcome {
    fn from(understood: Understood) -> Self {
        match understood {
            Understood::Nothing(acks) => Self::Acks(acks),
            Understood::Octets | Understood::End => Self::Held,
        }
    }
}

impl ClassicHalf {
    pub(super) const fn given(dialect: Dialect) -> Self {
        Self::Given { receiver: TextReceiver::new(dialect), octet: None, active_at: None }
    }

    pub(super) fn handle_bit(&mut self, bit: Bit, now: Instant) -> Outcome {
        match self {
            Self::Given { receiver, octet, active_at } => {
                if receiver.dialect().end == End::Silence {
                    *active_at = Some(now);
                }
                match receiver.handle_bit(bit) {
                    Completed::Nothing(acks) => Outcome::Acks(acks),
                    Completed::Byte(byte) => {
                        *octet = Some(byte);
                        Outcome::Held
                    }
                    Completed::End => Outcome::Held,
                }
            }
            Self::Guessed(understanding) => understanding.handle_bit(bit, now).into(),
        }
    }

    /// The octets that wait to be accepted.
    pub(super) fn octets(&self) -> &[u8] {
        match self {
            Self::Given { octet, .. } => octet.as_slice(),
            Self::Guessed(understanding) => understanding.octets(),
        }
    }

    /// Whether what waits to be accepted ends the message.
    pub(super) fn is_last(&self) -> bool {
        match self {
            Self::Given { receiver, .. } => receiver.is_last(),
            Self::Guessed(understanding) => understanding.is_last(),
        }
    }

    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Given { receiver, .. } => receiver.length(),
            Self::Guessed(understanding) => understanding.length(),
        }
    }

    pub(super) fn offset(&self) -> u64 {
        match self {
            Self::Given { receiver, .. } => receiver.offset(),
            Self::Guessed(understanding) => understanding.offset(),
        }
    }

    pub(super) fn octets_at_risk(&self) -> Option<u64> {
        match self {
            Self::Given { receiver, .. } => receiver.octets_at_risk(),
            Self::Guessed(understanding) => understanding.octets_at_risk(),
        }
    }

    /// Accepts the octets that wait.
    pub(super) fn accept(&mut self) -> Outcome {
        match self {
            Self::Given { receiver, octet, .. } => {
                *octet = None;
                Outcome::Acks(receiver.accept())
            }
            Self::Guessed(understanding) => {
                let acks = understanding.accept();
                // More may have been held back; then nothing is owed yet.
                match understanding.resume().into() {
                    Outcome::Acks(_) if !acks.is_empty() => Outcome::Acks(acks),
                    outcome @ (Outcome::Acks(_) | Outcome::Held) => outcome,
                }
            }
        }
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Self::Given { active_at, .. } => active_at.map(|at| at.after_micros(END_MICROS)),
            Self::Guessed(understanding) => understanding.poll_timeout(),
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) -> Outcome {
        match self {
            Self::Given { receiver, active_at, .. } => {
                match active_at.take_if(|at| at.after_micros(END_MICROS) <= now) {
                    Some(_) => silence(receiver),
                    None => Outcome::Acks(Acks::NONE),
                }
            }
            Self::Guessed(understanding) => understanding.handle_timeout(now).into(),
        }
    }

    /// To be called when the sender has been seen to wait for a signal.
    pub(super) fn handle_pause(&mut self, now: Instant) -> Outcome {
        match self {
            Self::Given { .. } => Outcome::Acks(Acks::NONE),
            Self::Guessed(understanding) => understanding.handle_pause(now).into(),
        }
    }

    /// To be called when the sender has ended, and again until it returns no more.
    pub(super) fn handle_gone(&mut self) -> Outcome {
        match self {
            Self::Given { receiver, .. } => silence(receiver),
            Self::Guessed(understanding) => understanding.handle_gone().into(),
        }
    }

    /// Whether the sender waits for the acknowledgment of each bit, so that it can be kept waiting.
    pub(super) fn can_hold_back(&self) -> bool {
        match self {
            Self::Given { receiver, .. } => receiver.dialect().can_hold_back(),
            Self::Guessed(understanding) => understanding.waits() == Some(Waits::PerBit),
        }
    }

    /// The acknowledgment of a bit in the middle of a byte.
    pub(super) fn bit_ack(&self, bit: Bit) -> Option<Bit> {
        match self {
            Self::Given { receiver, .. } => receiver.dialect().bit_ack(bit),
            Self::Guessed(understanding) => understanding.bit_ack(bit),
        }
    }

    /// The acknowledgment of the next bit, if that bit can lead to nothing else.
    #[inline]
    pub(super) fn lookahead(&self) -> Lookahead {
        match self {
            Self::Given { receiver, .. } => receiver.lookahead(),
            Self::Guessed(_) => Lookahead::NONE,
        }
    }

    /// Takes a bit if it can lead only to its acknowledgment. Otherwise does nothing.
    #[inline]
    pub(super) fn acknowledge(&mut self, bit: Bit) -> Option<Bit> {
        match self {
            Self::Given { receiver, .. } => receiver.acknowledge(bit),
            Self::Guessed(_) => None,
        }
    }

    /// The dialect, once it is known.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        match self {
            Self::Given { receiver, .. } => Some(receiver.dialect()),
            Self::Guessed(understanding) => understanding.dialect(),
        }
    }

    /// What the sender waits for before it goes on, once that has been found out.
    pub(super) fn waits(&self) -> Option<Waits> {
        match self {
            Self::Given { .. } => None,
            Self::Guessed(understanding) => understanding.waits(),
        }
    }

    /// What to remember of the sender's program.
    pub(super) fn memory(&self) -> Memory {
        match self {
            Self::Given { .. } => Memory::default(),
            Self::Guessed(understanding) => understanding.memory(),
        }
    }
}

fn silence(receiver: &mut TextReceiver) -> Outcome {
    match receiver.handle_silence() {
        Completed::Nothing(acks) => Outcome::Acks(acks),
        Completed::Byte(_) | Completed::End => Outcome::Held,
    }
}
