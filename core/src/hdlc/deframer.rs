//! Bits to content: flags found, inserted zeros removed, FCS checked.
//!
//! ```text
//!             flag                flag: a frame, an error, or nothing
//!  ┌─────────┐─────────▶┌────────┐─────┐
//!  │ Hunting │          │ Inside │     │
//!  └─────────┘◀─────────└────────┘◀────┘
//!             abort, or
//!             too long
//! ```

use core::fmt;

use super::{CheckSequence, FCS_OCTETS, Fcs};
use crate::Bit;
use crate::frame::FRAME_OCTETS_MAX;

/// What one bit completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "a frame that is not read is lost"]
pub enum Deframed<'a> {
    /// Nothing yet.
    Pending,
    /// A flag that closed nothing: the first one, one right after another, or the first one after
    /// [`FeedError::Aborted`] or [`FeedError::TooLong`].
    Flag,
    /// A flag that closed a frame with a good FCS. The content has at least one octet and does not
    /// include the FCS.
    Frame(&'a [u8]),
}

/// What was wrong with what arrived.
///
/// No part of such a frame may be used. The deframer needs no help to go on: after
/// [`BadFcs`](Self::BadFcs) and [`Noise`](Self::Noise) the flag that showed the error also opens
/// the next frame; after the other two it waits for the next flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FeedError {
    /// Seven ones in a row: the sender gave up the frame. Reported at the seventh, and not again
    /// before another flag. Seven ones right after a flag count, too.
    Aborted,
    /// The frame check sequence is wrong.
    BadFcs,
    /// More octets than the deframer has room for. Reported at the octet that does not fit, and not
    /// again before another flag.
    TooLong,
    /// What lies between two flags is not a whole number of octets, or is too short for one octet
    /// and an FCS.
    Noise,
}

impl fmt::Display for FeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aborted => "frame aborted by its sender",
            Self::BadFcs => "frame check sequence is wrong",
            Self::TooLong => "frame is too long",
            Self::Noise => "bits between two flags are not a frame",
        })
    }
}

impl core::error::Error for FeedError {}

/// What one bit completed, before the FCS is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unchecked<F> {
    Pending,
    Flag,
    /// A flag that closed a frame, with the FCS register after all of its octets.
    Frame(F),
}

/// Finds the frames in a stream of bits.
///
/// `N` is the number of octets, FCS included, that may lie between two flags: your own payload plus
/// 4, or what [`frame::octets_for`](crate::frame::octets_for) returns for this crate's frames. `F`
/// is the [`CheckSequence`]: the FCS-32 by default, [`Fcs16`](super::Fcs16) for AX.25, X.25 and
/// PPP, [`NoFcs`](super::NoFcs) for frames that you check yourself. The content is not interpreted:
/// address and control are for you to read.
///
/// Octets arrive least significant bit first. A closing flag opens the next frame as well, and two
/// flags may share the zero between them (`011111101111110`; RFC 1662, 5.2 does not send that but
/// HDLC equipment does). Whatever came before, a complete flag resynchronises the deframer.
///
/// # Examples
///
/// ```
/// use minitalk_core::hdlc::{Deframer, Framer, Deframed};
///
/// let mut deframer = Deframer::<64>::new();
/// let mut frames = 0;
/// for bit in Framer::new(b"hello").chain(Framer::without_opening_flag(b"hello")) {
///     match deframer.feed(bit).expect("nothing disturbs this line") {
///         Deframed::Frame(content) => {
///             assert_eq!(content, b"hello");
///             frames += 1;
///         }
///         Deframed::Pending | Deframed::Flag => {}
///     }
/// }
/// assert_eq!(frames, 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Deframer<const N: usize = FRAME_OCTETS_MAX, F = Fcs> {
    state: State<F>,
    /// The latest bits without inserted zeros, each inverted, the newest in the most significant
    /// place, where octets are taken from. The run of zeros at the top is the run of ones on the
    /// line: where an inserted zero has been removed, the bit before it is a one here and noted in
    /// `removed`.
    inverted: u32,
    /// Where those ones are in the octet once it is complete, in the same places as in `inverted`.
    removed: u32,
    /// How many bits of the octet at the top of `inverted` have come, in units of [`TAKEN`].
    taken: u8,
    /// Content octets of the frame completed last, until the next octet overwrites them.
    completed: usize,
    octets: [u8; N],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State<F> {
    /// Waits for a flag.
    Hunting,
    /// A flag has come, and `len` octets after it.
    Inside { len: usize, fcs: F },
}

