//! Which dialect an unknown sender speaks, inferred from its first symbols.
//!
//! Polarity, bit order, and what comes before the text make a few dozen readings. Each is applied,
//! by the ordinary decoder, to all symbols that have come, and has a *cost*: how unlikely the
//! resulting text (and length, and greeting) is, in tenths of a nat. The cheapest reading wins as
//! soon as the next one costs so much more that it can be ruled out, or when the sender has ended.
//! `docs/protocol.md`, section "Classic", says what cannot be known.

mod candidate;
mod history;
mod text;

use super::{Dialect, End};
use crate::Bit;
use candidate::{Candidate, FORMS, VARIANTS};
use history::History;

/// How much more the second best reading must cost in the middle of a message: 8,000 to one.
const MARGIN: u32 = 90;

/// The same where the best reading says that the message ends here, as hardly any other does.
const MARGIN_AT_END: u32 = 25;

/// The same where that message is a single byte, which could just as well be the first of a length.
const MARGIN_AT_FIRST_BYTE: u32 = 30;

/// The additional cost of a reading that leaves a message incomplete although the sender is silent.
const INCOMPLETE: u32 = 150;

/// The same for a reading that has not even reached the text.
const WITHOUT_TEXT: u32 = 250;

/// More ones than any [mark](crate::detect) of a new sender has.
const MARK_BITS_END: u16 = 16;

/// How sure a [`Verdict`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Confidence {
    /// It is the best reading, but others are not ruled out.
    Low,
    /// The probability of any other reading is at most one in twelve.
    High,
    /// The probability of any other reading is at most one in a thousand.
    Certain,
}

/// The dialect that a sender seems to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Verdict {
    /// Its dialect, except for the acknowledgment and the receipt, about which its symbols say
    /// nothing. With a length, whether a NUL follows the text is not known yet.
    pub dialect: Dialect,
    /// How sure that is.
    pub confidence: Confidence,
    /// Whether the last symbol completed a message.
    pub is_whole: bool,
}

/// Collects the first symbols of a sender until its dialect is clear.
///
/// # Signal safety
///
/// Allocates nothing, takes no lock, cannot panic. The time of a call is proportional to the number
/// of symbols that have come, up to about 50 µs.
///
/// # Examples
///
/// ```
/// use minitalk_core::classic::{Dialect, Encoder, Guess};
///
/// let spoken: Dialect = "one=usr1,order=lsb".parse()?;
/// let mut guess = Guess::new(0);
/// let found = Encoder::new(spoken, b"Hello")?.find_map(|symbol| guess.feed(symbol));
/// assert_eq!(found.map(|verdict| verdict.dialect), Some(spoken));
/// // Four letters were enough, and can be read now.
/// assert_eq!(guess.symbols().count(), 4 * 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Guess {
    history: History,
    pid: u32,
}

impl Guess {
    /// The largest number of symbols before a verdict.
    pub const SYMBOLS_MAX: u16 = History::LEN_MAX;

    /// A guess about a sender whose process is `pid`, or 0 if that is not known. Some senders send
    /// it.
    #[must_use]
    pub const fn new(pid: u32) -> Self {
        Self { history: History::new(), pid }
    }

    /// Takes the next symbol. There is one verdict; a decoder of its dialect can then read the
    /// symbols taken so far from [`symbols`](Self::symbols).
    pub fn feed(&mut self, symbol: Bit) -> Option<Verdict> {
        self.history.push(symbol);
        let len = self.history.len();
        // With a greeting of two symbols, bytes end at most two symbols later.
        if len < 16 || len & 7 > 2 {
            return None;
        }
        let Choice { best, margin } = self.choose(false)?;
        let is_whole = best.is_whole && best.is_aligned;
        let margin_min = match best.bytes {
            _ if !is_whole => MARGIN,
            0 | 1 => MARGIN_AT_FIRST_BYTE,
            2.. => MARGIN_AT_END,
        };
        let is_clear = best.is_aligned && best.bytes > 0 && margin >= margin_min;
        (is_clear || len >= Self::SYMBOLS_MAX).then(|| verdict(best, margin))
    }

