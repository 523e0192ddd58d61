//! Sets of signals.

use std::fmt;

use minitalk_core::Bit;
use nix::sys::signal::Signal;

use crate::arrival::bit_signal;

/// A set of signals, as the hexadecimal masks in `/proc/PID/status`: bit `n - 1`, counted from the
/// least significant one, stands for signal `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// The set of the two signals of the line.
    pub const LINE: Self = Self(bit_mask(Bit::Zero) | bit_mask(Bit::One));

    /// The set of the signals with these numbers, each from 1 to 64. Other numbers are ignored.
    #[must_use]
    pub const fn of_numbers(numbers: &[i32]) -> Self {
        let (mut mask, mut rest) = (0, numbers);
        while let [number, others @ ..] = rest {
            mask |= signal_mask(*number);
            rest = others;
        }
        Self(mask)
    }

    /// The set with the one signal that stands for `bit`.
    #[must_use]
    pub const fn of_bit(bit: Bit) -> Self {
        Self(bit_mask(bit))
    }

    /// Whether no signal is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The signals that are in this set and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the signal that stands for `bit` is in the set.
    #[must_use]
    pub const fn contains(self, bit: Bit) -> bool {
        self.0 & bit_mask(bit) != 0
    }

    /// Whether every signal of the other set is in this one.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        other.without(self).is_empty()
    }

    /// Whether both signals of the line are in the set.
    #[must_use]
    pub const fn contains_line(self) -> bool {
        self.contains_all(Self::LINE)
    }

    /// The signals that are in this set, in the other, or in both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The signals that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// How many signals are in the set.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }
}

impl FromIterator<Signal> for SignalSet {
    fn from_iter<I: IntoIterator<Item = Signal>>(signals: I) -> Self {
        let masks = signals.into_iter().map(|signal| signal_mask(signal as i32));
        Self(masks.fold(0, |mask, signal| mask | signal))
    }
}

const fn bit_mask(bit: Bit) -> u64 {
    signal_mask(bit_signal(bit) as i32)
}

const fn signal_mask(number: i32) -> u64 {
    match number {
        1..=64 => 1 << (number - 1),
        _ => 0,
    }
}

impl fmt::Display for SignalSet {
    /// Names the signals of the line that are in the set; others are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.contains(Bit::Zero), self.contains(Bit::One)) {
            (true, true) => "SIGUSR1 and SIGUSR2",
            (true, false) => "SIGUSR1",
            (false, true) => "SIGUSR2",
            (false, false) => "neither SIGUSR1 nor SIGUSR2",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_the_bits_that_proc_writes() {
        assert_eq!(SignalSet::LINE, SignalSet(0xa00));
        assert_eq!(SignalSet::of_numbers(&[1, 64, 0, 65, -1]), SignalSet(1 << 63 | 1));
        assert_eq!(SignalSet::of_bit(Bit::One).union(SignalSet(1)).len(), 2);
        assert_eq!(SignalSet::LINE.intersection(SignalSet(0x200)).to_string(), "SIGUSR1");
    }
}
