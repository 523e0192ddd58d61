//! Measures the round trips of a framed link without sending a message.
//!
//! ```text
//!           8 ones           8 bits of a flag          probe()            8 bits of a flag
//!   Mark ───────────▶ Greeting ───────────▶ Ready ─────────────────▶ Probe ──────────────▶ Ready
//!     │                  │ no alternation, or withdraw()
//!     └── withdraw() ────┴──────────────▶ Withdrawing ──▶ Ended
//! ```
//!
//! A receiver accepts flags between frames and acknowledges each bit. A *probe* is one flag. The
//! mark comes first because the receiver may not know yet that its peer is framed.
//! `docs/protocol.md`, section "Telling the two apart", has the rules.

use crate::detect::MARK_BITS;
use crate::hdlc::FLAG;
use crate::verdict::bit_at;
use crate::withdrawal::{Alignment, Withdrawal};
use crate::{Bit, Doubt, Instant};

/// How long to wait for an acknowledgment before the bit is sent again. Doubled on each expiry.
/// Longer than for a message: a bit that arrives twice spoils more of a measurement than the time
/// is worth.
const TIMEOUT_MICROS: u64 = 250_000;

/// The longest timeout, however often it is doubled.
const TIMEOUT_MICROS_MAX: u64 = 1_000_000;

/// How long to listen for a second acknowledgment after a bit was sent again.
const SETTLE_MICROS: u64 = 5_000;

/// The number of bits of a probe.
pub const PROBE_BITS: u8 = 8;

/// What a [`Pinger`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PingEvent {
    /// The peer alternates, as this protocol does: [probes](Pinger::probe) may begin.
    Ready,
    /// A bit of a probe was acknowledged, the one at `position` from 0 to 7.
    Acknowledged {
        /// Which of the eight bits of the probe.
        position: u8,
        /// Whether the bit was sent more than once, so that its round trip says little.
        resent: bool,
    },
    /// The peer acknowledges bits, but not as this protocol does. The pinger withdraws, as with
    /// [`Pinger::withdraw`].
    NotFramed,
    /// Nothing more will be sent.
    Withdrawn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Sends ones, which say that what follows is framed.
    Mark { left: u8 },
    /// Sends a flag, to see whether its acknowledgments alternate.
    Greeting { position: u8 },
    /// Waits for the application to ask for a probe.
    Ready,
    /// Sends a flag whose round trips are measured.
    Probe { position: u8 },
    /// Leaves a peer that is not known to be framed.
    Withdrawing(Withdrawal),
    /// Nothing more will be sent.
    Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Outstanding {
    /// Nothing: the next bit may be sent.
    None,
    /// The current bit of the phase.
    Sent,
    /// The same bit, after its timeout. `due` if it is to be transmitted now.
    Resent { due: bool },
    /// A resent bit has been acknowledged; a second acknowledgment would mean that it arrived
    /// twice.
    Settling,
}

/// The side of a link that measures: a mark, and then one flag for each probe.
///
/// # The loop
///
/// After each call of a method that takes `&mut self`: call [`poll_transmit`](Self::poll_transmit)
/// and [`poll_event`](Self::poll_event) until they return `None`. Then wait for an acknowledgment,
/// but no longer than [`poll_timeout`](Self::poll_timeout). The host decides when to give up: it
/// then calls [`withdraw`](Self::withdraw) and goes on until [`PingEvent::Withdrawn`].
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics; all may be called from a signal or interrupt
/// handler, as long as only one call runs at a time.
///
/// # Examples
///
/// ```
/// use minitalk_core::ping::{PingEvent, Pinger};
/// use minitalk_core::receiver::{Receiver, Reply};
/// use minitalk_core::{Instant};
///
/// let now = Instant::ZERO;
/// let mut pinger = Pinger::new();
/// let mut receiver = Receiver::new();
/// let mut acknowledged = 0;
/// while acknowledged < 8 {
///     if let Some(bit) = pinger.poll_transmit(now)
///         && let Reply::Acknowledge(ack) = receiver.handle_bit(bit)
///     {
///         pinger.handle_ack(ack, now);
///     }
///     match pinger.poll_event() {
///         Some(PingEvent::Ready) => assert!(pinger.probe()),
///         Some(PingEvent::Acknowledged { .. }) => acknowledged += 1,
///         Some(PingEvent::NotFramed | PingEvent::Withdrawn) => unreachable!(),
///         None => {}
///     }
/// }
/// assert!(pinger.is_ready());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Pinger {
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    phase: Phase,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    outstanding: Outstanding,
    deadline: Option<Instant>,
    timeout_micros: u64,
    /// The acknowledgment from which the next one must differ. `None` if the next one may be
    /// either: none has come yet, or a bit was resent.
    last_ack: Option<Bit>,
    alignment: Alignment,
    progress: u64,
    event: Option<PingEvent>,
}

