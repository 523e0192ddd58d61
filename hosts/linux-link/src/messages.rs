//! Messages and their order until they are written: one after the other, never mixed, never
//! blocking.

mod command;
mod format;
mod message;
mod sink;
mod turns;
mod unwritable;
mod unwritten;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};

use minitalk_core::Instant;
use minitalk_signals::Interest;

use crate::Piece;
use command::Runner;
pub use format::{Format, Raw};
use message::Entry;
pub use sink::Sink;
use turns::Turns;
pub use unwritable::Unwritable;
use unwritten::Unwritten;

/// How many octets are kept of a message that cannot be written yet. Beyond that its sender has to
/// wait.
const KEPT_OCTETS_MAX: usize = 64 * 1024;

/// How many entries that no sender waits for are kept while there is no room for them.
const UNOWED_MAX: usize = 64;

/// How long others wait for a message that cannot be put aside before it must make progress.
const STALL_MICROS: u64 = 4_000_000;

/// The octets that such a message must bring in that time in order not to be slow.
const STALL_OCTETS: u64 = 256;

/// Messages that will be written to a [`Sink`], or passed to a command.
///
/// Pieces of several messages may arrive in turn; the messages are written one after the other.
/// Complete messages are written first. One of those still arriving may be written as it comes: one
/// that arrives alone, is too long to be kept, or pauses. Once others have waited for it for a
/// second or two, it is put aside and continued later, if its [`Format`] can mark that.
///
/// # The loop
///
/// After each [`Happening`](crate::Happening) of a [`Listener`](crate::Listener):
///
/// 1. add a piece with [`push_piece`](Self::push_piece), or end a message with [`cut`](Self::cut);
/// 2. refuse the sender that is [stalled](Self::stalled), if any;
/// 3. [`write`](Self::write);
/// 4. accept the piece of each sender that [`next_answer`](Self::next_answer) returns;
/// 5. watch the [descriptor](AsFd) as [`changed_interest`](Self::changed_interest) says, and wait
///    no longer than until the [`deadline`](Self::deadline).
#[derive(Debug)]
pub struct Messages<F> {
    sink: Sink,
    format: F,
    /// Runs a command for each message, instead of the sink.
    runner: Option<Runner>,
    /// Whether the end of a message has to reach the disk before it is confirmed.
    sync: bool,
    /// How many messages may still be written.
    left: Option<u64>,
    arriving: Turns<F>,
    /// Complete entries, in the order in which they will be written, and since when they are
    /// complete.
    complete: VecDeque<(Entry<F>, Instant)>,
    /// How many of those no sender waits for.
    unowed: usize,
    /// Lines that found no room, kept until something else is written.
    held: Vec<Unwritten>,
    /// Senders whose last piece may be accepted.
    answers: VecDeque<u32>,
    /// When another message began to wait for the one that is shown, and how many octets of the
    /// latter had come by then.
    stall: Option<(Instant, u64)>,
    /// Whether the last line was begun and will not be completed.
    is_torn: bool,
    /// What the descriptor is watched for.
    interest: Option<Interest>,
}

impl<F: Format> Messages<F> {
    /// Messages in this format, written to `sink`.
    pub fn new(sink: Sink, format: F) -> Self {
        Self {
            sink,
            format,
            runner: None,
            sync: false,
            left: None,
            arriving: Turns::default(),
            complete: VecDeque::new(),
            unowed: 0,
            held: Vec::new(),
            answers: VecDeque::new(),
            stall: None,
            is_torn: false,
            interest: None,
        }
    }

    /// Confirms a message only once it is on the disk.
    #[must_use]
    pub fn with_sync(self, sync: bool) -> Self {
        Self { sync, ..self }
    }

    /// Writes at most this many messages.
    #[must_use]
    pub fn with_messages_max(self, messages_max: Option<u64>) -> Self {
        Self { left: messages_max, ..self }
    }

    /// Runs `command` in a shell for each message, with the message on its standard input, instead
    /// of writing it. A message is confirmed if the command succeeds. The format must be
    /// [whole](Format::is_whole).
    ///
    /// The command finds the sender in its environment, as `MINITALK_PEER` and `MINITALK_UID`.
    ///
    /// # Errors
    ///
    /// Those of pipe(2).
    pub fn with_command(self, command: String) -> io::Result<Self> {
        Ok(Self { runner: Some(Runner::new(command)?), ..self })
    }