impl<F: CheckSequence> State<F> {
    const OPENED: Self = Self::Inside { len: 0, fcs: F::START };
}

/// `inverted` is less than this when the five newest bits are ones.
const FIVE_ONES: u32 = 1 << 27;

/// What a bit adds to `taken`, so that eight of them make 256, which is 0.
const TAKEN: u8 = 32;

/// The newest bit of `inverted`.
const NEWEST: u32 = 1 << 31;

impl<const N: usize, F: CheckSequence> Deframer<N, F> {
    /// A deframer that waits for its first flag. It is all zeros, so that a `static` takes no room
    /// in flash.
    ///
    /// It does not compile if `N` has no room for one octet and its FCS.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N > F::OCTETS, "N counts the FCS: payload octets and F::OCTETS more") };
        Self {
            state: State::Hunting,
            inverted: Self::NO_ZERO_YET,
            removed: 0,
            taken: 0,
            completed: 0,
            octets: [0; N],
        }
    }

    /// As after an abort: the next flag must have a zero of its own or share that of another flag.
    const NO_ZERO_YET: u32 = 0;

    /// Forgets everything and waits for a flag.
    pub const fn reset(&mut self) {
        self.state = State::Hunting;
        self.inverted = Self::NO_ZERO_YET;
        self.removed = 0;
        self.taken = 0;
        self.completed = 0;
    }

    /// Whether the deframer waits for a flag: since it was made, reset, or returned
    /// [`FeedError::Aborted`] or [`FeedError::TooLong`].
    #[must_use]
    pub const fn is_hunting(&self) -> bool {
        matches!(self.state, State::Hunting)
    }

    /// Whether octets of an incomplete frame have come.
    #[must_use]
    pub const fn has_content(&self) -> bool {
        matches!(self.state, State::Inside { len: 1.., .. })
    }

    /// The content of the frame that was completed last, until another octet has come.
    #[must_use]
    pub fn frame(&self) -> Option<&[u8]> {
        self.octets.get(..self.completed).filter(|content| !content.is_empty())
    }

    /// Takes the next bit from the line.
    ///
    /// *Signal safety*: takes a short bounded time whatever the bit, since the FCS is computed
    /// octet by octet; allocates nothing, takes no lock and cannot panic.
    ///
    /// # Errors
    ///
    /// [`FeedError`], once for every frame lost.
    #[inline]
    pub fn feed(&mut self, bit: Bit) -> Result<Deframed<'_>, FeedError> {
        match self.feed_unchecked(bit)? {
            Unchecked::Pending => Ok(Deframed::Pending),
            Unchecked::Flag => Ok(Deframed::Flag),
            Unchecked::Frame(fcs) if fcs.is_good() => {
                Ok(Deframed::Frame(self.frame().unwrap_or_default()))
            }
            Unchecked::Frame(_) => {
                self.completed = 0;
                Err(FeedError::BadFcs)
            }
        }
    }

    /// Takes the next bit, and leaves the FCS of a frame for the caller to check.
    #[inline]
    pub(crate) fn feed_unchecked(&mut self, bit: Bit) -> Result<Unchecked<F>, FeedError> {
        if self.inverted < FIVE_ONES { self.feed_after_five_ones(bit) } else { self.shift(bit) }
    }

    /// Whether the next bit can only be content: neither a flag nor an abort can end with it.
    #[inline]
    pub(crate) const fn is_within_content(&self) -> bool {
        self.inverted >= FIVE_ONES
    }

    /// Takes a bit of content.
    #[inline]
    fn shift(&mut self, bit: Bit) -> Result<Unchecked<F>, FeedError> {
        self.inverted = ((self.inverted >> 1) | (u32::from(bit.is_one()) << 31)) ^ NEWEST;
        self.taken = self.taken.wrapping_add(TAKEN);
        if self.taken == 0 {
            self.store()?;
        }
        Ok(Unchecked::Pending)
    }

    /// Stores the complete octet, if inside a frame, and begins the next one.
    #[inline]
    fn store(&mut self) -> Result<(), FeedError> {
        let [complete, ..] = (!self.inverted | self.removed).to_be_bytes();
        self.removed = 0;
        let State::Inside { len, fcs } = &mut self.state else { return Ok(()) };
        if let Some(octet) = self.octets.get_mut(*len) {
            *octet = complete;
            self.completed = 0;
            fcs.update(complete);
            *len = len.wrapping_add(1);
            Ok(())
        } else {
            self.state = State::Hunting;
            Err(FeedError::TooLong)
        }
    }

    /// Takes a bit after five or more ones. Only here can an inserted zero come, a flag end, or an
    /// abort happen: with random content for one bit in 63.
    #[cold]
    fn feed_after_five_ones(&mut self, bit: Bit) -> Result<Unchecked<F>, FeedError> {
        match (bit, self.inverted.leading_zeros()) {
            (Bit::Zero, ..=5) => {
                self.inverted |= NEWEST;
                // It will be at the top when the octet is complete, after the bits still missing.
                self.removed |= (NEWEST >> 8).wrapping_shl(u32::from(self.taken / TAKEN));
                Ok(Unchecked::Pending)
            }
            (Bit::Zero, 6) => self.flag(),
            (Bit::One, 6..) => self.abort(),
            (Bit::One, ..=5) | (Bit::Zero, 7..) => self.shift(bit),
        }
    }

    fn abort(&mut self) -> Result<Unchecked<F>, FeedError> {
        self.inverted = Self::NO_ZERO_YET;
        match core::mem::replace(&mut self.state, State::Hunting) {
            State::Hunting => Ok(Unchecked::Pending),
            State::Inside { .. } => Err(FeedError::Aborted),
        }
    }

    /// Closes what lies before a flag, now that its last bit has come, and opens what follows.
    ///
    /// The first seven bits of the flag have been taken for content. If the real content was whole
    /// octets, these seven are an octet that never became complete. If the first zero of the flag
    /// was taken for an inserted one, `removed` shows it: a zero was removed from that octet.
    fn flag(&mut self) -> Result<Unchecked<F>, FeedError> {
        let [removed, ..] = self.removed.to_be_bytes();
        let whole = self.taken == 7 * TAKEN && removed == 0;
        let state = core::mem::replace(&mut self.state, State::OPENED);
        self.inverted = u32::MAX;
        self.removed = 0;
        self.taken = 0;
        match state {
            // Six or seven of the eight bits of an octet belong to the flag itself: nothing lies
            // between.
            State::Hunting | State::Inside { len: 0, .. } => Ok(Unchecked::Flag),
            State::Inside { len, fcs } if whole && len > F::OCTETS => {
                self.completed = len.wrapping_sub(F::OCTETS);
                Ok(Unchecked::Frame(fcs))
            }
            State::Inside { .. } => Err(FeedError::Noise),
        }
    }
}

