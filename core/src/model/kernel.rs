//! The origin of a signal in the model.

/// The sender of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    /// The other end of the link with this number.
    Peer(u8),
    /// A process that is not part of the link.
    Foreign,
}
