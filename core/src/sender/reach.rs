//! How far a message has progressed.

/// Counts the acknowledged bits, and how many of them are further than any before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Reach {
    /// Bits of this frame acknowledged since its mark, or since its beginning if it has none.
    acknowledged: u32,
    /// The highest value that `acknowledged` has reached for this frame.
    furthest: u32,
    total: u64,
}

impl Reach {
    pub(super) const fn new() -> Self {
        Self { acknowledged: 0, furthest: 0, total: 0 }
    }

    /// A number that grows whenever the message gets further than ever before.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// Whether nothing has been acknowledged in this attempt.
    #[inline]
    pub(super) const fn is_at_beginning(&self) -> bool {
        self.acknowledged == 0
    }

    pub(super) fn begin_frame(&mut self) {
        self.furthest = 0;
        self.begin_attempt();
    }

    pub(super) fn begin_attempt(&mut self) {
        self.acknowledged = 0;
    }

    #[inline]
    pub(super) fn advance(&mut self, bits: u32) {
        self.acknowledged = self.acknowledged.wrapping_add(bits);
        if self.acknowledged > self.furthest {
            self.furthest = self.acknowledged;
            self.total = self.total.wrapping_add(1);
        }
    }
}
