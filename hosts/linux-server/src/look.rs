//! How messages are formatted: bytes, text, or JSON as described in `docs/json.md`.

use std::time::{Duration, SystemTime};

use humantime::format_rfc3339_millis;
use minitalk::messages::Format;
use minitalk::{Ended, Piece, Protocol};
use minitalk_cli::report::line;
use minitalk_cli::text::{Decoder, visible};
use serde::Serialize;

use crate::reason::Reason;

/// How messages are formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Exactly the bytes that arrived.
    Raw,
    /// Whole characters, and a newline after each message that does not end with one.
    Text,
    /// As text, with every character made visible that would control a terminal.
    Terminal,
    /// One JSON object on a line of its own, when the message has ended.
    Json,
    /// Not at all: a command gets the message when it has ended.
    Command,
}

/// The format of one message.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    style: Style,
    is_stamped: bool,
    /// The time when the message began, if it has a timestamp.
    time: Option<String>,
    /// The first bytes of a character whose last ones have not come yet.
    characters: Decoder,
    /// Whether the part shown so far ends with a newline.
    ends_line: bool,
}

impl Look {
    /// `is_stamped` says whether to show when a message began.
    pub(crate) fn new(style: Style, is_stamped: bool) -> Self {
        Self { style, is_stamped, time: None, characters: Decoder::default(), ends_line: false }
    }

    fn show(&mut self, text: &str, to: &mut Vec<u8>) {
        if !text.is_empty() {
            self.ends_line = text.ends_with('\n');
        }
        let is_shown = self.style == Style::Terminal;
        to.extend(if is_shown { visible(text) } else { text.to_owned() }.bytes());
    }

    /// What ends the last line of a message.
    const fn line_end(&self) -> &'static str {
        if self.ends_line { "" } else { "\n" }
    }

    const fn is_text(&self) -> bool {
        matches!(self.style, Style::Text | Style::Terminal)
    }
}

/// The mark where a message was cut off.
const CUT_MARK: &str = " [cut off]\n";

impl Format for Look {
    type Reason = Reason;

    fn is_whole(&self) -> bool {
        matches!(self.style, Style::Json | Style::Command)
    }

    fn begin(&mut self, first: &Piece<'_>, to: &mut Vec<u8>) {
        self.time = self.is_stamped.then(|| format_rfc3339_millis(SystemTime::now()).to_string());
        if let Some(time) = self.time.as_ref().filter(|_| self.is_text()) {
            to.extend(format!("[{time} PID {}] ", first.peer).bytes());
        }
    }

    fn take(&mut self, octets: &[u8], to: &mut Vec<u8>) {
        if matches!(self.style, Style::Raw | Style::Command) {
            return to.extend_from_slice(octets);
        }
        let mut text = String::new();
        self.characters.feed(octets, &mut text);
        self.show(&text, to);
    }

    fn end(&mut self, message: &Ended, cut: Option<&Reason>, to: &mut Vec<u8>) {
        let mut text = String::new();
        self.characters.finish(&mut text);
        self.show(&text, to);
        match (self.style, cut) {
            (Style::Raw | Style::Command, _) => {}
            (Style::Text | Style::Terminal, None) => to.extend(self.line_end().bytes()),
            (Style::Text | Style::Terminal, Some(_)) if message.octets == 0 => {}
            (Style::Text | Style::Terminal, Some(_)) => to.extend(CUT_MARK.bytes()),
            (Style::Json, _) => {
                let line =
                    Object::of(message, cut, &String::from_utf8_lossy(to), self.time.as_deref())
                        .line();
                *to = line;
            }
        }
    }

    fn aside(&self) -> Option<&'static str> {
        self.is_text().then_some(" [to be continued]\n")
    }

    fn resume(&self, peer: u32, to: &mut Vec<u8>) {
        to.extend(format!("[PID {peer} continues] ").bytes());
    }

    fn torn(&self) -> &'static str {
        match self.style {
            Style::Raw | Style::Command => "",
            Style::Text | Style::Terminal => CUT_MARK,
            Style::Json => "\n",
        }
    }
}

