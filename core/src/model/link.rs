//! One sender and one receiver, every interleaving, every placement of faults.
//!
//! The states of the model hold the real [`Sender`] and [`Receiver`]; only the kernel and the two
//! hosts are modelled. Time does not pass: a timer fires when nothing else can happen or, as a
//! fault, at any other moment while it is set.
//!
//! Two faults are enough to stand for all others:
//!
//! * a symbol is **hidden**: a foreign signal of the same number is pending when it is sent. A
//!   foreign signal that hides nothing changes nothing. A storm hides any number of symbols.
//! * a timer fires **early**. If a process is stopped and continued, or loses its time slice, that
//!   looks like steps of the other process and timers that fire early.
//!
//! The death of either end needs no step: what must hold then is checked in every state.

use std::string::String;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Vec;

use minitalk_testing::{Feed, Pending};

use super::explore::System;
use super::kernel::Origin;
use super::line;
use crate::hdlc::{Deframer, Unchecked};
use crate::receiver::{self, Reply};
use crate::sender::{self, Event, Phase};
use crate::{Bit, Instant, Receiver, RefusalReason, Sender};

/// The length of the longest frame here, exactly, so that a longer one shows.
pub(super) const FRAME: usize = 18;
pub(super) const NOW: Instant = Instant::ZERO;
pub(super) const MESSAGE: u32 = 0x1234_5678;

/// Whether anything longer than any frame has arrived, in any state.
pub(super) static TOO_LONG: AtomicBool = AtomicBool::new(false);

/// What the receiver's host does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    Accepts,
    /// Accepts it some time later.
    AcceptsLater,
    /// Refuses that frame of the message.
    Refuses {
        frame: usize,
        reason: RefusalReason,
    },
}

/// What the model starts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    /// The payload of each frame of the message.
    pub(super) frames: &'static [&'static [u8]],
    /// The same for another message: at any moment the sender may be reset, and then sends this one
    /// under the same number.
    pub(super) after_reset: &'static [&'static [u8]],
    /// How many faults there may be.
    pub(super) faults: u8,
    /// Whether two bits may be in flight.
    pub(super) pairs: bool,
    pub(super) host: Host,
    /// Whether the sender may give up at any moment.
    pub(super) aborts: bool,
    /// Whether damaged frames are kept octet by octet and their FCS is computed. Otherwise the FCS
    /// is assumed to be wrong, which makes all damaged frames alike.
    pub(super) exact: bool,
    /// Acknowledgments of this kind can be hidden from the sender for any length of time, as one
    /// fault.
    pub(super) storm: Option<Bit>,
    pub(super) broken_sender: Option<sender::Broken>,
    pub(super) broken_receiver: Option<receiver::Broken>,
}

/// One state of the whole system.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or false whatever the others are")]
pub(super) struct Link {
    setup: &'static Setup,
    /// The octets of each frame of all messages.
    sent: &'static [Vec<u8>],
    /// The payloads of the message being sent.
    frames: &'static [&'static [u8]],
    sender: Sender<FRAME>,
    receiver: Receiver<FRAME>,
    /// Signals pending at the receiver, and at the sender.
    bits: Pending<Origin>,
    acks: Pending<Origin>,
    /// What a line without faults would make of the bits that the sender has sent, counting each
    /// once.
    wire: Deframer<FRAME>,
    /// Whether all of the current frame has been on the line.
    complete: bool,
    /// The acknowledgment that the receiver's host is about to send.
    owed: Option<Bit>,
    faults_left: u8,
    /// What has become of the frame, and how often the sender has fallen out of step. Valid while
    /// there has been at most one fault.
    feed: Feed<Bit>,
    falls: u64,
    storming: bool,
    /// Frames handed to the sender, frames it believes accepted, and frames delivered.
    offered: usize,
    accepted: usize,
    delivered: usize,
    refused: bool,
    aborting: bool,
    reset: bool,
    over: bool,
}

