//! Two framed senders and the real [`Exchange`] that they share.
//!
//! At most one signal of each number is pending at the server, whichever client sent it: the bits
//! of the two clients displace each other. Timers and faults are those of [`link`](super::link),
//! and the exchange has a timer of its own.
//!
//! To limit the number of interleavings, the server sends an acknowledgment at once if the client's
//! inbox is empty, and a client takes an acknowledgment at once if no other can arrive. The only
//! thing that could happen in between and make a difference is that the client's own timer fires
//! early.

use std::string::String;
use std::vec::Vec;

use minitalk_testing::Pending;

use super::explore::System;
use super::kernel::Origin;
use super::line;
use super::link::{FRAME, NOW};
use crate::classic::Dialect;
use crate::exchange::{self, Exchange, Output, Payload, Place};
use crate::sender::{self, Sender};
use crate::{Bit, Instant};

const CLIENTS: usize = 2;
const MESSAGES: [u32; CLIENTS] = [0x1234_5678, 0x0FED_CBA9];

/// How often a frame may be repeated because of the other sender.
const FALLS_MAX: u64 = 1;

/// How many bits of a frame may be lost because of the other sender: the first one.
const RESENT_MAX: u64 = 1;

/// What the model starts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    /// The payload of each frame of each client's message.
    pub(super) frames: [&'static [&'static [u8]]; CLIENTS],
    pub(super) faults: u8,
    /// Whether two bits of one sender may be in flight.
    pub(super) pairs: bool,
    /// Whether damaged frames are kept octet by octet; see [`link::Setup`](super::link::Setup).
    pub(super) exact: bool,
    /// Whether the host may accept a frame some time later.
    pub(super) slow: bool,
    pub(super) broken: Option<Broken>,
    pub(super) broken_exchange: Option<exchange::Broken>,
    pub(super) broken_sender: Option<sender::Broken>,
}

/// A rule that the server is told to break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Bits are attributed to the sender that was acknowledged last, whichever sent them.
    SendersConfused,
}

#[derive(Clone, Debug, Hash)]
struct Client {
    sender: Sender<FRAME>,
    acks: Pending<Origin>,
    /// Frames handed to the sender, frames it believes accepted, and frames delivered.
    offered: usize,
    accepted: usize,
    delivered: usize,
    /// The host has been told of a frame of this client and has not accepted it.
    held: bool,
    /// How often a frame of this client has been repeated, if there are no faults.
    falls: u64,
    /// How many bits of this client have been sent again, if there are no faults.
    resent: u64,
    /// How many frames of the other client have been delivered while this one waits for the floor.
    passed_over: usize,
    /// The client has ended; with `gone`, the server knows.
    over: bool,
    gone: bool,
}

/// One state of the whole system.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    setup: &'static Setup,
    /// The octets of each frame of each message.
    sent: &'static [Vec<Vec<u8>>],
    clients: [Client; CLIENTS],
    exchange: Exchange<[Place<FRAME>; CLIENTS], FRAME>,
    /// Signals pending at the server.
    bits: Pending<Origin>,
    /// The acknowledgment that the server is about to send, and the client to send it to.
    owed: Option<(usize, Bit)>,
    faults_left: u8,
    /// Whose timer fired last: if several are due, a fair scheduler lets them fire in turn.
    fired: usize,
    /// The client that was acknowledged last; matters only for a broken server.
    acknowledged: usize,
}

impl std::hash::Hash for Shared {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Self { clients, exchange, bits, owed, faults_left, fired, .. } = self;
        (clients, exchange, bits, owed, faults_left, fired).hash(state);
        self.setup.broken.map(|Broken::SendersConfused| self.acknowledged).hash(state);
    }
}

/// One thing that can happen. Clients are numbered; the number after the last client is the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    ServerTakes,
    ServerSends { hidden: bool },
    ServerNoticesEnd { of: usize },
    HostAccepts { from: usize },
    ClientTakes { client: usize },
    ClientSends { client: usize, hidden: bool },
    TimerFires { of: usize },
    EarlyTimer { of: usize },
}

