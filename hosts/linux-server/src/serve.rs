//! The loop: for each thing that happens, absorb, write, answer, report.

use std::io;
use std::os::fd::AsFd;

use minitalk::{Connected, Ended, Happening, ListenError, Listener, ListenerConfig, Stray};
use minitalk_cli::limit::Told;
use minitalk_core::{Instant, RefusalReason};
use minitalk_signals::{BlockingError, Interest, Termination, WaitError, WatchError, now};
use thiserror::Error;

use crate::announce::{AnnounceError, Announcement};
use crate::cli::Options;
use crate::json::Object;
use crate::output::{Output, Unwritable};
use crate::reason::Reason;
use crate::report::{self, Notice, Reporter};
use crate::tap::Tap;

/// What the descriptors that are watched are told apart by.
const OUTPUT_TOKEN: u64 = 0;
const COMMAND_TOKEN: u64 = 1;

/// How long senders are told that no more will be taken.
const FAREWELL_MICROS: u64 = 1_000_000;

/// Why the server could not go on.
#[derive(Debug, Error)]
pub(crate) enum ServeError {
    #[error("{0}")]
    Listen(#[from] ListenError),
    #[error("{0}")]
    Wait(#[from] WaitError),
    #[error("{0}")]
    Watch(#[from] WatchError),
    #[error(
        "cannot write the messages: {0}; what was not written has not been confirmed to its sender"
    )]
    Output(io::Error),
    #[error("{0}")]
    Announce(#[from] AnnounceError),
}

impl ServeError {
    /// Whether a signal has asked to end before the server was ready.
    pub(crate) const fn is_termination(&self) -> bool {
        matches!(self, Self::Announce(AnnounceError::Waiting(BlockingError::Terminated(_))))
    }
}

/// A server that is ready, and has said so.
#[derive(Debug)]
pub(crate) struct Server {
    listener: Listener<Tap>,
    output: Output,
    reporter: Reporter,
    /// What is to be reported at the end of this round.
    notices: Vec<Notice>,
    json: bool,
    is_watching: bool,
    messages: u64,
    messages_max: Option<u64>,
    farewell: Option<Farewell>,
    /// The signal that has asked to end.
    asked: Option<&'static str>,
    _announcement: Announcement,
}

/// The last moments: nothing new is taken, and senders are told why.
#[derive(Debug)]
struct Farewell {
    reason: RefusalReason,
    deadline: Instant,
    error: Option<io::Error>,
}

impl Server {
    /// Takes over the signals, then says the PID: whoever reads it may send at once.
    pub(crate) fn start(options: &Options) -> Result<Self, ServeError> {
        let mut config = ListenerConfig::default();
        config.protocols = options.protocol.into();
        config.dialect = options.dialect.0;
        config.pace = options.pace;
        config.octets_max = options.octets_max();
        config.acknowledge_anyone = options.acknowledge_anyone;
        config.name.clone_from(&options.name);
        config.terminations = true;
        let mut listener = Listener::open_observed(&config, Tap::new(options))?;
        let (announcement, output) = Announcement::new(options, &mut listener)?;
        if let Some(runner) = output.runner() {
            listener.watch(runner.as_fd(), COMMAND_TOKEN, Interest::Readable)?;
        }
        let mut server = Self {
            listener,
            output,
            reporter: Reporter::new(options.level()),
            notices: Vec::new(),
            json: options.json,
            is_watching: false,
            messages: 0,
            messages_max: options.messages_max(),
            farewell: None,
            asked: None,
            _announcement: announcement,
        };
        let name = options.name.as_ref().map(ToString::to_string);
        server.notices.push(Notice::Listening { pid: std::process::id(), name });
        server.report(now());
        server.write(now());
        Ok(server)
    }

    /// Serves until a signal asks to end, enough messages have come, or the output fails.
    pub(crate) fn serve(mut self) -> Result<(), ServeError> {
        while !self.is_over() {
            let now = self.absorb()?;
            self.write(now);
            self.answer();
            self.report(now);
        }
        self.end()
    }

    fn is_over(&self) -> bool {
        let done = |last: &Farewell| now() >= last.deadline || self.listener.connected() == 0;
        self.asked.is_some() || self.farewell.as_ref().is_some_and(done)
    }

    /// Waits for the next thing that happens, and takes note of it.
    fn absorb(&mut self) -> Result<Instant, ServeError> {
        let farewell = self.farewell.as_ref().map(|farewell| farewell.deadline);
        let deadlines = [farewell, self.output.deadline(), self.reporter.deadline()];
        let deadline = deadlines.into_iter().flatten().min();
        self.watch_output()?;
        let happening = self.listener.next_or(deadline)?;
        let now = now();
        match happening {
            Happening::Piece(piece) => match self.farewell.as_ref().map(|last| last.reason) {
                None => self.output.push_piece(&piece, now),
                Some(reason) => {
                    let peer = piece.peer;
                    self.refuse(peer, reason, reason.into());
                }
            },
            Happening::Connected(Connected { peer, uid, program, .. }) => {
                self.notices.push(Notice::Connected { peer, uid, program });
            }
            Happening::Ended(ended) => self.handle_end(ended, now),
            Happening::Cut { peer, uid, .. } => self.cut(peer, uid, Reason::ended(), now),
            Happening::TooLong { peer, .. } => {
                let reason = Reason::from(RefusalReason::TooLong);
                self.output.cut(peer, &reason, now);
                self.notices.push(Notice::Refused { peer, reason });
            }
            Happening::Left { peer } => self.notices.push(Notice::Left { peer }),
            Happening::Damaged { peer } => self.notices.push(Notice::Damaged { peer }),
            Happening::Misanswered { peer } => self.notices.push(Notice::Misanswered { peer }),
            Happening::DoesNotWait { peer } => self.notices.push(Notice::DoesNotWait { peer }),
            Happening::Stray(Stray { peer, program, cause, .. }) => {
                let reason = Reason::from(&cause);
                self.notices.push(Notice::Stray { peer, program, reason });
            }
            Happening::Full { places } => self.notices.push(Notice::Full { places }),
            Happening::Terminate(termination) => self.asked = Some(signal_name(termination)),
            Happening::Ready { .. } | Happening::TimedOut => {}
        }
        if let Some(peer) = self.output.stalled(now) {
            let reason = Reason::from(RefusalReason::Stalled);
            self.output.cut(peer, &reason, now);
            self.refuse(peer, RefusalReason::Stalled, reason);
        }
        Ok(now)
    }

    /// Watches the output as long as something waits for room there.
    fn watch_output(&mut self) -> Result<(), WatchError> {
        if self.output.is_behind() == self.is_watching {
            return Ok(());
        }
        self.is_watching = !self.is_watching;
        let sink = self.output.sink().as_fd();
        if self.is_watching {
            return self.listener.watch(sink, OUTPUT_TOKEN, Interest::Writable);
        }
        self.listener.unwatch(sink);
        Ok(())
    }

    fn handle_end(&mut self, ended: Ended, now: Instant) {
        self.notices.push(Notice::Message(ended));
        self.messages += 1;
        if self.messages_max.is_some_and(|messages_max| self.messages >= messages_max) {
            self.say_farewell(RefusalReason::ShuttingDown, None);
            self.refuse_waiting(now);
        }
    }

    /// Refuses what would be written next: the last message has been.
    fn refuse_waiting(&mut self, now: Instant) {
        let arriving = self.output.arriving();
        for peer in self.output.unfinished() {
            if self.json && arriving.contains(&peer) {
                self.output.cut(peer, &Reason::still_sending(), now);
            } else {
                self.output.drop_message(peer);
            }
            let reason = RefusalReason::ShuttingDown;
            self.refuse(peer, reason, reason.into());
        }
    }

    fn refuse(&mut self, peer: u32, why: RefusalReason, reason: Reason) {
        self.listener.refuse(peer, why);
        self.notices.push(Notice::Refused { peer, reason });
    }

    fn say_farewell(&mut self, reason: RefusalReason, error: Option<io::Error>) {
        if self.farewell.is_none() {
            let deadline = now().after_micros(FAREWELL_MICROS);
            self.farewell = Some(Farewell { reason, deadline, error });
        }
    }

    fn cut(&mut self, peer: u32, uid: u32, reason: Reason, now: Instant) {
        let octets = self.output.cut(peer, &reason, now);
        if octets.is_none() && self.json {
            let object = Object::Cut { peer, uid, bytes: 0, text: "", reason: &reason, time: None };
            self.output.push_line(object.line(), now);
        }
        self.notices.push(Notice::Cut { peer, octets: octets.unwrap_or(0), reason });
    }

    fn write(&mut self, now: Instant) {
        while let Err(Unwritable { peer, error }) =
            self.output.write(|peer| self.listener.is_waiting(peer), now)
        {
            if self.asked.is_some() && error.kind() == io::ErrorKind::BrokenPipe {
                // Ctrl-C has ended the reader as well: nobody is left who could miss anything.
                self.output.discard();
                return;
            }
            let is_passing = is_passing(&error) || self.output.runner().is_some();
            let refused = if is_passing || self.farewell.is_some() {
                peer.into_iter().collect()
            } else {
                peer.into_iter().chain(self.output.unfinished()).collect::<Vec<_>>()
            };
            for peer in refused {
                self.output.drop_message(peer);
                let reason = Reason::cannot_write(&error);
                self.refuse(peer, RefusalReason::OutputFailed, reason);
            }
            if !is_passing {
                self.say_farewell(RefusalReason::OutputFailed, Some(error));
            }
        }
    }

    /// Accepts what has become safe.
    fn answer(&mut self) {
        while let Some(peer) = self.output.next_answer() {
            self.listener.accept(peer);
        }
    }

    /// Tells the operator, and among the messages if they are JSON.
    fn report(&mut self, now: Instant) {
        for notice in std::mem::take(&mut self.notices) {
            // Of messages, programs want to know each; of strays, how many.
            if !notice.is_stray() {
                self.push_object(&notice, 0, now);
            }
            if let Some(told) = self.reporter.admit(notice, now) {
                self.tell(&told, now);
            }
        }
        while let Some(told) = self.reporter.due(now) {
            self.tell(&told, now);
        }
    }

    fn tell(&mut self, told: &Told<Notice>, now: Instant) {
        self.reporter.tell(told);
        if told.what.is_stray() {
            self.push_object(&told.what, told.others, now);
        }
    }

    fn push_object(&mut self, notice: &Notice, others: u64, now: Instant) {
        if let Some(object) = notice.object(others).filter(|_| self.json) {
            self.output.push_line(object.line(), now);
        }
    }

    fn end(mut self) -> Result<(), ServeError> {
        let now = now();
        for peer in self.output.arriving() {
            self.cut(peer, 0, Reason::still_sending(), now);
        }
        self.write(now);
        let (messages, strays) = (self.messages, self.listener.strays());
        let reason = self.asked.unwrap_or("done");
        self.notices.push(Notice::Stopped { reason, messages, strays });
        self.report(now);
        self.write(now);
        if let Err(error) = self.listener.close().finish() {
            report::error(&error);
        }
        let error = self.farewell.and_then(|farewell| farewell.error);
        error.map_or(Ok(()), |error| Err(ServeError::Output(error)))
    }
}

const fn signal_name(termination: Termination) -> &'static str {
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
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::NotFound
    )
}