impl std::hash::Hash for Link {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let Self { sender, receiver, bits, acks, owed, faults_left, feed, falls, .. } = self;
        (sender, receiver, bits, acks, owed, faults_left, feed, falls).hash(state);
        let flags =
            [self.complete, self.refused, self.aborting, self.reset, self.over, self.storming];
        (self.offered, self.accepted, self.delivered, flags).hash(state);
    }
}

/// One thing that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    ReceiverTakes,
    ReceiverSends { hidden: bool },
    HostAccepts,
    SenderTakes,
    SenderSends { hidden: bool },
    TimerFires,
    EarlyTimer,
    StormBegins,
    StormEnds,
    Abort,
    Reset,
}

impl Link {
    pub(super) fn new(setup: &'static Setup) -> Self {
        let receiver = Receiver::short().breaking(setup.broken_receiver);
        let all = [setup.frames, setup.after_reset];
        let sent: Vec<_> = all.iter().flat_map(|frames| line::octets(MESSAGE, frames)).collect();
        let mut link = Self {
            setup,
            sent: sent.leak(),
            frames: setup.frames,
            sender: new_sender(setup),
            receiver,
            bits: Pending::default(),
            acks: Pending::default(),
            wire: Deframer::new(),
            complete: false,
            owed: None,
            faults_left: setup.faults,
            feed: Feed::NEW,
            falls: 0,
            storming: false,
            offered: 0,
            accepted: 0,
            delivered: 0,
            refused: false,
            aborting: false,
            reset: false,
            over: false,
        };
        link.offer();
        link
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.over {
            return steps;
        }
        let faulty = self.faults_left > 0;
        if self.owed.is_some() {
            steps.push(Step::ReceiverSends { hidden: false });
            if faulty {
                steps.push(Step::ReceiverSends { hidden: true });
            }
        }
        let sends = self.sender.clone().poll_transmit(NOW).is_some();
        if sends {
            steps.push(Step::SenderSends { hidden: false });
            if faulty {
                steps.push(Step::SenderSends { hidden: true });
            }
        }
        if self.owed.is_none() && !self.bits.is_empty() {
            steps.push(Step::ReceiverTakes);
        }
        if !sends && !self.acks.is_empty() {
            steps.push(Step::SenderTakes);
        }
        let nothing_comes = steps.is_empty();
        if self.owed.is_none() && self.receiver.frame().is_some() {
            steps.push(Step::HostAccepts);
        }
        if !sends && self.sender.poll_timeout().is_some() {
            if nothing_comes {
                steps.push(Step::TimerFires);
            } else if faulty {
                steps.push(Step::EarlyTimer);
            }
        }
        if self.storming {
            // Nothing is promised about a storm that outlasts a fair run, so ending it comes first.
            steps.insert(0, Step::StormEnds);
        } else if faulty && self.setup.storm.is_some() {
            steps.push(Step::StormBegins);
        }
        if self.setup.aborts && !self.aborting {
            steps.push(Step::Abort);
        }
        // Its last bits have been taken and answered: a reset takes longer than that.
        let is_answered = self.bits.is_empty() && self.owed.is_none();
        if !self.setup.after_reset.is_empty() && !self.reset && is_answered {
            steps.push(Step::Reset);
        }
        steps
    }

    fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::ReceiverTakes => {
                if let Some((bit, Origin::Peer(_))) = self.bits.take() {
                    self.receive(bit)?;
                }
            }
            Step::ReceiverSends { hidden } => {
                if let Some(ack) = self.owed.take() {
                    let mut acks = self.acks;
                    if !self.storming || self.setup.storm != Some(ack) {
                        self.transmit(&mut acks, ack, hidden);
                    }
                    self.acks = acks;
                }
            }
            Step::HostAccepts => self.owed = self.receiver.accept(),
            Step::SenderTakes => {
                if let Some((ack, Origin::Peer(_))) = self.acks.take() {
                    self.sender.handle_ack(ack, NOW);
                }
            }
            Step::SenderSends { hidden } => {
                if let Some(bit) = self.sender.poll_transmit(NOW) {
                    self.note_sent(bit)?;
                    let mut bits = self.bits;
                    self.transmit(&mut bits, bit, hidden);
                    self.bits = bits;
                }
            }
            Step::TimerFires => self.fire(),
            Step::EarlyTimer => {
                self.faults_left -= 1;
                self.fire();
            }
            Step::StormBegins => {
                self.faults_left -= 1;
                self.storming = true;
            }
            Step::StormEnds => self.storming = false,
            Step::Abort => {
                self.aborting = true;
                self.sender.abort();
            }
            Step::Reset => self.reset(),
        }
        self.hear_the_sender()?;
        self.offer();
        self.check_costs()?;
        self.sender.forget_the_past();
        let (exact, sent) = (self.setup.exact, self.sent);
        self.receiver
            .forget_the_past(|octets| exact || sent.iter().any(|frame| frame.starts_with(octets)));
        self.check()
    }

    /// kill(2), while a foreign signal of the same number is pending if the symbol is `hidden`.
    fn transmit(&mut self, pending: &mut Pending<Origin>, symbol: Bit, hidden: bool) {
        if hidden {
            self.faults_left -= 1;
            pending.send(symbol, Origin::Foreign);
        } else {
            pending.send(symbol, Origin::Peer(0));
        }
    }

    fn reset(&mut self) {
        (self.sender, self.frames) = (new_sender(self.setup), self.setup.after_reset);
        (self.acks, self.wire, self.complete) = (Pending::default(), Deframer::new(), false);
        (self.offered, self.accepted, self.delivered) = (0, 0, 0);
        (self.feed, self.falls) = (Feed::NEW, 0);
        (self.over, self.reset) = (false, true);
    }

    fn fire(&mut self) {
        if let Some(deadline) = self.sender.poll_timeout() {
            self.sender.handle_timeout(deadline);
        }
    }

    fn note_sent(&mut self, bit: Bit) -> Result<(), String> {
        let is_repetition = self.sender.statistics().resent_bits > 0;
        if !is_repetition && matches!(self.wire.feed_unchecked(bit), Ok(Unchecked::Frame(_))) {
            self.complete = true;
        }
        match (is_repetition, self.sender.has_resent_pair_under_way()) {
            _ if self.sender.phase() != Phase::Frame => Ok(()),
            (false, _) => self.feed.send(bit, self.sender.has_pair_under_way()),
            (true, false) => Ok(()),
            (true, true) => {
                self.feed = Feed::Unclear;
                Ok(())
            }
        }
    }

    fn receive(&mut self, bit: Bit) -> Result<(), String> {
        self.feed.receive(bit);
        match self.receiver.handle_bit(bit) {
            Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => self.owed = Some(ack),
            Reply::Ignored => {}
            Reply::Frame => {
                let frame = self.receiver.frame().ok_or("a frame is announced and not there")?;
                line::check_frame(self.frames, self.delivered, &frame)?;
                match self.setup.host {
                    Host::Refuses { frame, reason } if frame == self.delivered => {
                        self.refused = true;
                        self.owed = self.receiver.refuse(reason);
                    }
                    Host::Accepts | Host::Refuses { .. } => {
                        self.delivered += 1;
                        self.owed = self.receiver.accept();
                    }
                    Host::AcceptsLater => self.delivered += 1,
                }
            }
        }
        // No other damage is without a verdict.
        if self.receiver.counters().damaged > 0 && !self.receiver.is_in_verdict() {
            TOO_LONG.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn hear_the_sender(&mut self) -> Result<(), String> {
        let Some(event) = self.sender.poll_event() else { return Ok(()) };
        match (event, self.setup.host) {
            (Event::Accepted { octets, last }, _) => {
                let payload = self.frames[self.accepted];
                self.accepted += 1;
                self.complete = false;
                self.over = self.accepted == self.frames.len();
                if octets != payload.len() || last != self.over {
                    return Err("the sender speaks of another frame".into());
                }
            }
            (Event::Refused(None), Host::Refuses { .. }) if self.refused => self.over = true,
            (Event::Refused(Some(heard)), Host::Refuses { reason, .. })
                if self.refused && heard == reason =>
            {
                self.over = true;
            }
            (Event::Aborted, _) if self.aborting => self.over = true,
            (event, _) => return Err(std::format!("the sender is told {event:?}")),
        }
        Ok(())
    }

    fn offer(&mut self) {
        if self.sender.is_ready() && self.offered < self.frames.len() {
            let payload = self.frames[self.offered];
            self.offered += 1;
            let last = self.offered == self.frames.len();
            self.sender.offer(payload, last).expect("it is ready");
        }
    }

    /// Damage shows at once, one fault costs one repetition, and nothing is acknowledged too early.
    fn check_costs(&mut self) -> Result<(), String> {
        if self.sender.phase() != Phase::Frame {
            self.feed = Feed::NEW;
        }
        let faults_spent = self.setup.faults - self.faults_left;
        if faults_spent > 1 {
            (self.feed, self.falls) = (Feed::NEW, 0);
            return Ok(());
        }
        // A storm is one fault that lasts, and a late host makes the sender resend.
        if self.setup.host != Host::AcceptsLater && self.setup.storm.is_none() {
            self.falls += self.sender.statistics().repeated_frames;
        }
        if self.falls > u64::from(faults_spent) {
            return Err("a frame is repeated more often than there were faults".into());
        }
        if self.sender.phase() == Phase::Verdict && self.receiver.frame().is_some() {
            return Err("the whole frame is acknowledged before the host has taken it".into());
        }
        Ok(())
    }

    /// What must hold in every state, and therefore also if either end dies in it.
    fn check(&self) -> Result<(), String> {
        if self.accepted > self.delivered {
            return Err("the sender believes in a frame that was not delivered".into());
        }
        if self.accepted < self.delivered && !self.sender.is_outcome_unknown() {
            return Err("the sender is sure that a frame was not delivered which was".into());
        }
        if self.sender.is_outcome_unknown() && !self.complete {
            return Err("the outcome of a frame is unknown that has not been sent".into());
        }
        // The receiver may still report the message before the reset.
        if self.delivered == 0 && self.reset {
            return Ok(());
        }
        let waits = usize::from(self.receiver.frame().is_some());
        let kept = match self.setup.host {
            Host::AcceptsLater => self.delivered - waits.min(self.delivered),
            Host::Accepts | Host::Refuses { .. } => self.delivered,
        };
        let octets: usize = self.frames[..kept].iter().map(|frame| frame.len()).sum();
        let risked = self.receiver.octets_at_risk();
        let as_it_is = match kept {
            _ if self.refused || kept == self.frames.len() => risked.is_none(),
            0 => risked.is_none_or(|octets| octets == 0),
            _ => risked == u64::try_from(octets).ok(),
        };
        if as_it_is { Ok(()) } else { Err("what would be cut off is reported wrongly".into()) }
    }
}

fn new_sender(setup: &Setup) -> Sender<FRAME> {
    let sender = Sender::short(MESSAGE, None).breaking(setup.broken_sender);
    if setup.pairs { sender } else { sender.without_pairs() }
}

impl System for Link {
    type Step = Step;

    fn next(&self, next: &mut Vec<(Self, Step)>) -> Result<(), String> {
        for step in self.steps() {
            let mut link = self.clone();
            link.take(step)?;
            next.push((link, step));
        }
        if next.is_empty() && !self.over {
            return Err("nothing can happen any more".into());
        }
        Ok(())
    }
}
