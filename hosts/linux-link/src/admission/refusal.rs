//! Why a process is not signalled.

use minitalk_signals::OpenPeerError;
use minitalk_signals::{ReadProcessError, SignalSet};
use thiserror::Error;

/// The highest possible process id (`PID_MAX_LIMIT`, `proc_sys_kernel(5)`).
pub const PID_MAX: u32 = 4_194_304;

/// Why a process must not be signalled.
///
/// Each is the second half of a sentence about the process, without its number: the caller knows
/// how the number was given and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The number is 0, negative, or above [`PID_MAX`]. To kill(2), 0 and negative numbers mean
    /// whole process groups.
    #[error("is not a process id (they are 1 to {PID_MAX})")]
    OutOfRange,
    /// The number is that of this process.
    #[error("is this process itself")]
    Itself,
    /// There is no such process.
    #[error("does not exist")]
    NoSuchProcess,
    /// The process has ended, and its parent has not waited for it.
    #[error("has already ended (it is a zombie)")]
    Zombie,
    /// The number is that of a thread.
    #[error("is not a process but a thread of process {of}")]
    Thread {
        /// The process that the thread belongs to.
        of: u32,
    },
    /// This process may not signal it.
    #[error("belongs to another user, and may not be signalled by this one")]
    NotPermitted {
        /// Its owner: its real user id.
        uid: u32,
    },
    /// The process may not signal this one, so no acknowledgment could come back.
    #[error("belongs to another user, who may not signal this one: it could not acknowledge")]
    AcknowledgmentNotPermitted {
        /// Its owner: its effective user id.
        uid: u32,
    },
    /// It lives in a PID namespace inside this one's, where this process has no number.
    #[error(
        "lives in a PID namespace of its own, where this process has no number: \
         it could not acknowledge"
    )]
    NamespaceInside,
    /// It neither catches nor blocks nor ignores a signal that it would be sent. Only
    /// [`Trust::Forced`](super::Trust::Forced) overrules this.
    #[error("does not handle {signals}: it would be killed")]
    WouldDie {
        /// The deadly signals.
        signals: SignalSet,
    },
    /// It ignores at least one of the signals. Only [`Trust::Forced`](super::Trust::Forced)
    /// overrules this.
    #[error("ignores {signals}: it does not listen")]
    Deaf {
        /// The signals that it ignores.
        signals: SignalSet,
    },
    /// It handles the signals, but the user has not said that it is a minitalk.
    /// [`Trust::Told`](super::Trust::Told) overrules this.
    #[error("is not known to be a minitalk server")]
    Unknown,
    /// It handles the signals and also others, as a different kind of program does. Only
    /// [`Trust::Forced`](super::Trust::Forced) overrules this.
    #[error(
        "handles other signals as well, as shells, interpreters and daemons do: \
         it may use SIGUSR1 and SIGUSR2 to end, or for something of its own"
    )]
    Unlike,
    /// It runs a different program than when it was last examined.
    #[error("runs another program by now")]
    Replaced,
    /// It cannot be opened, because of this machine or because of a limit.
    #[error("cannot be held: {0}")]
    Unopened(OpenPeerError),
    /// It could not be examined.
    #[error("cannot be examined: {0}")]
    Unreadable(ReadProcessError),
}

impl Refusal {
    /// Whether a program that is just starting may be refused for this reason.
    pub(super) const fn is_about_handlers(self) -> bool {
        match self {
            Self::WouldDie { .. } | Self::Deaf { .. } | Self::Unknown | Self::Unlike => true,
            Self::OutOfRange
            | Self::Itself
            | Self::NoSuchProcess
            | Self::Zombie
            | Self::Thread { .. }
            | Self::NotPermitted { .. }
            | Self::AcknowledgmentNotPermitted { .. }
            | Self::NamespaceInside
            | Self::Replaced
            | Self::Unopened(_)
            | Self::Unreadable(_) => false,
        }
    }
}

impl From<ReadProcessError> for Refusal {
    fn from(error: ReadProcessError) -> Self {
        match error {
            ReadProcessError::NoSuchProcess => Self::NoSuchProcess,
            error => Self::Unreadable(error),
        }
    }
}