impl Pinger {
    /// A pinger that begins with the mark.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            phase: Phase::Mark { left: MARK_BITS },
            outstanding: Outstanding::None,
            deadline: None,
            timeout_micros: TIMEOUT_MICROS,
            last_ack: None,
            alignment: Alignment::new(),
            progress: 0,
            event: None,
        }
    }

    /// Whether the next [probe](Self::probe) may begin.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        matches!((self.phase, self.outstanding), (Phase::Ready, Outstanding::None))
    }

    /// Bits that have been acknowledged. Give a peer up that acknowledges none for long.
    #[must_use]
    pub const fn progress(&self) -> u64 {
        self.progress
    }

    /// Begins a probe. If it is not [ready](Self::is_ready), nothing happens and false is returned.
    #[must_use = "a probe that has not begun is not answered"]
    pub const fn probe(&mut self) -> bool {
        let is_ready = self.is_ready();
        if is_ready {
            self.phase = Phase::Probe { position: 0 };
        }
        is_ready
    }

    /// Leaves the peer. A peer that is not known to be framed is left at the end of a byte and of a
    /// message, as far as zeros, which are a NUL to it, can achieve that.
    ///
    /// A host that knows that the peer is framed, although it has not answered, need not call this.
    pub fn withdraw(&mut self, now: Instant) {
        self.outstanding = Outstanding::None;
        self.deadline = None;
        match self.phase {
            Phase::Mark { .. } | Phase::Greeting { .. } => {
                let withdrawal = Withdrawal::new(&self.alignment, now);
                self.phase = Phase::Withdrawing(withdrawal);
                if withdrawal.is_over() {
                    self.end();
                }
            }
            Phase::Ready | Phase::Probe { .. } => self.end(),
            Phase::Withdrawing(_) | Phase::Ended => {}
        }
    }

    /// Takes an acknowledgment of the peer.
    pub fn handle_ack(&mut self, ack: Bit, now: Instant) {
        self.alignment.acknowledged();
        if let Phase::Withdrawing(withdrawal) = &mut self.phase {
            withdrawal.handle_ack();
            if withdrawal.is_over() {
                self.end();
            }
            return;
        }
        match self.outstanding {
            Outstanding::Sent => {
                self.outstanding = Outstanding::None;
                self.deadline = None;
                self.take_ack(ack, false, now);
            }
            Outstanding::Resent { .. } => {
                self.settle(now);
                self.take_ack(ack, true, now);
            }
            // The other copy has arrived as well.
            Outstanding::Settling => {
                self.settle(now);
                self.last_ack = None;
            }
            // It is late, or belongs to nothing: the next acknowledgment may be either.
            Outstanding::None => self.last_ack = None,
        }
    }

    /// To be called when time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Phase::Withdrawing(withdrawal) = &mut self.phase {
            withdrawal.handle_timeout(now);
            if withdrawal.is_over() {
                self.end();
            }
            return;
        }
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.deadline = None;
        match self.outstanding {
            Outstanding::Sent | Outstanding::Resent { .. } => {
                self.timeout_micros = self.timeout_micros.saturating_mul(2).min(TIMEOUT_MICROS_MAX);
                self.outstanding = Outstanding::Resent { due: true };
            }
            Outstanding::Settling | Outstanding::None => self.outstanding = Outstanding::None,
        }
    }

    /// What is in doubt at the timeout: see [`Sender::doubt`](crate::Sender::doubt).
    #[must_use]
    pub const fn doubt(&self) -> Option<Doubt> {
        let may_wait = match self.phase {
            Phase::Mark { left } => left == MARK_BITS,
            Phase::Probe { position } => position == 0,
            Phase::Greeting { .. } | Phase::Ready | Phase::Withdrawing(_) | Phase::Ended => false,
        };
        match self.outstanding {
            Outstanding::Sent | Outstanding::Resent { .. } if may_wait => Some(Doubt::Turn),
            Outstanding::Sent
            | Outstanding::Resent { .. }
            | Outstanding::Settling
            | Outstanding::None => None,
        }
    }

    /// Postpones the timeout to `micros` after `now`.
    pub fn postpone(&mut self, now: Instant, micros: u64) {
        self.deadline = self.deadline.map(|_| now.after_micros(micros));
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Instant> {
        match self.phase {
            Phase::Withdrawing(withdrawal) => withdrawal.poll_timeout(),
            Phase::Mark { .. }
            | Phase::Greeting { .. }
            | Phase::Ready
            | Phase::Probe { .. }
            | Phase::Ended => self.deadline,
        }
    }

    /// The next bit to transmit now, if there is one.
    #[must_use = "a bit that is not sent is not acknowledged"]
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Bit> {
        let bit = match &mut self.phase {
            Phase::Mark { .. } => Bit::One,
            Phase::Greeting { position } | Phase::Probe { position } => bit_at(FLAG, *position),
            Phase::Withdrawing(withdrawal) => return withdrawal.poll_transmit(now),
            Phase::Ready | Phase::Ended => return None,
        };
        self.outstanding = match self.outstanding {
            Outstanding::None => Outstanding::Sent,
            Outstanding::Resent { due: true } => Outstanding::Resent { due: false },
            Outstanding::Sent | Outstanding::Resent { due: false } | Outstanding::Settling => {
                return None;
            }
        };
        self.deadline = Some(now.after_micros(self.timeout_micros));
        self.alignment.transmitted(bit);
        Some(bit)
    }

    /// The next event, if there is one.
    #[must_use]
    pub const fn poll_event(&mut self) -> Option<PingEvent> {
        self.event.take()
    }

    /// Handles the acknowledgment of the current bit.
    fn take_ack(&mut self, ack: Bit, resent: bool, now: Instant) {
        self.timeout_micros = TIMEOUT_MICROS;
        self.progress = self.progress.saturating_add(1);
        let alternates = self.last_ack != Some(ack);
        self.last_ack = (!resent).then_some(ack);
        match self.phase {
            // The acknowledgments of a mark need not alternate.
            Phase::Mark { left } => {
                self.phase = match left.saturating_sub(1) {
                    0 => Phase::Greeting { position: 0 },
                    left => Phase::Mark { left },
                };
            }
            Phase::Greeting { .. } if !alternates && !resent => {
                self.withdraw(now);
                self.event = Some(PingEvent::NotFramed);
            }
            Phase::Greeting { position } => {
                self.phase = if position.saturating_add(1) < PROBE_BITS {
                    Phase::Greeting { position: position.saturating_add(1) }
                } else {
                    self.event = Some(PingEvent::Ready);
                    Phase::Ready
                };
            }
            // A peer that is known to be framed and does not alternate is out of step, which is
            // harmless here.
            Phase::Probe { position } => {
                self.event = Some(PingEvent::Acknowledged { position, resent });
                let next = position.saturating_add(1);
                self.phase =
                    if next < PROBE_BITS { Phase::Probe { position: next } } else { Phase::Ready };
            }
            Phase::Ready | Phase::Withdrawing(_) | Phase::Ended => {}
        }
    }

    fn settle(&mut self, now: Instant) {
        self.outstanding = Outstanding::Settling;
        self.deadline = Some(now.after_micros(SETTLE_MICROS));
    }

    const fn end(&mut self) {
        self.phase = Phase::Ended;
        self.event = Some(PingEvent::Withdrawn);
    }
}