impl Shared {
    pub(super) fn new(setup: &'static Setup) -> Self {
        let client = |message| {
            let sender = Sender::short(message, None).breaking(setup.broken_sender);
            Client {
                sender: if setup.pairs { sender } else { sender.without_pairs() },
                acks: Pending::default(),
                offered: 0,
                accepted: 0,
                delivered: 0,
                held: false,
                falls: 0,
                resent: 0,
                passed_over: 0,
                over: false,
                gone: false,
            }
        };
        let sent = (0..CLIENTS).map(|client| line::octets(MESSAGES[client], setup.frames[client]));
        let mut shared = Self {
            setup,
            sent: sent.collect::<Vec<_>>().leak(),
            clients: MESSAGES.map(client),
            exchange: Exchange::new(Dialect::DEFAULT, [const { Place::SHORT }; CLIENTS]),
            bits: Pending::default(),
            owed: None,
            faults_left: setup.faults,
            fired: CLIENTS,
            acknowledged: 0,
        };
        shared.exchange.broken = setup.broken_exchange;
        for (client, frames) in shared.clients.iter_mut().zip(&setup.frames) {
            // A client without a message does not exist.
            (client.over, client.gone) = (frames.is_empty(), frames.is_empty());
        }
        (0..CLIENTS).for_each(|client| shared.offer(client));
        shared
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        let faulty = self.faults_left > 0;
        if let Some((to, _)) = self.owed {
            steps.push(Step::ServerSends { hidden: false });
            if faulty {
                steps.push(Step::ServerSends { hidden: true });
            }
            if self.clients[to].acks.is_empty() {
                return steps;
            }
        } else if !self.bits.is_empty() {
            steps.push(Step::ServerTakes);
        }
        if let Some(client) = (0..CLIENTS).find(|&client| self.has_all_acks(client)) {
            let early =
                (faulty && self.timer(client).is_some()).then_some(Step::EarlyTimer { of: client });
            return [Step::ClientTakes { client }].into_iter().chain(early).collect();
        }
        for (client, state) in self.clients.iter().enumerate() {
            if state.over {
                if !state.gone && self.owed.is_none() {
                    steps.push(Step::ServerNoticesEnd { of: client });
                }
            } else if state.sends() {
                steps.push(Step::ClientSends { client, hidden: false });
                if faulty {
                    steps.push(Step::ClientSends { client, hidden: true });
                }
            } else if !state.acks.is_empty() {
                steps.push(Step::ClientTakes { client });
            }
        }
        let due = if steps.is_empty() { self.due_next() } else { Vec::new() };
        if self.owed.is_none() {
            let held = (0..CLIENTS).filter(|&client| self.clients[client].held);
            steps.extend(held.map(|from| Step::HostAccepts { from }));
        }
        steps.extend(due.iter().map(|&of| Step::TimerFires { of }));
        if faulty {
            let early = (0..=CLIENTS).filter(|of| self.timer(*of).is_some() && !due.contains(of));
            steps.extend(early.map(|of| Step::EarlyTimer { of }));
        }
        steps
    }

    /// Whether `client` is about to take an acknowledgment, and no other is in flight or owed to
    /// it.
    fn has_all_acks(&self, client: usize) -> bool {
        let state = &self.clients[client];
        !state.over
            && !state.held
            && !state.acks.is_empty()
            && !state.sends()
            && self.owed.is_none_or(|(to, _)| to != client)
            && !self.bits.has_one_of(own(client))
            && !self.exchange.is_waiting(pid(client))
    }

    /// Whose timer fires when nothing else can happen: one of the clients that the server does not
    /// keep waiting, in rotation; if there are none, the server's; if the server has none, one of
    /// the clients that wait.
    fn due_next(&self) -> Vec<usize> {
        let in_turn = (1..=CLIENTS + 1).map(|after| (self.fired + after) % (CLIENTS + 1));
        let mut due: Vec<_> = in_turn.filter(|&of| self.timer(of).is_some()).collect();
        let waits = |of: usize| of < CLIENTS && self.exchange.is_waiting(pid(of));
        if due.iter().any(|&of| of < CLIENTS && !waits(of)) {
            due.retain(|&of| of < CLIENTS && !waits(of));
        } else if due.contains(&CLIENTS) {
            due = std::vec![CLIENTS];
        }
        due
    }