    /// To be called when the sender is silent although it does not wait for an acknowledgment.
    /// Returns a verdict if the silence ends a message.
    #[must_use]
    pub fn handle_silence(&self) -> Option<Verdict> {
        if self.is_mark() {
            return None;
        }
        let Choice { best, margin } = self.choose(true)?;
        best.is_whole.then(|| verdict(best, margin))
    }

    /// To be called when nothing more will come. Returns a verdict if any reading has a text.
    #[must_use]
    pub fn handle_end(&self) -> Option<Verdict> {
        if self.is_mark() {
            return None;
        }
        let Choice { best, margin } = self.choose(true)?;
        if best.is_whole || best.bytes == 0 || best.dialect.end != End::Nul {
            return (best.is_whole || best.bytes > 0).then(|| verdict(best, margin));
        }
        // It was not ended by a NUL.
        let dialect = Dialect { end: End::Silence, ..best.dialect };
        Some(verdict(Candidate { dialect, ..best }, margin))
    }

    /// Whether the symbols so far may be the [mark](crate::detect) of a framed sender, and so not
    /// an empty message.
    fn is_mark(&self) -> bool {
        self.history.len() < MARK_BITS_END && self.symbols().all(Bit::is_one)
    }

    /// How often the first symbol came in a row at the beginning.
    pub(super) fn repetitions(&self) -> u16 {
        let first = self.symbol(0);
        let others = self.symbols().take_while(|&symbol| Some(symbol) == first);
        others.fold(0, |count, _| count.saturating_add(1))
    }

    /// Whether so little has come that a sender that is silent now may have sent its greeting more
    /// than once. Only for ones: many lengths begin with zeros.
    pub(super) fn is_asking_again(&self) -> bool {
        matches!(self.history.len(), 2..=3) && self.symbols().all(Bit::is_one)
    }

    /// The sender's process, or 0.
    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// How many symbols have come, up to [`SYMBOLS_MAX`](Self::SYMBOLS_MAX).
    #[must_use]
    pub const fn symbols_taken(&self) -> u16 {
        self.history.len()
    }

    /// The symbols so far, in the order in which they came.
    pub fn symbols(&self) -> impl Iterator<Item = Bit> {
        (0..self.history.len()).filter_map(|place| self.history.symbol(place))
    }

    /// The symbol at `place`, counted from 0.
    #[must_use]
    pub fn symbol(&self, place: u16) -> Option<Bit> {
        self.history.symbol(place)
    }

    /// The cheapest reading, and how much more the next one costs, as far as that matters. If the
    /// sender is silent, incomplete messages cost more.
    fn choose(&self, is_silent: bool) -> Option<Choice> {
        let mut choice: Option<Choice> = None;
        for (form, variant) in FORMS.iter().flat_map(|form| VARIANTS.map(|variant| (form, variant)))
        {
            // A reading that costs this much more need not be considered.
            let best = choice.as_ref().map_or(u32::MAX, |choice| choice.best.cost);
            let cost_max = best.saturating_add(MARGIN);
            let Some(mut candidate) = form.read(variant, &self.history, self.pid, cost_max) else {
                continue;
            };
            let more = match candidate.bytes {
                _ if !is_silent || candidate.is_whole => 0,
                0 => WITHOUT_TEXT,
                1.. => INCOMPLETE,
            };
            candidate.cost = candidate.cost.saturating_add(more);
            choice = Some(match choice {
                None => Choice { best: candidate, margin: u32::MAX },
                Some(Choice { best, .. }) if candidate.cost < best.cost => {
                    Choice { best: candidate, margin: best.cost.saturating_sub(candidate.cost) }
                }
                Some(Choice { best, margin }) => {
                    let more = candidate.cost.saturating_sub(best.cost);
                    Choice { best, margin: margin.min(more) }
                }
            });
        }
        choice
    }
}

