//! What the fuzz targets share: bits from octets, a dialect from a number, a reason for a refusal,
//! a source of octets.

pub mod link;

use arbitrary::{Arbitrary, Unstructured};
use minitalk_core::classic::{Dialect, Setting};
use minitalk_core::{Bit, RefusalReason};

/// The bits of `octets`, least significant first, as HDLC sends them.
pub fn bits(octets: &[u8]) -> impl Iterator<Item = Bit> {
    octets.iter().flat_map(|octet| (0..8).map(move |place| Bit::from(octet >> place & 1 == 1)))
}

/// Any dialect, from the first four octets of the input.
#[derive(Clone, Copy, Debug)]
pub struct AnyDialect(pub Dialect);

impl<'a> Arbitrary<'a> for AnyDialect {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let mut choice = u32::arbitrary(input)? as usize;
        let settings = Setting::ALL.map(|setting| {
            let values = setting.values();
            let value = values[choice % values.len()];
            choice /= values.len();
            format!("{}={value}", setting.key())
        });
        let dialect = settings.join(",").parse().expect("a dialect of known keys and values");
        Ok(Self(dialect))
    }

    fn size_hint(depth: usize) -> (usize, Option<usize>) {
        u32::size_hint(depth)
    }
}

/// Any bit.
#[derive(Clone, Copy, Debug)]
pub struct AnyBit(pub Bit);

impl<'a> Arbitrary<'a> for AnyBit {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(Bit::from(bool::arbitrary(input)?)))
    }

    fn size_hint(depth: usize) -> (usize, Option<usize>) {
        bool::size_hint(depth)
    }
}

/// Any reason for a refusal.
#[derive(Clone, Copy, Debug)]
pub struct AnyReason(pub RefusalReason);

impl<'a> Arbitrary<'a> for AnyReason {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        input.choose(&RefusalReason::ALL).copied().map(Self)
    }

    fn size_hint(depth: usize) -> (usize, Option<usize>) {
        u8::size_hint(depth)
    }
}
