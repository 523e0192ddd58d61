//! Whether damage shows before the FCS does.
//!
//! A frame is damaged from when the receiver is fed anything but the bits that the sender has sent
//! of it, each once and in order. From then on the sender must send no further bit of it: the next
//! acknowledgment tells. After one fault that is so; two can hide each other until the verdict.
//!
//! A pair that was sent again is left out. While its first acknowledgment is still pending at a
//! slow sender, that of the repetition, which is the same symbol, is dropped; two different ones
//! remain, and nobody can tell that there were more.

/// What the receiver has been fed of the frame under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feed<Symbol> {
    /// What the sender has sent of it, but for these bits, the older one first.
    Intact {
        /// The bits sent and not yet received.
        under_way: [Option<Symbol>; 2],
    },
    /// Something else.
    Damaged,
    /// One or the other: a pair has been sent again.
    Unclear,
}

impl<Symbol: Copy + PartialEq> Feed<Symbol> {
    /// Nothing of a frame.
    pub const NEW: Self = Self::Intact { under_way: [None; 2] };

    /// The sender has sent a bit that it had not sent before.
    ///
    /// # Errors
    ///
    /// It must not have: the bit before has not arrived, or something else has.
    pub fn send(&mut self, bit: Symbol, completes_pair: bool) -> Result<(), String> {
        match self {
            Self::Intact { under_way: [first @ None, None] } => *first = Some(bit),
            Self::Intact { under_way: [_, second @ None] } if completes_pair => *second = Some(bit),
            Self::Intact { .. } | Self::Damaged => {
                return Err("the sender goes on with a frame that is damaged".into());
            }
            Self::Unclear => {}
        }
        Ok(())
    }

    /// The receiver is fed a bit.
    pub fn receive(&mut self, bit: Symbol) {
        let Self::Intact { under_way: [first, second] } = *self else { return };
        *self = if first == Some(bit) {
            Self::Intact { under_way: [second, None] }
        } else {
            Self::Damaged
        };
    }
}
