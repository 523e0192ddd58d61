//! How a framed sender leaves a peer that may be classic: with a complete byte and a message that
//! has ended.
//!
//! A classic receiver takes the mark and everything after it for text. If the sender simply went
//! away, the first bits of the next sender would complete a byte of this one. `docs/protocol.md`,
//! section "Telling the two apart", has the rule.

use crate::{Bit, Instant};

/// How long a zero waits for its acknowledgment before the next one follows in any case: long
/// enough for a receiver that has lost its time slice, and for one that acknowledges nothing.
const PACE_MICROS: u64 = 10_000;

/// After this many copies of one bit, their acknowledgment is taken for that of a byte.
const COPIES_OF_A_BYTE: u8 = 8;

/// Where in a byte a classic receiver is after some bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
struct Place {
    /// Bits of the current byte so far, less than eight.
    position: u8,
    /// Zeros at the end, eight at most.
    zeros: u8,
    /// Whether anything came at all.
    begun: bool,
}

impl Place {
    const fn after(self, bit: Bit) -> Self {
        let zeros = match bit {
            Bit::One => 0,
            Bit::Zero if self.zeros < 8 => self.zeros.saturating_add(1),
            Bit::Zero => self.zeros,
        };
        Self { position: self.position.wrapping_add(1) & 7, zeros, begun: true }
    }
}

/// What a classic receiver has made of the bits that a framed sender has sent it.
///
/// A receiver that acknowledges each bit has as many bits as it has sent acknowledgments. A
/// receiver that acknowledges bytes, or nothing, is assumed to have every copy of a bit.
///
/// # Examples
///
/// ```
/// use minitalk_core::{Bit, withdrawal::Alignment};
///
/// let mut alignment = Alignment::new();
/// for bit in [Bit::One; 9] {
///     alignment.transmitted(bit);
///     alignment.acknowledged();
/// }
/// // Seven complete the second byte, and eight are a NUL.
/// assert_eq!(alignment.zeros_to_end(), 15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Alignment {
    acknowledged: Place,
    /// The same, with every copy of the bit that is in flight.
    transmitted: Place,
    last: Bit,
    /// Copies of `last` since its acknowledgment.
    copies: u8,
}

impl Alignment {
    /// The state before the first bit.
    #[must_use]
    pub const fn new() -> Self {
        let start = Place { position: 0, zeros: 0, begun: false };
        Self { acknowledged: start, transmitted: start, last: Bit::Zero, copies: 0 }
    }

    /// Counts a bit that is sent, or sent again. Not for pairs, which are sent only to a peer that
    /// is known to be framed.
    pub const fn transmitted(&mut self, bit: Bit) {
        self.transmitted = self.transmitted.after(bit);
        self.last = bit;
        self.copies = self.copies.saturating_add(1);
    }

    /// Counts an acknowledgment.
    pub const fn acknowledged(&mut self) {
        if self.copies < COPIES_OF_A_BYTE {
            self.transmitted = self.acknowledged.after(self.last);
        }
        self.acknowledged = self.transmitted;
        self.copies = 0;
    }

    /// How many zeros complete the byte and end the message with a NUL, 15 at most.
    #[must_use]
    pub const fn zeros_to_end(&self) -> u8 {
        let Place { position, zeros, begun } = self.transmitted;
        if !begun || (position == 0 && zeros >= 8) {
            return 0;
        }
        let missing = 8_u8.wrapping_sub(position) & 7;
        // If it has no one in it, the current byte becomes the NUL.
        if position > 0 && zeros >= position { missing } else { missing.saturating_add(8) }
    }
}

impl Default for Alignment {
    fn default() -> Self {
        Self::new()
    }
}

/// Sends the zeros of [`Alignment::zeros_to_end`], each after the acknowledgment of the one before,
/// or when that has taken too long.
///
/// # The loop
///
/// After each call of a `handle_…` method: send what [`poll_transmit`](Self::poll_transmit)
/// returns, at most one bit. Then, unless it [is over](Self::is_over), wait for an acknowledgment,
/// but no longer than [`poll_timeout`](Self::poll_timeout).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Withdrawal {
    left: u8,
    /// Until when to wait for the acknowledgment of the last bit; `None` if there is nothing to
    /// wait for.
    deadline: Option<Instant>,
}

impl Withdrawal {
    /// A withdrawal from a peer to which the bits in `alignment` have been sent. The first zero is
    /// due at once or, if a bit is in flight, when that has been acknowledged or has taken too
    /// long.
    #[must_use]
    pub const fn new(alignment: &Alignment, now: Instant) -> Self {
        let is_under_way = alignment.copies > 0;
        Self {
            left: alignment.zeros_to_end(),
            deadline: if is_under_way { Some(now.after_micros(PACE_MICROS)) } else { None },
        }
    }

    /// Takes an acknowledgment: the next zero is due at once.
    pub const fn handle_ack(&mut self) {
        self.deadline = None;
    }