    /// Adds a line that is not a message, and that no sender waits for.
    pub fn push_line(&mut self, line: Vec<u8>, now: Instant) {
        self.push(Entry::Line(Unwritten::new(line)), now);
    }

    /// Adds a piece of a message.
    pub fn push_piece(&mut self, piece: &Piece<'_>, now: Instant) {
        let message = self.arriving.message(piece, &self.format, now);
        message.take(piece, now);
        if piece.last {
            self.complete(piece.peer, None, now);
        } else if self.format.is_whole() || message.may_keep_more(KEPT_OCTETS_MAX) {
            self.answers.push_back(message.answer());
        } else {
            self.arriving.want(piece.peer, now);
        }
    }

    /// Ends what has arrived of the message of `peer`, if anything; returns how many octets.
    pub fn cut(&mut self, peer: u32, reason: &F::Reason, now: Instant) -> Option<u64> {
        self.complete(peer, Some(reason), now)
    }

    /// Drops what cannot be written, after an error of [`write`](Self::write): the message that
    /// failed or, if no later one can be written either, `all` of them. Returns their senders, who
    /// must be refused.
    pub fn give_up(&mut self, failed: Option<u32>, all: bool) -> Vec<u32> {
        let others = if all { self.unfinished() } else { Vec::new() };
        let others = others.into_iter().filter(|&peer| Some(peer) != failed);
        let refused: Vec<u32> = failed.into_iter().chain(others).collect();
        for &peer in &refused {
            self.drop_message(peer);
        }
        refused
    }

    /// Drops every message that has not been written to its end, and returns their senders, who
    /// must be refused. If messages are [whole](Format::is_whole), those that had not ended are
    /// cut.
    pub fn close(&mut self, reason: &F::Reason, now: Instant) -> Vec<u32> {
        let arriving = if self.format.is_whole() { self.arriving() } else { Vec::new() };
        let refused = self.unfinished();
        for &peer in &refused {
            if arriving.contains(&peer) {
                self.cut(peer, reason, now);
            } else {
                self.drop_message(peer);
            }
        }
        refused
    }

    /// Forgets what is to be written, because nobody will read it. No sender is told that it was
    /// written.
    pub fn discard(&mut self) {
        self.complete.clear();
        self.arriving = Turns::default();
        self.unowed = 0;
    }

    /// The senders of messages that have not ended.
    pub fn arriving(&self) -> Vec<u32> {
        self.arriving.peers().collect()
    }

    /// A sender whose last piece is safe and may be accepted, if there is one.
    pub fn next_answer(&mut self) -> Option<u32> {
        self.answers.pop_front()
    }

    /// Writes what can be written without waiting. `is_waiting` says of a sender whether it is
    /// silent only because it has no turn on the line.
    ///
    /// # Errors
    ///
    /// [`Unwritable`]; the rest is still to be written.
    pub fn write(
        &mut self,
        is_waiting: impl Fn(u32) -> bool,
        now: Instant,
    ) -> Result<(), Unwritable> {
        if !self.format.is_whole() {
            self.arriving.look(is_waiting, now);
        }
        while self.run_command()? {}
        if self.runner.is_some() {
            return Ok(());
        }
        loop {
            let since = self.complete.front().map(|&(_, since)| since);
            if self.arriving.shown().is_some() {
                if !self.write_shown()? {
                    return Ok(());
                }
                match (self.format.aside(), self.arriving.ends_at(since)) {
                    (Some(mark), Some(at)) if at <= now => self.put_aside(mark, now),
                    _ => return Ok(()),
                }
            } else if self.left == Some(0) && !self.is_line_next() {
                return Ok(());
            } else if since.is_some() {
                if !self.write_complete()? {
                    return Ok(());
                }
            } else if self.format.is_whole() {
                return Ok(());
            } else if let Some(message) = self.arriving.begin(now) {
                message.begin_part();
                if self.sink.is_deleted() && !message.unwritten.is_begun() {
                    // If that fails, so will the message when it ends.
                    let _ = self.sink.renew();
                }
            } else {
                return Ok(());
            }
        }
    }

    /// What the [descriptor](AsFd) has to be watched for before [`write`](Self::write) can
    /// continue, if that has changed since the last call. `Some(None)` means that it need not be
    /// watched any more.
    pub fn changed_interest(&mut self) -> Option<Option<Interest>> {
        let interest = match &self.runner {
            Some(runner) => runner.is_running().then_some(Interest::Readable),
            None => self.is_behind().then_some(Interest::Writable),
        };
        let has_changed = interest != std::mem::replace(&mut self.interest, interest);
        has_changed.then_some(interest)
    }

