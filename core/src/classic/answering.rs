//! Which answer an unknown sender expects, inferred from the signals it handles and from the timing
//! of its symbols.

use super::{Ack, Acks, Dialect, Memory, Receipt};
use crate::{Bit, Instant};

/// How long the first acknowledgment is held back to see whether the sender goes on without it.
/// This is five times the longest usual pause, and shorter than the time after which a framed
/// sender that does not know the receiver repeats a bit.
const HOLD_MICROS: u64 = 10_000;

/// How long a sender may take to go on after its first acknowledgment before the other symbol is
/// tried.
const RETRY_MICROS: u64 = 250_000;

/// Which of the two symbols a sender survives. It is never answered with the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Handles {
    /// Whether it survives `SIGUSR1`, [`Bit::Zero`].
    pub usr1: bool,
    /// Whether it survives `SIGUSR2`, [`Bit::One`].
    pub usr2: bool,
}

impl Handles {
    /// Both.
    pub const BOTH: Self = Self { usr1: true, usr2: true };

    /// Whether it survives `symbol`.
    #[must_use]
    pub const fn survives(self, symbol: Bit) -> bool {
        match symbol {
            Bit::Zero => self.usr1,
            Bit::One => self.usr2,
        }
    }

    /// `symbol` if the sender survives it, otherwise the other one if it survives that.
    fn prefer(self, symbol: Bit) -> Option<Bit> {
        if self.survives(symbol) {
            Some(symbol)
        } else if self.survives(!symbol) {
            Some(!symbol)
        } else {
            None
        }
    }
}

/// What a sender waits for before it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Waits {
    /// The acknowledgment of each symbol.
    PerBit,
    /// The acknowledgment of every eighth symbol.
    PerByte,
    /// Nothing: it pauses instead.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
enum State {
    /// Symbols have come and none has been answered; `last` is the last one and when it came.
    Watching { symbols: u8, last: Option<(Bit, Instant)> },
    /// The first symbol was answered at this time, and no other has come since.
    Tried { at: Instant },
    /// It is known what the sender waits for.
    Known,
}

/// Finds out what a sender waits for, and chooses what it is answered with.
/// Nothing is answered at first. A sender that goes on does not wait for an acknowledgment of each
/// bit. One that stops after eight symbols waits for the acknowledgment of a byte, one that stops
/// after the first for that of a bit. A sender that handles both symbols is acknowledged with
/// `SIGUSR1`, and with `SIGUSR2` if it does not go on then.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Answering {
    handles: Handles,
    state: State,
    /// What is remembered of an earlier process of the same program.
    preferred: Memory,
    ack: Ack,
    /// What the first symbol is answered with, if not with the acknowledgment.
    ready: Option<Bit>,
    /// How many symbols have been acknowledged.
    acknowledged: u8,
    /// Whether the sender went on after a zero was acknowledged, and after a one.
    went_on: (bool, bool),
    /// The symbol that was acknowledged last, if nothing has come since.
    answered: Option<Bit>,
}

impl Answering {
    /// The state for a new sender. It survives what `handles` says; `memory` is what is remembered
    /// of its program.
    #[must_use]
    pub const fn new(handles: Handles, memory: Memory) -> Self {
        let (state, ack) = if handles.usr1 || handles.usr2 {
            (State::Watching { symbols: 0, last: None }, Ack::Auto)
        } else {
            (State::Known, Ack::None)
        };
        Self {
            handles,
            state,
            preferred: memory,
            ack,
            ready: match memory.ready {
                Some(ready) if handles.survives(ready) => Some(ready),
                Some(_) | None => None,
            },
            acknowledged: 0,
            went_on: (false, false),
            answered: None,
        }
    }

    /// What the sender is answered with; [`Ack::Auto`] while that is not known.
    #[must_use]
    pub const fn ack(&self) -> Ack {
        self.ack
    }

    /// What the sender waits for, once that is known.
    #[must_use]
    pub const fn waits(&self) -> Option<Waits> {
        match self.ack {
            Ack::Auto => None,
            Ack::None => Some(Waits::Never),
            Ack::PerByte(_) => Some(Waits::PerByte),
            Ack::PerBit(_) | Ack::Echo | Ack::PerBitAndByte(_) => Some(Waits::PerBit),
        }
    }

