//! One server, its clients and the kernel between them, in simulated time.

use minitalk_core::classic::Dialect;
use minitalk_core::exchange::{Exchange, Handled, Output, Place, Protocol};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::{Bit, Instant, RefusalReason};

use super::FOREIGN;
use super::client::{Client, Outcome, Sight};
use super::inbox::{Check, Inbox};
use super::plan::Plan;
use minitalk_testing::Pending;
use minitalk_testing::Random;

const SERVER: u32 = 1;
const FIRST_CLIENT: u32 = 100;

/// More steps than any life needs.
const STEPS_MAX: u64 = 3_000_000;

/// How many frames of another client may be taken while a client waits for the floor.
const PASSED_OVER_MAX: u32 = 2;

/// The reasons for which the server refuses a piece: any of four, so that it shows if one is read
/// as another.
const REASONS: [RefusalReason; 4] = [
    RefusalReason::OutputFailed,
    RefusalReason::ShuttingDown,
    RefusalReason::OutOfSequence,
    RefusalReason::Stalled,
];

/// The result of a life.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) steps: u64,
    pub(crate) micros: u64,
    pub(crate) delivered: u64,
    pub(crate) octets: u64,
    pub(crate) bits: u64,
    pub(crate) resent_bits: u64,
    pub(crate) repeated_frames: u64,
    pub(crate) refused: u64,
    pub(crate) aborted: u64,
    pub(crate) killed: u64,
    pub(crate) not_framed: u64,
    pub(crate) disturbed: u64,
    pub(crate) timed_out: u64,
}

pub(crate) struct World {
    now: u64,
    steps: u64,
    random: Random,
    plan: Plan,
    traced: bool,
    exchange: Exchange<Vec<Place>, FRAME_OCTETS_MAX>,
    bits: Pending<u32>,
    server_woken_at: Option<u64>,
    server_asleep_since: u64,
    server_stopped_until: u64,
    clients: Vec<Client>,
    inboxes: Vec<Inbox>,
    /// Clients that have ended without the server having been told.
    ended: Vec<u32>,
    /// Acknowledgments that the server is about to send: when, to whom, and which.
    late_acks: Vec<(u64, usize, Bit)>,
    /// When the output will have taken a piece, and of which client.
    answers: Vec<(u64, u32)>,
    tally: Tally,
}

impl World {
    pub(crate) fn new(plan: Plan, random: Random, traced: bool) -> Self {
        let clients: Vec<Client> = (FIRST_CLIENT..)
            .zip(&plan.clients)
            .map(|(pid, plan)| Client::new(pid, plan.clone()))
            .collect();
        Self {
            now: 0,
            steps: 0,
            random,
            traced,
            exchange: Exchange::new(Dialect::DEFAULT, vec![Place::FREE; plan.places])
                .with_octets_max(plan.octets_max),
            bits: Pending::default(),
            server_woken_at: None,
            server_asleep_since: 0,
            server_stopped_until: 0,
            inboxes: clients.iter().map(|_| Inbox::default()).collect(),
            clients,
            ended: Vec::new(),
            late_acks: Vec::new(),
            answers: Vec::new(),
            tally: Tally::default(),
            plan,
        }
    }

    /// Runs until every client has ended and has been forgotten by the server.
    pub(crate) fn run(mut self) -> Result<Tally, String> {
        while let Some((at, who)) = self.next() {
            self.now = self.now.max(at);
            self.steps += 1;
            if self.steps > STEPS_MAX {
                return Err("it does not end".into());
            }
            self.misfortune()?;
            match who {
                None => self.run_server()?,
                Some(index) if self.clients[index].is_alive() => self.run_client(index)?,
                Some(_) => {}
            }
        }
        self.check_end()?;
        self.tally.steps = self.steps;
        self.tally.micros = self.now;
        for client in &self.clients {
            let statistics = client.statistics();
            self.tally.bits += statistics.bits;
            self.tally.resent_bits += statistics.resent_bits;
            self.tally.repeated_frames += statistics.repeated_frames;
            self.tally.octets += u64::try_from(client.accepted).unwrap_or(0);
        }
        Ok(self.tally)
    }

