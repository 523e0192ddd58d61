//! Many senders, one line: a fixed table of receivers, and who of them has the floor.
//!
//! One sender at a time is acknowledged; the first bit of every other one is remembered and waits.
//! The acknowledgment is the token. `docs/protocol.md`, section "Many senders", has the rules.

mod news;
mod session;

use crate::classic::Dialect;
use crate::verdict::RefusalReason;
use crate::{Bit, Instant};

pub use news::{Event, Handled, OpenError, Output, Payload, Protocol, Protocols};
use session::{Session, Want};

/// Silence after which a sender loses the floor while others wait for it.
pub const FLOOR_STALL_MICROS: u64 = 100_000;

/// The same for a classic sender. One whose bit was lost resends it only after a longer timeout, and
/// only to a receiver at rest, which one that serves others is not.
pub const CLASSIC_FLOOR_STALL_MICROS: u64 = 1_000_000;

/// A rule of the protocol that an exchange can be made to break, in tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// The floor passes on after every bit, be it in the middle of a frame.
    FloorPassesAnywhere,
    /// The floor does not pass on after a verdict.
    FloorKept,
}

/// A fixed table of `SESSIONS` receivers with frames of at most `OCTETS` octets.
///
/// Senders are told apart by a number, on Linux their PID. For full-size frames `OCTETS` is
/// [`FRAME_OCTETS_MAX`](crate::frame::FRAME_OCTETS_MAX). A message may be of any length.
///
/// # The loop
///
/// After each call of a method that takes `&mut self`: call [`poll_output`](Self::poll_output) until
/// it returns `None`. Then wait for a bit, but no longer than [`poll_timeout`](Self::poll_timeout).
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics; all may be called from a signal or interrupt
/// handler, as long as only one call runs at a time.
///
/// # Examples
///
/// ```
/// use minitalk_core::exchange::{Event, Exchange, Handled, Output};
/// use minitalk_core::{Bit, Instant, classic::Dialect, frame::FRAME_OCTETS_MAX};
///
/// let mut exchange = Exchange::<4, FRAME_OCTETS_MAX>::new(Dialect::DEFAULT);
/// let now = Instant::ZERO;
/// exchange.open(4242)?;
/// // "A", most significant bit first.
/// let (mut text, mut acknowledged) = (Vec::new(), 0);
/// for bit in [0, 1, 0, 0, 0, 0, 0, 1] {
///     assert_eq!(exchange.handle_bit(4242, Bit::from(bit == 1), now), Handled::Taken);
///     while let Some(output) = exchange.poll_output(now) {
///         match output {
///             Output::Transmit { peer: 4242, symbol: Bit::Zero } => acknowledged += 1,
///             Output::Event(Event::Payload(piece)) => {
///                 text.extend_from_slice(piece.octets);
///                 exchange.accept(4242);
///             }
///             other => panic!("{other:?}"),
///         }
///     }
/// }
/// assert_eq!((text.as_slice(), acknowledged), (&b"A"[..], 8));
/// # Ok::<(), minitalk_core::exchange::OpenError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Exchange<const SESSIONS: usize, const OCTETS: usize> {
    sessions: [Option<Session<OCTETS>>; SESSIONS],
    floor: Option<usize>,
    /// Who had it last: the rotation goes on from there when that one has gone.
    last_floor: usize,
    /// When a bit of the sender with the floor was last processed.
    floor_active_at: Instant,
    /// Whether anybody may be waiting for the floor; false is certain, true is looked up.
    waiting: bool,
    /// Whether any session is gone and not yet closed.
    closing: bool,
    announced: Option<usize>,
    too_long: Option<(u32, u64)>,
    dialect: Dialect,
    protocols: Protocols,
    octets_max: Option<u64>,
    /// A rule that is deliberately not kept, to show that the model notices.
    #[cfg(test)]
    pub(crate) broken: Option<Broken>,
}

enum Step {
    Transmit { peer: u32, symbol: Bit },
    Payload(usize),
    TooLong { peer: u32, offset: u64 },
    Closed { peer: u32, cut: Option<u64> },
}

