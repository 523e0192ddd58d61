//! Messages from other processes.

mod arrivals;
mod config;
mod decoding;
mod happening;
mod senders;
mod shutdown;

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::Duration;

use minitalk_core::classic::{Ack, Waits};
use minitalk_core::exchange::{Exchange, Output, Place, Protocol};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::{Bit, Instant, RefusalReason};
use minitalk_signals::{
    Interest, Line, OpenLineError, SendError, WaitError, Wake, WatchError, now,
};

use thiserror::Error;

use crate::Observer;
use crate::admission::Sending;
use crate::coding;
use crate::names::{RegisterError, Registration};
use senders::{Senders, program_of};
use shutdown::Shutdown;

pub use config::ListenerConfig;
use happening::PieceHeader;
pub use happening::{Connected, Ended, Happening, Piece, Stray, StrayCause};

/// The initial number of places for senders. It is doubled whenever they are all taken.
const PLACES: usize = 64;

/// The bit that marks the token of a sender's pidfd; the other bits are its PID.
const SENDER_TOKEN: u64 = 1 << 63;

/// Receives messages: this process's end of the line.
///
/// There can be one in a process, opened before threads are started: see
/// [`Line::open`](minitalk_signals::Line::open). Any number of processes may send at the same time;
/// [`Piece::peer`] tells their messages apart.
///
/// # The loop
///
/// Call [`next`](Self::next). Answer each [`Happening::Piece`] once, with [`accept`](Self::accept)
/// or [`refuse`](Self::refuse), immediately or after other calls of `next`; until then its sender
/// waits. Accept a piece when it is kept, and the last piece when the whole message is where it
/// belongs: that is the receipt.
#[derive(Debug)]
pub struct Listener<O = ()> {
    line: Line,
    exchange: Exchange<Vec<Place>, FRAME_OCTETS_MAX>,
    places: usize,
    senders: Senders,
    observer: O,
    acknowledge_anyone: bool,
    /// Whether the dialects of strangers are guessed.
    guesses: bool,
    pace: Option<Duration>,
    slow: Option<Duration>,
    /// What has happened and has not been reported. It comes before the piece.
    news: VecDeque<Happening<'static>>,
    piece: Option<PieceHeader>,
    /// The octets of the piece.
    octets: Vec<u8>,
    /// Senders whose current frame has more text than has been reported and accepted.
    decoding: VecDeque<u32>,
    octets_max: Option<u64>,
    strays: u64,
    /// When the last wait ended. While bits keep coming the clock is not read, because that takes
    /// as long as an acknowledgment.
    woken_at: Instant,
    shutdown: Option<Shutdown>,
    /// Announces to clients that this process listens.
    _registration: Option<Registration>,
}