impl Default for Pinger {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::ZERO;

    /// Has `count` bits acknowledged, with alternating acknowledgments.
    fn pass(pinger: &mut Pinger, count: u8) {
        for position in 0..count {
            assert!(pinger.poll_transmit(NOW).is_some());
            pinger.handle_ack(Bit::from_bool(position & 1 == 1), NOW);
        }
    }

    fn ready() -> Pinger {
        let mut pinger = Pinger::new();
        pass(&mut pinger, 16);
        assert_eq!((pinger.poll_event(), pinger.progress()), (Some(PingEvent::Ready), 16));
        pinger
    }

    #[test]
    fn a_probe_is_a_flag_and_each_of_its_bits_is_told_of() {
        let mut pinger = ready();
        assert_eq!(pinger.poll_transmit(NOW), None);
        assert!(pinger.probe() && !pinger.probe());
        let mut flag = 0_u8;
        for position in 0..PROBE_BITS {
            let bit = pinger.poll_transmit(NOW).expect("a bit of the flag");
            flag = flag << 1 | u8::from(bit);
            pinger.handle_ack(bit, NOW);
            let acknowledged = PingEvent::Acknowledged { position, resent: false };
            assert_eq!(pinger.poll_event(), Some(acknowledged));
        }
        assert_eq!(flag, FLAG);
        assert!(pinger.is_ready());
    }