/// A message as one line of JSON. The members are written in this order.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Object<'a> {
    Message {
        peer: u32,
        uid: u32,
        protocol: String,
        dialect: Option<String>,
        bytes: u64,
        text: &'a str,
        seconds: f64,
        verified: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<&'a str>,
    },
    Cut {
        peer: u32,
        uid: u32,
        bytes: u64,
        text: &'a str,
        #[serde(flatten)]
        reason: &'a Reason,
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<&'a str>,
    },
}

impl<'a> Object<'a> {
    fn of(message: &Ended, cut: Option<&'a Reason>, text: &'a str, time: Option<&'a str>) -> Self {
        let &Ended { peer, uid, protocol, dialect, octets: bytes, micros, .. } = message;
        match cut {
            Some(reason) => Self::Cut { peer, uid, bytes, text, reason, time },
            None => Self::Message {
                peer,
                uid,
                protocol: protocol.to_string(),
                dialect: dialect.map(|dialect| dialect.to_string()),
                bytes,
                text,
                seconds: Duration::from_micros(micros).as_secs_f64(),
                verified: protocol == Protocol::Framed,
                time,
            },
        }
    }

    fn line(&self) -> Vec<u8> {
        // The keys are strings and the values finite, so everything can be expressed in JSON.
        line(self).unwrap_or_default().into_bytes()
    }
}

/// The object for a message that was cut before any of it had arrived.
pub(crate) fn cut_at_once(peer: u32, uid: u32, reason: &Reason) -> Vec<u8> {
    Object::Cut { peer, uid, bytes: 0, text: "", reason, time: None }.line()
}

#[cfg(test)]
mod tests {
    use super::*;
    use minitalk_core::RefusalReason;

    fn shown(style: Style, pieces: &[&[u8]]) -> String {
        let (mut look, mut shown) = (Look::new(style, false), Vec::new());
        for piece in pieces {
            look.take(piece, &mut shown);
        }
        let mut text = String::new();
        look.characters.finish(&mut text);
        look.show(&text, &mut shown);
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn a_character_is_shown_when_its_last_byte_has_come() {
        let (mut look, mut shown) = (Look::new(Style::Text, false), Vec::new());
        let text = "é".as_bytes();
        look.take(&text[..1], &mut shown);
        assert_eq!(shown, b"");
        look.take(&text[1..], &mut shown);
        assert_eq!(shown, text);
    }

    #[test]
    fn half_a_character_is_shown_as_such() {
        assert_eq!(shown(Style::Text, &[b"ab\xF0", b"\x9F"]), "ab\u{FFFD}");
    }

    #[test]
    fn a_newline_is_added_to_what_does_not_end_with_one() {
        let end = |pieces: &[&str]| {
            let (mut look, mut shown) = (Look::new(Style::Text, false), Vec::new());
            for piece in pieces {
                look.take(piece.as_bytes(), &mut shown);
            }
            look.line_end()
        };
        assert_eq!(end(&["a"]), "\n");
        assert_eq!(end(&["a", "\n"]), "");
        assert_eq!(end(&["a\n", "", "b"]), "\n");
        assert_eq!(end(&["a\n", ""]), "");
        assert_eq!(end(&[]), "\n", "an empty message has a line, too");
    }

    #[test]
    fn nothing_from_the_line_can_command_a_terminal() {
        assert_eq!(shown(Style::Terminal, &[b"\x1b[31mred\x07"]), "^[[31mred^G");
        assert_eq!(shown(Style::Text, &[b"\x1b[31mred\x07"]), "\x1b[31mred\x07");
    }

    #[test]
    fn an_object_is_one_line_whatever_it_contains() {
        let reason = Reason::from(RefusalReason::Stalled);
        let (text, time) = ("a\nb\u{1b}", None);
        let object = Object::Cut { peer: 1, uid: 2, bytes: 3, text, reason: &reason, time };
        let line = String::from_utf8(object.line()).unwrap();
        assert_eq!(line.lines().count(), 1);
        let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(parsed["text"], text);
        assert_eq!(parsed["reason"], "stalled");
        assert!(line.starts_with(r#"{"event":"cut","peer":1,"uid":2,"bytes":3,"text":"#), "{line}");
    }
}
