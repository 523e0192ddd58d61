//! What a sender cannot know when a timeout expires, and its host may find out.

/// What is in doubt at a timeout, and with it what makes it safe and useful to go on.
///
/// A host that can see the receiver asks for it before it handles the timeout, and postpones the
/// timeout until it has seen what is said here. `docs/protocol.md`, section "Many senders", has the
/// rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Doubt {
    /// Whether the bit is lost or waits for its turn, or for the receiver's output. While the
    /// receiver works for others, to send it again would hide their bits; at rest, it has nobody's
    /// bit in hand.
    Turn,
    /// Whether the bit, in the middle of a message, is lost or the receiver slow.
    Lost,
    /// Whether a bit that was sent again arrived twice. A receiver that has taken both has answered
    /// both, if neither is still pending there.
    Twice,
}
