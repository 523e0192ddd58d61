//! What a program can configure.

use std::time::Duration;

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::Protocols;

use crate::names::Name;

/// What a [`Listener`](super::Listener) accepts, and from which processes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerConfig {
    /// Which protocols senders may speak.
    pub protocols: Protocols,
    /// How classic senders speak; `None` to guess it for each of them.
    ///
    /// This project's own client is recognised; with `None`, it is read as [`Dialect::DEFAULT`].
    pub dialect: Option<Dialect>,
    /// How long to wait before a stranger is acknowledged; `None` to wait until it sleeps, for at
    /// most a millisecond. A sender that calls kill(2) and then pause(2) misses an acknowledgment
    /// that comes between the two.
    pub pace: Option<Duration>,
    /// A pause after each acknowledgment, to let people watch; everything else waits for it. The
    /// default is none.
    pub slow: Option<Duration>,
    /// The largest number of octets of a message, decoded. Longer messages are refused.
    pub octets_max: Option<u64>,
    /// Whether to acknowledge every process, even one that an acknowledgment will kill.
    pub acknowledge_anyone: bool,
    /// A name by which clients find this process, in addition to its PID.
    pub name: Option<Name>,
    /// Whether to take `SIGINT`, `SIGTERM` and `SIGHUP` as well, and report them as
    /// [`Happening::Terminate`](super::Happening::Terminate). Otherwise they end the process, as
    /// usual.
    pub terminations: bool,
}

impl Default for ListenerConfig {
    /// Both protocols, every dialect, messages of any length; no process is acknowledged that an
    /// acknowledgment would kill.
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