    /// When the timer is due, if it is set and its owner has nothing else to do first.
    fn timer(&self, of: usize) -> Option<Instant> {
        match self.clients.get(of) {
            Some(client) if client.over || client.sends() => None,
            Some(client) => client.sender.poll_timeout(),
            None if self.owed.is_some() => None,
            None => self.exchange.poll_timeout(),
        }
    }

    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::ServerTakes => {
                if let Some((bit, Origin::Peer(client))) = self.bits.take() {
                    self.receive(usize::from(client), bit)?;
                }
            }
            Step::ServerSends { hidden } => {
                if let Some((to, ack)) = self.owed.take() {
                    let origin = self.origin(Origin::Peer(0), hidden);
                    self.clients[to].acks.send(ack, origin);
                    self.acknowledged = to;
                }
                self.serve()?;
            }
            Step::ServerNoticesEnd { of } => {
                self.clients[of].gone = true;
                self.exchange.handle_gone(pid(of));
                self.serve()?;
            }
            Step::HostAccepts { from } => {
                self.clients[from].held = false;
                self.exchange.accept(pid(from));
                self.serve()?;
            }
            Step::ClientTakes { client } => {
                let state = &mut self.clients[client];
                if let Some((ack, Origin::Peer(_))) = state.acks.take() {
                    state.sender.handle_ack(ack, NOW);
                }
            }
            Step::ClientSends { client, hidden } => {
                if let Some(bit) = self.clients[client].sender.poll_transmit(NOW) {
                    let origin = self.origin(own(client), hidden);
                    self.bits.send(bit, origin);
                }
            }
            Step::TimerFires { of } => self.fire(of)?,
            Step::EarlyTimer { of } => {
                self.faults_left -= 1;
                self.fire(of)?;
            }
        }
        for client in 0..CLIENTS {
            self.hear(client)?;
            self.offer(client);
            self.count_falls(client)?;
            if !self.exchange.is_waiting(pid(client)) {
                self.clients[client].passed_over = 0;
            }
            self.clients[client].sender.forget_the_past();
            self.clients[client].check()?;
        }
        let (exact, sent) = (self.setup.exact, self.sent);
        self.exchange.forget_the_past(|peer, octets| {
            exact || sent[index(peer)].iter().any(|frame| frame.starts_with(octets))
        });
        Ok(())
    }

    /// A frame of `client` has been delivered: it is the turn of the client that waits.
    fn pass_over_the_others(&mut self, client: usize) -> Result<(), String> {
        for other in (0..CLIENTS).filter(|&other| other != client) {
            if self.exchange.is_waiting(pid(other)) {
                self.clients[other].passed_over += 1;
            }
            if self.clients[other].passed_over > 1 {
                return Err("a sender waits for longer than a frame of the other".into());
            }
        }
        Ok(())
    }

    /// Checks what the senders cost each other.
    fn count_falls(&mut self, client: usize) -> Result<(), String> {
        let without_fault = self.setup.faults == 0 && !self.setup.slow;
        let client = &mut self.clients[client];
        if without_fault {
            client.falls += client.sender.statistics().repeated_frames;
            client.resent += client.sender.statistics().resent_bits;
        }
        if client.resent > RESENT_MAX {
            return Err("a bit that is not the first is lost although there was no fault".into());
        }
        if client.falls > FALLS_MAX {
            return Err("a frame is repeated again and again although there was no fault".into());
        }
        Ok(())
    }

    /// The origin of the pending signal: foreign if a foreign signal of the same number hides ours.
    fn origin(&mut self, own: Origin, hidden: bool) -> Origin {
        if hidden {
            self.faults_left -= 1;
            Origin::Foreign
        } else {
            own
        }
    }

    fn fire(&mut self, of: usize) -> Result<(), String> {
        self.fired = of;
        let Some(deadline) = self.timer(of) else { return Ok(()) };
        if let Some(client) = self.clients.get_mut(of) {
            client.sender.handle_timeout(deadline);
            return Ok(());
        }
        self.exchange.handle_timeout(deadline);
        self.serve()
    }

    fn receive(&mut self, client: usize, bit: Bit) -> Result<(), String> {
        let client = match self.setup.broken {
            Some(Broken::SendersConfused) => self.acknowledged,
            None => client,
        };
        if self.clients[client].gone {
            return Ok(());
        }
        if !self.exchange.is_open(pid(client)) {
            self.exchange.open(pid(client)).expect("there is a place for each");
        }
        let _ = self.exchange.handle_bit(pid(client), bit, NOW);
        self.serve()
    }

    /// Follows the exchange's outputs until there is an acknowledgment to send or nothing to do.
    fn serve(&mut self) -> Result<(), String> {
        while self.owed.is_none() {
            let peer = match self.exchange.poll_output(NOW) {
                None => break,
                Some(Output::Transmit { peer, symbol, .. }) => {
                    self.owed = Some((index(peer), symbol));
                    continue;
                }
                Some(Output::Payload(payload)) => {
                    let client = index(payload.peer);
                    let frames = self.setup.frames[client];
                    check_payload(frames, self.clients[client].delivered, &payload)?;
                    payload.peer
                }
                Some(Output::Closed { cut: None, .. }) => continue,
                Some(output @ (Output::TooLong { .. } | Output::Closed { .. })) => {
                    return Err(std::format!("the host is told {output:?}"));
                }
            };
            self.pass_over_the_others(index(peer))?;
            let client = &mut self.clients[index(peer)];
            client.delivered += 1;
            client.held = self.setup.slow;
            if !client.held {
                self.exchange.accept(peer);
            }
        }
        Ok(())
    }

    fn hear(&mut self, client: usize) -> Result<(), String> {
        let frames = self.setup.frames[client];
        let state = &mut self.clients[client];
        match state.sender.poll_event() {
            None => Ok(()),
            Some(sender::Event::Accepted { octets, last }) => {
                state.accepted += 1;
                (state.falls, state.resent) = (0, 0);
                state.over = state.accepted == frames.len();
                let as_offered = frames[state.accepted - 1].len() == octets && last == state.over;
                if as_offered { Ok(()) } else { Err("the sender speaks of another frame".into()) }
            }
            Some(event) => Err(std::format!("the sender is told {event:?}")),
        }
    }

    fn offer(&mut self, client: usize) {
        let frames = self.setup.frames[client];
        let state = &mut self.clients[client];
        if state.sender.is_ready() && state.offered < frames.len() {
            let payload = frames[state.offered];
            state.offered += 1;
            state.sender.offer(payload, state.offered == frames.len()).expect("it is ready");
        }
    }
}