impl<const N: usize> Deframer<N> {
    /// The frame that was closed last, whether its FCS is good or not, until another octet has
    /// come: its content, and its FCS as received.
    pub(crate) fn unchecked(&self) -> Option<(&[u8], [u8; FCS_OCTETS])> {
        let (content, rest) = self.octets.split_at_checked(self.completed)?;
        Some((content, *rest.first_chunk()?)).filter(|_| !content.is_empty())
    }
}

#[cfg(test)]
impl<const N: usize> Deframer<N> {
    /// Forgets state that no longer matters, for the model of the link.
    ///
    /// `keeps_frame` if [`frame`](Self::frame) will still be called. Octets with which, according
    /// to `is_sent`, no frame on the line begins belong to a damaged frame. Of such a frame only
    /// the run of ones that may end it matters: its FCS is assumed to be wrong, whatever follows.
    pub(crate) fn forget_the_past(&mut self, keeps_frame: bool, is_sent: impl Fn(&[u8]) -> bool) {
        if !keeps_frame {
            self.completed = 0;
        }
        let ones = self.inverted.leading_zeros().min(8);
        let only_ones = u32::MAX.checked_shr(ones).unwrap_or(0);
        let kept = match self.state {
            State::Hunting => {
                (self.inverted, self.removed, self.taken) = (only_ones, 0, 0);
                0
            }
            State::Inside { len: 0, .. } => {
                self.inverted |= 0x00FF_FFFF;
                self.completed
            }
            State::Inside { len, .. } if is_sent(&self.octets[..len]) => {
                self.inverted |= 0x00FF_FFFF;
                len
            }
            State::Inside { .. } => {
                (self.inverted, self.removed, self.taken) = (only_ones, 0, 0);
                self.state = State::Inside { len: 1, fcs: Fcs::new() };
                0
            }
        };
        self.octets[kept..].fill(0);
    }
}

impl<const N: usize, F: CheckSequence> Default for Deframer<N, F> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]
mod tests;
