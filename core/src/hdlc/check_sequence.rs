//! How a frame is checked: what the FCS-32, the FCS-16 and no FCS have in common.

/// What follows the content of a frame to check it, computed octet by octet.
///
/// [`Fcs`](super::Fcs) is the FCS-32, [`Fcs16`](super::Fcs16) the FCS-16, [`NoFcs`] none. Implement
/// this trait for any other polynomial. What this crate promises of its calls, such as that they
/// cannot panic, then depends on that implementation, too. The choice is made at compile time, and
/// a check sequence that is not used costs nothing.
pub trait CheckSequence: Copy {
    /// The number of octets at the end of a frame, at most 4.
    const OCTETS: usize;

    /// The value before the first octet.
    const START: Self;

    /// Takes the next octet of the frame.
    fn update(&mut self, octet: u8);

    /// Whether the octets taken so far end with their own correct check sequence.
    #[must_use]
    fn is_good(self) -> bool;

    /// What to send after the octets taken so far: [`OCTETS`](Self::OCTETS) octets, the least
    /// significant first, each least significant bit first.
    #[must_use]
    fn value(self) -> u32;
}

/// No check sequence: a frame is at least one octet of any value, and whoever takes it must check
/// it.
///
/// For a protocol whose check is another one or elsewhere, and to see frames with a wrong FCS: the
/// octets that a [`Deframer`](super::Deframer) returns are then everything between two flags,
/// including the FCS. An empty frame is just two flags.
///
/// # Examples
///
/// Reads a frame although its FCS-16 is wrong:
///
/// ```
/// use minitalk_core::hdlc::{Deframed, Deframer, FCS16_OCTETS, Fcs16, Framer, NoFcs};
///
/// let mut deframer = Deframer::<64, NoFcs>::new();
/// let mut seen = Vec::new();
/// for bit in Framer::new(&[0x03, 0x3F, 0x5B, 0xED]).checked_by::<NoFcs>() {
///     if let Ok(Deframed::Frame(octets)) = deframer.feed(bit) {
///         let mut fcs = Fcs16::new();
///         octets.iter().for_each(|octet| fcs.update(*octet));
///         let (content, _) = octets.split_at(octets.len() - FCS16_OCTETS);
///         seen.push((content.to_vec(), fcs.is_good()));
///     }
/// }
/// assert_eq!(seen, [(vec![0x03, 0x3F], false)]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NoFcs;

impl CheckSequence for NoFcs {
    const OCTETS: usize = 0;
    const START: Self = Self;

    #[inline]
    fn update(&mut self, _octet: u8) {}

    #[inline]
    fn is_good(self) -> bool {
        true
    }

    #[inline]
    fn value(self) -> u32 {
        0
    }
}
