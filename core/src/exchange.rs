//! Many senders, one line: a table of receivers, and which of the senders has the floor.
//!
//! One sender at a time is acknowledged; the first bit of every other sender is remembered and
//! waits. The acknowledgment is the token. `docs/protocol.md`, section "Many senders", has the
//! rules.

mod classic_half;
mod news;
mod places;
mod session;
mod turns;

use crate::classic::{Chosen, Dialect, Handles, Memory, Understanding, Waits};
use crate::detect::Detector;
use crate::frame::FRAME_OCTETS_MAX;
use crate::verdict::RefusalReason;
use crate::{Bit, Instant, Lookahead};

use classic_half::ClassicHalf;
pub use news::{Handled, OpenError, Output, Payload, Protocol, Protocols};
pub use places::Place;
use places::{Index, List, Places};
use session::{Session, Want};
use turns::Step;

/// Silence after which a sender loses the floor if others wait for it. It is shorter than the rest
/// that a sender waits for before it sends a bit again, so a receiver that has a bit in hand never
/// seems to be at rest.
pub const FLOOR_STALL_MICROS: u64 = 20_000;

/// How long a classic sender has the floor while others wait. Its message may never end.
pub const CLASSIC_TURN_MICROS: u64 = 500_000;

/// A rule of the protocol that an exchange can be told to break, in tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Broken {
    /// The floor passes on after every bit, even in the middle of a frame.
    FloorPassesAnywhere,
    /// The floor does not pass on after a verdict.
    FloorKept,
}

/// Receivers for as many senders as there are [places](Place) in the storage, with frames of at
/// most `OCTETS` octets.
///
/// The storage is an array, a slice, a box or a vector of places, whatever the host has. A thousand
/// senders take 400 kB, which are never moved. A call takes as long with thousands of senders as
/// with one.
///
/// Senders are told apart by a number, on Linux their PID. A message may be of any length.
///
/// # The loop
///
/// After each call of a method that takes `&mut self`: call [`poll_output`](Self::poll_output)
/// until it returns `None`. Then wait for a bit, but no longer than
/// [`poll_timeout`](Self::poll_timeout).
///
/// # Signal safety
///
/// No method allocates, locks, blocks or panics; all may be called from a signal or interrupt
/// handler, as long as only one call runs at a time.
///
/// # Examples
///
/// ```
/// use minitalk_core::exchange::{Exchange, Handled, Output, Place};
/// use minitalk_core::{Bit, Instant, classic::Dialect};
///
/// let places = [const { Place::FREE }; 4];
/// let mut exchange = Exchange::<_>::new(Dialect::DEFAULT, places);
/// let now = Instant::ZERO;
/// exchange.open(4242)?;
/// // "A", most significant bit first.
/// let (mut text, mut acknowledged) = (Vec::new(), 0);
/// for bit in [0, 1, 0, 0, 0, 0, 0, 1] {
///     assert_eq!(exchange.handle_bit(4242, Bit::from(bit == 1), now), Handled::Taken);
///     while let Some(output) = exchange.poll_output(now) {
///         match output {
///             Output::Transmit { peer: 4242, symbol: Bit::Zero, .. } => acknowledged += 1,
///             Output::Payload(piece) => {
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
pub struct Exchange<S, const OCTETS: usize = FRAME_OCTETS_MAX> {
    places: Places<S, OCTETS>,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    floor: Option<Index>,
    /// When a bit of the sender with the floor was last processed.
    floor_active_at: Instant,
    /// When that sender was given the floor.
    floor_since: Instant,
    /// The earliest time at which something has to be done for a classic sender.
    timer: Option<Instant>,
    dialect: Chosen,
    protocols: Protocols,
    octets_max: Option<u64>,
    /// Bit n says whether the host knows coding n. Bit 0 is inverted, so that a new exchange is all
    /// zeros.
    codings: u16,
    /// A rule that is broken on purpose, to show that the model notices.
    #[cfg(test)]
    pub(crate) broken: Option<Broken>,
}

