//! The loop: after each event, absorb, write, answer, report.

use std::error::Error;
use std::io::{self, ErrorKind, Stderr};
use std::os::fd::AsFd;

use minitalk::messages::{Messages, Unwritable};
use minitalk::{Ended, Happening, Listener};
use minitalk_cli::daemon::Announcement;
use minitalk_cli::report::{Level, Reporter, note};
use minitalk_cli::trace::View;
use minitalk_core::{Instant, RefusalReason};
use minitalk_signals::{Termination, WatchError, now};

use crate::cli::Options;
use crate::look::{self, Look};
use crate::reason::Reason;
use crate::report::Notice;
use crate::start;

/// The token of the output among the watched descriptors.
const OUTPUT_TOKEN: u64 = 0;

/// A server that is ready and has announced it.
#[derive(Debug)]
pub(crate) struct Server {
    listener: Listener<View<Stderr>>,
    messages: Messages<Look>,
    reporter: Reporter<Notice>,
    count: u64,
    count_max: Option<u64>,
    /// The signal that asked to end.
    asked: Option<Termination>,
    /// Whether nothing is left to do.
    is_over: bool,
    /// The error after which nothing can be written any more.
    failed: Option<io::Error>,
    _announcement: Announcement,
}

impl Server {
    /// Takes over the signals, then announces the PID: whoever reads it may send at once.
    pub(crate) fn start(options: &Options) -> Result<Self, Box<dyn Error>> {
        let mut listener = start::listen(options)?;
        let (announcement, messages) = start::announce(options, &mut listener)?;
        let level = Level::of(options.quiet, options.verbose);
        let mut server = Self {
            listener,
            messages,
            reporter: Reporter::new(level, options.json),
            count: 0,
            count_max: options.messages_max(),
            asked: None,
            is_over: false,
            failed: None,
            _announcement: announcement,
        };
        let name = options.name.as_ref().map(ToString::to_string);
        server.reporter.note(Notice::Listening { pid: std::process::id(), name });
        server.report(now());
        server.write(now());
        Ok(server)
    }

    /// Serves until a signal asks to end, enough messages have come, or the output fails.
    pub(crate) fn serve(mut self) -> Result<(), Box<dyn Error>> {
        while !self.is_over && self.asked.is_none() {
            let now = self.absorb()?;
            // Acknowledge what may be kept before writing anything, so that its sender can continue
            // meanwhile.
            self.answer();
            self.write(now);
            self.answer();
            self.report(now);
        }
        self.end()
    }

    /// Waits for the next event, and processes it.
    fn absorb(&mut self) -> Result<Instant, Box<dyn Error>> {
        let deadlines = [self.messages.deadline(), self.reporter.deadline()];
        self.watch_output()?;
        let happening = self.listener.next_or(deadlines.into_iter().flatten().min())?;
        let now = now();
        match happening {
            Happening::Piece(piece) => self.messages.push_piece(&piece, now),
            Happening::Ended(ended) => self.handle_end(ended, now),
            Happening::Cut { peer, uid, .. } => self.cut(peer, uid, Reason::ended(), now),
            Happening::Refused { peer, reason, .. } => {
                let reason = Reason::from(reason);
                self.messages.cut(peer, &reason, now);
                self.reporter.note(Notice::Refused { peer, reason });
            }
            Happening::Terminate(termination) => self.asked = Some(termination),
            Happening::Closed => self.is_over = true,
            other => Notice::of(other).into_iter().for_each(|notice| self.reporter.note(notice)),
        }
        if let Some(peer) = self.messages.stalled(now) {
            let reason = Reason::from(RefusalReason::Stalled);
            self.messages.cut(peer, &reason, now);
            self.refuse(peer, RefusalReason::Stalled, reason);
        }
        Ok(now)
    }

    /// Watches the output while something waits for it.
    fn watch_output(&mut self) -> Result<(), WatchError> {
        match self.messages.changed_interest() {
            None => {}
            Some(None) => self.listener.unwatch(self.messages.as_fd()),
            Some(Some(interest)) => {
                self.listener.watch(self.messages.as_fd(), OUTPUT_TOKEN, interest)?;
            }
        }
        Ok(())
    }

    fn handle_end(&mut self, ended: Ended, now: Instant) {
        self.reporter.note(Notice::Message(ended));
        self.count += 1;
        if self.count_max.is_some_and(|count_max| self.count >= count_max) {
            let why = RefusalReason::ShuttingDown;
            self.listener.shut_down(why);
            // The last message has been written; these would be next.
            for peer in self.messages.close(&Reason::still_sending(), now) {
                self.refuse(peer, why, why.into());
            }
        }
    }

    fn refuse(&mut self, peer: u32, why: RefusalReason, reason: Reason) {
        self.listener.refuse(peer, why);
        self.reporter.note(Notice::Refused { peer, reason });
    }

    fn cut(&mut self, peer: u32, uid: u32, reason: Reason, now: Instant) {
        let octets = self.messages.cut(peer, &reason, now);
        if octets.is_none() && self.reporter.is_json() {
            self.messages.push_line(look::cut_at_once(peer, uid, &reason), now);
        }
        self.reporter.note(Notice::Cut { peer, octets: octets.unwrap_or(0), reason });
    }

    fn write(&mut self, now: Instant) {
        while let Err(Unwritable { peer, error, is_passing }) =
            self.messages.write(|peer| self.listener.is_waiting(peer), now)
        {
            if self.asked.is_some() && error.kind() == ErrorKind::BrokenPipe {
                // Ctrl-C has ended the reader as well: nobody is left who could miss anything.
                return self.messages.discard();
            }
            let is_last = !is_passing && !self.listener.is_shutting_down();
            for peer in self.messages.give_up(peer, is_last) {
                self.refuse(peer, RefusalReason::OutputFailed, Reason::cannot_write(&error));
            }
            if is_last {
                self.listener.shut_down(RefusalReason::OutputFailed);
                self.failed = Some(error);
            }
        }
    }

    /// Accepts everything that is now safe.
    fn answer(&mut self) {
        while let Some(peer) = self.messages.next_answer() {
            self.listener.accept(peer);
        }
    }

    /// Reports to the operator; notices in JSON go among the messages.
    fn report(&mut self, now: Instant) {
        for line in self.reporter.report(now) {
            self.messages.push_line(line, now);
        }
    }

    fn end(mut self) -> Result<(), Box<dyn Error>> {
        let now = now();
        for peer in self.messages.arriving() {
            self.cut(peer, 0, Reason::still_sending(), now);
        }
        self.write(now);
        let signal = self.asked.map_or_else(|| "done".to_owned(), |asked| asked.to_string());
        let (messages, strays) = (self.count, self.listener.strays());
        self.reporter.note(Notice::Stopped { signal, messages, strays });
        self.report(now);
        self.write(now);
        if let Err(error) = self.listener.close().finish() {
            note(&error);
        }
        let rest = "what was not written has not been confirmed to its sender";
        let failed = self.failed.map(|error| format!("cannot write the messages: {error}; {rest}"));
        failed.map_or(Ok(()), |failed| Err(failed.into()))
    }
}
