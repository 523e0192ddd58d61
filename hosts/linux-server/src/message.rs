//! One message on its way from the line to the output.

use std::time::Duration;

use minitalk_cli::{json as json_text, text};
use minitalk_core::Instant;
use minitalk_core::exchange::{Payload, Protocol};
use serde_json::{Value, json};

use crate::peers::Known;
use crate::reason::Reason;

/// How messages are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Exactly the bytes that arrived.
    Raw,
    /// Whole characters, a newline after each message.
    Text,
    /// As text, with everything made visible that would do something to a terminal.
    Terminal,
    /// One JSON object on a line of its own, when the message has ended.
    Json,
}

impl Style {
    /// What ends a line of which the rest could not be written.
    pub(crate) const fn end_of_torn(self) -> &'static str {
        match self {
            Self::Raw => "",
            Self::Text | Self::Terminal => CUT_MARK,
            Self::Json => "\n",
        }
    }
}

/// A message that has begun to arrive and has not been written to its end.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) peer: u32,
    /// Real user id of the sender.
    pub(crate) uid: u32,
    pub(crate) protocol: Protocol,
    /// Octets that have arrived.
    pub(crate) octets: u64,
    /// When its first bit came, and the last octet.
    started_at: Instant,
    pub(crate) heard_at: Instant,
    state: State,
    /// The sender waits for an answer to its last piece.
    owed: bool,
    style: Style,
    text: text::Decoder,
    unwritten: Vec<u8>,
    /// Something of it has been written.
    is_begun: bool,
    /// The text so far, if it is written only when the message has ended.
    collected: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Arriving,
    Ended,
    Cut,
}

/// Octets kept of a message that cannot be written yet. Beyond that its sender has to wait.
const KEPT_OCTETS_MAX: usize = 64 * 1024;

/// The sender of a line that is no message.
pub(crate) const NOBODY: u32 = 0;

/// What stands where a message was cut off.
const CUT_MARK: &str = " [cut off]\n";

impl Message {
    /// A message of which `first` is the first piece, still to be [pushed](Self::push).
    pub(crate) fn new(
        first: &Payload<'_>,
        sender: Option<&Known>,
        style: Style,
        now: Instant,
    ) -> Self {
        Self {
            peer: first.peer,
            uid: sender.map_or(0, |known| known.uid),
            protocol: first.protocol,
            octets: 0,
            started_at: sender.map_or(now, |known| known.since),
            heard_at: now,
            state: State::Arriving,
            owed: false,
            style,
            text: text::Decoder::default(),
            unwritten: Vec::new(),
            is_begun: false,
            collected: String::new(),
        }
    }

    /// A line of its own that is no message, and that nobody waits for.
    pub(crate) fn line(object: &Value) -> Self {
        let (peer, protocol) = (NOBODY, Protocol::Framed);
        let (first, last, length, offset) = (true, true, None, 0);
        let (coding, octets) = (0, &[][..]);
        let empty = Payload { peer, protocol, first, last, coding, length, offset, octets };
        let mut line = Self::new(&empty, None, Style::Json, Instant::ZERO);
        line.state = State::Ended;
        line.collected = json_line(object);
        line.rewind();
        line
    }

    /// Makes such a line as if nothing of it had been written.
    pub(crate) fn rewind(&mut self) {
        self.unwritten = self.collected.clone().into_bytes();
        self.is_begun = false;
    }

    /// Takes the next piece. It is answered when [`take_answer`](Self::take_answer) says so.
    pub(crate) fn push(&mut self, piece: &Payload<'_>, now: Instant) {
        self.heard_at = now;
        self.owed = true;
        self.octets += piece.octets.len() as u64;
        match self.style {
            Style::Raw => self.unwritten.extend_from_slice(piece.octets),
            Style::Text | Style::Terminal | Style::Json => {
                let mut text = String::new();
                self.text.feed(piece.octets, &mut text);
                self.show(&text);
            }
        }
        if piece.last {
            self.state = State::Ended;
            self.finish("\n", None);
        }
    }

