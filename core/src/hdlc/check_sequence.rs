//! How a frame is checked: what the FCS-32, the FCS-16 and none have in common.

/// What stands after the content of a frame to check it, while the octets are taken one by one.
///
/// [`Fcs`](super::Fcs) is the FCS-32, [`Fcs16`](super::Fcs16) the FCS-16, [`NoFcs`] none. Another
/// one, of a polynomial of your own, is an implementation of yours; what this crate promises of its
/// calls, that they cannot panic say, is then up to that too. The choice is made at compile time,
/// and none costs anything where another is used.
pub trait CheckSequence: Copy {
    /// Octets at the end of a frame, at most 4.
    const OCTETS: usize;

    /// Before the first octet.
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

/// No check sequence: frames of any octets, at least one, which whoever takes them must check.
///
/// For a protocol whose check is another one or elsewhere, and to see frames with a wrong FCS: the
/// octets that a [`Deframer`](super::Deframer) hands out are then all that stood between two flags,
/// the FCS among them. An empty frame is two flags.
///
/// # Examples
///
/// A frame whose FCS-16 is wrong, seen all the same:
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
