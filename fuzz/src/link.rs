//! A sender, a receiver, and the kernel between them.

use arbitrary::Arbitrary;
use minitalk_core::receiver::Reply;
use minitalk_core::sender::{Event, Phase};
use minitalk_core::{Bit, Instant, Receiver, RefusalReason, Sender};
use minitalk_testing::{Feed, Pending};

/// A fault.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A foreign signal is pending when the next bit is sent.
    BitHidden,
    /// A foreign signal is pending when the next acknowledgment is sent.
    AckHidden,
    /// The same for all acknowledgments of one kind, until there have been this many
    /// acknowledgments.
    Storm { zeros: bool, acks: u8 },
    /// The sender's timer fires now.
    EarlyTimer,
    /// The receiver loses its processor before it takes the next bit, until the sender's timer has
    /// fired this often.
    ReceiverLate(u8),
    /// The receiver loses its processor between taking the next bit and acknowledging it.
    AckLate(u8),
    /// The sender loses its processor before it takes the next acknowledgment, and then finds that
    /// its timer has expired.
    SenderLate,
    /// The host refuses the next frame.
    Refuse,
}

/// The origin of a pending signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Peer,
    Foreign,
}

const REASON: RefusalReason = RefusalReason::OutputFailed;

/// The number of faults in one run: more would only make it longer.
const FAULTS_MAX: usize = 48;

/// Without further faults, a link gets any frame through in far fewer steps.
const STEPS_MAX: usize = 60_000;

/// One state of the whole system.
#[expect(clippy::struct_excessive_bools, reason = "each is true or false whatever the others are")]
pub struct Link {
    pieces: Vec<Vec<u8>>,
    sender: Sender,
    receiver: Receiver,
    now: Instant,
    bits: Pending<Origin>,
    acks: Pending<Origin>,
    /// An acknowledgment that is late, and by how many timeouts.
    owed: Option<(Bit, u8)>,
    receiver_late: u8,
    next_ack_late: u8,
    bit_hidden: bool,
    ack_hidden: bool,
    storm: (Bit, u8),
    sender_late: bool,
    refuses: bool,
    refused: bool,
    faults: usize,
    feed: Feed<Bit>,
    offered: usize,
    delivered: usize,
    confirmed: usize,
}

impl Link {
    /// A link over which a message of these pieces will be sent.
    #[must_use]
    pub fn new(message: u32, pieces: Vec<Vec<u8>>, pairs: bool) -> Self {
        let sender = Sender::new(message, None);
        Self {
            pieces,
            sender: if pairs { sender } else { sender.without_pairs() },
            receiver: Receiver::new(),
            now: Instant::ZERO,
            bits: Pending::NONE,
            acks: Pending::NONE,
            owed: None,
            receiver_late: 0,
            next_ack_late: 0,
            bit_hidden: false,
            ack_hidden: false,
            storm: (Bit::Zero, 0),
            sender_late: false,
            refuses: false,
            refused: false,
            faults: 0,
            feed: Feed::NEW,
            offered: 0,
            delivered: 0,
            confirmed: 0,
        }
    }

    /// Runs it to its end with these faults, each this many steps after the previous one.
    ///
    /// # Panics
    ///
    /// If a promise of the protocol is broken.
    pub fn run(mut self, faults: &[(u8, Fault)]) {
        let mut faults = faults.iter().take(FAULTS_MAX);
        let mut next = faults.next();
        let mut since = 0;
        for _ in 0..STEPS_MAX {
            if let Some(&(distance, fault)) = next
                && since >= usize::from(distance)
            {
                self.suffer(fault);
                (next, since) = (faults.next(), 0);
            }
            since += 1;
            if self.step() {
                return;
            }
        }
        panic!("not through after {STEPS_MAX} steps");
    }

    fn suffer(&mut self, fault: Fault) {
        self.faults += usize::from(fault != Fault::Refuse);
        match fault {
            Fault::BitHidden => self.bit_hidden = true,
            Fault::AckHidden => self.ack_hidden = true,
            Fault::Storm { zeros, acks } => {
                // It can hide this many acknowledgments, each of which is a fault.
                self.faults += 2;
                self.storm = (if zeros { Bit::Zero } else { Bit::One }, acks % 64);
            }
            Fault::EarlyTimer => self.fire(),
            Fault::ReceiverLate(timeouts) => self.receiver_late = timeouts % 4,
            Fault::AckLate(timeouts) => self.next_ack_late = timeouts % 4,
            Fault::SenderLate => self.sender_late = true,
            Fault::Refuse => self.refuses = true,
        }
    }

    /// One thing happens. Returns true if the run is over.
    fn step(&mut self) -> bool {
        if self.sender.is_ready() && self.offered < self.pieces.len() {
            let is_last = self.offered + 1 == self.pieces.len();
            self.sender.offer(&self.pieces[self.offered], is_last).expect("ready, and it fits");
            self.offered += 1;
        }
        if self.send() {
        } else if let Some((ack, 0)) = self.owed {
            self.owed = None;
            self.acknowledge(ack);
        } else if self.receiver_late == 0 && self.owed.is_none() && !self.bits.is_empty() {
            self.receive();
        } else if !self.sender_late && !self.acks.is_empty() {
            if let Some((ack, Origin::Peer)) = self.acks.take() {
                let next = self.sender.lookahead().after(ack);
                self.sender.handle_ack(ack, self.now);
                assert!(next.is_none() || next == self.sender.clone().poll_transmit(self.now));
            }
        } else {
            self.let_time_pass();
        }
        self.hear()
    }

