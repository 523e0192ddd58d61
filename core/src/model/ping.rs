//! A [`Pinger`] and the real [`Exchange`] that it measures. The exchange accepts framed peers, or
//! is a classic receiver only.
//!
//! Whatever happens, the host of a framed receiver is told nothing, and the next message is
//! delivered. A classic receiver that no fault has disturbed is left between two messages.

use std::string::String;
use std::vec::Vec;

use minitalk_testing::Pending;

use super::explore::System;
use super::kernel::Origin;
use super::link::{FRAME, NOW};
use crate::classic::{self, Dialect};
use crate::exchange::{Exchange, Output, Place, Protocols};
use crate::ping::{PingEvent, Pinger};
use crate::sender::Sender;
use crate::{Bit, Instant};

const PID: u32 = 100;
const PROBES: u8 = 2;

/// What the model starts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) peer: Protocols,
    pub(super) faults: u8,
    /// Whether the host may give up at any moment.
    pub(super) gives_up: bool,
    /// Whether the host gives up without withdrawing.
    pub(super) broken: bool,
}

/// One state of the whole system.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    setup: Setup,
    pinger: Pinger,
    acks: Pending<Origin>,
    exchange: Exchange<[Place<FRAME>; 1], FRAME>,
    bits: Pending<Origin>,
    owed: Option<Bit>,
    faults_left: u8,
    probes_left: u8,
    answered: u8,
    is_over: bool,
}

impl std::hash::Hash for Measured {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Self { pinger, acks, exchange, bits, owed, faults_left, .. } = self;
        (pinger, acks, exchange, bits, owed, faults_left).hash(state);
        (self.probes_left, self.answered, self.is_over).hash(state);
    }
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    ServerTakes,
    ServerSends { hidden: bool },
    ClientTakes,
    ClientSends { hidden: bool },
    TimeoutFires,
    EarlyTimer,
    GivesUp,
}

impl Measured {
    pub(super) fn new(setup: Setup) -> Self {
        let mut exchange =
            Exchange::new(Dialect::DEFAULT, [Place::SHORT]).with_protocols(setup.peer);
        exchange.open(PID).expect("there is a place");
        Self {
            setup,
            pinger: Pinger::new(),
            acks: Pending::default(),
            exchange,
            bits: Pending::default(),
            owed: None,
            faults_left: setup.faults,
            probes_left: PROBES,
            answered: 0,
            is_over: false,
        }
    }

    fn sends(&self) -> bool {
        self.pinger.clone().poll_transmit(NOW).is_some()
    }

