//! Random numbers that are the same for the same seed, on every machine.

/// xorshift64* (Marsaglia 2003, Vigna 2016).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// The numbers for a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Neighbouring seeds begin far apart, and none begins at zero.
        let mut random = Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 };
        random.number();
        random.number();
        random
    }

    /// Any number of 48 bits.
    pub fn number(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// An index below `end`.
    pub fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(u64::try_from(end).unwrap_or(u64::MAX))).unwrap_or(0)
    }

    /// Any octet.
    pub fn octet(&mut self) -> u8 {
        let [_, _, _, _, _, top, ..] = self.number().to_le_bytes();
        top
    }

    /// Random octets.
    pub fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.octet()).collect()
    }

    /// True `per_million` times in a million.
    pub fn happens(&mut self, per_million: u64) -> bool {
        per_million > 0 && self.below(1_000_000) < per_million
    }

    /// A number from 1 to about `max`; each order of magnitude is equally likely.
    pub fn logarithmic(&mut self, max: u64) -> u64 {
        let bits = self.below(u64::from(max.max(1).ilog2()) + 1);
        1 + self.below(1 << bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_numbers() {
        let of = |seed| {
            let mut random = Random::new(seed);
            [random.number(), random.below(10), random.octet().into(), random.logarithmic(1_000)]
        };
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
    }

    #[test]
    fn every_octet_comes_out_about_as_often_as_every_other() {
        let mut random = Random::new(1);
        let mut counts = [0_u32; 256];
        (0..256_000).for_each(|_| counts[usize::from(random.octet())] += 1);
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }
}
