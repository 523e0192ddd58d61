//! Which server: a PID, or a name.

use std::str::FromStr;

use minitalk::names::{self, FindError, Name, NameError};
use minitalk_signals::Peer;
use thiserror::Error;

/// What the user calls the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// A number, which need not be a PID.
    Pid(i64),
    /// The name that a server was given.
    Name(Name),
}

/// Why a word is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("it is not a PID, and {0}")]
pub(crate) struct ParseAddressError(NameError);

impl Address {
    /// The PID of the server.
    pub(crate) fn find(&self) -> Result<i64, FindError> {
        match self {
            Self::Pid(pid) => Ok(*pid),
            Self::Name(name) => names::find(name).map(i64::from),
        }
    }

    /// Makes sure that the process `held`, which was found and is held by now, is the server: in between,
    /// the number may have gone to another process.
    pub(crate) fn confirm(&self, held: &Peer) -> Result<(), FindError> {
        match self {
            Self::Name(name) if names::find(name)? != held.pid() => {
                Err(FindError::Ended { name: name.clone(), pid: held.pid() })
            }
            Self::Pid(_) | Self::Name(_) => Ok(()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_pid_and_anything_else_a_name() {
        assert_eq!("4242".parse(), Ok(Address::Pid(4242)));
        assert_eq!("-1".parse(), Ok(Address::Pid(-1)), "to be refused with better words later");
        assert_eq!("logs".parse(), Ok(Address::Name(Name::parse("logs").unwrap())));
        for word in ["", "a/b", "99999999999999999999", "a\u{1b}b"] {
            assert!(word.parse::<Address>().is_err(), "{word:?}");
        }
    }
}
