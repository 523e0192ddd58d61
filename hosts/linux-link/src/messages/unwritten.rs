//! Octets that are waiting to be written to the sink.

/// Octets, some of which may have been written already.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    octets: Vec<u8>,
    written: usize,
    is_begun: bool,
}

impl Unwritten {
    pub(super) fn new(octets: Vec<u8>) -> Self {
        Self { octets, ..Self::default() }
    }

    /// What has not been written.
    pub(super) fn rest(&self) -> &[u8] {
        &self.octets[self.written..]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Whether some of it has been written, now or before it was emptied.
    pub(super) const fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Records that the first `count` octets of the rest have been written.
    pub(super) fn advance(&mut self, count: usize) {
        self.written += count;
        self.is_begun = true;
    }

    /// Starts again, as if nothing of it had been written.
    pub(super) const fn rewind(&mut self) {
        self.written = 0;
        self.is_begun = false;
    }

    /// What has not been written, for changing or appending.
    pub(super) fn more(&mut self) -> &mut Vec<u8> {
        self.octets.drain(..std::mem::take(&mut self.written));
        &mut self.octets
    }
}