    fn steps(&self) -> Vec<Step> {
        let (mut steps, is_faulty) = (Vec::new(), self.faults_left > 0);
        let mut send = |step: fn(bool) -> Step| {
            steps.push(step(false));
            steps.extend(is_faulty.then(|| step(true)));
        };
        if self.owed.is_some() {
            send(|hidden| Step::ServerSends { hidden });
        } else if !self.is_over && self.sends() {
            send(|hidden| Step::ClientSends { hidden });
        }
        steps.extend((self.owed.is_none() && !self.bits.is_empty()).then_some(Step::ServerTakes));
        if self.is_over {
            return steps;
        }
        steps.extend((!self.acks.is_empty()).then_some(Step::ClientTakes));
        if self.pinger.poll_timeout().is_some() {
            let is_due = steps.is_empty();
            steps.extend(is_due.then_some(Step::TimeoutFires));
            steps.extend((!is_due && is_faulty).then_some(Step::EarlyTimer));
        }
        steps.extend(self.setup.gives_up.then_some(Step::GivesUp));
        steps
    }

    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::ServerTakes => {
                if let Some((bit, Origin::Peer(_))) = self.bits.take() {
                    let _ = self.exchange.handle_bit(PID, bit, NOW);
                }
            }
            Step::ServerSends { hidden } => {
                let ack = self.owed.take().ok_or("nothing is owed")?;
                let origin = self.origin(hidden);
                self.acks.send(ack, origin);
            }
            Step::ClientTakes => {
                if let Some((ack, Origin::Peer(_))) = self.acks.take() {
                    self.pinger.handle_ack(ack, NOW);
                }
            }
            Step::ClientSends { hidden } => {
                let bit = self.pinger.poll_transmit(NOW).ok_or("nothing is to be sent")?;
                let origin = self.origin(hidden);
                self.bits.send(bit, origin);
            }
            Step::TimeoutFires => self.fire(),
            Step::EarlyTimer => {
                self.faults_left -= 1;
                self.fire();
            }
            Step::GivesUp => self.give_up(),
        }
        self.serve()?;
        self.hear()?;
        self.proceed();
        self.hear()
    }

    fn origin(&mut self, hidden: bool) -> Origin {
        self.faults_left -= u8::from(hidden);
        if hidden { Origin::Foreign } else { Origin::Peer(0) }
    }

    fn fire(&mut self) {
        let deadline = self.pinger.poll_timeout().unwrap_or(NOW);
        self.pinger.handle_timeout(deadline);
    }

    fn give_up(&mut self) {
        // A receiver that may be in the mark, and is known to be framed, must not be sent zeros.
        if self.setup.broken || self.setup.peer == Protocols::Both {
            self.is_over = true;
        } else {
            self.pinger.withdraw(NOW);
        }
    }

    fn serve(&mut self) -> Result<(), String> {
        while self.owed.is_none() {
            match self.exchange.poll_output(NOW) {
                None => break,
                Some(Output::Transmit { symbol, .. }) => self.owed = Some(symbol),
                Some(Output::Payload(_)) if self.setup.peer == Protocols::ClassicOnly => {
                    self.exchange.accept(PID);
                }
                Some(output) => {
                    return Err(std::format!("the host is told {output:?}"));
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self) -> Result<(), String> {
        let is_sound = self.setup.faults == 0;
        match self.pinger.poll_event() {
            Some(PingEvent::Ready) if is_sound && self.setup.peer == Protocols::ClassicOnly => {
                return Err("a classic receiver is taken for a framed one".into());
            }
            Some(PingEvent::NotFramed) if is_sound && self.setup.peer == Protocols::Both => {
                return Err("a framed receiver is taken for a classic one".into());
            }
            Some(PingEvent::Acknowledged { position, .. }) if position != self.answered % 8 => {
                return Err("another bit is acknowledged than the one sent".into());
            }
            Some(PingEvent::Acknowledged { .. }) => self.answered += 1,
            Some(PingEvent::NotFramed) => self.is_over = self.setup.broken,
            Some(PingEvent::Withdrawn) => self.is_over = true,
            Some(PingEvent::Ready) | None => {}
        }
        Ok(())
    }

    /// Begins the next probe, or withdraws, if it is time to.
    fn proceed(&mut self) {
        if self.pinger.is_ready() {
            if let Some(left) = self.probes_left.checked_sub(1) {
                self.probes_left = left;
                let _ = self.pinger.probe();
            } else {
                self.pinger.withdraw(NOW);
            }
        }
    }

    /// Whether a message that comes now is delivered intact.
    fn check_end(&self) -> Result<(), String> {
        if self.setup.peer == Protocols::ClassicOnly && self.setup.faults > 0 {
            return Ok(());
        }
        let mut exchange = self.exchange.clone();
        let mut delivered: Vec<u8> = Vec::new();
        let mut pass = |bit: Bit| {
            let _ = exchange.handle_bit(PID, bit, NOW);
            let mut acks = Vec::new();
            while let Some(output) = exchange.poll_output(NOW) {
                match output {
                    Output::Transmit { symbol, .. } => acks.push(symbol),
                    Output::Payload(piece) => {
                        delivered.extend(piece.octets);
                        exchange.accept(PID);
                    }
                    Output::TooLong { .. } | Output::Closed { .. } => {}
                }
            }
            acks
        };
        match self.setup.peer {
            Protocols::ClassicOnly => {
                let bits = classic::Encoder::new(Dialect::DEFAULT, b"a").expect("a text");
                bits.for_each(|bit| drop(pass(bit)));
            }
            Protocols::Both => send_framed(pass),
        }
        if delivered == b"a" { Ok(()) } else { Err("the next message is not delivered".into()) }
    }
}

fn send_framed(mut pass: impl FnMut(Bit) -> Vec<Bit>) {
    let mut sender = Sender::<FRAME>::short(7, None);
    sender.offer(b"a", true).expect("a new sender is ready");
    let mut now = Instant::ZERO;
    while sender.poll_event().is_none() {
        let mut acks = Vec::new();
        while let Some(bit) = sender.poll_transmit(now) {
            acks.extend(pass(bit));
        }
        for ack in acks {
            sender.handle_ack(ack, now);
        }
        now = sender.poll_timeout().unwrap_or(now);
        sender.handle_timeout(now);
    }
}

impl System for Measured {
    type Step = Step;

    fn next(&self, next: &mut Vec<(Self, Step)>) -> Result<(), String> {
        for step in self.steps() {
            let mut measured = self.clone();
            measured.take(step)?;
            next.push((measured, step));
        }
        if next.is_empty() {
            if !self.is_over {
                return Err("nothing can happen any more".into());
            }
            let may_be_cut = self.setup.gives_up || self.setup.peer == Protocols::ClassicOnly;
            if self.setup.faults == 0 && !may_be_cut && self.answered != PROBES * 8 {
                return Err("a probe has no answer".into());
            }
            return self.check_end();
        }
        Ok(())
    }
}
