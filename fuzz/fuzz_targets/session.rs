//! Calls in any order and at any time on sender, pinger, receiver and exchange: after each call,
//! everything that their documentation says must hold.
#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use minitalk_core::exchange::{Exchange, Handled, OpenError, Output, Place, Protocol, Protocols};
use minitalk_core::frame::{FRAME_OCTETS_MAX, PAYLOAD_OCTETS_MAX};
use minitalk_core::ping::{PROBE_BITS, PingEvent, Pinger};
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender, classic, receiver, sender};
use minitalk_fuzz::{AnyBit, AnyDialect, AnyReason};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    dialect: AnyDialect,
    octets_max: Option<u16>,
    classic_only: bool,
    sender: Vec<SenderCall>,
    receiver: Vec<ReceiverCall>,
    classic: Vec<ClassicCall>,
    text: &'a [u8],
    exchange: Vec<ExchangeCall>,
    pinger: Vec<PingCall>,
}

/// The number of calls in one run: enough for some frames.
const CALLS_MAX: usize = 20_000;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum SenderCall {
    Offer {
        octets: u16,
        last: bool,
    },
    Ack(AnyBit),
    /// This many acknowledgments, as a receiver that accepts everything gives them.
    GoodAcks(u8),
    /// From now on that receiver accepts nothing.
    PeerRefuses(AnyReason),
    /// Lets time pass: to the deadline if there is one, and then this much more or less. If that is
    /// odd, the host has not read its clock when it sent, and does so now.
    Wait {
        to_deadline: bool,
        micros: i32,
    },
    Timeout,
    Abort,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum PingCall {
    Ack(AnyBit),
    /// This many alternating acknowledgments, each for a bit that is in flight.
    GoodAcks(u8),
    Probe,
    Wait {
        to_deadline: bool,
        micros: i32,
    },
    Timeout,
    Withdraw,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum ReceiverCall {
    Bit(AnyBit),
    /// A whole frame as a sender sends it, or a part of it.
    Frame {
        octets: u8,
        last: bool,
        bits: u16,
    },
    Accept,
    Refuse(AnyReason),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum ClassicCall {
    Ack(AnyBit),
    Foreign(AnyBit),
    Wait { to_deadline: bool, micros: i32 },
    Postpone(u16),
    Timeout,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum ExchangeCall {
    Open(u8),
    Bit {
        peer: u8,
        bit: AnyBit,
    },
    /// Eight ones, then a frame.
    Frame {
        peer: u8,
        octets: u8,
        bits: u16,
    },
    Gone(u8),
    Accept(u8),
    Refuse(u8),
    Wait(u32),
    Timeout,
}

fuzz_target!(|input: Input| {
    drive_sender(&input.sender);
    drive_receiver(&input.receiver);
    drive_classic(&input);
    drive_exchange(&input);
    drive_pinger(&input.pinger);
});

/// `now`, advanced.
fn moved(now: Instant, deadline: Option<Instant>, to_deadline: bool, micros: i32) -> Instant {
    let from = deadline.filter(|_| to_deadline).unwrap_or(now).as_micros();
    Instant::from_micros(from.saturating_add_signed(micros.into())).max(now)
}

fn drive_sender(calls: &[SenderCall]) {
    let mut sender = Sender::new(7, None);
    // Answers `GoodAcks`; other acknowledgments take the two out of step.
    let mut peer = Receiver::new();
    let (mut now, mut offered, mut ended) = (Instant::ZERO, None, false);
    let mut under_way = Vec::new();
    // Whether only `GoodAcks` have come, none of them late; in that case a refusal has a reason.
    let (mut refusal, mut in_step) = (None, true);
    for &call in calls.iter().take(CALLS_MAX) {
        let (progress, statistics) = (sender.progress(), *sender.statistics());
        match call {
            SenderCall::Offer { octets, last } => {
                let payload = &[0xF8; PAYLOAD_OCTETS_MAX + 1];
                let payload = &payload[..usize::from(octets) % (PAYLOAD_OCTETS_MAX + 2)];
                let was_ready = sender.is_ready();
                match sender.offer(payload, last) {
                    Ok(()) => {
                        assert!(was_ready && payload.len() <= PAYLOAD_OCTETS_MAX);
                        offered = Some((payload.len(), last));
                        assert_eq!(sender.is_last(), last);
                    }
                    Err(sender::OfferError::NotReady) => assert!(!was_ready),
                    Err(sender::OfferError::TooLong { .. }) => {
                        assert!(payload.len() > PAYLOAD_OCTETS_MAX && sender.is_ready());
                    }
                }
            }
            SenderCall::Ack(AnyBit(ack)) => {
                in_step = false;
                sender.handle_ack(ack, now);
            }
            SenderCall::GoodAcks(count) => {
                for _ in 0..u16::from(count) * 8 {
                    if under_way.is_empty() {
                        break;
                    }
                    under_way
                        .drain(..)
                        .filter_map(|bit| acknowledgment(&mut peer, bit, refusal))
                        .for_each(|ack| sender.handle_ack(ack, now));
                    transmit(&mut sender, now, &mut under_way);
                }
            }
            SenderCall::PeerRefuses(AnyReason(reason)) => refusal = refusal.or(Some(reason)),
            SenderCall::Wait { to_deadline, micros } => {
                now = moved(now, sender.poll_timeout(), to_deadline, micros);
                if micros % 2 != 0 {
                    let had_deadline = sender.poll_timeout().is_some();
                    sender.restart_timeout(now);
                    assert_eq!(sender.poll_timeout().is_some(), had_deadline);
                }
            }
            SenderCall::Timeout => {
                in_step = false;
                sender.handle_timeout(now);
                assert!(sender.poll_timeout().is_none_or(|deadline| deadline > now));
            }
            SenderCall::Abort => sender.abort(),
        }
        transmit(&mut sender, now, &mut under_way);
        assert!(sender.progress() >= progress);
        let after = sender.statistics();
        assert!(after.bits >= statistics.bits && after.resent_bits <= after.bits);
        assert!(!ended || sender.poll_transmit(now).is_none());
        let Some(event) = sender.poll_event() else { continue };
        assert!(sender.poll_event().is_none() && !ended);
        ended = true;
        match event {
            sender::Event::Accepted { octets, last } => {
                assert_eq!(offered.take(), Some((octets, last)));
                assert_eq!(sender.is_ready(), !last);
                assert!(!sender.is_outcome_unknown());
                ended = last;
            }
            sender::Event::Refused(reason) => {
                assert!(!sender.is_outcome_unknown());
                assert!(!in_step || reason == refusal);
            }
            sender::Event::NotFramed | sender::Event::NotAccepted | sender::Event::Aborted => {}
        }
        assert!(!ended || sender.poll_timeout().is_none());
    }
}

/// Takes everything that is to be transmitted now: at most two bits, a zero and then a one.
fn transmit(sender: &mut Sender, now: Instant, under_way: &mut Vec<Bit>) {
    let before = under_way.len();
    under_way.extend(core::iter::from_fn(|| sender.poll_transmit(now)).take(3));
    let bits = &under_way[before..];
    assert!(matches!(bits, [] | [_] | [Bit::Zero, Bit::One]), "{bits:?}");
    assert!(bits.is_empty() || sender.poll_timeout().is_some());
}

fn acknowledgment(
    receiver: &mut Receiver,
    bit: Bit,
    refusal: Option<RefusalReason>,
) -> Option<Bit> {
    match receiver.handle_bit(bit) {
        receiver::Reply::Acknowledge(ack) | receiver::Reply::VerdictComplete(ack) => Some(ack),
        receiver::Reply::Frame => match refusal {
            None => receiver.accept(),
            Some(reason) => receiver.refuse(reason),
        },
        receiver::Reply::Ignored => None,
    }
}

fn drive_receiver(calls: &[ReceiverCall]) {
    let mut receiver = Receiver::new();
    let mut held = false;
    let mut accepted = 0;
    for (number, &call) in calls.iter().take(CALLS_MAX).enumerate() {
        match call {
            ReceiverCall::Bit(AnyBit(bit)) => feed(&mut receiver, bit, &mut held),
            ReceiverCall::Frame { octets, last, bits } => {
                let message = u32::try_from(number / 2).expect("fewer calls than that");
                for bit in first_frame(message, octets, last).take(bits.into()) {
                    feed(&mut receiver, bit, &mut held);
                }
            }
            ReceiverCall::Accept => {
                let end = receiver.frame().map(|frame| {
                    (!frame.last).then_some(frame.offset + frame.payload.len() as u64)
                });
                assert_eq!(receiver.accept().is_some(), held);
                if let Some(octets_at_risk) = end {
                    accepted += 1;
                    assert_eq!(receiver.octets_at_risk(), octets_at_risk);
                }
                held = false;
            }
            ReceiverCall::Refuse(AnyReason(reason)) => {
                assert_eq!(receiver.refuse(reason).is_some(), held);
                held = false;
            }
        }
        assert_eq!(receiver.frame().is_some(), held);
        assert_eq!(receiver.counters().accepted, accepted);
    }
}

fn feed(receiver: &mut Receiver, bit: Bit, held: &mut bool) {
    let progress = receiver.handle_bit(bit);
    assert_eq!(progress == receiver::Reply::Ignored, *held);
    *held |= progress == receiver::Reply::Frame;
    assert_eq!(receiver.frame().is_some(), *held);
}

/// What a sender transmits for the first frame of a message, including its mark, if everything is
/// acknowledged.
fn first_frame(message: u32, octets: u8, last: bool) -> impl Iterator<Item = Bit> {
    let mut sender = Sender::new(message, None).without_pairs();
    let mut peer = Receiver::new();
    let payload = &[0x7E; u8::MAX as usize][..octets.into()];
    sender.offer(payload, last).expect("a new sender is ready, and it fits");
    core::iter::from_fn(move || {
        let bit = sender.poll_transmit(Instant::ZERO)?;
        let ack = acknowledgment(&mut peer, bit, None)?;
        sender.handle_ack(ack, Instant::ZERO);
        Some(bit)
    })
}

fn drive_classic(input: &Input<'_>) {
    let Ok(mut sender) = classic::TextSender::new(input.dialect.0, input.text, 50) else { return };
    let (mut now, mut ended) = (Instant::ZERO, false);
    for &call in input.classic.iter().take(CALLS_MAX) {
        let progress = sender.progress();
        match call {
            ClassicCall::Ack(AnyBit(ack)) => {
                let next = sender.lookahead().after(ack);
                let is_exhausted = sender.clone().poll_transmit(now).is_none();
                sender.handle_ack(ack, now);
                let follows = sender.clone().poll_transmit(now);
                assert!(next.is_none() || !is_exhausted || next == follows);
            }
            ClassicCall::Foreign(AnyBit(bit)) => sender.handle_foreign(bit),
            ClassicCall::Wait { to_deadline, micros } => {
                now = moved(now, sender.poll_timeout(), to_deadline, micros);
            }
            ClassicCall::Postpone(micros) => {
                let waits = sender.poll_timeout().is_some();
                sender.postpone(now, micros.into());
                let later = now.after_micros(micros.into());
                assert_eq!(sender.poll_timeout(), waits.then_some(later));
            }
            ClassicCall::Timeout => {
                sender.handle_timeout(now);
                assert!(sender.poll_timeout().is_none_or(|deadline| deadline > now));
            }
        }
        assert!(!ended || sender.doubt().is_none());
        let transmitted = core::iter::from_fn(|| sender.poll_transmit(now)).take(2).count();
        assert!(transmitted < 2 && (transmitted == 0 || !ended));
        assert!(sender.progress() >= progress && sender.completed_bytes() <= input.text.len());
        if let Some(event) = sender.poll_event() {
            assert!(!ended && sender.poll_timeout().is_none());
            ended = true;
            if event == classic::Ending::Delivered {
                assert_eq!(sender.completed_bytes(), input.text.len());
            }
        }
    }
}

fn drive_pinger(calls: &[PingCall]) {
    let mut pinger = Pinger::new();
    let (mut now, mut ack) = (Instant::ZERO, Bit::Zero);
    let mut host = PingHost::default();
    for &call in calls.iter().take(CALLS_MAX) {
        match call {
            PingCall::Ack(AnyBit(ack)) => pinger.handle_ack(ack, now),
            PingCall::GoodAcks(count) => {
                for _ in 0..count {
                    if host.take(&mut pinger, now) {
                        pinger.handle_ack(ack, now);
                        ack = !ack;
                    }
                }
            }
            PingCall::Probe => {
                let is_ready = pinger.is_ready();
                assert_eq!(pinger.probe(), is_ready);
            }
            PingCall::Wait { to_deadline, micros } => {
                now = moved(now, pinger.poll_timeout(), to_deadline, micros);
            }
            PingCall::Timeout => {
                pinger.handle_timeout(now);
                assert!(pinger.poll_timeout().is_none_or(|deadline| deadline > now));
            }
            PingCall::Withdraw => {
                pinger.withdraw(now);
                host.is_leaving = true;
            }
        }
        host.take(&mut pinger, now);
    }
    // Whatever came before, it can withdraw: after a byte and a NUL at most.
    pinger.withdraw(now);
    host.is_leaving = true;
    for _ in 0..PROBE_BITS * 2 {
        host.take(&mut pinger, now);
        now = pinger.poll_timeout().unwrap_or(now);
        pinger.handle_timeout(now);
    }
    host.take(&mut pinger, now);
    assert!(host.has_left);
}

#[derive(Default)]
struct PingHost {
    next: u8,
    is_leaving: bool,
    has_left: bool,
}

impl PingHost {
    /// Takes what there is; returns whether a bit was transmitted.
    fn take(&mut self, pinger: &mut Pinger, now: Instant) -> bool {
        let transmits = pinger.poll_transmit(now).is_some();
        assert!(pinger.poll_transmit(now).is_none(), "one bit at a time");
        assert!(!transmits || (pinger.poll_timeout().is_some() && !self.has_left));
        match pinger.poll_event() {
            Some(PingEvent::Acknowledged { position, .. }) => {
                assert!(!self.is_leaving && position == self.next % PROBE_BITS);
                self.next = self.next.wrapping_add(1);
            }
            Some(PingEvent::Ready) => assert!(!self.is_leaving),
            Some(PingEvent::NotFramed) => self.is_leaving = true,
            Some(PingEvent::Withdrawn) => {
                assert!(self.is_leaving && !self.has_left);
                self.has_left = true;
            }
            None => {}
        }
        assert!(!self.has_left || pinger.poll_timeout().is_none());
        transmits
    }
}

const SESSIONS: usize = 3;
const PEERS: u8 = 5;

/// An exchange, and what is known about it from outside.
struct Host {
    exchange: Exchange<[Place; SESSIONS], FRAME_OCTETS_MAX>,
    /// The senders that have a place, and the piece of each that waits for an answer.
    open: BTreeMap<u32, Option<u64>>,
    octets_max: Option<u64>,
    classic_only: bool,
    /// Whether senders wait for the acknowledgment of each bit.
    can_hold_back: bool,
    now: Instant,
}

fn drive_exchange(input: &Input<'_>) {
    let octets_max = input.octets_max.map(u64::from);
    let protocols = if input.classic_only { Protocols::ClassicOnly } else { Protocols::Both };
    let exchange = Exchange::new(input.dialect.0, [const { Place::FREE }; SESSIONS])
        .with_octets_max(octets_max);
    let mut host = Host {
        exchange: exchange.with_protocols(protocols),
        open: BTreeMap::new(),
        octets_max,
        classic_only: input.classic_only,
        can_hold_back: input.dialect.0.can_hold_back(),
        now: Instant::ZERO,
    };
    for &call in input.exchange.iter().take(CALLS_MAX) {
        host.call(call);
    }
    // Whatever came before, a sender that is gone and has been answered is forgotten.
    for peer in 0..PEERS {
        host.call(ExchangeCall::Refuse(peer));
        host.call(ExchangeCall::Gone(peer));
        host.call(ExchangeCall::Refuse(peer));
    }
    for peer in 0..PEERS {
        host.call(ExchangeCall::Refuse(peer));
    }
    assert!(host.open.is_empty() && host.exchange.open_count() == 0);
}

impl Host {
    fn call(&mut self, call: ExchangeCall) {
        let number = |peer: u8| u32::from(peer % PEERS);
        match call {
            ExchangeCall::Open(peer) => {
                let peer = number(peer);
                let opened = self.exchange.open(peer);
                let expected = if self.open.contains_key(&peer) {
                    Err(OpenError::AlreadyOpen)
                } else if self.open.len() == SESSIONS {
                    Err(OpenError::Full)
                } else {
                    self.open.insert(peer, None);
                    Ok(())
                };
                assert_eq!(opened, expected);
            }
            ExchangeCall::Bit { peer, bit } => self.bit(number(peer), bit.0),
            ExchangeCall::Frame { peer, octets, bits } => {
                let message = u32::from(octets);
                for bit in first_frame(message, octets, bits % 2 == 0).take(bits.into()) {
                    self.bit(number(peer), bit);
                    self.drain();
                }
            }
            ExchangeCall::Gone(peer) => self.exchange.handle_gone(number(peer)),
            ExchangeCall::Accept(peer) => {
                self.exchange.accept(number(peer));
                self.answered(number(peer));
            }
            ExchangeCall::Refuse(peer) => {
                self.exchange.refuse(number(peer), RefusalReason::OutputFailed);
                self.answered(number(peer));
            }
            ExchangeCall::Wait(micros) => self.now = self.now.after_micros(micros.into()),
            ExchangeCall::Timeout => {
                self.exchange.handle_timeout(self.now);
                let deadline = self.exchange.poll_timeout();
                assert!(deadline.is_none_or(|deadline| deadline > self.now));
            }
        }
        self.drain();
        assert_eq!(self.exchange.open_count(), self.open.len());
        for peer in 0..PEERS.into() {
            let is_open = self.open.contains_key(&peer);
            assert_eq!(self.exchange.is_open(peer), is_open);
            let protocol = self.exchange.protocol(peer);
            assert!(protocol != Some(Protocol::Framed) || (is_open && !self.classic_only));
            assert!(is_open || (protocol.is_none() && !self.exchange.is_waiting(peer)));
        }
    }

    fn bit(&mut self, peer: u32, bit: Bit) {
        let mut other = self.exchange.clone();
        let ahead = self.exchange.lookahead().filter(|&(holder, _)| holder == peer);
        let acknowledged = self.exchange.acknowledge(peer, bit, self.now);
        assert_eq!(acknowledged, ahead.and_then(|(_, lookahead)| lookahead.after(bit)));
        if let Some(ack) = acknowledged {
            assert_eq!(other.handle_bit(peer, bit, self.now), Handled::Taken);
            let output = Output::Transmit { peer, symbol: ack, held_back: false };
            assert_eq!(other.poll_output(self.now), Some(output));
            assert!(other.poll_output(self.now).is_none() && other == self.exchange);
            return;
        }
        let handled = self.exchange.handle_bit(peer, bit, self.now);
        assert_eq!(handled == Handled::Unknown, !self.open.contains_key(&peer));
        if self.open.get(&peer).is_some_and(Option::is_some) {
            let expected = if self.can_hold_back { Handled::Repeated } else { Handled::Lost };
            assert_eq!(handled, expected, "what came before has no answer yet");
        }
    }

    fn answered(&mut self, peer: u32) {
        if let Some(piece) = self.open.get_mut(&peer) {
            *piece = None;
        }
    }

    fn drain(&mut self) {
        /// Two bits and what is owed for them, for every session.
        const OUTPUTS_MAX: usize = SESSIONS * 8;
        for _ in 0..OUTPUTS_MAX {
            match self.exchange.poll_output(self.now) {
                None => {
                    assert!(self.exchange.poll_output(self.now).is_none());
                    return;
                }
                Some(Output::Transmit { peer, .. }) => assert!(self.open.contains_key(&peer)),
                Some(Output::Payload(piece)) => {
                    let end = piece.offset + piece.octets.len() as u64;
                    assert!(self.octets_max.is_none_or(|octets_max| end <= octets_max));
                    assert_eq!(piece.first, piece.offset == 0);
                    let waiting = self.open.get_mut(&piece.peer).expect("it has a place");
                    assert_eq!(waiting.replace(piece.offset), None, "it was not answered");
                }
                Some(Output::TooLong { peer, offset }) => {
                    assert!(self.octets_max.is_some_and(|octets_max| offset <= octets_max));
                    assert!(self.open.contains_key(&peer));
                }
                Some(Output::Closed { peer, .. }) => {
                    assert_eq!(self.open.remove(&peer), Some(None), "it was not answered");
                }
            }
        }
        panic!("more than {OUTPUTS_MAX} outputs");
    }
}