    /// The receipt that goes with the acknowledgment.
    #[must_use]
    pub fn receipt(&self) -> Receipt {
        let both = self.handles == Handles::BOTH;
        match self.ack {
            // A sender that handles a single signal and waits for each bit would take a receipt for
            // another acknowledgment.
            Ack::Auto | Ack::PerBit(_) | Ack::PerBitAndByte(_) | Ack::Echo if !both => {
                Receipt::None
            }
            Ack::Auto => Receipt::Auto,
            Ack::PerBit(ack) | Ack::PerByte(ack) | Ack::PerBitAndByte(ack) if both => {
                Receipt::AfterAck(!ack)
            }
            Ack::Echo => Receipt::AfterAck(Bit::One),
            Ack::None | Ack::PerBit(_) | Ack::PerByte(_) | Ack::PerBitAndByte(_) => {
                self.handles.prefer(Bit::Zero).map_or(Receipt::None, Receipt::AfterAck)
            }
        }
    }

    /// The symbol that a sender may still wait for if it exists although its message has ended and
    /// been answered: the one signal that it handles, if that was the acknowledgment and not the
    /// receipt, or the signal that has been neither.
    pub(super) fn late_receipt(&self) -> Option<Bit> {
        match self.ack {
            Ack::PerBit(ack) if self.handles != Handles::BOTH => Some(ack),
            Ack::None if self.handles == Handles::BOTH => Some(Bit::One),
            Ack::Auto
            | Ack::None
            | Ack::PerByte(_)
            | Ack::PerBit(_)
            | Ack::Echo
            | Ack::PerBitAndByte(_) => None,
        }
    }

    /// Takes the next symbol.
    pub fn handle_bit(&mut self, symbol: Bit, now: Instant) {
        if let Some(answered) = self.answered.take() {
            match answered {
                Bit::Zero => self.went_on.0 = true,
                Bit::One => self.went_on.1 = true,
            }
        }
        match &mut self.state {
            State::Watching { symbols, last } => {
                *symbols = symbols.saturating_add(1);
                *last = Some((symbol, now));
                if *symbols > 8 {
                    self.settle(Ack::None);
                }
            }
            State::Tried { .. } => self.state = State::Known,
            State::Known => {}
        }
    }

    /// To be called when the last symbol has been acknowledged.
    pub const fn acknowledged(&mut self, symbol: Bit) {
        self.answered = Some(symbol);
        self.acknowledged = self.acknowledged.saturating_add(1);
    }