impl<S, const OCTETS: usize> Exchange<S, OCTETS> {
    /// An exchange without senders that accepts both protocols and messages of any length. All
    /// `places` are [`Place::FREE`], or [`SHORT`](Place::SHORT).
    #[must_use]
    pub const fn new(dialect: Dialect, places: S) -> Self {
        Self {
            places: Places::new(places),
            floor: None,
            floor_active_at: Instant::ZERO,
            floor_since: Instant::ZERO,
            timer: None,
            dialect: Chosen::new(dialect),
            protocols: Protocols::Both,
            octets_max: None,
            codings: 0,
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

    /// The same exchange, which refuses messages of more than `octets_max` octets. A coded message
    /// is counted as it is sent; what it decodes to, the host must count and refuse.
    #[must_use]
    pub const fn with_octets_max(mut self, octets_max: Option<u64>) -> Self {
        self.octets_max = octets_max;
        self
    }

    /// The same exchange, for a host that knows these content codings: bit n stands for coding n.
    /// By default it knows only 0, octets as they are. A message of another coding is refused with
    /// [`RefusalReason::Coding`], and the host is not told of it.
    #[must_use]
    pub const fn with_codings(mut self, codings: u16) -> Self {
        self.codings = codings ^ 1;
        self
    }

    /// How many senders have a place.
    #[must_use]
    pub const fn open_count(&self) -> usize {
        self.places.taken()
    }
}

impl<S, const OCTETS: usize> Exchange<S, OCTETS>
where
    S: AsRef<[Place<OCTETS>]> + AsMut<[Place<OCTETS>]>,
{
    /// Whether `peer` has a place.
    #[must_use]
    pub fn is_open(&self, peer: u32) -> bool {
        self.find(peer).is_some()
    }

    /// The protocol of `peer`, once it is known.
    #[must_use]
    pub fn protocol(&self, peer: u32) -> Option<Protocol> {
        self.places.session(self.find(peer)?)?.protocol()
    }

    /// The classic dialect of `peer`, once it is known.
    #[must_use]
    pub fn dialect(&self, peer: u32) -> Option<Dialect> {
        self.places.session(self.find(peer)?)?.dialect()
    }

    /// What `peer`, if its dialect is guessed, waits for before it goes on, once that is known.
    #[must_use]
    pub fn waits(&self, peer: u32) -> Option<Waits> {
        self.places.session(self.find(peer)?)?.waits()
    }

    /// Whether a bit of `peer` has come and waits for the floor: then `peer` is not silent but kept
    /// waiting.
    #[must_use]
    pub fn is_waiting(&self, peer: u32) -> bool {
        let session = self.find(peer).and_then(|index| self.places.session(index));
        session.is_some_and(|session| session.want() == Want::Line)
    }

    /// Gives `peer` a place. To be called once its first bit has come and the host has made sure
    /// that `peer` survives an acknowledgment.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the exchange is unchanged.
    pub fn open(&mut self, peer: u32) -> Result<(), OpenError> {
        let detector = Some(Detector::new()).filter(|_| self.dialect.get().admits_framed());
        self.insert(peer, ClassicHalf::given(*self.dialect.get()), detector)
    }

    /// Gives `peer` a place as [`open`](Self::open) does, but has its classic dialect guessed.
    /// `peer` survives what `handles` says; `memory` is what is known of its program.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the exchange is unchanged.
    pub fn open_stranger(
        &mut self,
        peer: u32,
        handles: Handles,
        memory: Memory,
    ) -> Result<(), OpenError> {
        let classic = ClassicHalf::Guessed(Understanding::new(handles, peer, memory));
        // A framed sender is acknowledged with both symbols.
        let detector = Some(Detector::of_any_dialect()).filter(|_| handles == Handles::BOTH);
        self.insert(peer, classic, detector)
    }

    fn insert(
        &mut self,
        peer: u32,
        classic: ClassicHalf,
        detector: Option<Detector>,
    ) -> Result<(), OpenError> {
        if self.is_open(peer) {
            return Err(OpenError::AlreadyOpen);
        }
        let detector = match self.protocols {
            Protocols::Both => detector,
            Protocols::ClassicOnly => None,
        };
        let session = Session::new(peer, classic, detector);
        self.places.insert(session).map(drop).ok_or(OpenError::Full)
    }

    /// Adds places, up to 65,535 in all.
    pub fn grow(&mut self, places: usize)
    where
        S: Extend<Place<OCTETS>>,
    {
        self.places.grow(places);
    }

    /// Takes a bit of `peer`.
    #[inline]
    pub fn handle_bit(&mut self, peer: u32, bit: Bit, now: Instant) -> Handled {
        let Some(index) = self.find(peer) else { return Handled::Unknown };
        let Some(session) = self.places.session_mut(index) else { return Handled::Unknown };
        match session.take(bit) {
            Handled::Taken if self.floor == Some(index) => {
                self.floor_active_at = now;
                Handled::Taken
            }
            Handled::Taken => {
                self.sort(index);
                Handled::Taken
            }
            // Its sender did not wait for the acknowledgment.
            Handled::Repeated if !session.can_hold_back() => Handled::Lost,
            handled @ (Handled::Repeated | Handled::Lost | Handled::Ignored | Handled::Unknown) => {
                handled
            }
        }
    }

    /// Takes a bit of `peer` and returns its acknowledgment, if `peer` has the floor and the bit
    /// leads to nothing else, as with most bits. Otherwise does nothing; give the bit to
    /// [`handle_bit`](Self::handle_bit).
    ///
    /// This has the effect of `handle_bit` and [`poll_output`](Self::poll_output) in less than half
    /// of the instructions. No output follows.
    #[inline]
    pub fn acknowledge(&mut self, peer: u32, bit: Bit, now: Instant) -> Option<Bit> {
        let holder = self.undisputed_holder()?;
        let session = self.places.session_mut(holder)?;
        if session.peer != peer {
            return None;
        }
        let ack = session.acknowledge(bit)?;
        self.floor_active_at = now;
        Some(ack)
    }

    /// The sender that has the floor, and what [`acknowledge`](Self::acknowledge) will return for
    /// its next bit. `None` if that is not certain for either bit.
    #[inline]
    #[must_use]
    pub fn lookahead(&self) -> Option<(u32, Lookahead)> {
        let session = self.places.session(self.undisputed_holder()?)?;
        let lookahead = session.lookahead();
        if lookahead.is_none() { None } else { Some((session.peer, lookahead)) }
    }

    /// Who has the floor, if nothing has to be done for others before its next bit.
    #[inline]
    fn undisputed_holder(&self) -> Option<Index> {
        let has_work = |list| self.places.first(list).is_some();
        if has_work(List::Telling) || has_work(List::Gone) || has_work(List::Passing) {
            return None;
        }
        let holder = self.floor?;
        // The turn of a classic sender is limited in time.
        let is_limited = || {
            let session = self.places.session(holder);
            session.is_some_and(|session| session.protocol() == Some(Protocol::Classic))
        };
        if has_work(List::Waiting) && is_limited() { None } else { Some(holder) }
    }

    /// To be called when the process of `peer` has ended. Bits of `peer` that still wait are
    /// processed first; then [`Output::Closed`] follows.
    pub fn handle_gone(&mut self, peer: u32) {
        let Some(index) = self.find(peer) else { return };
        if let Some(session) = self.places.session_mut(index) {
            session.gone = true;
        }
        self.sort(index);
    }

    /// To be called when time has passed. Does nothing before [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.floor_timeout().is_some_and(|deadline| deadline <= now) {
            self.pass_floor(now);
        }
        if self.timer.is_none_or(|timer| now < timer) {
            return;
        }
        self.timer = None;
        for index in self.places.indices() {
            let Some(session) = self.places.session_mut(index) else { continue };
            if session.poll_timeout().is_some_and(|deadline| deadline <= now) {
                session.handle_timeout(now);
                self.settle(index);
            }
            let timeout = self.places.session(index).and_then(Session::poll_timeout);
            self.set_timer(timeout);
        }
    }

