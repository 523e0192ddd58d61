//! The frame check sequence of AX.25, X.25 and PPP: FCS-16, computed octet by octet.

use super::CheckSequence;
use crc::{CRC_16_IBM_SDLC, Crc, Table};

/// Octets of an [`Fcs16`].
pub const FCS16_OCTETS: usize = 2;

/// What the register holds after a good frame and its FCS (RFC 1662, C.2: `PPPGOODFCS16`).
const GOOD: u16 = 0xF0B8;

/// One table of 256 words: 512 octets of constants, one lookup per octet. A program that does not
/// use this FCS does not contain it.
static CRC: Crc<u16, Table<1>> = Crc::<u16, Table<1>>::new(&CRC_16_IBM_SDLC);

/// A running FCS-16 (RFC 1662, appendix C.2; ITU-T X.25, 2.2.7; AX.25 2.2, 3.8).
///
/// The register begins as all ones, takes one octet at a time, and is sent complemented, least
/// significant octet first and each octet least significant bit first, like the rest of the frame.
/// It detects every error of one to three bits in up to 4,095 octets, FCS included, and every burst
/// of up to 16 bits. Of frames with other damage, one in 65,536 passes as good; that includes bit
/// errors that create or remove an inserted zero, which shift all bits that follow.
///
/// *Signal safety*: every method takes the same short time, allocates nothing and cannot panic.
///
/// # Examples
///
/// ```
/// use minitalk_core::hdlc::Fcs16;
///
/// let mut fcs = Fcs16::new();
/// b"123456789".iter().for_each(|octet| fcs.update(*octet));
/// assert_eq!(fcs.octets(), 0x906E_u16.to_le_bytes());
///
/// fcs.octets().iter().for_each(|octet| fcs.update(*octet));
/// assert!(fcs.is_good());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Fcs16 {
    register: u16,
}

impl Fcs16 {
    /// The FCS of no octets yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { register: u16::MAX }
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
    pub const fn value(self) -> u16 {
        !self.register
    }

    /// The two octets to send after the content, in the order in which they are sent.
    #[must_use]
    pub const fn octets(self) -> [u8; FCS16_OCTETS] {
        self.value().to_le_bytes()
    }

    /// Whether the octets taken so far end with their own correct FCS.
    #[must_use]
    pub const fn is_good(self) -> bool {
        self.register == GOOD
    }
}

impl Default for Fcs16 {
    fn default() -> Self {
        Self::new()
    }
}

impl CheckSequence for Fcs16 {
    const OCTETS: usize = FCS16_OCTETS;
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
        Self::value(self).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(octets: &[u8]) -> Fcs16 {
        let mut fcs = Fcs16::new();
        for octet in octets {
            fcs.update(*octet);
        }
        fcs
    }

    /// The definition of the code, one bit at a time, without the `crc` crate.
    fn bitwise(octets: &[u8]) -> u16 {
        let mut register = u16::MAX;
        for octet in octets {
            for bit in 0..8 {
                let feedback = (register & 1 == 1) != (octet >> bit & 1 == 1);
                register >>= 1;
                if feedback {
                    register ^= 0x8408;
                }
            }
        }
        !register
    }

    #[test]
    fn the_check_value_of_the_catalogue_comes_out() {
        assert_eq!(of(b"123456789").value(), CRC_16_IBM_SDLC.check);
        assert_eq!(CRC_16_IBM_SDLC.check, 0x906E);
    }

    #[test]
    fn the_good_residue_is_the_one_of_the_catalogue_before_its_final_step() {
        assert_eq!(GOOD, CRC_16_IBM_SDLC.residue);
    }

    #[test]
    fn no_octets_have_the_fcs_zero() {
        assert_eq!(Fcs16::new().octets(), [0; 2]);
        assert_eq!(Fcs16::default(), Fcs16::START);
    }

    proptest! {
        #[test]
        fn table_and_definition_agree(octets: std::vec::Vec<u8>) {
            prop_assert_eq!(of(&octets).value(), bitwise(&octets));
        }

        #[test]
        fn only_content_followed_by_its_own_fcs_is_good(mut octets: std::vec::Vec<u8>, other: u16) {
            let fcs = of(&octets).octets();
            let mut wrong = octets.clone();
            wrong.extend(other.to_le_bytes());
            prop_assert_eq!(of(&wrong).is_good(), other.to_le_bytes() == fcs);
            octets.extend(fcs);
            prop_assert!(of(&octets).is_good());
        }
    }
}
