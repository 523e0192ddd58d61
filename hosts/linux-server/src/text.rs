//! What becomes of the bytes of a message.

use minitalk_cli::text::{Decoder, visible};

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
    /// Not at all: when the message has ended, a command gets it.
    Command,
}

/// How messages are shown, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) style: Style,
    /// Whether it is shown when a message began.
    pub(crate) is_stamped: bool,
}

/// What stands where a message was cut off.
const CUT_MARK: &str = " [cut off]\n";

/// What stands where a message was put aside.
const ASIDE_MARK: &str = " [to be continued]\n";

impl Style {
    /// Whether a message is kept until it has ended.
    pub(crate) const fn is_whole(self) -> bool {
        matches!(self, Self::Json | Self::Command)
    }

    /// What ends a message.
    pub(crate) const fn end(self) -> &'static str {
        match self {
            Self::Raw | Self::Json | Self::Command => "",
            Self::Text | Self::Terminal => "\n",
        }
    }

    /// What ends a message of which no more comes.
    pub(crate) const fn end_of_cut(self) -> &'static str {
        match self {
            Self::Raw | Self::Json | Self::Command => "",
            Self::Text | Self::Terminal => CUT_MARK,
        }
    }

    /// What ends a line of which the rest could not be written.
    pub(crate) const fn end_of_torn(self) -> &'static str {
        match self {
            Self::Raw | Self::Command => "",
            Self::Text | Self::Terminal => CUT_MARK,
            Self::Json => "\n",
        }
    }

    /// What ends the part of a message after which another one is written, if that can be marked.
    pub(crate) const fn end_of_part(self) -> Option<&'static str> {
        match self {
            Self::Raw | Self::Json | Self::Command => None,
            Self::Text | Self::Terminal => Some(ASIDE_MARK),
        }
    }
}

/// Octets of one message in, what is to be shown out.
#[derive(Debug)]
pub(crate) struct Rendering {
    style: Style,
    characters: Decoder,
}

impl Rendering {
    pub(crate) fn new(style: Style) -> Self {
        Self { style, characters: Decoder::default() }
    }

    /// Takes the next octets of the message.
    pub(crate) fn take(&mut self, octets: &[u8], shown: &mut Vec<u8>) {
        if matches!(self.style, Style::Raw | Style::Command) {
            return shown.extend_from_slice(octets);
        }
        let mut text = String::new();
        self.characters.feed(octets, &mut text);
        self.show(&text, shown);
    }

    /// Takes the end of the message.
    pub(crate) fn finish(&mut self, shown: &mut Vec<u8>) {
        let mut text = String::new();
        self.characters.finish(&mut text);
        self.show(&text, shown);
    }

    fn show(&self, text: &str, shown: &mut Vec<u8>) {
        match self.style {
            Style::Terminal => shown.extend_from_slice(visible(text).as_bytes()),
            Style::Raw | Style::Text | Style::Json | Style::Command => {
                shown.extend_from_slice(text.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(style: Style, pieces: &[&[u8]]) -> String {
        let (mut rendering, mut shown) = (Rendering::new(style), Vec::new());
        for piece in pieces {
            rendering.take(piece, &mut shown);
        }
        rendering.finish(&mut shown);
        String::from_utf8(shown).unwrap()
    }

    #[test]
    fn a_character_is_shown_when_its_last_byte_has_come() {
        let (mut rendering, mut shown) = (Rendering::new(Style::Text), Vec::new());
        let text = "é".as_bytes();
        rendering.take(&text[..1], &mut shown);
        assert_eq!(shown, b"");
        rendering.take(&text[1..], &mut shown);
        assert_eq!(shown, text);
    }

    #[test]
    fn half_a_character_is_shown_as_such() {
        assert_eq!(rendered(Style::Text, &[b"ab\xF0", b"\x9F"]), "ab\u{FFFD}");
    }

    #[test]
    fn nothing_from_the_line_can_command_a_terminal() {
        assert_eq!(rendered(Style::Terminal, &[b"\x1b[31mred\x07"]), "^[[31mred^G");
        assert_eq!(rendered(Style::Text, &[b"\x1b[31mred\x07"]), "\x1b[31mred\x07");
    }
}
