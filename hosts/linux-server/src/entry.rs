//! What is to be written: messages, and lines that are none.

use std::time::{Duration, SystemTime};

use humantime::format_rfc3339_millis;
use minitalk::Piece;
use minitalk_core::Instant;
use minitalk_core::classic::Dialect;
use minitalk_core::exchange::Protocol;

use crate::json::Object;
use crate::reason::Reason;
use crate::text::{Layout, Rendering, Style};

/// Something that is written in one piece, unless it is a message that is put aside.
#[derive(Debug)]
pub(crate) enum Entry {
    /// A message of which no more comes.
    Message(Message),
    /// A line that is no message, and that nobody waits for.
    Line(Unwritten),
}

impl Entry {
    pub(crate) const fn unwritten(&mut self) -> &mut Unwritten {
        match self {
            Self::Message(message) => &mut message.unwritten,
            Self::Line(line) => line,
        }
    }

    /// The sender who waits until it has been written, if one does.
    pub(crate) fn owed_to(&self) -> Option<u32> {
        match self {
            Self::Message(message) => message.is_owed.then_some(message.peer),
            Self::Line(_) => None,
        }
    }
}

/// Octets of which a first part may have been written.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    octets: Vec<u8>,
    written: usize,
    is_begun: bool,
}

impl Unwritten {
    pub(crate) fn new(octets: Vec<u8>) -> Self {
        Self { octets, ..Self::default() }
    }

    /// What has not been written.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.octets[self.written..]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// Whether some of it has been written, now or before it was emptied.
    pub(crate) const fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Notes that the first `count` octets of the rest have been written.
    pub(crate) fn advance(&mut self, count: usize) {
        self.written += count;
        self.is_begun = true;
    }

    /// Has `mark` written first.
    pub(crate) fn put_before(&mut self, mark: &str) {
        self.more().splice(0..0, mark.bytes());
    }

    /// As if nothing of it had been written.
    pub(crate) const fn rewind(&mut self) {
        self.written = 0;
        self.is_begun = false;
    }

    /// Where more octets go. What has been written is forgotten.
    fn more(&mut self) -> &mut Vec<u8> {
        self.octets.drain(..std::mem::take(&mut self.written));
        &mut self.octets
    }
}

/// A message that has begun to arrive and has not been written to its end.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) peer: u32,
    /// Real user id of the sender.
    pub(crate) uid: u32,
    protocol: Protocol,
    dialect: Option<Dialect>,
    /// Its length in octets, if its beginning said so.
    pub(crate) length: Option<u64>,
    /// Octets that have arrived.
    pub(crate) octets: u64,
    /// When its first piece came, and the last one.
    pub(crate) began_at: Instant,
    pub(crate) heard_at: Instant,
    /// From the first bit to the last piece.
    micros: u64,
    /// When it began, if that is to be shown.
    time: Option<String>,
    style: Style,
    rendering: Rendering,
    pub(crate) unwritten: Unwritten,
    /// The sender waits for an answer to its last piece.
    pub(crate) is_owed: bool,
    /// Others have been written since the last part of it.
    is_aside: bool,
    /// Its place in the order of messages that arrive.
    pub(crate) place: u64,
}

impl Message {
    /// A message of which `first` is the first piece, still to be [taken](Self::take).
    pub(crate) fn new(first: &Piece<'_>, layout: Layout, place: u64, now: Instant) -> Self {
        let Layout { style, is_stamped } = layout;
        let time = is_stamped.then(|| format_rfc3339_millis(SystemTime::now()).to_string());
        let mut unwritten = Unwritten::default();
        if let Some(time) = time.as_ref().filter(|_| !style.is_whole()) {
            unwritten.put_before(&format!("[{time} PID {}] ", first.peer));
        }
        Self {
            peer: first.peer,
            uid: first.uid,
            protocol: first.protocol,
            dialect: None,
            length: first.length,
            octets: 0,
            began_at: now,
            heard_at: now,
            micros: 0,
            time,
            style,
            rendering: Rendering::new(style),
            unwritten,
            is_owed: false,
            is_aside: false,
            place,
        }
    }

    /// Takes the next piece. Its sender waits from now on.
    pub(crate) fn take(&mut self, piece: &Piece<'_>, now: Instant) {
        self.heard_at = now;
        self.octets += piece.octets.len() as u64;
        self.micros = piece.micros;
        self.dialect = piece.dialect;
        self.is_owed = true;
        self.rendering.take(piece.octets, self.unwritten.more());
    }

    /// Ends the message: its last piece has come.
    pub(crate) fn finish(&mut self) {
        self.end(self.style.end());
        if self.style == Style::Json {
            self.unwritten = self.object(|text| {
                let Self { peer, uid, protocol, dialect, octets: bytes, .. } = *self;
                let seconds = Duration::from_micros(self.micros).as_secs_f64();
                let verified = protocol == Protocol::Framed;
                Object::Message {
                    peer,
                    uid,
                    protocol,
                    dialect,
                    bytes,
                    text,
                    seconds,
                    verified,
                    time: self.time.as_deref(),
                }
                .line()
            });
        }
    }

    /// Ends the message where it is: no more of it comes, because of what `reason` says.
    pub(crate) fn cut(&mut self, reason: &Reason) {
        self.is_owed = false;
        self.end(if self.octets > 0 { self.style.end_of_cut() } else { "" });
        if self.style == Style::Json {
            let Self { peer, uid, octets: bytes, .. } = *self;
            let time = self.time.as_deref();
            let line =
                self.object(|text| Object::Cut { peer, uid, bytes, text, reason, time }.line());
            self.unwritten = line;
        }
    }

    /// Whether fewer than `octets_max` octets of it have not been written.
    pub(crate) fn may_keep_more(&self, octets_max: usize) -> bool {
        self.unwritten.rest().len() < octets_max
    }

    /// The sender, who waits no more for an answer to its last piece.
    pub(crate) const fn answer(&mut self) -> u32 {
        self.is_owed = false;
        self.peer
    }

    /// Ends a part: other messages are written before the next one.
    pub(crate) const fn end_part(&mut self) {
        self.is_aside = true;
    }

    /// Begins the next part.
    pub(crate) fn begin_part(&mut self) {
        if std::mem::take(&mut self.is_aside) {
            self.unwritten.put_before(&format!("[PID {} continues] ", self.peer));
        }
    }

    fn end(&mut self, mark: &str) {
        self.rendering.finish(self.unwritten.more());
        self.unwritten.more().extend_from_slice(mark.as_bytes());
    }

    /// The line that stands for the whole text.
    fn object(&self, line: impl FnOnce(&str) -> Vec<u8>) -> Unwritten {
        Unwritten::new(line(&String::from_utf8_lossy(self.unwritten.rest())))
    }
}
