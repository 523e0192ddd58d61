//! A length as in the header of a frame: plus one, in unsigned LEB128; 0 if it is not known.

/// The octets of a length.
pub(super) fn octets(length: Option<u64>) -> impl Iterator<Item = u8> {
    let mut rest = Some(length.and_then(|length| length.checked_add(1)).unwrap_or(0));
    std::iter::from_fn(move || {
        let value = rest?;
        let low = value.to_le_bytes()[0] & 0x7F;
        rest = Some(value >> 7).filter(|&more| more > 0);
        Some(if rest.is_some() { low | 0x80 } else { low })
    })
}

/// A length, some octets of which have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arriving {
    value: u64,
    bits: u32,
}

/// What an octet of a length completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// More octets follow.
    More,
    /// The length is complete; `None` means that it is not known.
    Length(Option<u64>),
    /// The length is not valid: too large, or in more octets than necessary.
    Bad,
}

impl Arriving {
    pub(super) fn feed(&mut self, octet: u8) -> Fed {
        let low = u64::from(octet & 0x7F);
        let part = low.checked_shl(self.bits).filter(|part| part >> self.bits == low);
        let (Some(part), false) = (part, octet == 0 && self.bits > 0) else { return Fed::Bad };
        self.value |= part;
        self.bits += 7;
        if octet & 0x80 != 0 { Fed::More } else { Fed::Length(self.value.checked_sub(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(octets: impl IntoIterator<Item = u8>) -> Fed {
        let mut arriving = Arriving::default();
        let fed = octets.into_iter().map(|octet| arriving.feed(octet));
        fed.into_iter().find(|&fed| fed != Fed::More).unwrap_or(Fed::More)
    }

    #[test]
    fn a_length_is_read_as_it_was_written() {
        for length in [0, 1, 126, 127, 128, 1 << 40, u64::MAX - 1] {
            assert_eq!(parsed(octets(Some(length))), Fed::Length(Some(length)));
        }
        assert_eq!(parsed(octets(None)), Fed::Length(None));
        assert_eq!(parsed(octets(Some(u64::MAX))), Fed::Length(None), "it cannot be said");
    }

    #[test]
    fn a_length_has_one_spelling_and_64_bits() {
        assert_eq!(parsed([0x81, 0]), Fed::Bad);
        assert_eq!(parsed([0xFF; 20]), Fed::Bad);
        let largest = [[0xFF; 9].as_slice(), &[0x01]].concat();
        assert_eq!(parsed(largest), Fed::Length(Some(u64::MAX - 1)));
        assert_eq!(parsed([[0xFF; 9].as_slice(), &[0x03]].concat()), Fed::Bad);
    }
}