    /// To be called when time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        self.deadline = self.deadline.filter(|&deadline| now < deadline);
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// The next zero, if it is due.
    #[must_use = "a bit that is not sent is not acknowledged"]
    pub const fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        if self.left == 0 || self.deadline.is_some() {
            return None;
        }
        self.left = self.left.saturating_sub(1);
        self.deadline = Some(now.after_micros(PACE_MICROS));
        Some(Bit::Zero)
    }

    /// Whether every zero has been sent and waited for.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.left == 0 && self.deadline.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classic::{Decoded, Decoder, Dialect};

    const NOW: Instant = Instant::ZERO;

    /// Whether a decoder is between two messages after `bits` and then the zeros.
    fn ends_whole(bits: &[Bit]) -> bool {
        let mut decoder = Decoder::new(Dialect::DEFAULT);
        let mut alignment = Alignment::new();
        let mut is_between = true;
        let mut feed = |bit| {
            is_between = matches!(decoder.feed(bit), Decoded::Nul);
        };
        for &bit in bits {
            alignment.transmitted(bit);
            alignment.acknowledged();
            feed(bit);
        }
        (0..alignment.zeros_to_end()).for_each(|_| feed(Bit::Zero));
        is_between
    }

    #[test]
    fn after_the_zeros_a_classic_receiver_is_between_two_messages_whatever_came_before() {
        for length in 0..=12_u32 {
            for bits in 0..1_u32 << length {
                let bits: std::vec::Vec<Bit> =
                    (0..length).map(|place| Bit::from_bool(bits >> place & 1 == 1)).collect();
                assert!(ends_whole(&bits), "{bits:?}");
            }
        }
    }

    #[test]
    fn nothing_is_sent_to_a_peer_that_has_been_sent_nothing() {
        let mut withdrawal = Withdrawal::new(&Alignment::new(), NOW);
        assert_eq!((withdrawal.poll_transmit(NOW), withdrawal.is_over()), (None, true));
    }

    #[test]
    fn a_message_that_has_ended_is_not_ended_again() {
        let mut alignment = Alignment::new();
        for bit in [Bit::One; 8].into_iter().chain([Bit::Zero; 8]) {
            alignment.transmitted(bit);
            alignment.acknowledged();
        }
        assert_eq!(alignment.zeros_to_end(), 0);
    }

    #[test]
    fn a_copy_that_is_not_acknowledged_is_not_counted_where_bits_are_acknowledged() {
        let mut alignment = Alignment::new();
        alignment.transmitted(Bit::One);
        alignment.transmitted(Bit::One);
        alignment.acknowledged();
        assert_eq!(alignment.zeros_to_end(), 7 + 8);
        // The second copy came after all.
        alignment.acknowledged();
        assert_eq!(alignment.zeros_to_end(), 6 + 8);
    }

    #[test]
    fn every_copy_counts_where_nothing_or_only_a_byte_is_acknowledged() {
        let mut alignment = Alignment::new();
        (0..5).for_each(|_| alignment.transmitted(Bit::One));
        assert_eq!(alignment.zeros_to_end(), 3 + 8);
        (0..3).for_each(|_| alignment.transmitted(Bit::One));
        alignment.acknowledged();
        alignment.transmitted(Bit::One);
        assert_eq!(alignment.zeros_to_end(), 7 + 8);
    }

    #[test]
    fn the_first_zero_waits_for_a_bit_that_is_under_way() {
        let mut alignment = Alignment::new();
        alignment.transmitted(Bit::One);
        let mut withdrawal = Withdrawal::new(&alignment, NOW);
        assert_eq!(withdrawal.poll_transmit(NOW), None);
        withdrawal.handle_ack();
        assert_eq!(withdrawal.poll_transmit(NOW), Some(Bit::Zero));
    }

    #[test]
    fn a_zero_follows_the_acknowledgment_of_the_one_before_or_ten_milliseconds() {
        let mut alignment = Alignment::new();
        (0..7).for_each(|_| {
            alignment.transmitted(Bit::One);
            alignment.acknowledged();
        });
        let mut withdrawal = Withdrawal::new(&alignment, NOW);
        let mut now = NOW;
        for zero in 0..9 {
            assert_eq!(withdrawal.poll_transmit(now), Some(Bit::Zero), "zero {zero}");
            assert_eq!(withdrawal.poll_transmit(now), None);
            if zero % 2 == 0 {
                withdrawal.handle_ack();
            } else {
                let deadline = withdrawal.poll_timeout().expect("the zero is waited for");
                assert_eq!(deadline.micros_since(now), 10_000);
                withdrawal.handle_timeout(now);
                assert_eq!(withdrawal.poll_transmit(now), None, "too early");
                now = deadline;
                withdrawal.handle_timeout(now);
            }
        }
        assert_eq!((withdrawal.poll_transmit(now), withdrawal.is_over()), (None, true));
    }
}
