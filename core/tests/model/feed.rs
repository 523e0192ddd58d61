//! Whether damage shows before the FCS does.
//!
//! A frame is damaged from when the receiver is fed anything but the bits of it that the sender has
//! sent, each once and in order, or the sender believes in a bit that the receiver has not been fed.
//! Then the next acknowledgment of a single bit must tell. Those of a pair cannot: they are two
//! different symbols, wherever the alternation is.

use std::string::String;

use crate::Bit;

/// What the receiver has been fed of the frame under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Feed {
    /// What the sender has sent of it, but for these bits, the older one first.
    Intact { under_way: [Option<Bit>; 2] },
    /// Something else. `told` if a single bit has been sent since: its acknowledgment must tell.
    Damaged { told: bool },
    /// Nobody knows: a pair has been sent again, and of its four acknowledgments those of one pair
    /// can displace those of the other.
    Unclear,
}

impl Feed {
    /// Nothing of a frame.
    pub(super) const NEW: Self = Self::Intact { under_way: [None; 2] };

    /// The sender has sent a bit that it had not sent before.
    pub(super) fn send(&mut self, bit: Bit, completes_pair: bool) -> Result<(), String> {
        match (*self, completes_pair) {
            (Self::Unclear, _) => {}
            (Self::Intact { under_way: [None, None] }, _) => {
                *self = Self::Intact { under_way: [Some(bit), None] };
            }
            (Self::Intact { under_way: [first, None] }, true) => {
                *self = Self::Intact { under_way: [first, Some(bit)] };
            }
            // The bit before has not arrived, and the sender believes that it has.
            (Self::Intact { .. } | Self::Damaged { told: false }, false) => {
                *self = Self::Damaged { told: true };
            }
            (Self::Intact { .. } | Self::Damaged { .. }, true) => {
                *self = Self::Damaged { told: false };
            }
            (Self::Damaged { told: true }, false) => {
                return Err(
                    "the sender goes on with a frame although an acknowledgment told".into()
                );
            }
        }
        Ok(())
    }

    /// The receiver is fed a bit.
    pub(super) fn receive(&mut self, bit: Bit) {
        let Self::Intact { under_way: [first, second] } = *self else { return };
        *self = if first == Some(bit) {
            Self::Intact { under_way: [second, None] }
        } else {
            Self::Damaged { told: false }
        };
    }
}
