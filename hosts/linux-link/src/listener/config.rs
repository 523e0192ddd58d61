//! What the program may say.

use std::time::Duration;

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::Protocols;

use crate::names::Name;

/// What a [`Listener`](super::Listener) takes, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerConfig {
    /// Which protocols senders may speak.
    pub protocols: Protocols,
    /// How classic senders speak; `None` if that is to be found out, for each of them.
    ///
    /// Our own are known, and speak [`Dialect::DEFAULT`] then.
    pub dialect: Option<Dialect>,
    /// How long to wait before a stranger is acknowledged; `None` to wait until it sleeps, for a
    /// millisecond at most. One that calls kill(2) and then pause(2) misses an acknowledgment that
    /// comes between the two.
    pub pace: Option<Duration>,
    /// Pause after each acknowledgment, for somebody to watch; everything else waits for it. The
    /// default is none.
    pub slow: Option<Duration>,
    /// Octets that a message may have, decoded. Longer ones are refused.
    pub octets_max: Option<u64>,
    /// Whether to acknowledge every process, even one that will be killed by it.
    pub acknowledge_anyone: bool,
    /// A name by which clients find this process, not only by its PID.
    pub name: Option<Name>,
    /// Whether to take `SIGINT`, `SIGTERM` and `SIGHUP` as well, which come as
    /// [`Happening::Terminate`](super::Happening::Terminate) then. Otherwise they end the process,
    /// as usual.
    pub terminations: bool,
}

impl Default for ListenerConfig {
    /// Both protocols, every dialect, messages of any length, and nobody who would die of an
    /// acknowledgment.
    fn default() -> Self {
        Self {
            protocols: Protocols::Both,
            dialect: None,
            pace: None,
            slow: None,
            octets_max: None,
            acknowledge_anyone: false,
            name: None,
            terminations: false,
        }
    }
}
