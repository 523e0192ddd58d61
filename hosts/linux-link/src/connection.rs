//! Sends bytes to a process.

mod link;

use std::os::fd::BorrowedFd;
use std::time::{self, Duration};

use minitalk_core::classic::{self as dialect, Ack, Dialect};
use minitalk_core::exchange::Protocol;
use minitalk_core::ping::Pinger;
use minitalk_signals::{Interest, Line, is_ready, now};

use crate::address::Address;
use crate::admission::Admission;
use crate::cause::{Cause, Delivered, Failure};
use crate::config::{Config, micros};
use crate::input::Input;
use crate::interrupt::Interrupter;
use crate::observer::Observer;
use crate::transfer::{Classic, Framed, Probe, Probing, SendingHalf, Tally, Transfer};

pub(crate) use link::{Heard, Link};

/// A connection to one server.
///
/// A process can have only one at a time, because there is only one pair of signals. Open it before
/// starting threads. `O` observes what goes over the line.
///
/// # Examples
///
/// See the [crate's first page](crate).
#[derive(Debug)]
pub struct Connection<O = ()> {
    link: Link<O>,
    config: Config,
    /// Kept from one ping to the next: the server knows already that what follows is framed.
    pinger: Option<Pinger>,
    tally: Tally,
}

/// A whole message has been sent, and the server has answered everything that it has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// Bytes of the message.
    pub bytes: u64,
    /// What the server has confirmed.
    pub confirmation: Confirmation,
    /// How a classic server was observed to speak.
    pub dialect: Option<Dialect>,
}

/// What a server has confirmed of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// The whole message, with a receipt. A framed server confirms that it is written.
    Message,
    /// Each bit or byte, but not the message as a whole: a classic server without a receipt.
    Bits,
    /// Nothing at all. Whether the message has arrived is unknown.
    Nothing,
}

impl Connection {
    /// Makes sure that the server survives a bit and can answer, and opens the line to it.
    ///
    /// Sends nothing yet.
    ///
    /// # Errors
    ///
    /// [`Failure`] with [`Cause::Find`], [`Cause::Refusal`], [`Cause::Line`] or
    /// [`Cause::Interrupter`].
    pub fn open(address: &Address, config: &Config) -> Result<Self, Failure> {
        Self::observed(address, config, ())
    }
}

