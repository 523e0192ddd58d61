//! Which server: a PID, or a name.

use std::fmt;
use std::str::FromStr;

use minitalk_signals::Peer;
use thiserror::Error;

use crate::names::{self, FindError, Name, NameError};

/// What a server is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A number. It need not be a PID: [`Connection::open`](crate::Connection::open) says what is
    /// wrong with it.
    Pid(i64),
    /// The name that a server was given.
    Name(Name),
}

/// Why a word is neither a number nor a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is not a PID, and {0}")]
pub struct ParseAddressError(NameError);

impl Address {
    /// The PID of the server.
    ///
    /// # Errors
    ///
    /// [`FindError`] if nobody has the name. A number is not looked up.
    pub fn find(&self) -> Result<i64, FindError> {
        match self {
            Self::Pid(pid) => Ok(*pid),
            Self::Name(name) => names::find(name).map(i64::from),
        }
    }

    /// Makes sure that the process `held`, which was found before it was opened, is the server: in
    /// between, the number may have gone to another process.
    pub(crate) fn confirm(&self, held: &Peer) -> Result<(), FindError> {
        match self {
            Self::Name(name) if names::find(name)? != held.pid() => {
                Err(FindError::Ended { name: name.clone(), pid: held.pid() })
            }
            Self::Pid(_) | Self::Name(_) => Ok(()),
        }
    }
}

impl From<u32> for Address {
    fn from(pid: u32) -> Self {
        Self::Pid(pid.into())
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(word: &str) -> Result<Self, ParseAddressError> {
        match word.parse() {
            Ok(pid) => Ok(Self::Pid(pid)),
            Err(_) => Name::parse(word).map(Self::Name).map_err(ParseAddressError),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pid(pid) => pid.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_pid_and_anything_else_a_name() {
        assert_eq!("4242".parse(), Ok(Address::Pid(4242)));
        assert_eq!("-1".parse(), Ok(Address::Pid(-1)), "refused later, with better words");
        assert_eq!("logs".parse(), Ok(Address::Name(Name::parse("logs").unwrap())));
        for word in ["", "a/b", "99999999999999999999", "a\u{1b}b"] {
            assert!(word.parse::<Address>().is_err(), "{word:?}");
        }
    }
}
