//! Content to bits: flags, zero-bit insertion, FCS.

use core::iter::FusedIterator;

use super::{CheckSequence, FLAG, Fcs, ONES_MAX};
use crate::Bit;

/// Which part of a frame a bit belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Section {
    /// The eight bits of the flag before the content.
    OpeningFlag,
    /// Content and FCS, inserted zeros included.
    Content,
    /// The eight bits of the flag after the FCS.
    ClosingFlag,
    /// Nothing is left to send.
    Done,
}

/// The position in a frame that is being sent, without the octets.
///
/// For a sender that owns its buffer and so cannot also hold a [`Framer`], which borrows it. The
/// cursor is a small `Copy` value: keep an old one to send a frame again, or call [`next`] on a
/// copy to look ahead.
///
/// *Signal safety*: every method takes a short bounded time, allocates nothing and cannot panic.
///
/// # Examples
///
/// ```
/// use minitalk_core::hdlc::{Cursor, Section};
///
/// let mut cursor = Cursor::new();
/// let mut bits = 0;
/// while cursor.section() != Section::Done {
///     cursor.next(b"hi").expect("there is a bit in every other section");
///     bits += 1;
/// }
/// assert_eq!(bits, 8 + 16 + 32 + 8);
/// assert_eq!(cursor.next(b"hi"), None);
/// ```
///
/// [`next`]: Self::next
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Cursor<F = Fcs> {
    part: Part<F>,
    /// What the FCS is XORed with.
    mask: u32,
    /// Bits of the current octet not yet sent, least significant first.
    octet: u8,
    /// How many of those bits there are.
    left: u8,
    /// Ones sent since the last zero, inside content and FCS.
    ones: u8,
}

/// What is being sent, and the state needed to continue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum Part<F> {
    OpeningFlag,
    Content { taken: usize, fcs: F },
    Fcs { fcs: F, taken: u8 },
    ClosingFlag { fcs: F },
    Done { fcs: F },
}

impl Cursor {
    /// A cursor at the first bit of the opening flag.
    #[must_use]
    pub const fn new() -> Self {
        Self { part: Part::OpeningFlag, mask: 0, octet: FLAG, left: 8, ones: 0 }
    }

    /// All zeros: for a `static` that is assigned another value before it is used.
    pub(crate) const UNSET: Self =
        Self { part: Part::OpeningFlag, mask: 0, octet: 0, left: 0, ones: 0 };

    /// A cursor at the first bit of the content, for when the frame before has already sent the
    /// flag.
    #[must_use]
    pub const fn after_flag() -> Self {
        let part = Part::Content { taken: 0, fcs: Fcs::new() };
        Self { part, mask: 0, octet: 0, left: 0, ones: 0 }
    }

    /// The same cursor, with an FCS that is XORed with `mask` where it is sent.
    #[must_use]
    pub const fn masked(mut self, mask: u32) -> Self {
        self.mask = mask;
        self
    }

    /// The same cursor with another check sequence, for a frame of which no content has been sent.
    #[must_use]
    pub const fn checked_by<F: CheckSequence>(self) -> Cursor<F> {
        let part = match self.part {
            Part::OpeningFlag => Part::OpeningFlag,
            Part::Content { .. }
            | Part::Fcs { .. }
            | Part::ClosingFlag { .. }
            | Part::Done { .. } => Part::Content { taken: 0, fcs: F::START },
        };
        Cursor { part, mask: self.mask, octet: self.octet, left: self.left, ones: self.ones }
    }
}

impl<F: CheckSequence> Cursor<F> {
    /// The section of the bit that [`next`](Self::next) will return.
    #[must_use]
    pub const fn section(&self) -> Section {
        match self.part {
            Part::OpeningFlag => Section::OpeningFlag,
            Part::Content { .. } | Part::Fcs { .. } => Section::Content,
            Part::ClosingFlag { .. } => Section::ClosingFlag,
            Part::Done { .. } => Section::Done,
        }
    }

    /// The FCS of the content, without the mask, once its last octet has begun.
    #[must_use]
    pub const fn fcs(&self) -> Option<F> {
        match self.part {
            Part::OpeningFlag | Part::Content { .. } => None,
            Part::Fcs { fcs, .. } | Part::ClosingFlag { fcs } | Part::Done { fcs } => Some(fcs),
        }
    }

