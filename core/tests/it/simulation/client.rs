//! One client process.

use minitalk_core::{Bit, Doubt, Instant, RefusalReason, Sender, classic, sender};

use super::FOREIGN;
use super::plan::ClientPlan;
use minitalk_testing::Pending;

/// What a client that has ended reports about its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Delivered,
    Refused(Option<RefusalReason>),
    NotFramed,
    Aborted,
    /// A classic link was disturbed, and reports it.
    Disturbed,
    TimedOut,
    Killed,
}

enum Half {
    Framed { sender: Box<Sender>, offered: usize, done: bool },
    Classic(classic::TextSender<'static>),
}

/// How long a client waits without progress: a classic one, and a framed one.
const PATIENCE_MICROS: [u64; 2] = [20_000_000, 200_000_000];

/// What a look at the server shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    pub(crate) has_taken_all: bool,
    /// How long it has been asleep with nothing pending, if it has.
    pub(crate) asleep_micros: Option<u64>,
}

/// How long a server must have been asleep to be at rest, and the longest time between two looks.
const REST_MICROS: u64 = 30_000;
const LOOK_MICROS_MAX: u64 = 320_000;

/// How long a classic client waits until the server is at rest, and how long a framed one does at
/// first.
const REST_PATIENCE_MICROS: [u64; 2] = [5_000_000, 250_000];
const REST_PATIENCE_MICROS_MAX: [u64; 2] = [5_000_000, 2_000_000];

/// How soon to look again if less than rest is needed.
const SHORT_LOOK_MICROS: u64 = 5_000;
const ROOM_LOOK_MICROS: u64 = 1_000;

/// A classic sender listens for less than this; the timer of a bit runs longer.
const LISTENING_MICROS_MAX: u64 = 150_000;

pub(crate) struct Client {
    pub(crate) pid: u32,
    pub(crate) plan: ClientPlan,
    pub(crate) acks: Pending<u32>,
    pub(crate) outcome: Option<Outcome>,
    /// Octets that the client knows to have been accepted.
    pub(crate) accepted: usize,
    /// Until then it neither runs nor takes signals.
    pub(crate) stopped_until: u64,
    /// When it will be scheduled because of a signal.
    pub(crate) woken_at: Option<u64>,
    half: Half,
    progress: (u64, u64),
    /// Since when it has been postponing its timeout, and the time until the next look.
    postponed: Option<(u64, u64)>,
    patience: u64,
    has_begun: bool,
}