/// The best reading, and how much more the second best costs; exact only below [`MARGIN`].
struct Choice {
    best: Candidate,
    margin: u32,
}

const fn verdict(best: Candidate, margin: u32) -> Verdict {
    let confidence = match margin {
        0..MARGIN_AT_END => Confidence::Low,
        MARGIN_AT_END..MARGIN => Confidence::High,
        MARGIN.. => Confidence::Certain,
    };
    Verdict { dialect: best.dialect, confidence, is_whole: best.is_whole && best.is_aligned }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classic::Encoder;
    use std::vec::Vec;

    /// A guess that has taken the first `count` symbols of a text, and its verdict with the number
    /// of symbols after which it came.
    fn guess(dialect: &str, text: &[u8], count: usize) -> (Guess, Option<(u16, Verdict)>) {
        let bits = Encoder::new(dialect.parse().unwrap(), text).unwrap().take(count);
        fed(&bits.collect::<Vec<_>>())
    }

    fn fed(symbols: &[Bit]) -> (Guess, Option<(u16, Verdict)>) {
        let (mut guess, mut found) = (Guess::new(24_710), None);
        for &symbol in symbols {
            let verdict = guess.feed(symbol);
            found = found.or(verdict.map(|verdict| (guess.symbols_taken(), verdict)));
        }
        (guess, found)
    }

    #[test]
    fn a_verdict_comes_with_the_symbol_that_makes_it_clear_and_says_whether_a_message_ends_there() {
        let (_, whole) = guess("end=nul", b"a", 16);
        assert_eq!(whole.map(|(after, verdict)| (after, verdict.is_whole)), Some((16, true)));
        let (_, part) = guess("end=nul", b"Hello", 40);
        assert_eq!(part.map(|(after, verdict)| (after, verdict.is_whole)), Some((40, false)));
    }

    #[test]
    fn at_the_end_of_its_sender_there_is_a_verdict_if_there_is_a_text() {
        for (dialect, count, end) in [
            ("end=nul", 16, Some(End::Nul)),
            ("end=nul", 8, Some(End::Silence)),
            ("end=length32", 32 + 16, Some(End::Length32)),
            ("end=length32", 24, None),
        ] {
            let (guess, _) = guess(dialect, if count == 16 { b"a" } else { b"abc" }, count);
            let found = guess.handle_end().map(|verdict| verdict.dialect.end);
            assert_eq!(found, end, "{dialect} after {count}");
        }
    }

    #[test]
    fn what_comes_before_a_text_tells_nothing_before_the_text_begins() {
        // The PID of the sender itself: hardly any other text begins with these bytes.
        let dialect = "lead=pid-bits".parse().unwrap();
        let mut guess = Guess::new(70_000);
        let bits = Encoder::new(dialect, b"Hi").unwrap().with_pid(70_000);
        let after = bits.take_while(|&bit| guess.feed(bit).is_none()).count();
        assert_eq!(after, 32 + 8 - 1);
    }

    #[test]
    fn fifteen_ones_may_be_a_mark_and_sixteen_are_none() {
        for (ones, is_mark) in [(8, true), (15, true), (16, false)] {
            let (guess, _) = fed(&std::vec![Bit::One; ones]);
            assert_eq!(guess.is_mark(), is_mark, "{ones}");
        }
    }

    #[test]
    fn two_or_three_ones_may_be_a_greeting_that_comes_again() {
        let (zero, one) = (Bit::Zero, Bit::One);
        for (symbols, asks) in [
            (&[one][..], false),
            (&[one, one], true),
            (&[one, one, one], true),
            (&[one, one, one, one], false),
            (&[zero, zero], false),
            (&[one, zero, one], false),
        ] {
            assert_eq!(fed(symbols).0.is_asking_again(), asks, "{symbols:?}");
        }
        assert_eq!(fed(&[one]).0.pid(), 24_710, "a new guess is about the same process");
    }
}
