//! What a sender cannot know when a timeout expires, but its host may be able to find out.

/// What is in doubt at a timeout, and so when it is safe and useful to go on.
///
/// A host that can see the receiver asks for the doubt before it handles the timeout, and postpones
/// the timeout until it has seen what the variant says. `docs/protocol.md`, section "Many senders",
/// has the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Doubt {
    /// Whether the bit is lost, or waits for its turn or for the receiver's output. While the
    /// receiver works for others, sending the bit again could hide their bits. A receiver at rest
    /// has no bit in hand.
    Turn,
    /// Whether the bit, which is in the middle of a message, is lost or the receiver is slow.
    Lost,
    /// Whether a bit that was sent again arrived twice. If neither copy is pending at the receiver
    /// any more, it has answered each copy that arrived.
    Twice,
}
