//! How to talk to a server.

use std::time::{Duration, Instant};

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::Protocol;

use crate::admission::Trust;

/// How to talk to a server.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use minitalk::Config;
///
/// let config = Config { timeout: Duration::from_secs(60), ..Config::default() };
/// assert!(!config.single_bits);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The protocol to speak. The default is framed.
    pub protocol: Protocol,
    /// How a classic server speaks. The default is [`Dialect::OBSERVING`]: whatever it acknowledges
    /// with is understood. The framed protocol has no dialects.
    pub dialect: Dialect,
    /// The shortest time from one bit to the next, for a classic server. The default is 500 µs if
    /// the server does not acknowledge bits, otherwise none.
    pub pace: Option<Duration>,
    /// A pause after each acknowledgment, to let people watch. A termination signal waits for it.
    /// The default is none.
    pub slow: Option<Duration>,
    /// Give up after this time without progress. The default is 10 s.
    pub timeout: Duration,
    /// Give up at this time, even if there is progress. A framed server is then told, which takes
    /// up to 200 ms more. The default is none.
    pub deadline: Option<Instant>,
    /// Never have two bits in flight. The default is `false`.
    pub single_bits: bool,
    /// Let a framed message be [coded](crate::coding) if that makes it smaller. The default is
    /// `true`. A server that does not know the coding is sent the message as it is.
    pub compress: bool,
    /// Whether the user vouches for the server. The default is [`Trust::Unspoken`]: only a process
    /// that is known to be a minitalk server is signalled.
    pub trust: Trust,
    /// Treat `SIGINT`, `SIGTERM` and `SIGHUP` as an [interruption](crate::Interruption), which
    /// suits a program that does nothing else. The default is `false`: these signals are left
    /// alone.
    pub takes_terminations: bool,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            protocol: Protocol::Framed,
            dialect: Dialect::OBSERVING,
            pace: None,
            slow: None,
            timeout: Duration::from_secs(10),
            deadline: None,
            single_bits: false,
            compress: true,
            trust: Trust::Unspoken,
            takes_terminations: false,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