/// Why a [`Listener`] could not be opened. Nothing has been changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The signals could not be taken over.
    #[error(transparent)]
    Line(#[from] OpenLineError),
    /// The [name](ListenerConfig::name) could not be taken.
    #[error(transparent)]
    Name(#[from] RegisterError),
}

impl Listener {
    /// Takes over `SIGUSR1` and `SIGUSR2`. From now on other processes may send to this one.
    ///
    /// # Errors
    ///
    /// [`ListenError`].
    pub fn open(config: &ListenerConfig) -> Result<Self, ListenError> {
        Self::open_observed(config, ())
    }
}

impl<O: Observer> Listener<O> {
    /// Like [`open`](Listener::open); `observer` sees every symbol.
    pub fn open_observed(config: &ListenerConfig, observer: O) -> Result<Self, ListenError> {
        let mut line = Line::open()?;
        if config.terminations {
            line.take_terminations()?;
        }
        let registration = match Registration::new(config.name.as_ref()) {
            Ok(registration) => Some(registration),
            // Without a name clients know it by its PID and its executable.
            Err(_) if config.name.is_none() => None,
            Err(error) => return Err(error.into()),
        };
        let dialect = config.dialect.unwrap_or_default();
        let exchange = Exchange::new(dialect, vec![Place::FREE; PLACES])
            .with_protocols(config.protocols)
            .with_octets_max(config.octets_max)
            .with_codings(coding::KNOWN);
        Ok(Self {
            line,
            exchange,
            places: PLACES,
            senders: Senders::default(),
            observer,
            acknowledge_anyone: config.acknowledge_anyone,
            guesses: config.dialect.is_none(),
            pace: config.pace,
            slow: config.slow,
            news: VecDeque::new(),
            piece: None,
            octets: Vec::new(),
            decoding: VecDeque::new(),
            octets_max: config.octets_max,
            strays: 0,
            woken_at: now(),
            shutdown: None,
            _registration: registration,
        })
    }

    /// Waits for the next thing that happens.
    ///
    /// # Errors
    ///
    /// [`WaitError`]. Nothing is lost: the call may be repeated.
    #[expect(clippy::should_implement_trait, reason = "a piece borrows from the listener")]
    pub fn next(&mut self) -> Result<Happening<'_>, WaitError> {
        self.next_or(None)
    }

    /// Watches `fd` from now on: see [`Line::watch`](minitalk_signals::Line::watch). The `token`,
    /// which is below 2^63, comes back with [`Happening::Ready`].
    ///
    /// # Errors
    ///
    /// [`WatchError`].
    pub fn watch(
        &mut self,
        fd: BorrowedFd<'_>,
        token: u64,
        interest: Interest,
    ) -> Result<(), WatchError> {
        self.line.watch(fd, token & !SENDER_TOKEN, interest)
    }

    /// Stops watching `fd`.
    pub fn unwatch(&mut self, fd: BorrowedFd<'_>) {
        self.line.unwatch(fd);
    }

    /// The line, for its other methods.
    pub const fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    /// Like [`next`](Self::next), but waits no longer than until the `deadline`.
    pub fn next_or(&mut self, deadline: Option<Instant>) -> Result<Happening<'_>, WaitError> {
        loop {
            // An accepted sender waits for its acknowledgment, which therefore comes before the
            // news.
            if self.piece.is_none() {
                self.advance();
            }
            if let Some(happening) = self.news.pop_front() {
                return Ok(happening);
            }
            if let Some(piece) = self.piece.take() {
                let PieceHeader { peer, offset: octets, .. } = piece;
                if let Some(Shutdown { reason, .. }) = self.shutdown {
                    self.refuse(peer, reason);
                    return Ok(Happening::Refused { peer, octets, reason });
                }
                return Ok(Happening::Piece(piece.with(&self.octets)));
            }
            if self.is_closed() {
                return Ok(Happening::Closed);
            }
            // While bits keep coming, nothing else needs to be checked: watching everything else
            // takes preparation.
            let wake = match self.poll()? {
                Some(wake) => wake,
                None if self.decode_more() => continue,
                None => self.wait(deadline)?,
            };
            match wake {
                Wake::Arrival(arrival) => self.handle_arrival(arrival),
                Wake::Terminate(termination) => return Ok(Happening::Terminate(termination)),
                Wake::Ready(token) if token & SENDER_TOKEN != 0 => {
                    let pid = u32::try_from(token & !SENDER_TOKEN).unwrap_or_default();
                    self.exchange.handle_gone(pid);
                }
                Wake::Ready(token) => return Ok(Happening::Ready { token }),
                Wake::TimedOut => {
                    self.exchange.handle_timeout(self.woken_at);
                    while let Some(stray) = self.senders.exposed(self.woken_at) {
                        self.stray(stray);
                    }
                    if deadline.is_some_and(|deadline| deadline <= self.woken_at) {
                        return Ok(Happening::TimedOut);
                    }
                }
            }
        }
    }

    /// Accepts the waiting piece of `peer`: it is safe, or, if it was the last one, the whole
    /// message is. Does nothing if no piece of `peer` waits.
    ///
    /// The piece is acknowledged at once, so the sender continues while the caller does other
    /// things.
    pub fn accept(&mut self, peer: u32) {
        if self.senders.has_more(peer) {
            if !self.decoding.contains(&peer) {
                self.decoding.push_back(peer);
            }
            return;
        }
        let dialect = self.exchange.dialect(peer);
        self.exchange.accept(peer);
        let ended = self.senders.accept(peer, self.woken_at);
        self.news.extend(ended.map(|ended| Happening::Ended(Ended { dialect, ..ended })));
        if self.piece.is_none() {
            self.advance();
        }
    }

    /// Refuses the message of `peer` for good, whether or not a piece of it waits.
    ///
    /// A framed sender is told the reason, after its next frame if no piece waits. A classic sender
    /// cannot be told; nothing more is accepted from it.
    pub fn refuse(&mut self, peer: u32, reason: RefusalReason) {
        self.exchange.refuse(peer, reason);
        self.senders.refuse(peer, self.woken_at);
    }

    /// Whether a bit of `peer` has come and waits for its turn: then `peer` is not silent but kept
    /// waiting.
    #[must_use]
    pub fn is_waiting(&self, peer: u32) -> bool {
        self.exchange.is_waiting(peer)
    }

    /// How many processes have a place.
    #[must_use]
    pub fn connected(&self) -> usize {
        self.exchange.open_count()
    }

    /// How many signals so far belonged to no message.
    #[must_use]
    pub const fn strays(&self) -> u64 {
        self.strays
    }

    /// The observer.
    pub const fn observer_mut(&mut self) -> &mut O {
        &mut self.observer
    }

    /// Closes the line, and returns the observer.
    #[must_use]
    pub fn close(self) -> O {
        self.observer
    }

    /// Follows the outputs of the exchange until there is something to report.
    fn advance(&mut self) {
        let now = self.woken_at;
        while let Some(output) = self.exchange.poll_output(now) {
            match output {
                Output::Transmit { peer, symbol, held_back } => {
                    self.transmit(peer, symbol, held_back);
                    continue;
                }
                Output::Payload(payload) if payload.coding != 0 => {
                    self.senders.load(&payload);
                    let peer = payload.peer;
                    self.decode(peer);
                }
                Output::Payload(payload) => {
                    self.octets.clear();
                    self.octets.extend_from_slice(payload.octets);
                    let peer = payload.peer;
                    if let Some((piece, cut)) = self.senders.take(&payload, now) {
                        self.news.extend(cut);
                        self.piece = Some(piece);
                    }
                    if self.exchange.waits(peer) == Some(Waits::Never) {
                        self.tell_hasty(peer);
                    }
                    let dialect = self.exchange.dialect(peer);
                    if let Some(piece) = &mut self.piece {
                        piece.dialect = dialect;
                    }
                }
                Output::TooLong { peer, offset: octets } => {
                    self.senders.refuse(peer, now);
                    let reason = RefusalReason::TooLong;
                    self.news.push_back(Happening::Refused { peer, octets, reason });
                }
                Output::Closed { peer, cut, memory } => {
                    self.senders.remember(peer, memory);
                    let uid = self.senders.uid(peer);
                    if let Some(stray) = self.senders.expose(peer) {
                        self.stray(stray);
                    }
                    let is_sender = self.senders.is_sender(peer);
                    if is_sender && memory.ack == Some(Ack::None) {
                        self.tell_hasty(peer);
                    }
                    if is_sender && cut == Some(0) && self.senders.is_misanswered(peer, memory) {
                        self.news.push_back(Happening::Misanswered { peer });
                    }
                    let cut = cut.filter(|_| is_sender);
                    let cut = cut.map(|octets| self.senders.decoded(peer).unwrap_or(octets));
                    self.news.extend(cut.map(|octets| Happening::Cut { peer, uid, octets }));
                    self.news.push_back(Happening::Left { peer });
                    self.forget(peer);
                }
            }
            return;
        }
    }

    fn transmit(&mut self, pid: u32, symbol: Bit, held_back: bool) {
        if held_back && !self.look_again(pid) {
            return;
        }
        let Some(sender) = self.senders.find(pid) else { return };
        // A framed sender keeps a signal that comes between kill(2) and its next wait.
        let is_patient = sender.process.recognition().is_some()
            || self.exchange.protocol(pid) == Some(Protocol::Framed);
        match self.pace {
            _ if is_patient => {}
            Some(pace) => thread::sleep(pace),
            None => {
                let _ = sender.process.wait_until_asleep();
            }
        }
        sender.answered = Some(symbol);
        match sender.process.send(symbol, self.woken_at) {
            Ok(Sending::Sent) => {
                self.observer.sent(pid, symbol);
                // After sending: signals that come during the pause are pending, so nobody resends
                // them. The clock is not read, so that nobody loses the floor because of the pause.
                if let Some(pause) = self.slow
                    && let Ok(Some(termination)) = self.line.pause(pause)
                {
                    self.news.push_back(Happening::Terminate(termination));
                }
            }
            Ok(Sending::Refused(refusal)) => self.give_up(pid, refusal.into()),
            // It does not handle this signal. Or it has ended: its pidfd will report that, after
            // its last signals have been taken.
            Ok(Sending::Withheld) | Err(SendError::Gone) => {}
            Err(error) => self.give_up(pid, error.into()),
        }
    }

    /// Whether a sender may still be answered: it may have become another program meanwhile.
    #[cold]
    fn look_again(&mut self, pid: u32) -> bool {
        // The next bit of another sender may be pending by now, and would hide this one's.
        let looked = self.line.catching(|| self.senders.look_again(pid));
        let Err(stray) = looked else { return true };
        self.stray(stray);
        self.exchange.handle_gone(pid);
        false
    }

    /// Answers a sender no more, for this cause.
    #[cold]
    fn give_up(&mut self, pid: u32, cause: StrayCause) {
        self.stray(Stray { peer: Some(pid), program: program_of(pid), cause });
        self.exchange.handle_gone(pid);
    }

    fn tell_hasty(&mut self, peer: u32) {
        if self.senders.is_hasty(peer) {
            self.news.push_back(Happening::DoesNotWait { peer });
        }
    }

    fn forget(&mut self, pid: u32) {
        if let Some(sender) = self.senders.forget(pid) {
            self.line.unwatch(sender.process.peer().as_fd());
        }
    }

    fn stray(&mut self, stray: Stray) {
        self.strays += 1;
        self.news.push_back(Happening::Stray(stray));
    }
}