impl Client {
    pub(crate) fn new(pid: u32, plan: ClientPlan) -> Self {
        let half = if plan.framed {
            let length = u64::try_from(plan.text.len()).ok().filter(|length| length % 3 > 0);
            let sender = Sender::new(plan.message, length);
            let sender = if plan.pairs { sender } else { sender.without_pairs() };
            Half::Framed { sender: Box::new(sender), offered: 0, done: false }
        } else {
            // Lives are short, and few run at a time; the memory is freed when the process ends.
            let text: &'static [u8] = plan.text.clone().leak();
            let sender = classic::TextSender::new(classic::Dialect::DEFAULT, text, 0);
            let sender = sender.expect("the text has no NUL");
            let timeout_micros =
                if plan.looks { classic::TIMEOUT_OF_KNOWN_MICROS } else { classic::TIMEOUT_MICROS };
            Half::Classic(sender.with_timeout_micros(timeout_micros))
        };
        let woken_at = Some(plan.starts_at);
        Self {
            pid,
            acks: Pending::default(),
            outcome: None,
            accepted: 0,
            stopped_until: 0,
            woken_at,
            half,
            progress: (0, plan.starts_at),
            postponed: None,
            patience: REST_PATIENCE_MICROS[usize::from(plan.framed)],
            has_begun: !plan.looks,
            plan,
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.outcome.is_none()
    }

    /// When it runs next, if nothing else happens.
    pub(crate) fn next_run(&self) -> Option<u64> {
        if !self.is_alive() {
            return None;
        }
        let timer = self.timer().map(Instant::as_micros);
        let patience = self.progress.1 + PATIENCE_MICROS[usize::from(self.plan.framed)];
        let next = self.woken_at.into_iter().chain(timer).fold(patience, u64::min);
        Some(next.max(self.stopped_until))
    }

    fn timer(&self) -> Option<Instant> {
        match &self.half {
            Half::Framed { sender, .. } => sender.poll_timeout(),
            Half::Classic(sender) => sender.poll_timeout(),
        }
    }

    /// Runs once: takes a signal if one is pending, otherwise checks the clock.
    pub(crate) fn run(&mut self, now: u64, server: u32, sight: Sight) {
        let instant = Instant::from_micros(now);
        self.woken_at = None;
        if !self.has_begun {
            self.has_begun = sight.has_taken_all;
            self.woken_at = Some(if self.has_begun { now } else { now + ROOM_LOOK_MICROS });
            return;
        }
        if self.acks.is_empty() && self.is_put_off(now, sight) {
            return;
        }
        match (self.acks.take(), &mut self.half) {
            (Some((symbol, FOREIGN)), Half::Classic(sender)) => sender.handle_foreign(symbol),
            (Some((ack, pid)), half) if pid == server => match half {
                Half::Framed { sender, .. } => {
                    let next = sender.lookahead().after(ack);
                    sender.handle_ack(ack, instant);
                    assert!(next.is_none() || next == sender.clone().poll_transmit(instant));
                }
                Half::Classic(sender) => {
                    let next = sender.lookahead().after(ack);
                    sender.handle_ack(ack, instant);
                    assert!(next.is_none() || next == sender.clone().poll_transmit(instant));
                }
            },
            (Some(_), _) => {}
            (None, Half::Framed { sender, .. }) => sender.handle_timeout(instant),
            (None, Half::Classic(sender)) => sender.handle_timeout(instant),
        }
        if !self.acks.is_empty() {
            self.woken_at = Some(now + 1);
        }
        let progress = match &self.half {
            Half::Framed { sender, .. } => sender.progress(),
            Half::Classic(sender) => sender.progress(),
        };
        if progress > self.progress.0 {
            self.progress = (progress, now);
            self.postponed = None;
            self.patience = REST_PATIENCE_MICROS[usize::from(self.plan.framed)];
        } else if now >= self.progress.1 + PATIENCE_MICROS[usize::from(self.plan.framed)] {
            self.outcome = Some(Outcome::TimedOut);
        }
    }

    /// Whether its timeout is postponed because of what it sees of the server.
    fn is_put_off(&mut self, now: u64, sight: Sight) -> bool {
        let due = self.timer().is_some_and(|at| at.as_micros() <= now);
        let doubt = match &self.half {
            Half::Framed { sender, .. } => sender.doubt(),
            Half::Classic(sender) => sender.doubt(),
        };
        let Some(doubt) = doubt.filter(|_| self.plan.looks && due) else { return false };
        let (since, micros) = self.postponed.unwrap_or((now, REST_MICROS));
        let framed = usize::from(self.plan.framed);
        let is_settled = match doubt {
            Doubt::Turn => sight.asleep_micros.is_some_and(|asleep| asleep >= REST_MICROS),
            Doubt::Lost | Doubt::Twice => sight.asleep_micros.is_some(),
        };
        if is_settled || now >= since + self.patience {
            self.postponed = None;
            if !is_settled {
                self.patience = REST_PATIENCE_MICROS_MAX[framed].min(self.patience * 2);
            }
            return false;
        }
        let (wait, next) = match (doubt, sight.asleep_micros) {
            (Doubt::Lost | Doubt::Twice, _) => (SHORT_LOOK_MICROS, micros),
            (Doubt::Turn, Some(_)) => (REST_MICROS, micros),
            (Doubt::Turn, None) => (micros, LOOK_MICROS_MAX.min(micros * 2)),
        };
        self.postponed = Some((since, next));
        let instant = Instant::from_micros(now);
        match &mut self.half {
            Half::Framed { sender, .. } => sender.postpone(instant, wait),
            Half::Classic(sender) => sender.postpone(instant, wait),
        }
        true
    }

    /// Lets the timer fire too early. For a classic sender, only the timer of a bit: it must be
    /// able to listen after a resend.
    pub(crate) fn fire_early(&mut self, now: u64) {
        let Some(deadline) = self.timer() else { return };
        match &mut self.half {
            Half::Framed { sender, .. } => sender.handle_timeout(deadline),
            Half::Classic(sender) if deadline.as_micros() > now + LISTENING_MICROS_MAX => {
                sender.handle_timeout(deadline);
            }
            Half::Classic(_) => {}
        }
    }

    pub(crate) fn abort(&mut self) {
        if let Half::Framed { sender, .. } = &mut self.half {
            sender.abort();
        }
    }

    /// The next bit to send.
    pub(crate) fn poll_transmit(&mut self, now: u64) -> Option<Bit> {
        if !self.has_begun {
            return None;
        }
        let now = Instant::from_micros(now);
        match &mut self.half {
            Half::Framed { sender, offered, done } => {
                while !*done && sender.is_ready() {
                    let rest = &self.plan.text[*offered..];
                    let chunk = rest.get(..self.plan.chunk).unwrap_or(rest);
                    *offered += chunk.len();
                    *done = *offered == self.plan.text.len();
                    sender.offer(chunk, *done).expect("it is ready");
                }
                sender.poll_transmit(now)
            }
            Half::Classic(sender) => sender.poll_transmit(now),
        }
    }

    /// Handles what the sender reports; to be called after each bit.
    pub(crate) fn hear(&mut self) {
        match &mut self.half {
            Half::Framed { sender, .. } => {
                self.outcome = match sender.poll_event() {
                    None => return,
                    Some(sender::Event::Accepted { octets, last }) => {
                        self.accepted += octets;
                        last.then_some(Outcome::Delivered)
                    }
                    Some(sender::Event::Refused(reason)) => Some(Outcome::Refused(reason)),
                    Some(sender::Event::NotFramed) => Some(Outcome::NotFramed),
                    Some(sender::Event::NotAccepted) => unreachable!("no line is as bad as that"),
                    Some(sender::Event::Aborted) => Some(Outcome::Aborted),
                };
            }
            Half::Classic(sender) => {
                self.outcome = match sender.poll_event() {
                    None => return,
                    Some(classic::Ending::Delivered) => {
                        self.accepted = self.plan.text.len();
                        Some(Outcome::Delivered)
                    }
                    Some(_) => Some(Outcome::Disturbed),
                };
            }
        }
    }

    /// Whether what was sent last may have been delivered without the client's knowledge.
    pub(crate) fn is_outcome_unknown(&self) -> bool {
        match &self.half {
            Half::Framed { sender, .. } => sender.is_outcome_unknown(),
            Half::Classic(_) => true,
        }
    }

    pub(crate) fn statistics(&self) -> sender::Statistics {
        match &self.half {
            Half::Framed { sender, .. } => *sender.statistics(),
            Half::Classic(_) => sender::Statistics::default(),
        }
    }
}