    /// Which client runs next, or `None` for the server, and when.
    fn next(&self) -> Option<(u64, Option<usize>)> {
        let clients = self.clients.iter().enumerate();
        let mut first =
            clients.filter_map(|(index, client)| Some((client.next_run()?, Some(index)))).min();
        let timer = self.exchange.poll_timeout().map(Instant::as_micros);
        let answer = self.answers.iter().map(|&(at, _)| at).min();
        let late = self.late_acks.first().map(|&(at, ..)| at);
        let told = (!self.ended.is_empty()).then_some(self.now);
        for at in [self.server_woken_at, timer, answer, late, told].into_iter().flatten() {
            let at = at.max(self.server_stopped_until);
            if first.is_none_or(|(earliest, _)| at <= earliest) {
                first = Some((at, None));
            }
        }
        first
    }

    fn is_faulty(&self) -> bool {
        self.steps < self.plan.faults_end
    }

    fn happens(&mut self, per_million: u64) -> bool {
        self.is_faulty() && self.random.happens(per_million)
    }

    /// The time from a signal until its receiver gets the processor.
    fn scheduling_micros(&mut self) -> u64 {
        if self.happens(self.plan.faults.delay) {
            return self.random.logarithmic(60_000);
        }
        2 + self.random.below(9)
    }

    /// Faults that may happen to any process at any moment.
    fn misfortune(&mut self) -> Check {
        if !self.is_faulty() {
            return Ok(());
        }
        let symbol = Bit::from(self.random.below(2) == 0);
        let anybody = self.random.below(u64::try_from(self.clients.len()).unwrap_or(1));
        let anybody = usize::try_from(anybody).unwrap_or(0);
        if self.happens(self.plan.faults.foreign) {
            if self.random.below(2) == 0 {
                self.signal_server(symbol, FOREIGN);
            } else {
                self.signal_client(anybody, symbol, FOREIGN);
            }
        }
        if self.happens(self.plan.faults.stop) {
            let until = self.now + self.random.logarithmic(2_000_000);
            if self.random.below(2) == 0 {
                self.trace(format_args!("server stopped until {until}"));
                self.server_stopped_until = until;
            } else {
                self.trace(format_args!("client {anybody} stopped until {until}"));
                self.clients[anybody].stopped_until = until;
            }
        }
        if self.happens(self.plan.faults.early_timer) {
            let now = Instant::from_micros(self.now);
            if self.random.below(4) > 0 && self.has_begun(anybody) {
                self.trace(format_args!("client {anybody}: early timer"));
                self.clients[anybody].fire_early(self.now);
                self.act(anybody)?;
            } else if let Some(deadline) = self.exchange.poll_timeout() {
                self.trace(format_args!("server: early timer"));
                self.exchange.handle_timeout(deadline.max(now));
                self.server_woken_at = Some(self.now);
            }
        }
        if self.happens(self.plan.faults.abort) && self.has_begun(anybody) {
            self.trace(format_args!("client {anybody} gives up"));
            self.clients[anybody].abort();
            self.wake_client(anybody);
        }
        if self.happens(self.plan.faults.death) && self.has_begun(anybody) {
            self.trace(format_args!("client {anybody} is killed"));
            self.clients[anybody].outcome = Some(Outcome::Killed);
            self.tally.killed += 1;
            self.ended.push(self.clients[anybody].pid);
        }
        Ok(())
    }

    fn has_begun(&self, index: usize) -> bool {
        let client = &self.clients[index];
        client.is_alive() && client.plan.starts_at <= self.now
    }

