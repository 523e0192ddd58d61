//! The frame check sequence: FCS-32, computed octet by octet.

use super::CheckSequence;
use crc::{CRC_32_ISO_HDLC, Crc, Table};

/// Octets of an [`Fcs`], which stands at the end of every frame of this crate's protocol.
pub const FCS_OCTETS: usize = 4;

/// What the register holds after a good frame and its FCS (RFC 1662, C.3: `PPPGOODFCS32`).
const GOOD: u32 = 0xDEBB_20E3;

/// One table of 256 words: 1 KiB of constants, one lookup per octet.
static CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);

/// A running FCS-32 (RFC 1662, appendix C.3).
///
/// The register begins as all ones, takes one octet at a time, and is sent complemented, least
/// significant octet first and each octet least significant bit first, like the rest of the frame.
/// The receiver runs its own register over content and FCS together and only checks whether the
/// result [is good](Self::is_good).
///
/// *Signal safety*: every method takes the same short time, allocates nothing and cannot panic.
///
/// # Examples
///
/// ```
/// use minitalk_core::hdlc::Fcs;
///
/// let mut fcs = Fcs::new();
/// b"123456789".iter().for_each(|octet| fcs.update(*octet));
/// assert_eq!(fcs.octets(), 0xCBF4_3926_u32.to_le_bytes());
///
/// fcs.octets().iter().for_each(|octet| fcs.update(*octet));
/// assert!(fcs.is_good());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fcs {
    register: u32,
}

impl Fcs {
    /// The FCS of no octets yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { register: u32::MAX }
    }

    /// The FCS register after octets whose FCS is `value`, to continue from there.
    pub(crate) const fn after(value: u32) -> Self {
        Self { register: !value }
    }

    /// Takes the next octet of the frame.
    #[inline]
    pub fn update(&mut self, octet: u8) {
        let [table] = CRC.table();
        let [lowest, ..] = self.register.to_le_bytes();
        // An octet is always a valid index into 256 words; the compiler removes the other case.
        let word = table.get(usize::from(lowest ^ octet)).copied().unwrap_or_default();
        self.register = (self.register >> 8) ^ word;
    }

    /// The FCS as a number.
    #[must_use]
    pub const fn value(self) -> u32 {
        !self.register
    }

    /// The four octets to send after the content, in the order in which they are sent.
    #[must_use]
    pub const fn octets(self) -> [u8; FCS_OCTETS] {
        self.value().to_le_bytes()
    }

    /// The same four octets, XORed with `mask`, least significant octet first: an FCS that is good
    /// only for a receiver that knows the mask.
    #[must_use]
    pub const fn masked_octets(self, mask: u32) -> [u8; FCS_OCTETS] {
        (self.value() ^ mask).to_le_bytes()
    }

    /// Whether the octets taken so far end with their own correct FCS.
    #[must_use]
    pub const fn is_good(self) -> bool {
        self.register == GOOD
    }

    /// What the register holds after any octets and their FCS XORed with `mask`.
    #[must_use]
    pub fn residue(mask: u32) -> Self {
        // After the octets alone the register is the complement of their FCS. Taking the masked FCS
        // cancels that and leaves the complement of the mask, whatever the octets were.
        let mut residue = Self { register: !mask };
        (0..FCS_OCTETS).for_each(|_| residue.update(0));
        residue
    }

    /// What the register would hold now if the FCS had been complemented, that is, XORed with the
    /// complement of the mask.
    #[must_use]
    pub const fn complemented(self) -> Self {
        Self { register: self.register ^ GOOD }
    }
}

impl Default for Fcs {
    fn default() -> Self {
        Self::new()
    }
}

impl CheckSequence for Fcs {
    const OCTETS: usize = FCS_OCTETS;
    const START: Self = Self::new();

    #[inline]
    fn update(&mut self, octet: u8) {
        Self::update(self, octet);
    }

    #[inline]
    fn is_good(self) -> bool {
        Self::is_good(self)
    }

    #[inline]
    fn value(self) -> u32 {
        Self::value(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(octets: &[u8]) -> Fcs {
        let mut fcs = Fcs::new();
        for octet in octets {
            fcs.update(*octet);
        }
        fcs
    }

    /// The definition of the code, one bit at a time, without the `crc` crate.
    fn bitwise(octets: &[u8]) -> u32 {
        let mut register = u32::MAX;
        for octet in octets {
            for bit in 0..8 {
                let feedback = (register & 1 == 1) != (octet >> bit & 1 == 1);
                register >>= 1;
                if feedback {
                    register ^= 0xEDB8_8320;
                }
            }
        }
        !register
    }

    #[test]
    fn the_check_value_of_the_catalogue_comes_out() {
        assert_eq!(u32::from_le_bytes(of(b"123456789").octets()), CRC_32_ISO_HDLC.check);
        assert_eq!(CRC_32_ISO_HDLC.check, 0xCBF4_3926);
    }

    #[test]
    fn the_good_residue_is_the_one_of_the_catalogue_before_its_final_step() {
        assert_eq!(GOOD, CRC_32_ISO_HDLC.residue);
    }

    #[test]
    fn no_mask_is_the_mask_zero() {
        assert!(Fcs::residue(0).is_good());
        assert_eq!(of(b"123456789").masked_octets(0), of(b"123456789").octets());
    }

    #[test]
    fn no_octets_have_the_fcs_zero() {
        assert_eq!(Fcs::new().octets(), [0; 4]);
        assert_eq!(Fcs::default(), Fcs::new());
    }

    proptest! {
        #[test]
        fn table_and_definition_agree(octets: std::vec::Vec<u8>) {
            prop_assert_eq!(u32::from_le_bytes(of(&octets).octets()), bitwise(&octets));
        }

        #[test]
        fn the_residue_tells_the_mask_whatever_the_content(
            octets: std::vec::Vec<u8>,
            mask: u32,
            other: u32,
        ) {
            let mut fcs = of(&octets);
            fcs.masked_octets(mask).iter().for_each(|octet| fcs.update(*octet));
            prop_assert_eq!(fcs, Fcs::residue(mask));
            prop_assert_eq!(fcs.complemented(), Fcs::residue(!mask));
            prop_assert_eq!(fcs == Fcs::residue(other), mask == other);
        }

        #[test]
        fn only_content_followed_by_its_own_fcs_is_good(mut octets: std::vec::Vec<u8>, other: u32) {
            let fcs = of(&octets).octets();
            let mut wrong = octets.clone();
            wrong.extend(other.to_le_bytes());
            prop_assert_eq!(of(&wrong).is_good(), other.to_le_bytes() == fcs);
            octets.extend(fcs);
            prop_assert!(of(&octets).is_good());
        }
    }
}