    /// Sends everything that the sender has to send now.
    fn send(&mut self) -> bool {
        let mut sent = 0;
        while let Some(bit) = {
            let resent = self.sender.statistics().resent_bits;
            let bit = self.sender.poll_transmit(self.now);
            let is_repetition = self.sender.statistics().resent_bits > resent;
            bit.inspect(|&bit| self.note_sent(bit, sent > 0, is_repetition))
        } {
            sent += 1;
            let hidden = core::mem::take(&mut self.bit_hidden);
            self.bits.send(bit, if hidden { Origin::Foreign } else { Origin::Peer });
        }
        sent > 0
    }

    /// Damage shows at once: no further bit of a frame is sent after it has arrived damaged, unless
    /// two faults hide each other.
    fn note_sent(&mut self, bit: Bit, completes_pair: bool, is_repetition: bool) {
        match (self.sender.phase(), is_repetition) {
            (Phase::Frame, false) => {
                let sound = self.feed.send(bit, completes_pair);
                assert!(self.faults > 1 || sound.is_ok(), "goes on with a frame that is damaged");
                if sound.is_err() {
                    self.feed = Feed::Unclear;
                }
            }
            // For a pair that is sent again it is impossible to tell.
            (Phase::Frame, true) if completes_pair => self.feed = Feed::Unclear,
            (Phase::Frame, true) => {}
            _ => self.feed = Feed::NEW,
        }
    }

    fn receive(&mut self) {
        let Some((bit, Origin::Peer)) = self.bits.take() else { return };
        self.feed.receive(bit);
        let ack = match self.receiver.handle_bit(bit) {
            Reply::Acknowledge(ack) | Reply::VerdictComplete(ack) => ack,
            Reply::Ignored => return,
            Reply::Frame => {
                let frame = self.receiver.frame().expect("just announced");
                let piece = self.pieces.get(self.delivered).expect("more than was sent");
                assert_eq!((frame.payload, self.delivered < self.offered), (&piece[..], true));
                assert_eq!(frame.last, self.delivered + 1 == self.pieces.len());
                let answer = if self.refuses {
                    self.refused = true;
                    self.receiver.refuse(REASON)
                } else {
                    self.delivered += 1;
                    self.receiver.accept()
                };
                answer.expect("a frame waits")
            }
        };
        self.owed = Some((ack, core::mem::take(&mut self.next_ack_late)));
    }

    fn acknowledge(&mut self, ack: Bit) {
        let (kind, left) = &mut self.storm;
        let in_storm = *left > 0 && *kind == ack;
        *left = left.saturating_sub(1);
        let hidden = core::mem::take(&mut self.ack_hidden) || in_storm;
        self.acks.send(ack, if hidden { Origin::Foreign } else { Origin::Peer });
        if in_storm {
            // The sender takes the foreign one.
            let _ = self.acks.take::<Bit>();
        }
    }

    /// Nothing else can happen, so the sender's timer fires, and whatever was late is so no longer.
    fn let_time_pass(&mut self) {
        self.faults +=
            usize::from(self.owed.is_some() || self.receiver_late > 0 || self.sender_late);
        self.fire();
        self.sender_late = false;
        self.receiver_late = self.receiver_late.saturating_sub(1);
        self.owed = self.owed.map(|(ack, late)| (ack, late.saturating_sub(1)));
    }

    fn fire(&mut self) {
        if let Some(deadline) = self.sender.poll_timeout() {
            assert!(deadline >= self.now);
            self.sender.handle_timeout(deadline);
            self.now = deadline;
        }
    }

    fn hear(&mut self) -> bool {
        let event = self.sender.poll_event();
        let is_over = match event {
            None => false,
            Some(Event::Accepted { octets, last }) => {
                self.confirmed += 1;
                assert!(self.confirmed <= self.delivered, "a receipt for what was not delivered");
                assert_eq!(octets, self.pieces[self.confirmed - 1].len());
                assert_eq!(last, self.confirmed == self.pieces.len());
                last
            }
            // Three frames that begin with a fault look like a peer that speaks another protocol.
            Some(Event::NotFramed) => {
                assert!(self.faults >= 3);
                true
            }
            Some(Event::Refused(reason)) => {
                assert!(self.refused && reason.is_none_or(|reason| reason == REASON), "{reason:?}");
                true
            }
            Some(Event::NotAccepted) => panic!("there are not so many faults"),
            Some(Event::Aborted) => panic!("nobody has given up"),
        };
        assert!(self.confirmed == self.delivered || self.sender.is_outcome_unknown());
        if self.sender.phase() != Phase::Frame {
            self.feed = Feed::NEW;
        }
        is_over
    }
}
