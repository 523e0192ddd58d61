//! Sends a message in the classic protocol.

use minitalk_core::classic::{Ending, TextSender};
use minitalk_signals::{Instant, now};

use crate::cli::Options;
use crate::failure::{Cause, Delivered, Failure};
use crate::link::{Heard, Link, REST_MICROS};
use crate::stats::Totals;

/// Sends the message and returns when everything the dialect owes for it has come.
pub(crate) fn send(
    link: &mut Link,
    text: &[u8],
    options: &Options,
    totals: &mut Totals,
) -> Result<(), Failure> {
    let pause_micros = u64::try_from(options.pace.as_micros()).unwrap_or(u64::MAX);
    let sender = TextSender::new(options.dialect(), text, pause_micros).map_err(|error| {
        Failure { pid: link.pid(), cause: Cause::Encode(error), delivered: Delivered::Octets(0) }
    })?;
    let progress_at = now();
    let mut transfer = Transfer { link, sender, progress: 0, progress_at };
    let result = transfer.run();
    totals.bytes = transfer.sender.completed_bytes() as u64;
    totals.resent_bits = transfer.link.observer.bits().saturating_sub(transfer.sender.progress());
    result.map_err(|cause| transfer.failure(cause))
}

struct Transfer<'a> {
    link: &'a mut Link,
    sender: TextSender<'a>,
    progress: u64,
    progress_at: Instant,
}

impl Transfer<'_> {
    fn run(&mut self) -> Result<(), Cause> {
        loop {
            let now = self.link.clock();
            while let Some(symbol) = self.sender.poll_transmit(now) {
                self.link.send(symbol).map_err(Cause::Send)?;
            }
            match self.sender.poll_event() {
                Some(Ending::Delivered) => return Ok(()),
                Some(Ending::Unexpected(ack)) => {
                    let is_first = self.sender.progress() <= 1;
                    return Err(Cause::UnexpectedAck { ack, is_first });
                }
                Some(Ending::Doubled) => return Err(Cause::Doubled),
                Some(Ending::Disturbed) => return Err(Cause::Disturbed),
                None => {}
            }
            if self.sender.progress() != self.progress {
                self.progress = self.sender.progress();
                self.progress_at = now;
                self.show_progress(now);
            }
            let give_up_at = self.link.give_up_at(self.progress_at);
            let timeout = self.sender.poll_timeout();
            let deadline = timeout.map_or(give_up_at, |timeout| timeout.min(give_up_at));
            let heard = match self.link.poll()? {
                Some(heard) => heard,
                None => self.link.wait(None, Some(deadline))?,
            };
            if heard == Heard::TimedOut {
                let now = self.link.clock();
                if now >= give_up_at {
                    return Err(self.link.timed_out());
                }
                self.link.watch_silence(now);
                self.show_progress(now);
                self.handle_timeout(now)?;
            } else {
                self.handle(heard)?;
            }
        }
    }

    fn show_progress(&mut self, now: Instant) {
        let sender = &self.sender;
        self.link.observer.progress(|| sender.completed_bytes() as u64, now);
    }

    fn handle(&mut self, heard: Heard) -> Result<(), Cause> {
        match heard {
            Heard::Ack(ack) => self.sender.handle_ack(ack, self.link.clock()),
            Heard::Foreign(symbol) => self.sender.handle_foreign(symbol),
            Heard::Input | Heard::TimedOut => {}
            Heard::Gone => return Err(Cause::Died),
            Heard::Interrupted(termination) => return Err(Cause::Interrupted(termination)),
        }
        Ok(())
    }

    /// A bit may be sent again only to a server at rest: one that will not answer the first copy.
    fn handle_timeout(&mut self, now: Instant) -> Result<(), Cause> {
        if self.sender.poll_timeout().is_none_or(|timeout| now < timeout) {
            return Ok(());
        }
        if self.sender.needs_rest() {
            if !self.link.is_at_rest(now) {
                self.sender.postpone(now, REST_MICROS);
                return Ok(());
            }
            // To look at the server took time, and this process may have lost its processor meanwhile.
            let heard = self.link.wait(None, Some(now))?;
            if heard != Heard::TimedOut {
                return self.handle(heard);
            }
        }
        self.sender.handle_timeout(now);
        Ok(())
    }

    fn failure(&self, cause: Cause) -> Failure {
        let delivered = if self.sender.is_outcome_unknown() {
            Delivered::Unknown
        } else {
            Delivered::Acknowledged(self.sender.completed_bytes() as u64)
        };
        Failure { pid: self.link.pid(), cause, delivered }
    }
}
