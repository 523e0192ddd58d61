//! Whether damage shows before the FCS does.
//!
//! A frame is damaged from the moment when the receiver is fed anything but the bits of it that the
//! sender has sent, each once and in order. From then on the sender must send no further bit of it,
//! because the next acknowledgment shows the damage. That holds after one fault; two can hide each
//! other until the verdict.
//!
//! A pair that was sent again is an exception. If its first acknowledgment is still pending at a
//! slow sender, that of the repetition, which is the same symbol, is dropped. Two different
//! acknowledgments remain, and it is impossible to tell that there were more.

/// What the receiver has been fed of the current frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feed<Symbol> {
    /// What the sender has sent of it, except for these bits, the older one first.
    Intact {
        /// The bits sent and not yet received.
        under_way: [Option<Symbol>; 2],
    },
    /// Something else.
    Damaged,
    /// Either of these: a pair has been sent again.
    Unclear,
}

impl<Symbol: Copy + PartialEq> Feed<Symbol> {
    /// No part of a frame.
    pub const NEW: Self = Self::Intact { under_way: [None; 2] };

    /// The sender sends a bit for the first time.
    ///
    /// # Errors
    ///
    /// It must not: the bit before has not arrived, or something else has.
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
