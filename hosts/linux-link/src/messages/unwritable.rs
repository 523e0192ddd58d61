//! What happens to a message that could not be written.

use std::io::{self, ErrorKind};

/// Something could not be written, and has been dropped.
#[derive(Debug)]
pub struct Unwritable {
    /// The sender of the message, if it was one.
    pub peer: Option<u32>,
    /// Why it could not be written.
    pub error: io::Error,
    /// Whether a later message may succeed: space may be freed on a disk, and the next command may
    /// succeed, but the reader of a pipe does not come back.
    pub is_passing: bool,
}

impl Unwritable {
    pub(super) fn new(peer: Option<u32>, error: io::Error) -> Self {
        let is_passing = matches!(
            error.kind(),
            ErrorKind::StorageFull
                | ErrorKind::QuotaExceeded
                | ErrorKind::FileTooLarge
                | ErrorKind::NotFound
        );
        Self { peer, error, is_passing }
    }

    pub(super) const fn of_command(peer: u32, error: io::Error) -> Self {
        Self { peer: Some(peer), error, is_passing: true }
    }
}
