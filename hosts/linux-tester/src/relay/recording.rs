//! What a relay has seen.

use minitalk_core::Bit;
use serde::{Deserialize, Serialize};

use super::plan::Action;
use crate::process::Ending;

/// One of the two programs, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Party {
    Client,
    Server,
    /// Another process.
    Stranger,
}

/// One signal that came to the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Symbol {
    /// When it came, in nanoseconds since boot.
    pub(crate) at_nanos: u64,
    pub(crate) from: Party,
    /// 1 for `SIGUSR1`, 2 for `SIGUSR2`.
    pub(crate) usr: u8,
    /// When it was passed on, if it was.
    pub(crate) passed_nanos: Option<u64>,
}

impl Symbol {
    pub(crate) fn bit(self) -> Bit {
        Bit::from_bool(self.usr == 2)
    }
}

/// Everything that was observed of one client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Recording {
    pub(crate) symbols: Vec<Symbol>,
    /// When the client was started.
    pub(crate) from_nanos: u64,
    /// When the client ended or was given up.
    pub(crate) to_nanos: u64,
    pub(crate) client_pid: u32,
    /// How the client ended.
    pub(crate) client: Ending,
    /// Whether the server ended during the recording.
    pub(crate) server_ended: bool,
    /// What was done, and when.
    pub(crate) done: Vec<(u64, Action)>,
    /// The kernel function in which the client slept at the end, if it hung.
    pub(crate) client_sleeps_in: Option<String>,
    /// What the relay received, if it was the server.
    pub(crate) received: Vec<u8>,
    /// How many whole messages the relay has sent, if it was the client.
    pub(crate) messages: u64,
}

impl Recording {
    /// What came from one side, in order.
    pub(crate) fn from(&self, party: Party) -> impl DoubleEndedIterator<Item = Symbol> + '_ {
        self.symbols.iter().copied().filter(move |symbol| symbol.from == party)
    }

    /// Each symbol of the client, with the answers that came before its next one.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        let mut exchanges: Vec<Exchange> = Vec::new();
        for symbol in &self.symbols {
            match symbol.from {
                Party::Client => {
                    exchanges.push(Exchange { bit: symbol.bit(), answers: Vec::new() });
                }
                Party::Server => {
                    if let Some(exchange) = exchanges.last_mut() {
                        exchange.answers.push(symbol.bit());
                    }
                }
                Party::Stranger => {}
            }
        }
        exchanges
    }
}

/// One symbol of the client and what it led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub(crate) bit: Bit,
    pub(crate) answers: Vec<Bit>,
}