    /// When [`write`](Self::write) or [`stalled`](Self::stalled) has something to do even if
    /// nothing happens.
    pub fn deadline(&self) -> Option<Instant> {
        if self.format.is_whole() || self.is_behind() {
            return None;
        }
        let since = self.complete.front().map(|&(_, since)| since);
        let turn = self.arriving.ends_at(since).filter(|_| self.format.aside().is_some());
        let stall = self.stall.map(|(since, _)| since.after_micros(STALL_MICROS));
        [turn, stall, self.arriving.deadline()].into_iter().flatten().min()
    }

    /// The sender of a message that cannot be put aside and is slow or endless, once others have
    /// waited for it.
    pub fn stalled(&mut self, now: Instant) -> Option<u32> {
        let shown = self.arriving.shown().filter(|_| self.format.aside().is_none());
        let others_wait = self.arriving.ends_at(self.complete.front().map(|&(_, since)| since));
        let (Some(shown), Some(_)) = (shown, others_wait) else {
            self.stall = None;
            return None;
        };
        let (since, before) = *self.stall.get_or_insert((now, shown.facts.octets));
        if now < since.after_micros(STALL_MICROS) {
            return None;
        }
        self.stall = None;
        let is_slow = shown.facts.octets - before < STALL_OCTETS;
        (is_slow || shown.length.is_none()).then_some(shown.facts.peer)
    }

    /// Whether something is to be written as soon as there is room.
    fn is_behind(&self) -> bool {
        let shown = self.arriving.shown();
        self.runner.is_none()
            && shown.map_or(!self.complete.is_empty(), |message| !message.unwritten.is_empty())
    }

    /// The senders of messages that have not been written to their end.
    fn unfinished(&self) -> Vec<u32> {
        let complete = self.complete.iter().filter_map(|(entry, _)| entry.owed_to());
        complete.chain(self.arriving.peers()).collect()
    }

    fn drop_message(&mut self, peer: u32) {
        let is_of_peer = |(entry, _): &(Entry<F>, Instant)| entry.owed_to() == Some(peer);
        let dropped = match self.complete.iter().position(is_of_peer) {
            Some(index) => {
                self.complete.remove(index).map(|(mut entry, _)| entry.unwritten().is_begun())
            }
            None => self.arriving.remove(peer).map(|(message, _)| message.unwritten.is_begun()),
        };
        self.is_torn |= dropped.unwrap_or(false);
    }

    fn is_line_next(&self) -> bool {
        self.complete.front().is_some_and(|(entry, _)| entry.owed_to().is_none())
    }

    fn push(&mut self, entry: Entry<F>, now: Instant) {
        self.unowed += usize::from(entry.owed_to().is_none());
        self.complete.push_back((entry, now));
        let goes_on =
            self.complete.front_mut().is_some_and(|(front, _)| front.unwritten().is_begun());
        if !goes_on {
            for line in self.held.drain(..).rev() {
                self.complete.push_front((Entry::Line(line), now));
                self.unowed += 1;
            }
        }
        while self.unowed > UNOWED_MAX && self.drop_oldest() {}
    }

    /// Drops the oldest entry that no sender waits for and that has not been begun.
    fn drop_oldest(&mut self) -> bool {
        let is_spare = |(entry, _): &mut (Entry<F>, Instant)| {
            entry.owed_to().is_none() && !entry.unwritten().is_begun()
        };
        let Some(index) = self.complete.iter_mut().position(is_spare) else { return false };
        self.complete.remove(index);
        self.unowed -= 1;
        true
    }

    /// Ends the message of `peer`, if there is one. If it is being shown, the rest of it is written
    /// first.
    fn complete(&mut self, peer: u32, cut: Option<&F::Reason>, now: Instant) -> Option<u64> {
        let (mut message, was_shown) = self.arriving.remove(peer)?;
        let octets = message.facts.octets;
        if !was_shown {
            message.begin_part();
        }
        message.end(cut);
        let is_nothing = message.unwritten.is_empty() && !message.unwritten.is_begun();
        if is_nothing && self.runner.is_none() && self.left != Some(0) {
            // There is nothing to write: it need not wait for others, nor they for it.
            if message.is_owed {
                self.left = self.left.map(|left| left.saturating_sub(1));
                self.answers.push_back(peer);
            }
            return Some(octets);
        }
        if was_shown {
            self.unowed += usize::from(!message.is_owed);
            self.complete.push_front((Entry::Message(message), now));
        } else {
            self.push(Entry::Message(message), now);
        }
        Some(octets)
    }