    /// The next bit to send, or `None` after the last bit of the closing flag.
    ///
    /// `content` is the frame without its FCS, and must be the same at every call. If it changes,
    /// the bits make no valid frame, as the FCS will show the receiver.
    #[inline]
    pub fn next(&mut self, content: &[u8]) -> Option<Bit> {
        match self.part {
            Part::OpeningFlag => {
                let bit = self.shift();
                if self.left == 0 {
                    self.part = Part::Content { taken: 0, fcs: F::START };
                }
                Some(bit)
            }
            Part::Content { taken, fcs } => {
                if self.left == 0 {
                    self.load(content, taken, fcs);
                }
                Some(self.stuffed())
            }
            Part::Fcs { fcs, taken } => {
                if self.ones < ONES_MAX && self.left == 0 {
                    self.load_fcs(fcs, taken);
                }
                let bit = self.stuffed();
                self.close();
                Some(bit)
            }
            Part::ClosingFlag { fcs } => {
                let bit = self.shift();
                if self.left == 0 {
                    self.part = Part::Done { fcs };
                }
                Some(bit)
            }
            Part::Done { .. } => None,
        }
    }

    /// Loads the next octet of the content, or the first of the FCS.
    fn load(&mut self, content: &[u8], taken: usize, mut fcs: F) {
        if let Some(&octet) = content.get(taken) {
            fcs.update(octet);
            let taken = taken.wrapping_add(1);
            self.part = if taken >= content.len() {
                Part::Fcs { fcs, taken: 0 }
            } else {
                Part::Content { taken, fcs }
            };
            self.octet = octet;
            self.left = 8;
        } else if F::OCTETS == 0 {
            self.part = Part::ClosingFlag { fcs };
            (self.octet, self.left) = (FLAG, 8);
        } else {
            self.load_fcs(fcs, 0);
        }
    }

    fn load_fcs(&mut self, fcs: F, taken: u8) {
        self.part = Part::Fcs { fcs, taken: taken.wrapping_add(1) };
        let [octet, ..] =
            (fcs.value() ^ self.mask).wrapping_shr(u32::from(taken).wrapping_mul(8)).to_le_bytes();
        self.octet = octet;
        self.left = 8;
    }

    /// Goes on to the closing flag if all of the FCS has been sent, its inserted zeros included.
    fn close(&mut self) {
        let Part::Fcs { fcs, taken } = self.part else { return };
        if usize::from(taken) == F::OCTETS && self.left == 0 && self.ones < ONES_MAX {
            self.part = Part::ClosingFlag { fcs };
            (self.octet, self.left, self.ones) = (FLAG, 8, 0);
        }
    }

    /// The next bit of the current octet, or the zero to insert after five ones.
    fn stuffed(&mut self) -> Bit {
        if self.ones >= ONES_MAX {
            self.ones = 0;
            return Bit::Zero;
        }
        let bit = self.shift();
        self.ones = if bit.is_one() { self.ones.wrapping_add(1) } else { 0 };
        bit
    }

    fn shift(&mut self) -> Bit {
        let bit = Bit::from_bool(self.octet & 1 == 1);
        self.octet >>= 1;
        self.left = self.left.wrapping_sub(1);
        bit
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new()
    }
}

/// The bits of one frame: opening flag, content and FCS with zeros inserted, closing flag.
///
/// Octets leave least significant bit first. The frame may hold any octets and any number of them,
/// though a [`Deframer`](super::Deframer) takes an empty one for noise. Two frames may share a
/// flag: send the second [without its opening flag](Self::without_opening_flag). Cloning is cheap,
/// and a clone of a new framer sends the frame again.
///
/// # Examples
///
/// ```
/// use minitalk_core::Bit;
/// use minitalk_core::hdlc::Framer;
///
/// let line: String = Framer::new(&[0xFF]).map(|bit| bit.to_string()).collect();
/// assert_eq!(line, concat!(
///     "01111110",                             // the opening flag
///     "111110111",                            // 0xFF: a zero after five ones
///     "00000000000000000000000011111011 1",   // its FCS, 0xFF000000
///     "01111110",                             // the closing flag
/// ).replace(' ', ""));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Framer<'a, F = Fcs> {
    content: &'a [u8],
    cursor: Cursor<F>,
}

impl<'a> Framer<'a> {
    /// The whole frame around `content`.
    #[must_use]
    pub const fn new(content: &'a [u8]) -> Self {
        Self { content, cursor: Cursor::new() }
    }

    /// The frame around `content` for a line on which a flag has just been sent.
    #[must_use]
    pub const fn without_opening_flag(content: &'a [u8]) -> Self {
        Self { content, cursor: Cursor::after_flag() }
    }

    /// The same frame, with its FCS XORed with `mask`.
    #[must_use]
    pub const fn masked(mut self, mask: u32) -> Self {
        self.cursor = self.cursor.masked(mask);
        self
    }

    /// The same frame with another check sequence.
    ///
    /// ```
    /// use minitalk_core::hdlc::{Fcs16, Framer};
    ///
    /// // 01111110, the two octets, an FCS of two octets, 01111110.
    /// assert_eq!(Framer::new(b"hi").checked_by::<Fcs16>().count(), 8 + 16 + 16 + 8);
    /// ```
    #[must_use]
    pub const fn checked_by<F: CheckSequence>(self) -> Framer<'a, F> {
        Framer { content: self.content, cursor: self.cursor.checked_by() }
    }
}

