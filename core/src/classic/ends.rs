//! What one line symbol completes.

/// What one line symbol completes.
///
/// The symbol that completes a length or a message completes a byte as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ends {
    /// Nothing: the symbol is inside a byte.
    #[default]
    Nothing,
    /// Eight bits of the length or of the text.
    Byte,
    /// The length. Text follows.
    Length,
    /// The message.
    Message,
    /// The length, which is zero, and so the message.
    EmptyMessage,
}

impl Ends {
    /// Whether eight bits of anything are complete.
    #[must_use]
    pub const fn byte(self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Whether the length is complete.
    #[must_use]
    pub const fn length(self) -> bool {
        matches!(self, Self::Length | Self::EmptyMessage)
    }

    /// Whether the message is complete.
    #[must_use]
    pub const fn message(self) -> bool {
        matches!(self, Self::Message | Self::EmptyMessage)
    }
}

#[cfg(test)]
mod tests {
    use super::Ends;

    #[test]
    fn the_end_of_a_length_or_of_a_message_is_that_of_a_byte() {
        for (ends, byte, length, message) in [
            (Ends::Nothing, false, false, false),
            (Ends::Byte, true, false, false),
            (Ends::Length, true, true, false),
            (Ends::Message, true, false, true),
            (Ends::EmptyMessage, true, true, true),
        ] {
            assert_eq!((ends.byte(), ends.length(), ends.message()), (byte, length, message));
        }
    }
}