impl<O: Observer> Connection<O> {
    /// Like [`open`](Connection::open), with an observer of what goes over the line.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Connection::open).
    pub fn observed(address: &Address, config: &Config, observer: O) -> Result<Self, Failure> {
        let pid = address.find()?;
        let failure = |cause| Failure::before_sending(pid, cause);
        let server = Admission::new().server(pid, config.trust);
        let server = server.map_err(|refusal| failure(Cause::Refusal(refusal)))?;
        address.confirm(server.peer())?;
        let mut line = Line::open().map_err(|error| failure(Cause::Line(error)))?;
        if config.takes_terminations {
            line.take_terminations().map_err(|error| failure(Cause::Line(error)))?;
        }
        let interrupter = Interrupter::new().map_err(|error| failure(Cause::Interrupter(error)))?;
        let timeout_micros = micros(config.timeout);
        let mut to_server = Link::new(line, server, interrupter, timeout_micros, observer)
            .map_err(|error| failure(Cause::Watch(error)))?;
        to_server.slow = config.slow;
        to_server.deadline = config.deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(time::Instant::now());
            now().after_micros(micros(left))
        });
        Ok(Self { link: to_server, config: config.clone(), pinger: None, tally: Tally::default() })
    }

    /// Sends a message and returns when the server has confirmed all of it, or all that this server
    /// confirms ([`Confirmation`]).
    ///
    /// # Errors
    ///
    /// [`Failure`] says what happened and what the server has of the message.
    pub fn send<'i>(&mut self, message: impl Into<Input<'i>>) -> Result<Receipt, Failure> {
        let message = message.into();
        self.pinger = None;
        self.link.restart(self.config.protocol == Protocol::Classic);
        match self.config.protocol {
            Protocol::Framed => {
                // Any number will do, provided that the next message gets a different one.
                let number = getrandom::u32().unwrap_or(0);
                let is_ours = self.link.is_ours();
                self.transfer(Framed::new(message, number, &self.config, is_ours))
            }
            Protocol::Classic => {
                let text = self.gather(message)?;
                let dialect = self.dialect();
                let is_mark = text.all().first() == Some(&0xFF);
                if is_mark && self.link.is_ours() && dialect.admits_framed() {
                    return Err(self.failure(Cause::LooksFramed));
                }
                let half = Classic::new(text.all(), dialect, self.config.pace, self.link.is_ours());
                let half = half.map_err(|error| self.failure(Cause::Encode(error)))?;
                self.transfer(half)
            }
        }
    }

    /// The dialect for a classic message. That of our own servers is known, so it need not be
    /// worked out from their acknowledgments.
    fn dialect(&self) -> Dialect {
        let mut dialect = self.config.dialect;
        if self.link.is_ours() && dialect.ack == Ack::Auto {
            dialect.ack = Dialect::DEFAULT.ack;
        }
        if self.link.is_ours() && dialect.receipt == dialect::Receipt::Auto {
            dialect.receipt = Dialect::DEFAULT.receipt;
        }
        dialect
    }

    fn transfer(&mut self, half: impl SendingHalf) -> Result<Receipt, Failure> {
        let (result, tally) = Transfer::new(&mut self.link, half).run();
        self.tally = tally;
        match result {
            Ok(receipt) => Ok(receipt),
            Err((cause, delivered)) => Err(Failure { delivered, ..self.failure(cause) }),
        }
    }

    /// Reads the whole message: the classic protocol needs it before it begins.
    fn gather<'i>(&mut self, mut message: Input<'i>) -> Result<Input<'i>, Failure> {
        loop {
            let is_complete = message.is_complete();
            if is_complete.map_err(|error| self.failure(Cause::Input(error)))? {
                return Ok(message);
            }
            let input = message.watch().map(|input| (input, Interest::Readable));
            let heard = self.link.wait(input, None);
            self.rest(heard)?;
        }
    }

    /// Measures the round-trip time of signals to the server and back. The server does not show
    /// pings.
    ///
    /// # Errors
    ///
    /// [`Failure`], as for a message, but nothing can have been delivered.
    pub fn ping(&mut self) -> Result<Probe, Failure> {
        let mut probe = Probe::default();
        let mut pinger = self.pinger.take().unwrap_or_else(|| {
            self.link.restart(false);
            Pinger::new()
        });
        let half = Probing::new(&mut pinger, &mut probe, self.link.is_ours());
        let (result, _) = Transfer::new(&mut self.link, half).run();
        result.map_err(|(cause, _)| self.failure(cause))?;
        self.pinger = Some(pinger);
        Ok(probe)
    }

    /// Waits, for example between two pings. Returns an error at once if the server ends, or if the
    /// wait is interrupted.
    ///
    /// # Errors
    ///
    /// [`Failure`] with [`Cause::Died`], [`Cause::Interrupted`] or [`Cause::Wait`].
    pub fn pause(&mut self, time: Duration) -> Result<(), Failure> {
        let until = self.link.read_clock().after_micros(micros(time));
        while self.link.clock() < until {
            let heard = self.link.wait(None, Some(until));
            self.rest(heard)?;
        }
        Ok(())
    }

    /// A handle that ends what this connection is doing, from another thread or a signal handler.
    pub fn interrupter(&self) -> Interrupter {
        self.link.interrupter().clone()
    }

    /// Waits until `descriptor` can be written to without blocking. Returns an error at once if the
    /// server ends, or if the wait is interrupted. For programs that write between two pings.
    ///
    /// # Errors
    ///
    /// Those of [`pause`](Self::pause), and [`Cause::Watch`].
    pub fn wait_until_writable(&mut self, descriptor: BorrowedFd<'_>) -> Result<(), Failure> {
        while !is_ready(descriptor, Interest::Writable) {
            let heard = self.link.wait(Some((descriptor, Interest::Writable)), None);
            self.rest(heard)?;
        }
        Ok(())
    }

    /// The PID of the server.
    pub const fn pid(&self) -> u32 {
        self.link.pid()
    }

    /// What the last [`send`](Self::send) took, whether it succeeded or not.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The observer of the line.
    pub const fn observer_mut(&mut self) -> &mut O {
        &mut self.link.observer
    }

    /// Handles what arrives while no message is in flight.
    fn rest(&self, heard: Result<Heard, Cause>) -> Result<(), Failure> {
        match heard.map_err(|cause| self.failure(cause))? {
            Heard::Gone => Err(self.failure(Cause::Died)),
            Heard::Interrupted(interruption) => Err(self.failure(Cause::Interrupted(interruption))),
            Heard::Ack(_)
            | Heard::Answered { .. }
            | Heard::Foreign(_)
            | Heard::Watched
            | Heard::TimedOut => Ok(()),
        }
    }

    fn failure(&self, cause: Cause) -> Failure {
        Failure { pid: Some(self.pid().into()), cause, delivered: Delivered::Nothing }
    }
}
