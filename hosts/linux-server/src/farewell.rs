//! The last moments: nothing new is taken, and senders are told why.

use std::io;

use minitalk_core::{Instant, RefusalReason};
use minitalk_signals::now;

use crate::error::ServerError;

/// How long senders are told that no more will be taken.
const FAREWELL_MICROS: u64 = 1_000_000;

#[derive(Debug)]
pub(crate) struct Farewell {
    /// What senders are told.
    pub(crate) reason: RefusalReason,
    /// When to end although some of them are still connected.
    pub(crate) deadline: Instant,
    /// What the server ends with.
    pub(crate) error: Option<ServerError>,
}

impl Farewell {
    pub(crate) fn new(reason: RefusalReason, error: Option<io::Error>) -> Self {
        let deadline = now().after_micros(FAREWELL_MICROS);
        Self { reason, deadline, error: error.map(ServerError::Output) }
    }
}
