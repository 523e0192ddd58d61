//! The line as text: a row for each bit, with the answer and the part that it belongs to.
//!
//! ```text
//! → 0   ← USR1    0
//! → 1   ← USR1    0 1
//!   …
//! → 1   ← USR1    0 1 0 0 0 0 0 1 = 'A'
//!       ← USR2    receipt
//! ```

use std::fmt::Write;

use minitalk_core::Bit;
use minitalk_core::exchange::Protocol;

use super::interpreter::{Framing, Meaning, Purpose, Seen};

/// How many bits of a group are shown, so that a row fits 80 columns. Longer groups are only marks.
const BITS_SHOWN_MAX: usize = 10;

/// The column where the bits of a group begin, after the arrows.
const BITS_COLUMN: usize = 16;

/// Produces rows as symbols come. What it returns must be written at once: a row is complete only
/// when the next symbol comes.
#[derive(Debug)]
pub(crate) struct Rows {
    has_times: bool,
    /// The sender whose symbols the latest rows show.
    sender: Option<u32>,
    /// The number of columns taken in a row that was begun for a bit.
    open_columns: Option<usize>,
    /// The bits of the group so far, and its name.
    bits: Vec<(bool, bool)>,
    name: Option<String>,
    is_again: bool,
}

impl Rows {
    /// Rows, each of which may begin with the microseconds since the first symbol.
    pub(crate) fn new(has_times: bool) -> Self {
        let (bits, name) = (Vec::new(), None);
        Self { has_times, sender: None, open_columns: None, bits, name, is_again: false }
    }

    /// The text that the next symbol adds.
    pub(crate) fn text(&mut self, symbol: &Seen, meaning: &Meaning) -> String {
        let mut text = String::new();
        if self.sender != Some(symbol.sender) {
            self.end_row(&mut text);
            let _ = writeln!(text, "PID {}", symbol.sender);
            self.sender = Some(symbol.sender);
            self.bits.clear();
        }
        match symbol.purpose {
            Purpose::Bit | Purpose::Again => self.bit(&mut text, symbol, meaning),
            Purpose::Ack => self.ack(&mut text, symbol, meaning),
        }
        text
    }

    /// Ends the last row, if it was begun.
    pub(crate) fn end(&mut self) -> String {
        let mut text = String::new();
        self.end_row(&mut text);
        text
    }

    fn bit(&mut self, text: &mut String, symbol: &Seen, meaning: &Meaning) {
        self.end_row(text);
        self.is_again = symbol.purpose == Purpose::Again;
        if meaning.begins {
            self.bits.clear();
        }
        if !self.is_again {
            self.bits.push((meaning.is_one, meaning.framing == Framing::InsertedZero));
            self.name.clone_from(&meaning.name);
        }
        let row = format!("→ {}", u8::from(meaning.is_one));
        self.begin_row(text, symbol, &row);
        self.open_columns = Some(row.chars().count());
    }

    fn ack(&mut self, text: &mut String, symbol: &Seen, meaning: &Meaning) {
        let signal = match symbol.value {
            Bit::Zero => "USR1",
            Bit::One => "USR2",
        };
        let is_receipt = meaning.name.is_some() && meaning.protocol == Some(Protocol::Classic);
        let Some(columns) = self.open_columns.take() else {
            let comment = meaning.name.clone().unwrap_or_default();
            let row = format!("      ← {signal}    {comment}");
            self.begin_row(text, symbol, row.trim_end());
            text.push('\n');
            return;
        };
        let _ = write!(text, "   ← {signal}");
        let columns = columns + 3 + 6;
        if meaning.name.is_some() && !is_receipt {
            self.name.clone_from(&meaning.name);
        }
        self.end_columns(text, columns);
        if is_receipt {
            text.push_str(", receipt");
        }
        text.push('\n');
    }

    fn begin_row(&self, text: &mut String, symbol: &Seen, row: &str) {
        if self.has_times {
            let _ = write!(text, "{:>10} µs  ", symbol.nanos / 1_000);
        }
        text.push_str(row);
    }

    fn end_row(&mut self, text: &mut String) {
        if let Some(columns) = self.open_columns.take() {
            self.end_columns(text, columns);
            text.push('\n');
        }
    }

    /// Writes the last two columns: the bits of the group and its name.
    fn end_columns(&self, text: &mut String, columns: usize) {
        text.push_str(&" ".repeat(BITS_COLUMN.saturating_sub(columns)));
        if self.is_again {
            text.push_str("(sent again)");
            return;
        }
        let skipped = self.bits.len().saturating_sub(BITS_SHOWN_MAX);
        let shown = self.bits.iter().skip(skipped);
        let mut words: Vec<String> = shown
            .map(|&(is_one, is_inserted)| {
                let digit = u8::from(is_one);
                if is_inserted { format!("({digit})") } else { digit.to_string() }
            })
            .collect();
        if skipped > 0 {
            words.insert(0, "…".to_owned());
        }
        if let Some(name) = &self.name {
            words.push(format!("= {name}"));
        } else if self.bits.last().is_some_and(|(_, is_inserted)| *is_inserted) {
            words.push("  inserted zero".to_owned());
        }
        text.push_str(&words.join(" "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::conversation::Conversation;

    fn shown(conversation: &Conversation) -> String {
        let mut rows = Rows::new(false);
        let told = conversation.told.iter();
        let text: String = told.map(|(symbol, meaning)| rows.text(symbol, meaning)).collect();
        text + &rows.end()
    }

    #[test]
    fn a_letter_is_eight_rows_and_its_name() {
        let text = shown(&Conversation::classic(b"A"));
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows[..3], ["PID 4242", "→ 0   ← USR1    0", "→ 1   ← USR1    0 1"]);
        assert_eq!(rows[8], "→ 1   ← USR1    0 1 0 0 0 0 0 1 = 'A'");
        assert_eq!(
            rows[16..],
            ["→ 0   ← USR1    0 0 0 0 0 0 0 0 = NUL", "      ← USR2    receipt"]
        );
    }

    #[test]
    fn a_frame_fits_eighty_columns_with_inserted_zeros_and_verdict() {
        let text = shown(&Conversation::framed(b"Hi"));
        assert!(text.lines().all(|row| row.chars().count() <= 80), "{text}");
        for part in [
            "1 1 1 1 1 1 1 1 = mark\n",
            "0 1 1 1 1 1 1 0 = flag\n",
            "1 1 1 1 1 (0)   inserted zero\n",
            "1 1 1 1 1 (0) 1 1 1 = address 0xFF\n",
            "0 1 1 1 1 1 1 0 = flag: accepted\n",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_bit_without_an_answer_and_one_that_is_sent_again_have_rows() {
        let mut conversation = Conversation::new(minitalk_core::classic::Dialect::DEFAULT);
        conversation.say(Purpose::Bit, Bit::Zero);
        conversation.say(Purpose::Again, Bit::Zero);
        conversation.say(Purpose::Ack, Bit::Zero);
        conversation.say(Purpose::Bit, Bit::One);
        let rows =
            "PID 4242\n→ 0             0\n→ 0   ← USR1    (sent again)\n→ 1             0 1\n";
        assert_eq!(shown(&conversation), rows);
    }
}