impl<const SESSIONS: usize, const OCTETS: usize> Exchange<SESSIONS, OCTETS> {
    /// An exchange without senders, which takes both protocols and messages of any length.
    #[must_use]
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            sessions: [const { None }; SESSIONS],
            floor: None,
            last_floor: 0,
            floor_active_at: Instant::ZERO,
            waiting: false,
            closing: false,
            announced: None,
            too_long: None,
            dialect,
            protocols: Protocols::Both,
            octets_max: None,
            #[cfg(test)]
            broken: None,
        }
    }

    /// The same exchange, with a choice of protocols.
    #[must_use]
    pub const fn with_protocols(mut self, protocols: Protocols) -> Self {
        self.protocols = protocols;
        self
    }

    /// The same exchange, refusing messages of more than `octets_max` octets.
    #[must_use]
    pub const fn with_octets_max(mut self, octets_max: Option<u64>) -> Self {
        self.octets_max = octets_max;
        self
    }

    /// Whether `peer` has a place.
    #[must_use]
    pub fn is_open(&self, peer: u32) -> bool {
        self.index_of(peer).is_some()
    }

    /// How many senders have a place.
    #[must_use]
    pub fn open_count(&self) -> usize {
        // Not `count`, which adds up with a check that the linker cannot see to be met.
        self.sessions.iter().flatten().fold(0, |count: usize, _| count.saturating_add(1))
    }

    /// The protocol of `peer`, once it is known.
    #[must_use]
    pub fn protocol(&self, peer: u32) -> Option<Protocol> {
        self.session(self.index_of(peer)?)?.protocol()
    }

    /// Whether a bit of `peer` has come and waits for the floor: it is not silent, it is kept waiting.
    #[must_use]
    pub fn is_waiting(&self, peer: u32) -> bool {
        let session = self.index_of(peer).and_then(|index| self.session(index));
        session.is_some_and(|session| session.want() == Want::Line)
    }

    /// Gives `peer` a place. To be called once its first bit has come and the host has made sure
    /// that it survives an acknowledgment.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the exchange is unchanged.
    pub fn open(&mut self, peer: u32) -> Result<(), OpenError> {
        if self.is_open(peer) {
            return Err(OpenError::AlreadyOpen);
        }
        let detect = match self.protocols {
            Protocols::Both => self.dialect.admits_framed(),
            Protocols::ClassicOnly => false,
        };
        let place =
            self.sessions.iter_mut().find(|place| place.is_none()).ok_or(OpenError::Full)?;
        *place = Some(Session::new(peer, self.dialect, detect));
        Ok(())
    }

    /// Takes a bit of `peer`.
    #[inline]
    pub fn handle_bit(&mut self, peer: u32, bit: Bit, now: Instant) -> Handled {
        let Some(index) = self.index_of(peer) else { return Handled::Unknown };
        let Some(session) = self.session_mut(index) else { return Handled::Unknown };
        let handled = session.take(bit);
        if self.floor != Some(index) {
            self.waiting = true;
        } else if handled == Handled::Taken {
            self.floor_active_at = now;
        }
        if handled == Handled::Repeated && !self.dialect.can_hold_back() {
            // Its sender has not waited for the acknowledgment.
            return Handled::Lost;
        }
        handled
    }

    /// Tells that the process of `peer` has ended. Bits of it that still wait are processed first;
    /// then comes [`Event::Closed`].
    pub fn handle_gone(&mut self, peer: u32) {
        if let Some(session) = self.index_of(peer).and_then(|index| self.session_mut(index)) {
            session.gone = true;
            self.closing = true;
        }
    }

    /// Tells that time has passed. Nothing happens before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.pass_floor(now);
        }
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let holder = self.floor.filter(|_| self.waiting)?;
        self.next_waiting(holder)?;
        let silence = match self.session(holder)?.protocol() {
            Some(Protocol::Classic) => CLASSIC_FLOOR_STALL_MICROS,
            Some(Protocol::Framed) | None => FLOOR_STALL_MICROS,
        };
        Some(self.floor_active_at.after_micros(silence))
    }

    /// Accepts what [`Event::Payload`] announced of `peer`: it is safe, or, if it was the last
    /// piece, the whole message is written. Nothing happens if nothing of it waits, or if it has no place.
    pub fn accept(&mut self, peer: u32) {
        self.answer(peer, Session::accept);
    }

    /// Refuses the message of `peer`, for good, whether a piece of it waits or not. A framed sender is told
    /// the reason, after its next frame if none waits; one between two messages is not refused anything. A
    /// classic one, which cannot be told, is not listened to any more. Nothing happens if `peer` has no place.
    pub fn refuse(&mut self, peer: u32, reason: RefusalReason) {
        self.answer(peer, |session| session.refuse(reason));
    }

    /// What the host is to do next, or `None` if nothing.
    #[inline]
    pub fn poll_output(&mut self, now: Instant) -> Option<Output<'_>> {
        let event = match self.advance(now)? {
            Step::Transmit { peer, symbol } => return Some(Output::Transmit { peer, symbol }),
            Step::Payload(index) => Event::Payload(self.session(index)?.payload()?),
            Step::TooLong { peer, offset } => Event::TooLong { peer, offset },
            Step::Closed { peer, cut } => Event::Closed { peer, cut },
        };
        Some(Output::Event(event))
    }

    fn advance(&mut self, now: Instant) -> Option<Step> {
        loop {
            if let Some(index) = self.announced.take() {
                return Some(Step::Payload(index));
            }
            if let Some((peer, offset)) = self.too_long.take() {
                return Some(Step::TooLong { peer, offset });
            }
            if self.closing
                && let Some(index) = self.next_gone()
            {
                match self.wind_up(index) {
                    Some(step) => return Some(step),
                    None => continue,
                }
            }
            let Some(index) = self.floor.filter(|_| self.dialect.can_hold_back()) else {
                let index = self.next_waiting(self.floor.unwrap_or(self.last_floor))?;
                self.grant(index, now);
                if !self.dialect.can_hold_back() {
                    // Nobody can be held back, so nobody needs a turn.
                    let session = self.session_mut(index)?;
                    if let Some(symbol) = session.next_owed() {
                        return Some(Step::Transmit { peer: session.peer, symbol });
                    }
                    self.process(index);
                }
                continue;
            };
            let session = self.session_mut(index)?;
            if let Some(symbol) = session.next_owed() {
                return Some(Step::Transmit { peer: session.peer, symbol });
            }
            let want = session.want();
            let may_pass = session.turn_over || want == Want::Host;
            if may_pass && self.waiting && self.pass_floor(now) {
                continue;
            }
            match want {
                Want::Line => self.process(index),
                Want::Host | Want::Nothing => return None,
            }
        }
    }

    fn process(&mut self, index: usize) {
        let (kept, passes) =
            (self.breaks(Broken::FloorKept), self.breaks(Broken::FloorPassesAnywhere));
        if let Some(session) = self.session_mut(index) {
            session.process();
            session.turn_over = passes || session.turn_over && !kept;
        }
        self.announce(index);
    }

    /// Brings a session that is gone nearer to its end; the floor does not matter any more.
    fn wind_up(&mut self, index: usize) -> Option<Step> {
        let session = self.session_mut(index)?;
        while session.next_owed().is_some() {}
        match session.want() {
            Want::Line => {
                self.process(index);
                None
            }
            Want::Host | Want::Nothing => {
                let (peer, cut) = (session.peer, session.octets_at_risk());
                if let Some(place) = self.sessions.get_mut(index) {
                    *place = None;
                }
                if self.floor == Some(index) {
                    self.floor = None;
                }
                Some(Step::Closed { peer, cut })
            }
        }
    }

    /// Lets the host know of what a session holds, unless that makes its message too long.
    fn announce(&mut self, index: usize) {
        let octets_max = self.octets_max;
        let Some(session) = self.session_mut(index) else { return };
        let Some(payload) = session.payload() else { return };
        let octets = u64::try_from(payload.octets.len()).unwrap_or(u64::MAX);
        let total = payload.length.unwrap_or(0).max(payload.offset.saturating_add(octets));
        if octets_max.is_some_and(|octets_max| total > octets_max) {
            let (peer, offset) = (payload.peer, payload.offset);
            session.refuse(RefusalReason::TooLong);
            self.too_long = Some((peer, offset));
        } else {
            self.announced = Some(index);
        }
    }

    fn answer(&mut self, peer: u32, answer: impl FnOnce(&mut Session<OCTETS>)) {
        let Some(index) = self.index_of(peer) else { return };
        if let Some(session) = self.session_mut(index) {
            answer(session);
        }
        if self.floor != Some(index) {
            self.waiting = true;
        }
    }

    fn grant(&mut self, index: usize, now: Instant) {
        self.floor = Some(index);
        self.last_floor = index;
        self.floor_active_at = now;
        if let Some(session) = self.session_mut(index) {
            session.turn_over = false;
        }
    }

    /// Gives the floor to the next sender that waits; false if none does. A turn that is over stays over
    /// until its holder says more, and that of one who is not listened to for good.
    fn pass_floor(&mut self, now: Instant) -> bool {
        let holder = self.floor.unwrap_or(self.last_floor);
        if let Some(index) = self.next_waiting(holder) {
            self.grant(index, now);
            return true;
        }
        self.waiting = false;
        false
    }

    /// The next session after `holder`, in rotation, that has something for the line.
    fn next_waiting(&self, holder: usize) -> Option<usize> {
        self.rotation(holder, |session| session.want() == Want::Line)
            .filter(|&index| self.floor != Some(index) || !self.dialect.can_hold_back())
    }

    fn next_gone(&mut self) -> Option<usize> {
        // One that waits for the host stays until it has its answer.
        let found = self.rotation(0, |session| session.gone && session.want() != Want::Host);
        self.closing = self.sessions.iter().flatten().any(|session| session.gone);
        found
    }

    /// The first session after `start`, in rotation and `start` itself last, that `is_wanted`.
    fn rotation(
        &self,
        start: usize,
        is_wanted: impl Fn(&Session<OCTETS>) -> bool,
    ) -> Option<usize> {
        let after = start.saturating_add(1);
        // Ranges and not `enumerate().skip()`, whose sum of indices may overflow for all the compiler
        // knows.
        (after..SESSIONS).chain(0..after).find(|&index| self.session(index).is_some_and(&is_wanted))
    }

    #[inline]
    fn index_of(&self, peer: u32) -> Option<usize> {
        let has_place = |index: usize| self.session(index).is_some_and(|s| s.peer == peer);
        self.floor.filter(|&index| has_place(index)).or_else(|| {
            self.sessions
                .iter()
                .position(|place| place.as_ref().is_some_and(|session| session.peer == peer))
        })
    }

    /// Forgets what nothing depends on any more, so that states that will behave alike are equal. Of a
    /// frame that is not the beginning of one that `is_sent` by its sender, only that it is damaged
    /// is kept.
    #[cfg(test)]
    pub(crate) fn forget_the_past(&mut self, is_sent: impl Fn(u32, &[u8]) -> bool) {
        for session in self.sessions.iter_mut().flatten() {
            session.forget_the_past(&is_sent);
        }
    }

    #[cfg(test)]
    fn breaks(&self, rule: Broken) -> bool {
        self.broken == Some(rule)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "a test's exchange has an answer of its own")]
    const fn breaks(&self, _rule: Broken) -> bool {
        false
    }

    fn session(&self, index: usize) -> Option<&Session<OCTETS>> {
        self.sessions.get(index)?.as_ref()
    }

    fn session_mut(&mut self, index: usize) -> Option<&mut Session<OCTETS>> {
        self.sessions.get_mut(index)?.as_mut()
    }
}