    /// What the first symbol is answered with, if not with the acknowledgment of a bit.
    #[must_use]
    pub const fn ready(&self) -> Option<Bit> {
        self.ready
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Watching { symbols: 1 | 8, last: Some((_, at)) } => {
                Some(at.after_micros(HOLD_MICROS))
            }
            State::Watching { last: Some((_, at)), .. } | State::Tried { at } => {
                Some(at.after_micros(RETRY_MICROS))
            }
            State::Watching { last: None, .. } | State::Known => None,
        }
    }

    /// To be called when time has passed. Returns what is owed now. Does nothing before
    /// [`poll_timeout`](Self::poll_timeout).
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn handle_timeout(&mut self, now: Instant) -> Acks {
        if self.poll_timeout().is_none_or(|timeout| now < timeout) {
            return Acks::NONE;
        }
        match self.state {
            State::Watching { symbols, last: Some((symbol, _)) } => {
                let Some(ack) = self.first_choice(symbols == 1) else { return Acks::NONE };
                self.settle(ack);
                self.state = State::Tried { at: now };
                self.acknowledged(symbol);
                let bit_ack = Dialect { ack, ..Dialect::DEFAULT }.bit_ack(symbol);
                let first = self.ready.or(bit_ack);
                Acks::of(if let Ack::PerByte(ack) = ack { Some(ack) } else { first })
            }
            State::Tried { .. } => {
                self.state = State::Known;
                let Some(other) = self.other(self.ack) else { return Acks::NONE };
                self.ack = other;
                let (Ack::PerBit(symbol) | Ack::PerByte(symbol)) = other else { return Acks::NONE };
                Acks::of(Some(symbol))
            }
            State::Watching { last: None, .. } | State::Known => Acks::NONE,
        }
    }

    /// To be called when the sender has been seen asleep until a signal comes, so that it waits for
    /// one. Returns what is owed now.
    #[must_use = "an acknowledgment that is not sent stops the link"]
    pub fn handle_pause(&mut self, now: Instant) -> Acks {
        match &mut self.state {
            State::Watching { symbols: 1 | 8, last: Some((_, at)) } => {
                *at = Instant::ZERO;
                self.handle_timeout(now.max(Instant::ZERO.after_micros(HOLD_MICROS)))
            }
            State::Watching { .. } | State::Tried { .. } | State::Known => Acks::NONE,
        }
    }

    /// What to try with the next sender of the same program, if this one ended in the middle of its
    /// message because of the way it was answered.
    #[must_use]
    pub fn next(&self) -> Option<Memory> {
        let ended_after = self.answered?;
        let (after_zeros, after_ones) = self.went_on;
        let (went_on, ended_on_new) = match ended_after {
            Bit::Zero => (after_ones, !after_zeros),
            Bit::One => (after_zeros, !after_ones),
        };
        let plain = |ack| Memory { ack: Some(ack), ready: None };
        let greeted = |ready: Bit| {
            let is_survived = self.handles == Handles::BOTH;
            is_survived.then_some(Memory { ack: Some(Ack::PerBit(!ready)), ready: Some(ready) })
        };
        match (self.ack, self.ready, self.acknowledged) {
            (ack, None, 1) => self.other(ack).map(plain),
            (Ack::PerBit(ack), Some(_), 1) => Some(plain(Ack::PerBit(ack))),
            // It went on after the symbols whose acknowledgment looked like an echo, and ended
            // after the first one whose acknowledgment did not.
            (Ack::PerBit(ack), None, _) if went_on && ended_on_new && ended_after == !ack => {
                Some(plain(Ack::Echo))
            }
            // It went on after its greeting was answered, so its bits need another answer.
            (Ack::PerBit(ack), None, 2) => greeted(ack),
            (Ack::Echo, None, _) if went_on => greeted(ended_after),
            _ => None,
        }
    }

    /// What is tried first with a sender that waits for each bit, or for each byte.
    fn first_choice(&self, is_per_bit: bool) -> Option<Ack> {
        let is_survived = |ack: &Ack| match *ack {
            Ack::PerBit(ack) | Ack::PerByte(ack) => self.handles.survives(ack),
            Ack::Auto | Ack::None | Ack::Echo | Ack::PerBitAndByte(_) => {
                self.handles == Handles::BOTH
            }
        };
        match (self.preferred.ack.filter(is_survived), is_per_bit) {
            (Some(ack @ (Ack::PerBit(_) | Ack::Echo | Ack::PerBitAndByte(_))), true)
            | (Some(ack @ Ack::PerByte(_)), false) => Some(ack),
            (_, true) => self.handles.prefer(Bit::Zero).map(Ack::PerBit),
            (_, false) => self.handles.prefer(Bit::One).map(Ack::PerByte),
        }
    }

    /// Answers with the other signal from now on, if the sender survives that.
    pub(super) fn change(&mut self) {
        if let Some(other) = self.other(self.ack) {
            self.ack = other;
        }
    }

    /// The symbol that was acknowledged last, if nothing has come since and what the sender waits
    /// for is known.
    pub(super) fn unanswered(&self) -> Option<Bit> {
        self.answered.filter(|_| self.state == State::Known)
    }

    /// The same acknowledgment with the other symbol, if the sender survives that.
    fn other(&self, ack: Ack) -> Option<Ack> {
        let (symbol, other) = match ack {
            Ack::PerBit(symbol) => (!symbol, Ack::PerBit(!symbol)),
            Ack::PerByte(symbol) => (!symbol, Ack::PerByte(!symbol)),
            Ack::PerBitAndByte(_) | Ack::Echo | Ack::None | Ack::Auto => return None,
        };
        self.handles.survives(symbol).then_some(other)
    }

    fn settle(&mut self, ack: Ack) {
        self.state = State::Known;
        self.ack = ack;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USR1: Handles = Handles { usr1: true, usr2: false };
    const USR2: Handles = Handles { usr1: false, usr2: true };
    const NEITHER: Handles = Handles { usr1: false, usr2: false };
    const ZERO: Bit = Bit::Zero;
    const ONE: Bit = Bit::One;

    /// A sender for which the acknowledgment is settled.
    fn known(handles: Handles, ack: Ack) -> Answering {
        Answering { ack, state: State::Known, ..Answering::new(handles, Memory::default()) }
    }

    #[test]
    fn a_symbol_is_survived_if_it_is_handled_and_preferred_if_it_is_survived() {
        for (handles, usr1, usr2) in
            [(Handles::BOTH, true, true), (USR1, true, false), (USR2, false, true)]
        {
            assert_eq!((handles.survives(ZERO), handles.survives(ONE)), (usr1, usr2));
        }
        let preferred = [Handles::BOTH, USR1, USR2, NEITHER].map(|handles| handles.prefer(ZERO));
        assert_eq!(preferred, [Some(ZERO), Some(ZERO), Some(ONE), None]);
    }

    #[test]
    fn the_receipt_is_the_signal_that_is_no_acknowledgment_and_is_survived() {
        for (handles, ack, receipt) in [
            (Handles::BOTH, Ack::Auto, Receipt::Auto),
            (Handles::BOTH, Ack::PerBit(ZERO), Receipt::AfterAck(ONE)),
            (Handles::BOTH, Ack::PerBit(ONE), Receipt::AfterAck(ZERO)),
            (Handles::BOTH, Ack::PerByte(ONE), Receipt::AfterAck(ZERO)),
            (Handles::BOTH, Ack::PerBitAndByte(ONE), Receipt::AfterAck(ZERO)),
            (Handles::BOTH, Ack::Echo, Receipt::AfterAck(ONE)),
            (Handles::BOTH, Ack::None, Receipt::AfterAck(ZERO)),
            (USR1, Ack::Auto, Receipt::None),
            (USR1, Ack::PerBit(ZERO), Receipt::None),
            (USR1, Ack::PerByte(ZERO), Receipt::AfterAck(ZERO)),
            (USR1, Ack::None, Receipt::AfterAck(ZERO)),
            (USR2, Ack::PerByte(ONE), Receipt::AfterAck(ONE)),
            (USR2, Ack::None, Receipt::AfterAck(ONE)),
            (NEITHER, Ack::None, Receipt::None),
        ] {
            assert_eq!(known(handles, ack).receipt(), receipt, "{handles:?} {ack:?}");
        }
    }

    #[test]
    fn a_late_receipt_is_what_the_sender_may_still_wait_for() {
        for (handles, ack, receipt) in [
            (USR1, Ack::PerBit(ZERO), Some(ZERO)),
            (USR2, Ack::PerBit(ONE), Some(ONE)),
            (Handles::BOTH, Ack::PerBit(ZERO), None),
            (Handles::BOTH, Ack::None, Some(ONE)),
            (USR1, Ack::None, None),
            (USR1, Ack::PerByte(ZERO), None),
            (Handles::BOTH, Ack::Echo, None),
        ] {
            assert_eq!(known(handles, ack).late_receipt(), receipt, "{handles:?} {ack:?}");
        }
    }

    #[test]
    fn a_greeting_is_answered_as_the_program_is_known_to_want_it_if_it_survives_that() {
        let memory = Memory { ack: None, ready: Some(ONE) };
        let ready = [Handles::BOTH, USR1].map(|handles| Answering::new(handles, memory).ready());
        assert_eq!(ready, [Some(ONE), None]);
    }

    #[test]
    fn a_program_that_wants_an_echo_gets_it_from_the_first_symbol_on() {
        let memory = Memory { ack: Some(Ack::Echo), ready: None };
        for symbol in [ZERO, ONE] {
            let mut answering = Answering::new(Handles::BOTH, memory);
            answering.handle_bit(symbol, Instant::ZERO);
            let timeout = answering.poll_timeout().unwrap();
            assert_eq!(answering.handle_timeout(timeout), Acks::of(Some(symbol)));
        }
    }

    #[test]
    fn nothing_is_answered_before_its_time() {
        let mut answering = Answering::new(Handles::BOTH, Memory::default());
        answering.handle_bit(ONE, Instant::ZERO);
        let before = answering.clone();
        assert_eq!(answering.handle_timeout(Instant::from_micros(HOLD_MICROS - 1)), Acks::NONE);
        assert_eq!(answering, before);
    }

    #[test]
    fn who_is_seen_to_sleep_is_answered_at_once() {
        for (symbols, ack) in [(1, ZERO), (8, ONE)] {
            let mut answering = Answering::new(Handles::BOTH, Memory::default());
            (0..symbols).for_each(|_| answering.handle_bit(ONE, Instant::from_micros(5)));
            let now = Instant::from_micros(6);
            assert_eq!(answering.handle_pause(now), Acks::of(Some(ack)), "after {symbols}");
            assert_eq!(answering.handle_pause(now), Acks::NONE, "it has its answer");
        }
        let mut answering = Answering::new(Handles::BOTH, Memory::default());
        (0..3).for_each(|_| answering.handle_bit(ONE, Instant::ZERO));
        assert_eq!(answering.handle_pause(Instant::ZERO), Acks::NONE, "it went on unanswered");
    }

    #[test]
    fn what_is_tried_next_follows_from_where_the_sender_ended() {
        let plain = |ack| Some(Memory { ack: Some(ack), ready: None });
        let greeted =
            |ready: Bit| Some(Memory { ack: Some(Ack::PerBit(!ready)), ready: Some(ready) });
        let (bit_zero, bit_one) = (Ack::PerBit(ZERO), Ack::PerBit(ONE));
        // The acknowledgment, the answer to the greeting, how many symbols were acknowledged,
        // whether the sender went on after zeros and after ones, the symbol after whose
        // acknowledgment it ended, and what to try next.
        for (ack, ready, acknowledged, went_on, answered, next) in [
            (bit_zero, None, 1, (false, false), ZERO, plain(bit_one)),
            (Ack::PerByte(ONE), None, 1, (false, false), ZERO, plain(Ack::PerByte(ZERO))),
            (bit_zero, Some(ONE), 1, (false, false), ONE, plain(bit_zero)),
            (bit_zero, None, 3, (true, false), ONE, plain(Ack::Echo)),
            (bit_one, None, 3, (false, true), ZERO, plain(Ack::Echo)),
            (bit_zero, None, 3, (false, false), ONE, None),
            (bit_zero, None, 3, (true, true), ONE, None),
            (bit_zero, None, 3, (false, true), ZERO, None),
            (bit_one, None, 3, (false, false), ZERO, None),
            (bit_zero, None, 2, (true, false), ZERO, greeted(ZERO)),
            (bit_zero, None, 4, (true, false), ZERO, None),
            (Ack::Echo, None, 5, (true, false), ONE, greeted(ONE)),
            (Ack::Echo, None, 5, (false, false), ONE, None),
        ] {
            let known = known(Handles::BOTH, ack);
            let answered = Some(answered);
            let ended = Answering { ready, acknowledged, went_on, answered, ..known };
            assert_eq!(ended.next(), next, "{ended:?}");
            assert_eq!(Answering { answered: None, ..ended }.next(), None);
        }
    }

    #[test]
    fn nothing_else_is_tried_that_would_not_be_survived() {
        for (handles, ack, other) in [
            (Handles::BOTH, Ack::PerBit(ZERO), Some(Ack::PerBit(ONE))),
            (Handles::BOTH, Ack::PerByte(ONE), Some(Ack::PerByte(ZERO))),
            (USR1, Ack::PerBit(ZERO), None),
            (USR2, Ack::PerByte(ONE), None),
            (Handles::BOTH, Ack::Echo, None),
        ] {
            assert_eq!(known(handles, ack).other(ack), other, "{handles:?} {ack:?}");
        }
    }
}
