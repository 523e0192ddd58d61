//! The loop: signals in, acknowledgments and text out.

use std::io;

use std::os::fd::AsFd;

use minitalk::admission::Sending;
use minitalk_cli::trace::Trace;
use minitalk_core::exchange::{Exchange, Handled, Output as Step, Place};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::{Bit, Instant, RefusalReason};
use minitalk_signals::{
    Arrival, Interest, Line, OpenLineError, Origin, SendError, Termination, WaitError, Wake, now,
};
use thiserror::Error;

use crate::announce::{AnnounceError, Announcement};
use crate::cli::Options;
use crate::message::{NOBODY, cut_json};
use crate::output::{Completed, Output};
use crate::peers::{Known, Peers, name_of};
use crate::reason::Reason;
use crate::report::{self, Happening, Level};
use crate::strays::Strays;

/// Senders that can have a place at the same time.
const SESSIONS: usize = 64;

/// The token of the output. Those of senders are their numbers.
const OUTPUT: u64 = u64::MAX;

/// How long senders are told that no more will be taken.
const FAREWELL_MICROS: u64 = 1_000_000;

/// Why the server could not go on.
#[derive(Debug, Error)]
pub(crate) enum ServeError {
    #[error("{0}")]
    Open(#[from] OpenLineError),
    #[error("{0}")]
    Wait(#[from] WaitError),
    #[error(
        "cannot write the messages: {0}; what was not written has not been confirmed to its sender"
    )]
    Output(io::Error),
    #[error("cannot open {path}: {error}")]
    File { path: String, error: io::Error },
    #[error("{0}")]
    Announce(#[from] AnnounceError),
}

/// A server that is ready, and has said so.
pub(crate) struct Server {
    line: Line,
    exchange: Exchange<Vec<Place<FRAME_OCTETS_MAX>>, FRAME_OCTETS_MAX>,
    peers: Peers,
    output: Output,
    trace: Option<Trace>,
    anyone: bool,
    level: Level,
    json: bool,
    strays: Strays,
    messages: u64,
    messages_max: Option<u64>,
    farewell: Option<Farewell>,
    is_asked_to_end: bool,
    _announcement: Announcement,
}

/// The last moments: nothing new is taken, and senders are told why.
struct Farewell {
    reason: RefusalReason,
    deadline: Instant,
    error: Option<io::Error>,
}

impl Server {
    /// Takes over the signals, then says the PID: whoever reads it may send at once.
    pub(crate) fn start(options: &Options) -> Result<Self, ServeError> {
        let mut line = Line::open()?;
        line.take_terminations()?;
        let output = Output::new(options)?;
        let trace = options.trace.as_deref().map(|path| {
            let file = |error| ServeError::File { path: path.display().to_string(), error };
            Trace::create(path).map_err(file)
        });
        // Nobody is told the PID of a server that cannot start.
        let trace = trace.transpose()?;
        let exchange = Exchange::new(options.dialect, vec![Place::FREE; SESSIONS])
            .with_protocols(options.protocol.into())
            .with_octets_max(options.octets_max());
        let announcement = Announcement::new(options)?;
        let mut server = Self {
            line,
            exchange,
            peers: Peers::default(),
            output,
            trace,
            anyone: options.acknowledge_anyone,
            level: options.level(),
            json: options.json,
            strays: Strays::default(),
            messages: 0,
            messages_max: options.messages_max(),
            farewell: None,
            is_asked_to_end: false,
            _announcement: announcement,
        };
        let name = options.name.as_ref().map(ToString::to_string);
        server.report(&Happening::Listening { pid: std::process::id(), name });
        server.write();
        Ok(server)
    }

