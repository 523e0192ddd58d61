//! What a listener reports to its program.

use minitalk_core::RefusalReason;
use minitalk_core::classic::Dialect;
use minitalk_core::exchange::Protocol;
use minitalk_signals::{SendError, Termination, WatchError};
use thiserror::Error;

use crate::admission::Refusal;

/// What has happened on a [`Listener`](super::Listener).
#[derive(Debug)]
#[must_use = "a piece that is neither accepted nor refused keeps its sender waiting"]
pub enum Happening<'a> {
    /// A process has sent its first bit, and has a place now.
    Connected(Connected),
    /// Octets of a message have arrived. Their sender waits for [`accept`](super::Listener::accept)
    /// or [`refuse`](super::Listener::refuse), now or later.
    Piece(Piece<'a>),
    /// The last piece of a message has been accepted: the message is complete, and its receipt is
    /// being sent.
    Ended(Ended),
    /// A message was cut off: its sender has ended, or has begun another message.
    Cut {
        /// The sender.
        peer: u32,
        /// Its real user id.
        uid: u32,
        /// Octets of the message that had arrived.
        octets: u64,
    },
    /// A message has been refused: it is longer than
    /// [`octets_max`](super::ListenerConfig::octets_max), cannot be decoded, or the listener is
    /// [shutting down](super::Listener::shut_down).
    Refused {
        /// The sender.
        peer: u32,
        /// Octets of the message that had been reported.
        octets: u64,
        /// What its sender is told.
        reason: RefusalReason,
    },
    /// A sender's process has ended, and its place is free.
    Left {
        /// The sender.
        peer: u32,
    },
    /// Bits of a message were lost, because they came while earlier ones were still pending.
    /// Reported once per message.
    Damaged {
        /// The sender.
        peer: u32,
    },
    /// A sender does not wait for acknowledgments. Signals do not queue, so bits may be lost
    /// unnoticed. Reported once per sender.
    DoesNotWait {
        /// The sender.
        peer: u32,
    },
    /// A stranger has ended right after an acknowledgment, and seems to expect another signal. The
    /// next process of the same program will get that one.
    Misanswered {
        /// The sender.
        peer: u32,
    },
    /// A signal that belongs to no message.
    Stray(Stray),
    /// A new sender waits because all places are taken.
    Full {
        /// How many places there are.
        places: usize,
    },
    /// A signal asks this process to end: only with
    /// [`terminations`](super::ListenerConfig::terminations).
    Terminate(Termination),
    /// A descriptor passed to [`watch`](super::Listener::watch) is ready.
    Ready {
        /// The token that was passed with it.
        token: u64,
    },
    /// The listener has [shut down](super::Listener::shut_down): no sender is left to be told.
    Closed,
    /// The deadline passed to [`next_or`](super::Listener::next_or) is over.
    TimedOut,
}

/// A process that has a place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connected {
    /// Its PID.
    pub peer: u32,
    /// Its real user id.
    pub uid: u32,
    /// The name of its program, at most 15 bytes. It can be chosen by the owner of the process and
    /// may contain anything, including control characters.
    pub program: String,
}

/// A piece of a message. The pieces of one sender come in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The sender.
    pub peer: u32,
    /// Its real user id.
    pub uid: u32,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// Its dialect, if it is a classic sender.
    pub dialect: Option<Dialect>,
    /// Whether the message begins with this piece.
    pub first: bool,
    /// Whether it ends with this piece. Accepting the last piece confirms the whole message.
    pub last: bool,
    /// Length of the message in octets, if its beginning gives it. All octets of a
    /// [coded](crate::coding) message are counted as those of its text.
    pub length: Option<u64>,
    /// Octets of the message that came before this piece.
    pub offset: u64,
    /// Microseconds since the first bit of the message.
    pub micros: u64,
    /// The octets of this piece; none if it only ends the message.
    pub octets: &'a [u8],
}

/// A message that has arrived and been accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// The sender.
    pub peer: u32,
    /// Its real user id.
    pub uid: u32,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// Its dialect, if it is a classic sender.
    pub dialect: Option<Dialect>,
    /// Octets of the message.
    pub octets: u64,
    /// Microseconds from its first bit to its last piece.
    pub micros: u64,
}

/// A signal that belongs to no message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stray {
    /// Its sender, if the kernel vouches for it.
    pub peer: Option<u32>,
    /// The name of its program, if it can be read; see [`Connected::program`].
    pub program: Option<String>,
    /// Why it is not answered.
    pub cause: StrayCause,
}

/// Why a signal is not answered. Each is the end of a sentence about the signal: *ignored a
/// signal*.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StrayCause {
    /// Its sender must not be signalled.
    #[error("it {0}")]
    Refused(#[from] Refusal),
    /// Its sender handles neither signal, and has sent too few for a letter.
    #[error("it handles neither signal and has sent no message")]
    NoMessage,
    /// It is not possible to watch for the end of its sender.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// Its sender cannot be signalled.
    #[error("cannot acknowledge: {0}")]
    Send(#[from] SendError),
    /// It came from outside this PID namespace, where its sender has no number here.
    #[error(
        "from outside this PID namespace: its sender has no number here and cannot be answered; \
         run the client in the same container"
    )]
    Outside,
    /// It was not sent with kill(2), so its sender may be forged.
    #[error("that was not sent with kill(2) (si_code {code}): it may name any sender it likes")]
    Forged {
        /// The `si_code` it came with.
        code: i32,
    },
}

/// A piece without its octets, which are stored elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct PieceHeader {
    pub(super) peer: u32,
    pub(super) uid: u32,
    pub(super) protocol: Protocol,
    pub(super) dialect: Option<Dialect>,
    pub(super) first: bool,
    pub(super) last: bool,
    pub(super) length: Option<u64>,
    pub(super) offset: u64,
    pub(super) micros: u64,
}

impl PieceHeader {
    pub(super) const fn with(self, octets: &[u8]) -> Piece<'_> {
        let Self { peer, uid, protocol, dialect, first, last, length, offset, micros } = self;
        Piece { peer, uid, protocol, dialect, first, last, length, offset, micros, octets }
    }
}