impl Client {
    fn sends(&self) -> bool {
        self.sender.clone().poll_transmit(NOW).is_some()
    }

    fn check(&self) -> Result<(), String> {
        if self.accepted > self.delivered {
            return Err("a sender believes in a frame that was not delivered".into());
        }
        if self.accepted < self.delivered && !self.sender.is_outcome_unknown() {
            return Err("a sender is sure that a frame was not delivered which was".into());
        }
        Ok(())
    }
}

/// Whether `payload` is what its own sender sent next.
fn check_payload(frames: &[&[u8]], delivered: usize, payload: &Payload<'_>) -> Result<(), String> {
    let before: usize = frames[..delivered].iter().map(|frame| frame.len()).sum();
    let expected = (
        frames.get(delivered).copied(),
        delivered == 0,
        delivered + 1 == frames.len(),
        u64::try_from(before).ok(),
    );
    if expected == (Some(payload.octets), payload.first, payload.last, Some(payload.offset)) {
        Ok(())
    } else {
        Err("a frame is delivered that its sender did not send next".into())
    }
}

fn own(client: usize) -> Origin {
    Origin::Peer(u8::try_from(client).expect("there are few"))
}

fn pid(client: usize) -> u32 {
    u32::try_from(client).expect("there are few") + 100
}

fn index(peer: u32) -> usize {
    usize::try_from(peer - 100).expect("there are few")
}

impl System for Shared {
    type Step = Step;

    fn next(&self, next: &mut Vec<(Self, Step)>) -> Result<(), String> {
        for step in self.steps() {
            let mut shared = self.clone();
            shared.take(step)?;
            next.push((shared, step));
        }
        let complete = |(client, frames): (&Client, &&[&[u8]])| {
            client.over && client.delivered == frames.len()
        };
        if next.is_empty() && !self.clients.iter().zip(&self.setup.frames).all(complete) {
            return Err("nothing can happen any more".into());
        }
        Ok(())
    }
}