    /// Serves until a signal asks to end, enough messages have come, or the output fails.
    pub(crate) fn serve(mut self) -> Result<(), ServeError> {
        let mut woken_at = now();
        loop {
            // While bits come in, that is all there is to look at: to watch the rest takes preparation, and
            // the clock is read when they come no more at once, for it takes as long as an acknowledgment.
            let polled = self.line.poll()?;
            let wake = match polled {
                Some(wake) => wake,
                None => self.wait()?,
            };
            if polled.is_none() {
                woken_at = now();
            }
            let is_arrival = matches!(wake, Wake::Arrival(_));
            match wake {
                Wake::Arrival(arrival) => self.handle_arrival(arrival, woken_at),
                Wake::Terminate(termination) => {
                    self.is_asked_to_end = true;
                    return self.end(signal_name(termination));
                }
                Wake::Ready(_) => {}
                Wake::TimedOut => self.handle_timeout(woken_at),
            }
            // Most bits bring an acknowledgment and nothing else.
            if self.advance(woken_at) || !is_arrival || self.output.is_behind() {
                self.settle(woken_at);
            }
            let over =
                |last: &Farewell| woken_at >= last.deadline || self.exchange.open_count() == 0;
            if self.farewell.as_ref().is_some_and(over) {
                return self.end("done");
            }
        }
    }

    /// Waits for the next signal, the end of a sender, or room in the output.
    fn wait(&mut self) -> Result<Wake, WaitError> {
        let farewell = self.farewell.as_ref().map(|farewell| farewell.deadline);
        let stall = self.output.stall().map(|(_, deadline)| deadline);
        let deadline = [self.exchange.poll_timeout(), stall, farewell].into_iter().flatten().min();
        match self.output.is_behind() {
            true => self.line.watch(self.output.sink(), OUTPUT, Interest::Writable),
            false => Ok(self.line.unwatch(self.output.sink())),
        }
        .map_err(|error| WaitError(error.0))?;
        let wake = self.line.wait(deadline)?;
        if let Wake::Ready(pid) = wake
            && let Ok(pid) = u32::try_from(pid)
        {
            self.exchange.handle_gone(pid);
        }
        Ok(wake)
    }

    fn handle_arrival(&mut self, arrival: Arrival, now: Instant) {
        match arrival.origin {
            Origin::Process { pid, .. } => {
                let handled = self.exchange.handle_bit(pid, arrival.bit, now);
                self.output.hear(pid, now);
                match handled {
                    Handled::Taken => {
                        if let Some(trace) = &mut self.trace {
                            trace.bit(arrival.bit);
                        }
                    }
                    Handled::Lost => {
                        let news = self.peers.lose(pid);
                        self.report_some(news);
                    }
                    Handled::Repeated | Handled::Ignored => {}
                    Handled::Unknown => self.handle_newcomer(pid, arrival.bit, now),
                }
            }
            Origin::Outside => {
                let news = self.strays.outside();
                self.report_some(news);
            }
            Origin::Forged { code } => {
                let news = self.strays.forged(code);
                self.report_some(news);
            }
        }
    }