    #[test]
    fn a_bit_is_sent_again_after_a_timeout_that_doubles_and_then_listened_for() {
        let mut pinger = ready();
        assert!(pinger.probe());
        let (mut now, mut timeouts) = (NOW, std::vec::Vec::new());
        for _ in 0..4 {
            assert_eq!(pinger.poll_transmit(now), Some(Bit::Zero));
            let deadline = pinger.poll_timeout().expect("a bit is under way");
            timeouts.push(deadline.micros_since(now));
            now = deadline;
            pinger.handle_timeout(now);
        }
        assert_eq!(timeouts, [250_000, 500_000, 1_000_000, 1_000_000]);
        pinger.handle_ack(Bit::One, now);
        let acknowledged = PingEvent::Acknowledged { position: 0, resent: true };
        assert_eq!(pinger.poll_event(), Some(acknowledged));
        assert_eq!(pinger.poll_transmit(now), None, "it listens");
        let deadline = pinger.poll_timeout().expect("not for ever");
        assert_eq!(deadline.micros_since(now), 5_000);
        pinger.handle_timeout(deadline);
        assert_eq!(pinger.poll_transmit(deadline), Some(Bit::One));
    }

    /// Seven zeros complete the byte that began with the last zero of the flag, and make it a NUL.
    #[test]
    fn a_peer_that_does_not_alternate_is_left_at_the_end_of_a_byte_and_a_message() {
        let mut pinger = Pinger::new();
        pass(&mut pinger, 7);
        for _ in 0..2 {
            assert!(pinger.poll_transmit(NOW).is_some());
            pinger.handle_ack(Bit::Zero, NOW);
        }
        assert_eq!(pinger.poll_event(), Some(PingEvent::NotFramed));
        for _ in 0..7 {
            assert_eq!(pinger.poll_transmit(NOW), Some(Bit::Zero));
            pinger.handle_ack(Bit::Zero, NOW);
        }
        assert_eq!(pinger.poll_transmit(NOW), None);
        assert_eq!(pinger.poll_event(), Some(PingEvent::Withdrawn));
    }

    #[test]
    fn a_peer_that_is_known_is_left_without_a_further_bit() {
        let mut pinger = ready();
        pinger.withdraw(NOW);
        assert_eq!(pinger.poll_event(), Some(PingEvent::Withdrawn));
        assert_eq!((pinger.poll_transmit(NOW), pinger.poll_timeout()), (None, None));
    }

    #[test]
    fn the_first_bit_of_a_mark_and_of_a_probe_may_wait_for_its_turn() {
        let mut pinger = Pinger::new();
        let mut doubts = std::vec::Vec::new();
        for _ in 0..9 {
            assert_eq!(pinger.doubt(), None, "nothing is under way");
            assert!(pinger.poll_transmit(NOW).is_some());
            doubts.push(pinger.doubt());
            pinger.handle_ack(Bit::from(doubts.len() % 2 == 0), NOW);
        }
        assert_eq!(doubts[0], Some(Doubt::Turn));
        assert_eq!(doubts[1..], [None; 8]);
        let mut pinger = ready();
        assert!(pinger.probe());
        for position in 0..PROBE_BITS {
            let bit = pinger.poll_transmit(NOW).expect("a bit of the flag");
            assert_eq!(pinger.doubt(), (position == 0).then_some(Doubt::Turn));
            pinger.handle_ack(bit, NOW);
            let _ = pinger.poll_event();
        }
    }

    #[test]
    fn a_timeout_does_nothing_before_its_time_and_can_be_put_off() {
        let mut pinger = Pinger::new();
        assert!(pinger.poll_transmit(NOW).is_some());
        let timeout = pinger.poll_timeout().expect("a bit is under way");
        pinger.handle_timeout(Instant::from_micros(timeout.as_micros().wrapping_sub(1)));
        assert_eq!((pinger.poll_timeout(), pinger.poll_transmit(NOW)), (Some(timeout), None));
        pinger.postpone(timeout, 70);
        assert_eq!(pinger.poll_timeout(), Some(timeout.after_micros(70)));
        pinger.handle_timeout(timeout);
        assert_eq!(pinger.poll_transmit(timeout), None);
    }
}
