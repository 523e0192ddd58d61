//! The names that servers may have.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::is_control;

/// The longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// The name of a server: a file name that cannot be mistaken for a PID, an option or a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is not the name of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// It is empty.
    #[error("a name has at least one character")]
    Empty,
    /// It is longer than [`NAME_BYTES_MAX`].
    #[error("a name has at most {NAME_BYTES_MAX} bytes")]
    TooLong,
    /// It would be taken for a PID.
    #[error("a name does not begin with a digit, as a PID does")]
    Number,
    /// It would be taken for an option.
    #[error("a name does not begin with '-', which begins an option")]
    Option,
    /// It is `.` or `..`, or a hidden file.
    #[error("a name does not begin with a dot")]
    Dot,
    /// It would be a path.
    #[error("a name has no '/'")]
    Separator,
    /// It would send control characters to the terminal of a user who lists it.
    #[error("a name has no control characters")]
    Control,
}

impl Name {
    /// Checks that `text` may be the name of a server.
    ///
    /// # Errors
    ///
    /// [`NameError`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if text.is_empty() {
            Err(NameError::Empty)
        } else if text.len() > NAME_BYTES_MAX {
            Err(NameError::TooLong)
        } else if digits.starts_with(char::is_numeric) {
            Err(NameError::Number)
        } else if text.starts_with('-') {
            Err(NameError::Option)
        } else if text.starts_with('.') {
            Err(NameError::Dot)
        } else if text.contains('/') {
            Err(NameError::Separator)
        } else if text.chars().any(is_control) {
            Err(NameError::Control)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_people_call_things() {
        for text in ["a", "logs", "Büro 2", "a.b", "世界", &"x".repeat(64)] {
            assert_eq!(Name::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_be_mistaken_for_something_else_is_refused() {
        for (text, error) in [
            ("", NameError::Empty),
            (&"x".repeat(65), NameError::TooLong),
            ("4242", NameError::Number),
            ("-1", NameError::Number),
            ("+7", NameError::Number),
            ("٤٢", NameError::Number),
            ("-x", NameError::Option),
            (".", NameError::Dot),
            ("..", NameError::Dot),
            (".hidden", NameError::Dot),
            ("a/b", NameError::Separator),
            ("a\u{1b}[2J", NameError::Control),
            ("a\nb", NameError::Control),
            ("a\u{9b}b", NameError::Control),
            ("a\u{202e}b", NameError::Control),
        ] {
            assert_eq!(Name::parse(text), Err(error), "{text:?}");
        }
    }
}