    /// Lets others be written in the middle of the message that is shown.
    fn put_aside(&mut self, mark: &str, now: Instant) {
        if let Some(message) = self.arriving.end() {
            message.end_part();
            self.complete.push_front((Entry::Line(Unwritten::new(mark.into())), now));
            self.unowed += 1;
        }
    }

    /// Writes more of the message that is shown; false if there is no room for all of it.
    fn write_shown(&mut self) -> Result<bool, Unwritable> {
        let Some(message) = self.arriving.shown_mut() else { return Ok(true) };
        let peer = message.facts.peer;
        let torn = self.format.torn();
        let written = write(&mut self.sink, &mut self.is_torn, torn, &mut message.unwritten);
        if message.is_owed && message.may_keep_more(KEPT_OCTETS_MAX) {
            self.answers.push_back(message.answer());
        }
        written.map_err(|error| Unwritable::new(Some(peer), error))
    }

    /// Passes the first complete message to the command; false if that is busy.
    fn run_command(&mut self) -> Result<bool, Unwritable> {
        let Some(runner) = &mut self.runner else { return Ok(false) };
        if let Some((peer, result)) = runner.result() {
            result.map_err(|error| Unwritable::of_command(peer, error))?;
            self.answers.push_back(peer);
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
        if runner.is_running() || self.left == Some(0) {
            return Ok(false);
        }
        match self.complete.pop_front() {
            Some((Entry::Message(message), _)) if message.is_owed => {
                let (peer, uid) = (message.facts.peer, message.facts.uid);
                let started = runner.start(peer, uid, message.unwritten.rest().to_vec());
                started.map_err(|error| Unwritable::of_command(peer, error))?;
            }
            // No command is run for a message that was cut.
            Some(_) => self.unowed -= 1,
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Writes more of the complete entries; false if there is no room for all of the first one.
    fn write_complete(&mut self) -> Result<bool, Unwritable> {
        let Some((entry, _)) = self.complete.front_mut() else { return Ok(true) };
        let peer = entry.owed_to();
        let is_lost = self.sink.is_deleted() && !entry.unwritten().is_begun();
        let renewed = if is_lost { self.sink.renew() } else { Ok(()) };
        let torn = self.format.torn();
        let mut result = renewed
            .and_then(|()| write(&mut self.sink, &mut self.is_torn, torn, entry.unwritten()));
        if self.sync && peer.is_some() && matches!(result, Ok(true)) {
            result = self.sink.sync().map(|()| true);
        }
        if peer.is_some() && matches!(result, Ok(true)) && self.sink.is_deleted() {
            result = Err(io::Error::new(ErrorKind::NotFound, "the output file has been deleted"));
        }
        if matches!(result, Ok(false)) {
            return Ok(false);
        }
        let Some((mut entry, _)) = self.complete.pop_front() else { return Ok(true) };
        self.unowed -= usize::from(peer.is_none());
        if let Err(error) = result {
            self.is_torn |= entry.unwritten().is_begun();
            if let Entry::Line(mut line) = entry {
                line.rewind();
                self.held.push(line);
            }
            return Err(Unwritable::new(peer, error));
        }
        if peer.is_some() {
            self.left = self.left.map(|left| left.saturating_sub(1));
        }
        self.answers.extend(peer);
        Ok(true)
    }
}

impl<F> AsFd for Messages<F> {
    /// The descriptor that messages are written to, or the one that reports the end of the command.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.runner.as_ref().map_or_else(|| self.sink.as_fd(), AsFd::as_fd)
    }
}

/// Writes as much as there is room for; true if that was everything.
fn write(
    sink: &mut Sink,
    is_torn: &mut bool,
    torn: &str,
    unwritten: &mut Unwritten,
) -> io::Result<bool> {
    while !unwritten.is_empty() {
        let mark = if *is_torn { torn } else { "" };
        let next = if mark.is_empty() { unwritten.rest() } else { mark.as_bytes() };
        match sink.write(next) {
            Ok(_) if !mark.is_empty() => {}
            Ok(count) => unwritten.advance(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        *is_torn = false;
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
