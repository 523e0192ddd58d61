//! The first symbols of a sender.

use crate::Bit;

/// The first symbols of a sender, as many as there is room for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(in crate::classic) struct History {
    /// Eight symbols in each octet, the first one in the most significant place.
    octets: [u8; Self::OCTETS],
    len: u16,
}

impl History {
    const OCTETS: usize = 64;

    /// The largest number of symbols that it holds.
    pub(in crate::classic) const LEN_MAX: u16 = 512;

    pub(in crate::classic) const fn new() -> Self {
        Self { octets: [0; Self::OCTETS], len: 0 }
    }

    /// How many symbols it holds.
    pub(in crate::classic) const fn len(&self) -> u16 {
        self.len
    }

    /// Adds a symbol, or drops it if there is no room.
    pub(in crate::classic) fn push(&mut self, symbol: Bit) {
        let Some(octet) = self.octets.get_mut(usize::from(self.len >> 3)) else { return };
        if symbol.is_one() {
            *octet |= 0x80_u8.wrapping_shr(u32::from(self.len & 7));
        }
        self.len = self.len.saturating_add(1);
    }

    /// The symbol at `place`, counted from 0.
    pub(in crate::classic) fn symbol(&self, place: u16) -> Option<Bit> {
        if place >= self.len {
            return None;
        }
        let octet = self.octets.get(usize::from(place >> 3))?;
        Some(Bit::from_bool(octet.wrapping_shl(u32::from(place & 7)) & 0x80 != 0))
    }

    /// The eight symbols from `place` on, the first one in the most significant place.
    pub(in crate::classic) fn byte(&self, place: u16) -> Option<u8> {
        if place.saturating_add(8) > self.len {
            return None;
        }
        let octet =
            |place| u16::from(self.octets.get(usize::from(place)).copied().unwrap_or_default());
        let first = place >> 3;
        let both = octet(first) << 8 | octet(first.saturating_add(1));
        let [byte, _] = both.wrapping_shl(u32::from(place & 7)).to_be_bytes();
        Some(byte)
    }
}