    fn wake_client(&mut self, index: usize) {
        let at = self.now + self.scheduling_micros();
        let client = &mut self.clients[index];
        client.woken_at = Some(client.woken_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn signal_server(&mut self, bit: Bit, pid: u32) {
        self.bits.send(bit, pid);
        let at = self.now + self.scheduling_micros();
        self.server_woken_at.get_or_insert(at);
    }

    fn signal_client(&mut self, index: usize, ack: Bit, pid: u32) {
        if self.clients[index].is_alive() && self.clients[index].plan.starts_at <= self.now {
            self.clients[index].acks.send(ack, pid);
            self.wake_client(index);
        }
    }

    fn index_of(&self, pid: u32) -> usize {
        // A PID may have been used before.
        self.clients.iter().rposition(|client| client.pid == pid).expect("a known client")
    }

    fn run_client(&mut self, index: usize) -> Check {
        let sight = Sight {
            has_taken_all: self.bits.is_empty(),
            asleep_micros: (self.bits.is_empty() && self.server_woken_at.is_none())
                .then(|| self.now - self.server_asleep_since),
        };
        self.clients[index].run(self.now, SERVER, sight);
        self.act(index)
    }

    /// Lets a client send what it has to send, and report what it has to report.
    fn act(&mut self, index: usize) -> Check {
        let now = self.now;
        loop {
            self.clients[index].hear();
            if !self.clients[index].is_alive() {
                break;
            }
            let Some(bit) = self.clients[index].poll_transmit(now) else {
                self.clients[index].hear();
                break;
            };
            self.trace(format_args!("client {index} sends {bit:?}"));
            if self.happens(self.plan.faults.hidden) {
                self.signal_server(bit, FOREIGN);
            }
            self.signal_server(bit, self.clients[index].pid);
        }
        let client = &self.clients[index];
        if client.accepted > self.inboxes[index].octets() {
            return Err(format!("client {index} believes in octets that were not delivered"));
        }
        if client.is_alive() && self.inboxes[index].ended && !client.is_outcome_unknown() {
            return Err(format!("client {index} would be sure of a failure if the server died"));
        }
        if let Some(outcome) = client.outcome {
            self.trace(format_args!("client {index} ends: {outcome:?}"));
            self.ended.push(self.clients[index].pid);
            self.check_outcome(index, outcome)?;
        }
        Ok(())
    }

    fn check_outcome(&mut self, index: usize, outcome: Outcome) -> Check {
        let (client, inbox) = (&self.clients[index], &self.inboxes[index]);
        inbox
            .check_outcome(client, outcome, &self.plan.faults)
            .map_err(|error| format!("client {index} {error}"))?;
        let tally = &mut self.tally;
        *match outcome {
            Outcome::Delivered => &mut tally.delivered,
            Outcome::Refused(_) => &mut tally.refused,
            Outcome::NotFramed => &mut tally.not_framed,
            Outcome::Aborted => &mut tally.aborted,
            Outcome::Disturbed => &mut tally.disturbed,
            Outcome::TimedOut => &mut tally.timed_out,
            Outcome::Killed => &mut tally.killed,
        } += 1;
        Ok(())
    }

    fn run_server(&mut self) -> Check {
        let now = Instant::from_micros(self.now);
        self.server_woken_at = None;
        self.server_asleep_since = self.now;
        for (_, index, symbol) in std::mem::take(&mut self.late_acks) {
            self.send_ack(index, symbol);
        }
        if let Some((bit, pid)) = self.bits.take() {
            if let Some(ack) = self.exchange.acknowledge(pid, bit, now) {
                self.acknowledge(pid, ack);
            } else if pid != FOREIGN && self.exchange.handle_bit(pid, bit, now) == Handled::Unknown
            {
                // A client without a place waits; its bit is sent again.
                if self.clients[self.index_of(pid)].is_alive() && self.exchange.open(pid).is_ok() {
                    let _ = self.exchange.handle_bit(pid, bit, now);
                }
            }
        } else if let Some(pid) = self.ended.pop() {
            self.exchange.handle_gone(pid);
            if !self.exchange.is_open(pid) {
                self.close(pid, None)?;
            }
        } else {
            self.exchange.handle_timeout(now);
        }
        if !self.bits.is_empty() {
            self.server_woken_at = Some(self.now + 1);
        }
        self.answer();
        self.drive()
    }

    /// Accepts what the output has taken.
    fn answer(&mut self) {
        let now = self.now;
        let (due, later) =
            std::mem::take(&mut self.answers).into_iter().partition(|&(at, _)| at <= now);
        self.answers = later;
        let due: Vec<(u64, u32)> = due;
        for (_, pid) in due {
            self.accept(pid);
        }
    }

    fn accept(&mut self, pid: u32) {
        let index = self.index_of(pid);
        let inbox = &mut self.inboxes[index];
        inbox.waits = false;
        if inbox.refused.is_none() {
            inbox.written = inbox.ended;
            self.exchange.accept(pid);
        }
    }

    fn drive(&mut self) -> Check {
        let now = Instant::from_micros(self.now);
        loop {
            let Some(output) = self.exchange.poll_output(now) else { return Ok(()) };
            match output {
                Output::Transmit { peer, symbol, .. } => self.acknowledge(peer, symbol),
                Output::Payload(piece) => {
                    let (peer, last) = (piece.peer, piece.last);
                    let framed = piece.protocol == Protocol::Framed;
                    let index = self.clients.iter().rposition(|client| client.pid == peer);
                    let index = index.ok_or("a payload of nobody")?;
                    let disturbed = self.plan.faults.disturb();
                    self.inboxes[index].take(&self.clients[index], &piece, disturbed)?;
                    self.take_piece(index, last, framed)?;
                }
                Output::TooLong { peer, .. } => {
                    let index = self.index_of(peer);
                    self.inboxes[index].refused = Some(RefusalReason::TooLong);
                }
                Output::Closed { peer, cut, .. } => self.close(peer, cut)?,
            }
        }
    }

    fn acknowledge(&mut self, pid: u32, symbol: Bit) {
        let index = self.index_of(pid);
        self.trace(format_args!("server sends {symbol:?} to client {index}"));
        self.inboxes[index].passed_over.clear();
        if self.late_acks.is_empty() && self.happens(self.plan.faults.late_ack) {
            self.server_stopped_until = self.now + self.random.logarithmic(60_000);
        }
        if self.now < self.server_stopped_until {
            self.late_acks.push((self.server_stopped_until, index, symbol));
        } else {
            self.send_ack(index, symbol);
        }
    }

    fn send_ack(&mut self, index: usize, symbol: Bit) {
        if self.happens(self.plan.faults.hidden) {
            self.signal_client(index, symbol, FOREIGN);
        }
        self.signal_client(index, symbol, SERVER);
    }

    fn take_piece(&mut self, index: usize, last: bool, framed: bool) -> Check {
        let pid = self.clients[index].pid;
        self.trace(format_args!("server has a piece of client {index}, last: {last}"));
        self.inboxes[index].ended |= last;
        self.inboxes[index].waits = true;
        if framed {
            self.check_fairness(pid)?;
        }
        if self.happens(self.plan.faults.refusal) {
            let drawn = usize::try_from(self.random.below(4)).unwrap_or(0);
            let reason = REASONS[drawn];
            self.inboxes[index].refused = Some(reason);
            self.inboxes[index].waits = false;
            self.inboxes[index].ended = false;
            self.exchange.refuse(pid, reason);
        } else if self.happens(self.plan.faults.slow_output) {
            let at = self.now + self.random.logarithmic(700_000);
            self.answers.push((at, pid));
        } else {
            self.accept(pid);
        }
        Ok(())
    }

    /// While a client waits for the floor, every other one has it at most once, or had it just
    /// before.
    fn check_fairness(&mut self, pid: u32) -> Check {
        for (client, inbox) in self.clients.iter().zip(&mut self.inboxes) {
            if client.pid == pid || !client.is_alive() || !self.exchange.is_waiting(client.pid) {
                continue;
            }
            let passed_over = inbox.passed_over.entry(pid).or_default();
            *passed_over += 1;
            if *passed_over > PASSED_OVER_MAX {
                return Err(format!("PID {} is passed over for PID {pid}", client.pid));
            }
        }
        Ok(())
    }

    fn close(&mut self, pid: u32, cut: Option<u64>) -> Check {
        let index = self.index_of(pid);
        self.trace(format_args!("server closes client {index}, cut: {cut:?}"));
        let inbox = &mut self.inboxes[index];
        if std::mem::replace(&mut inbox.closed, true) {
            return Err(format!("client {index} is closed twice"));
        }
        let may_be_damaged = !self.clients[index].plan.framed && self.plan.faults.disturb();
        if !may_be_damaged && !inbox.is_told(cut) {
            return Err(format!("client {index} is cut at {cut:?} of {} octets", inbox.octets()));
        }
        if self.clients[index].is_alive() {
            return Err(format!("client {index} is closed alive"));
        }
        if self.happens(self.plan.faults.pid_reuse) && self.clients.len() < 12 {
            let mut plan = super::plan::ClientPlan::draw(&mut self.random);
            plan.starts_at += self.now;
            self.clients.push(Client::new(pid, plan));
            self.inboxes.push(Inbox::default());
        }
        Ok(())
    }

    fn check_end(&self) -> Check {
        for (index, (client, inbox)) in self.clients.iter().zip(&self.inboxes).enumerate() {
            if client.is_alive() || !inbox.closed {
                return Err(format!("client {index} is left over"));
            }
        }
        if self.exchange.open_count() > 0 {
            return Err("a place is still taken".into());
        }
        Ok(())
    }

    fn trace(&self, what: std::fmt::Arguments<'_>) {
        if self.traced {
            eprintln!("{:>9} µs  {what}", self.now);
        }
    }
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        let Self { steps, micros, delivered, octets, bits, resent_bits, .. } = other;
        self.steps += steps;
        self.micros += micros;
        self.delivered += delivered;
        self.octets += octets;
        self.bits += bits;
        self.resent_bits += resent_bits;
        self.repeated_frames += other.repeated_frames;
        self.refused += other.refused;
        self.aborted += other.aborted;
        self.killed += other.killed;
        self.not_framed += other.not_framed;
        self.disturbed += other.disturbed;
        self.timed_out += other.timed_out;
    }
}
