//! JSON that is safe to show on a terminal.

use std::io;

use minitalk::text::is_control;
use serde::Serialize;
use serde::ser::Error;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// The object on a line of its own. Every [control](is_control) character in it is escaped, also
/// those that JSON allows unescaped (U+007F and up).
///
/// # Errors
///
/// Those of the object's own [`Serialize`].
pub fn line(object: &(impl Serialize + ?Sized)) -> serde_json::Result<String> {
    let mut line = Vec::new();
    object.serialize(&mut Serializer::with_formatter(&mut line, Escaping))?;
    line.push(b'\n');
    String::from_utf8(line).map_err(Error::custom)
}

/// The compact form, with more characters escaped.
struct Escaping;

impl Formatter for Escaping {
    /// Writes a part of a string that JSON allows unescaped.
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        to: &mut W,
        part: &str,
    ) -> io::Result<()> {
        for piece in part.split_inclusive(is_control) {
            let control = piece.chars().next_back().filter(|last| is_control(*last));
            let plain = piece.len() - control.map_or(0, char::len_utf8);
            to.write_all(&piece.as_bytes()[..plain])?;
            if let Some(control) = control {
                // All of them are below U+10000.
                write!(to, "\\u{:04x}", u32::from(control))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn whatever_a_text_holds_the_line_commands_nothing_and_is_read_as_that_text() {
        let controls: String = ('\0'..=char::MAX).filter(|c| is_control(*c)).collect();
        assert!(controls.chars().all(|control| u32::from(control) < 0x1_0000));
        let text = format!("a{controls}é\"\\{controls}👋");
        let line = line(&json!({"text": text, &*controls: 1})).unwrap();
        let (content, newline) = line.split_at(line.len() - 1);
        assert_eq!(newline, "\n");
        assert!(!content.contains(is_control), "{content:?}");
        assert!(content.contains("é") && content.contains("👋"), "{content}");
        let object: Value = serde_json::from_str(content).unwrap();
        assert_eq!(object["text"], text);
        assert_eq!(object[&controls], 1);
    }
}
