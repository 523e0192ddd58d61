//! What the program may say.

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::Protocols;

use crate::names::Name;

/// What a [`Listener`](super::Listener) takes, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerConfig {
    /// Which protocols senders may speak.
    pub protocols: Protocols,
    /// How classic senders speak.
    pub dialect: Dialect,
    /// Octets that a message may have. Longer ones are refused.
    pub octets_max: Option<u64>,
    /// Whether to acknowledge every process, even one that will be killed by it.
    pub acknowledge_anyone: bool,
    /// A name by which clients find this process, not only by its PID.
    pub name: Option<Name>,
    /// Whether to take `SIGINT`, `SIGTERM` and `SIGHUP` as well, which come as
    /// [`Happening::Terminate`](super::Happening::Terminate) then. Otherwise they end the process, as usual.
    pub terminations: bool,
}

impl Default for ListenerConfig {
    /// Both protocols, messages of any length, and nobody who would die of an acknowledgment.
    fn default() -> Self {
        Self {
            protocols: Protocols::Both,
            dialect: Dialect::DEFAULT,
            octets_max: None,
            acknowledge_anyone: false,
            name: None,
            terminations: false,
        }
    }
}