    /// Gives a process that is heard for the first time a place, if it survives being answered.
    fn handle_newcomer(&mut self, pid: u32, bit: Bit, now: Instant) {
        if self.peers.is_turned_away(pid, now) {
            self.strays.repeated();
            return;
        }
        if let Err(reason) = self.peers.admit(pid, self.anyone, now) {
            self.peers.turn_away(pid, now);
            let news = self.strays.turned_away(pid, name_of(pid), &reason);
            self.report(&news);
            return;
        }
        if self.exchange.open_count() >= SESSIONS {
            self.exchange.grow(SESSIONS);
        }
        if self.exchange.open(pid).is_err() {
            self.peers.forget(pid);
            self.peers.turn_away(pid, now);
            let news = self.strays.full(SESSIONS);
            self.report_some(news);
            return;
        }
        if let Some(Known { process, .. }) = self.peers.find(pid)
            && self.line.watch(process.peer().as_fd(), pid.into(), Interest::Readable).is_err()
        {
            self.exchange.handle_gone(pid);
            return;
        }
        if let Some(Known { uid, program, .. }) = self.peers.find(pid) {
            let connected = Happening::Connected { peer: pid, uid: *uid, program: program.clone() };
            self.report(&connected);
        }
        if let Some(trace) = &mut self.trace {
            trace.bit(bit);
        }
        // It has a place, and nothing of it waits: its bit is taken.
        let _ = self.exchange.handle_bit(pid, bit, now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.exchange.handle_timeout(now);
        if let Some((peer, deadline)) = self.output.stall()
            && deadline <= now
        {
            if self.exchange.is_waiting(peer) {
                // Not silent: it has not had its turn.
                self.output.hear(peer, now);
            } else {
                self.exchange.refuse(peer, RefusalReason::Stalled);
                let reason = Reason::from(RefusalReason::Stalled);
                self.output.cut(peer, &reason);
                // The fragment ends its line before the operator's begins: both may go to one terminal.
                self.write();
                self.report(&Happening::Refused { peer, reason });
            }
        }
    }

    /// Does what the exchange wants; true if that was more than to acknowledge.
    fn advance(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some(step) = self.exchange.poll_output(now) {
            any |= !matches!(step, Step::Transmit { .. });
            match step {
                Step::Transmit { peer, symbol, .. } => {
                    self.transmit(peer, symbol);
                    self.output.hear(peer, now);
                }
                Step::Payload(piece) => {
                    let peer = piece.peer;
                    if let Some(farewell) = &self.farewell {
                        let reason = farewell.reason;
                        self.exchange.refuse(peer, reason);
                        let reason = reason.into();
                        self.report(&Happening::Refused { peer, reason });
                    } else {
                        self.output.push(&piece, self.peers.find(peer), now);
                        // Before the exchange is asked again: a sender that waits for its answer
                        // would lose the floor.
                        if !self.answer(now) {
                            self.write();
                            self.answer(now);
                        }
                    }
                }
                Step::TooLong { peer, .. } => {
                    let reason = Reason::from(RefusalReason::TooLong);
                    self.output.cut(peer, &reason);
                    self.report(&Happening::Refused { peer, reason });
                }
                Step::Closed { peer, cut } => self.close(peer, cut),
            }
        }
        any
    }

    /// Does all else that can be done without waiting.
    fn settle(&mut self, now: Instant) {
        self.write();
        while self.answer(now) {
            self.advance(now);
            self.write();
        }
    }

    /// Accepts what has become safe; false if nothing has.
    ///
    /// What may be kept is acknowledged before it is written: meanwhile its sender goes on.
    fn answer(&mut self, now: Instant) -> bool {
        let mut any = false;
        while let Some(answer) = self.output.next_answer() {
            self.exchange.accept(answer.peer);
            if let Some(completed) = answer.completed {
                self.complete(answer.peer, completed, now);
            }
            any = true;
        }
        any
    }

    fn complete(&mut self, peer: u32, completed: Completed, now: Instant) {
        let Completed { protocol, octets, seconds } = completed;
        self.report(&Happening::Message { peer, protocol, octets, seconds });
        self.peers.between_messages(peer, now);
        self.messages += 1;
        if self.messages_max.is_some_and(|messages_max| self.messages >= messages_max) {
            self.say_farewell(RefusalReason::ShuttingDown, None);
            self.refuse_waiting();
        }
    }

    /// Refuses what would be written next: the last message has been.
    fn refuse_waiting(&mut self) {
        let waiting: Vec<u32> = self.output.unfinished().filter(|&peer| peer != NOBODY).collect();
        let arriving: Vec<u32> = self.output.arriving().collect();
        for peer in waiting {
            self.exchange.refuse(peer, RefusalReason::ShuttingDown);
            if self.json && arriving.contains(&peer) {
                self.cut(peer, Reason::still_sending());
            } else {
                self.output.drop_message(peer);
            }
            let reason = RefusalReason::ShuttingDown.into();
            self.report(&Happening::Refused { peer, reason });
        }
    }

    fn say_farewell(&mut self, reason: RefusalReason, error: Option<io::Error>) {
        if self.farewell.is_none() {
            let deadline = now().after_micros(FAREWELL_MICROS);
            self.farewell = Some(Farewell { reason, deadline, error });
        }
    }

    fn transmit(&mut self, pid: u32, symbol: Bit) {
        let Some(known) = self.peers.find(pid) else { return };
        match known.process.send(symbol) {
            Ok(Sending::Withheld) => {}
            Ok(Sending::Sent) => {
                if let Some(trace) = &mut self.trace {
                    trace.ack(symbol);
                }
            }
            // Its pidfd tells of its end, after its last signals have been taken.
            Err(SendError::Gone) => {}
            Err(error) => {
                let reason = Reason::cannot_acknowledge(error);
                let program = known.program.clone();
                self.report(&Happening::Stray { peer: Some(pid), program, reason });
                self.exchange.handle_gone(pid);
            }
        }
    }

    fn write(&mut self) {
        while let Err((peer, error)) = self.output.write() {
            if self.is_asked_to_end && error.kind() == io::ErrorKind::BrokenPipe {
                // Ctrl-C has ended the reader as well: nobody is left who could miss anything.
                self.output.discard();
                continue;
            }
            let is_passing = is_passing(&error);
            if is_passing && peer == NOBODY {
                self.output.hold_line();
                continue;
            }
            let refused = if is_passing || self.farewell.is_some() {
                vec![peer]
            } else {
                self.output.unfinished().collect()
            };
            for peer in refused {
                self.exchange.refuse(peer, RefusalReason::OutputFailed);
                self.output.drop_message(peer);
                if peer != NOBODY {
                    let reason = Reason::cannot_write(&error);
                    self.report(&Happening::Refused { peer, reason });
                }
            }
            if !is_passing {
                self.say_farewell(RefusalReason::OutputFailed, Some(error));
            }
        }
    }

    fn close(&mut self, peer: u32, cut: Option<u64>) {
        if cut.is_some() {
            self.cut(peer, Reason::ended());
        } else {
            self.output.cut(peer, &Reason::ended());
        }
        self.report(&Happening::Left { peer });
        if let Some(known) = self.peers.find(peer) {
            self.line.unwatch(known.process.peer().as_fd());
        }
        self.peers.forget(peer);
    }

    fn cut(&mut self, peer: u32, reason: Reason) {
        let octets = self.output.cut(peer, &reason).unwrap_or_else(|| {
            if self.json {
                let uid = self.peers.find(peer).map_or(0, |known| known.uid);
                self.output.push_line(&cut_json(peer, uid, 0, "", &reason));
            }
            0
        });
        // The fragment ends its line before the operator's begins: both may go to one terminal.
        self.write();
        self.report(&Happening::Cut { peer, octets, reason });
    }

    fn report_some(&mut self, happening: Option<Happening>) {
        if let Some(happening) = happening {
            self.report(&happening);
        }
    }

    /// Tells the operator, and among the messages if they are JSON.
    fn report(&mut self, happening: &Happening) {
        happening.tell(self.level);
        if self.json
            && let Some(object) = happening.json()
        {
            self.output.push_line(&object);
        }
    }

    fn end(mut self, reason: &'static str) -> Result<(), ServeError> {
        let arriving: Vec<u32> = self.output.arriving().collect();
        for peer in arriving {
            self.cut(peer, Reason::still_sending());
        }
        let (messages, strays) = (self.messages, self.strays.count());
        self.report(&Happening::Stopped { reason, messages, strays });
        self.write();
        if let Some(Err(error)) = self.trace.map(Trace::finish) {
            report::error(&error);
        }
        let error = self.farewell.and_then(|farewell| farewell.error);
        error.map_or(Ok(()), |error| Err(ServeError::Output(error)))
    }
}

fn signal_name(termination: Termination) -> &'static str {
    match termination {
        Termination::Interrupt => "SIGINT",
        Termination::Terminate => "SIGTERM",
        Termination::Hangup => "SIGHUP",
    }
}

/// Whether a later write may succeed: the disk may be emptied, the pipe's reader does not return.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