    /// From the first bit to the last, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        Duration::from_micros(self.heard_at.micros_since(self.started_at)).as_secs_f64()
    }

    /// Ends the message where it is: no more of it will come, because of what `reason` says.
    pub(crate) fn cut(&mut self, reason: &Reason) {
        if self.state != State::Arriving {
            return;
        }
        self.state = State::Cut;
        self.owed = false;
        self.finish(if self.octets > 0 { CUT_MARK } else { "" }, Some(reason));
    }

    /// Whether more of it will come.
    pub(crate) fn is_arriving(&self) -> bool {
        self.state == State::Arriving
    }

    /// Whether all of it has been written and answered.
    pub(crate) fn is_over(&self) -> bool {
        self.state != State::Arriving && self.unwritten.is_empty() && !self.owed
    }

    /// Whether it has ended and everything of it has been written.
    pub(crate) fn is_written(&self) -> bool {
        self.state == State::Ended && self.unwritten.is_empty()
    }

    /// Whether the sender's last piece may be accepted now, which is asked once.
    ///
    /// A piece in the middle may be as soon as it is kept; the end only when everything is written.
    pub(crate) fn take_answer(&mut self) -> bool {
        let safe = match self.state {
            State::Arriving => self.unwritten.len() < KEPT_OCTETS_MAX,
            State::Ended => self.unwritten.is_empty(),
            State::Cut => false,
        };
        safe && std::mem::take(&mut self.owed)
    }

    /// Whether some of it has been written, but not to its end.
    pub(crate) fn is_torn(&self) -> bool {
        self.is_begun && !self.is_written()
    }

    pub(crate) fn unwritten(&self) -> &[u8] {
        &self.unwritten
    }

    /// Tells that the first `count` of the unwritten octets have been written.
    pub(crate) fn written(&mut self, count: usize) {
        self.unwritten.drain(..count);
        self.is_begun = true;
    }

    fn finish(&mut self, end: &str, cut: Option<&Reason>) {
        if self.style == Style::Raw {
            return;
        }
        let mut rest = String::new();
        self.text.finish(&mut rest);
        self.show(&rest);
        match (self.style, cut) {
            (Style::Json, None) => self.push_line(&json!({
                "event": "message",
                "peer": self.peer,
                "uid": self.uid,
                "protocol": self.protocol.to_string(),
                "bytes": self.octets,
                "text": self.collected,
                "seconds": self.seconds(),
                "verified": self.protocol == Protocol::Framed,
            })),
            (Style::Json, Some(reason)) => {
                let cut = cut_json(self.peer, self.uid, self.octets, &self.collected, reason);
                self.push_line(&cut);
            }
            (Style::Raw | Style::Text | Style::Terminal, _) => {
                self.unwritten.extend_from_slice(end.as_bytes());
            }
        }
    }

    fn push_line(&mut self, object: &Value) {
        self.unwritten.extend(json_line(object).into_bytes());
        self.collected = String::new();
    }

    fn show(&mut self, text: &str) {
        match self.style {
            Style::Json => self.collected.push_str(text),
            Style::Terminal => self.unwritten.extend(text::visible(text).into_bytes()),
            Style::Raw | Style::Text => self.unwritten.extend_from_slice(text.as_bytes()),
        }
    }
}

/// An object on a line of its own. A [`Value`] can always be written.
fn json_line(object: &Value) -> String {
    json_text::line(object).unwrap_or_default()
}

/// The object for a message that ended before its end.
pub(crate) fn cut_json(peer: u32, uid: u32, octets: u64, text: &str, reason: &Reason) -> Value {
    reason.describe(json!({
        "event": "cut",
        "peer": peer,
        "uid": uid,
        "bytes": octets,
        "text": text,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(octets: &[u8], last: bool) -> Payload<'_> {
        Payload {
            peer: 1,
            protocol: Protocol::Classic,
            first: false,
            last,
            coding: 0,
            length: None,
            offset: 0,
            octets,
        }
    }

    fn new_message(style: Style) -> Message {
        Message::new(&piece(b"", false), None, style, Instant::ZERO)
    }

    #[test]
    fn a_character_is_shown_when_its_last_byte_has_come() {
        let mut message = new_message(Style::Text);
        let text = "é".as_bytes();
        message.push(&piece(&text[..1], false), Instant::ZERO);
        assert_eq!(message.unwritten(), b"");
        assert!(message.take_answer());
        message.push(&piece(&text[1..], false), Instant::ZERO);
        assert_eq!(message.unwritten(), text);
    }

    #[test]
    fn the_end_is_answered_only_when_everything_is_written() {
        let mut message = new_message(Style::Text);
        message.push(&piece(b"hi", true), Instant::ZERO);
        assert!(!message.take_answer());
        message.written(3);
        assert!(!message.is_over());
        assert!(message.take_answer());
        assert!(!message.take_answer());
        assert!(message.is_over());
    }

    #[test]
    fn beyond_what_is_kept_the_sender_waits() {
        let mut message = new_message(Style::Raw);
        message.push(&piece(&vec![0; KEPT_OCTETS_MAX], false), Instant::ZERO);
        assert!(!message.take_answer());
        message.written(1);
        assert!(message.take_answer());
    }

    #[test]
    fn what_was_cut_off_is_marked_unless_nothing_was_shown() {
        let mut message = new_message(Style::Text);
        message.cut(&Reason::ended());
        assert!(message.is_over());
        let mut message = new_message(Style::Text);
        message.push(&piece(b"ab\xF0\x9F", false), Instant::ZERO);
        message.cut(&Reason::ended());
        assert_eq!(message.unwritten(), "ab\u{FFFD} [cut off]\n".as_bytes());
        let mut message = new_message(Style::Raw);
        message.push(&piece(b"ab", false), Instant::ZERO);
        message.cut(&Reason::ended());
        assert_eq!(message.unwritten(), b"ab");
    }

    #[test]
    fn nothing_from_the_line_can_command_a_terminal() {
        let mut message = new_message(Style::Terminal);
        message.push(&piece(b"\x1b[31mred\x07", true), Instant::ZERO);
        assert_eq!(message.unwritten(), b"^[[31mred^G\n");
    }

    #[test]
    fn as_json_a_message_is_one_line_whatever_it_contains() {
        let mut message = new_message(Style::Json);
        message.push(&piece(b"a\nb\x1b", false), Instant::ZERO);
        assert_eq!(message.unwritten(), b"");
        message.push(&piece(b"", true), Instant::from_micros(1_500_000));
        let line = String::from_utf8(message.unwritten().to_vec()).unwrap();
        assert_eq!(line.lines().count(), 1);
        let object: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["text"], "a\nb\u{1b}");
        assert_eq!(object["bytes"], 4);
        assert_eq!(object["seconds"], 1.5);
        assert_eq!(object["verified"], false);
    }
}