impl<F: CheckSequence> Framer<'_, F> {
    /// The section of the next bit.
    #[must_use]
    pub const fn section(&self) -> Section {
        self.cursor.section()
    }
}

impl<F: CheckSequence> Iterator for Framer<'_, F> {
    type Item = Bit;

    #[inline]
    fn next(&mut self) -> Option<Bit> {
        self.cursor.next(self.content)
    }
}

impl<F: CheckSequence> FusedIterator for Framer<'_, F> {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn line(framer: Framer<'_>) -> String {
        framer.map(|bit| bit.to_string()).collect()
    }

    /// RFC 1662, 5.2, taken literally: find five ones, insert a zero after them.
    fn by_replacement(content: &[u8]) -> String {
        let mut octets = content.to_vec();
        let mut fcs = Fcs::new();
        for octet in content {
            fcs.update(*octet);
        }
        octets.extend(fcs.octets());
        let plain: String = octets
            .iter()
            .flat_map(|octet| (0..8).map(move |bit| if octet >> bit & 1 == 1 { '1' } else { '0' }))
            .collect();
        std::format!("01111110{}01111110", plain.replace("11111", "111110"))
    }

    #[test]
    fn a_cursor_is_small() {
        assert!(size_of::<Cursor>() <= 24, "{}", size_of::<Cursor>());
    }

    #[test]
    fn zeros_are_inserted_after_five_ones_and_nowhere_else() {
        for first in 0..=255 {
            for second in [0x00, 0x1F, 0x7E, 0xF8, 0xFC, 0xFF, first] {
                let content = [first, second];
                assert_eq!(line(Framer::new(&content)), by_replacement(&content));
            }
        }
        assert_eq!(line(Framer::new(&[])), by_replacement(&[]));
        assert_eq!(line(Framer::new(&[0xFF; 64])), by_replacement(&[0xFF; 64]));
    }

    #[test]
    fn some_frame_ends_with_an_inserted_zero_and_its_closing_flag_is_whole() {
        let mut found = 0;
        for content in 0..=u16::MAX {
            let content = content.to_le_bytes();
            let bits = line(Framer::new(&content));
            if bits.ends_with("11111001111110") {
                found += 1;
                assert_eq!(bits, by_replacement(&content));
            }
        }
        assert!(found > 1000, "{found}");
    }

    #[test]
    fn without_its_opening_flag_a_frame_is_the_rest() {
        let whole = line(Framer::new(b"rest"));
        assert_eq!(
            line(Framer::without_opening_flag(b"rest")),
            whole.strip_prefix("01111110").unwrap()
        );
    }

    #[test]
    fn a_mask_turns_bits_of_the_fcs_and_no_others() {
        let content = b"masked";
        let mut fcs = Fcs::new();
        for &octet in content {
            fcs.update(octet);
        }
        let mut octets = content.to_vec();
        octets.extend(fcs.masked_octets(0x0102_0480));
        let masked = line(Framer::new(content).masked(0x0102_0480));
        // The part before the FCS in a frame around all of these octets.
        let around = line(Framer::new(&octets));
        let same = masked.strip_suffix("01111110").expect("a closing flag");
        assert!(around.starts_with(same), "{masked} {around}");
        assert_eq!(line(Framer::new(content).masked(0)), line(Framer::new(content)));
    }

    #[test]
    fn a_cursor_knows_the_fcs_of_what_it_has_sent() {
        let mut cursor = Cursor::new().masked(7);
        assert_eq!(cursor.fcs(), None);
        while cursor.next(b"123456789").is_some() {}
        let fcs = cursor.fcs().expect("all has been sent");
        assert_eq!(fcs.octets(), 0xCBF4_3926_u32.to_le_bytes());
    }

    #[test]
    fn sections_follow_each_other_and_name_the_next_bit() {
        for content in 0..=u16::MAX {
            let content = content.to_le_bytes();
            let mut cursor = Cursor::new();
            let mut sections = Vec::new();
            while cursor.section() != Section::Done {
                sections.push(cursor.section());
                assert!(cursor.next(&content).is_some());
            }
            assert_eq!(cursor.next(&content), None);
            let middle = sections.len() - 16;
            assert!(sections[..8].iter().all(|section| *section == Section::OpeningFlag));
            assert!(sections[8..][..middle].iter().all(|section| *section == Section::Content));
            assert!(sections[8 + middle..].iter().all(|section| *section == Section::ClosingFlag));
        }
    }

    #[test]
    fn a_cursor_given_a_shorter_content_halfway_still_ends() {
        let mut cursor = Cursor::new();
        for _ in 0..100 {
            cursor.next(&[0xAA; 64]);
        }
        assert!((0..100).any(|_| cursor.next(&[]).is_none()));
    }
}