    /// To be called when the process of `peer` has been seen asleep until a signal comes. If its
    /// dialect is guessed, it is then known to wait for an acknowledgment.
    pub fn handle_pause(&mut self, peer: u32, now: Instant) {
        let Some(index) = self.find(peer) else { return };
        let Some(session) = self.places.session_mut(index) else { return };
        if session.want() == Want::Nothing {
            session.handle_pause(now);
            self.settle(index);
        }
    }

    /// Moves a session into the list that it belongs to after an answer or a timeout.
    fn settle(&mut self, index: Index) {
        if self.places.session(index).is_some_and(|session| session.want() == Want::Host) {
            self.places.move_to(index, List::Telling);
        }
        self.sort(index);
    }

    /// Makes sure that a session is looked at when its timeout has come.
    #[inline]
    fn set_timer(&mut self, timeout: Option<Instant>) {
        if let Some(timeout) = timeout {
            self.timer = Some(self.timer.map_or(timeout, |timer| timer.min(timeout)));
        }
    }

    /// The next moment at which [`handle_timeout`](Self::handle_timeout) has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match (self.floor_timeout(), self.timer) {
            (Some(floor), Some(timer)) => Some(floor.min(timer)),
            (floor, timer) => floor.or(timer),
        }
    }

    fn floor_timeout(&self) -> Option<Instant> {
        self.floor.and(self.places.first(List::Waiting))?;
        Some(self.floor_active_at.after_micros(FLOOR_STALL_MICROS))
    }

    /// Accepts the piece of `peer` that [`Output::Payload`] announced: the piece is safe, or, if it
    /// was the last one, the whole message has been written. Does nothing if no piece of `peer`
    /// waits, or if `peer` has no place.
    pub fn accept(&mut self, peer: u32) {
        self.answer(peer, Session::accept);
    }

    /// Refuses the message of `peer` for good, whether or not a piece of it waits. A framed sender
    /// is told the reason, after its next frame if none waits; if it is between two messages,
    /// nothing is refused. A classic sender cannot be told; nothing more is accepted from it. Does
    /// nothing if `peer` has no place.
    pub fn refuse(&mut self, peer: u32, reason: RefusalReason) {
        self.answer(peer, |session| session.refuse(reason));
    }

    /// What the host has to do next; `None` if nothing.
    #[inline]
    pub fn poll_output(&mut self, now: Instant) -> Option<Output<'_>> {
        Some(match self.advance(now)? {
            Step::Transmit { peer, symbol, held_back } => {
                Output::Transmit { peer, symbol, held_back }
            }
            Step::Payload(index) => Output::Payload(self.places.session(index)?.payload()?),
            Step::TooLong { peer, offset } => Output::TooLong { peer, offset },
            Step::Closed { peer, cut, memory } => Output::Closed { peer, cut, memory },
        })
    }

    fn answer(&mut self, peer: u32, answer: impl FnOnce(&mut Session<OCTETS>)) {
        let Some(index) = self.find(peer) else { return };
        if let Some(session) = self.places.session_mut(index) {
            answer(session);
        }
        self.settle(index);
        let timeout = self.places.session(index).and_then(Session::poll_timeout);
        self.set_timer(timeout);
    }

    #[inline]
    fn find(&self, peer: u32) -> Option<Index> {
        let has_place = |&index: &Index| self.places.session(index).is_some_and(|s| s.peer == peer);
        self.floor.filter(has_place).or_else(|| self.places.find(peer))
    }

    /// Forgets state that no longer matters, so that states that will behave alike are equal. Of a
    /// frame that is not the beginning of one that `is_sent` by its sender, only the fact that it
    /// is damaged is kept.
    #[cfg(test)]
    pub(crate) fn forget_the_past(&mut self, is_sent: impl Fn(u32, &[u8]) -> bool) {
        for session in self.places.sessions_mut() {
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
}
