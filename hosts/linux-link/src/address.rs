//! Which server: a PID, a name, or a file with a PID.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_signals::Peer;
use thiserror::Error;

use crate::names::{self, FindError, Name, NameError};

/// How often to look for a server that has not started yet.
const LOOK: Duration = Duration::from_millis(20);

/// How a server is addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A number. It may not be a valid PID: [`Connection::open`](crate::Connection::open) reports
    /// that.
    Pid(i64),
    /// The name that a server was given.
    Name(Name),
    /// A file that contains the PID of the server: any word with a `/` in it.
    File(PathBuf),
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
    /// [`FindError`] if no server has the name, or the file contains no PID. A number is not looked
    /// up.
    pub fn find(&self) -> Result<i64, FindError> {
        match self {
            Self::Pid(pid) => Ok(*pid),
            Self::Name(name) => names::find(name).map(i64::from),
            Self::File(path) => {
                let text = fs::read_to_string(path);
                let pid = text.and_then(|text| text.trim().parse().map_err(io::Error::other));
                pid.map_err(|error| FindError::PidFile { path: path.clone(), error })
            }
        }
    }

    /// Waits until a process with this address runs, for at most `time`, and not beyond `deadline`.
    /// If none has started after `time`, [`Connection::open`](crate::Connection::open) says why.
    ///
    /// # Errors
    ///
    /// [`FindError::NotStarted`] if the deadline passes first.
    pub fn await_start(&self, time: Duration, deadline: Option<Instant>) -> Result<(), FindError> {
        let began = Instant::now();
        let left = deadline.map(|at| at.saturating_duration_since(began));
        let most = left.map_or(time, |left| left.min(time));
        while !self.runs() {
            let pause = LOOK.min(most.saturating_sub(began.elapsed()));
            if pause.is_zero() {
                let is_late = most < time && !self.runs();
                return if is_late { Err(FindError::NotStarted(self.to_string())) } else { Ok(()) };
            }
            thread::sleep(pause);
        }
        Ok(())
    }

    fn runs(&self) -> bool {
        let pid = self.find().ok().and_then(|pid| u32::try_from(pid).ok());
        pid.is_some_and(|pid| Peer::open(pid).is_ok_and(|peer| !peer.has_exited()))
    }

    /// Makes sure that the process `held`, which was found before it was opened, is the server: in
    /// between, its number may have been given to another process.
    pub(crate) fn confirm(&self, held: &Peer) -> Result<(), FindError> {
        match self {
            Self::Name(name) if names::find(name)? != held.pid() => {
                Err(FindError::Ended { name: name.clone(), pid: held.pid() })
            }
            Self::Pid(_) | Self::Name(_) | Self::File(_) => Ok(()),
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
            Err(_) if word.contains('/') => Ok(Self::File(word.into())),
            Err(_) => Name::parse(word).map(Self::Name).map_err(ParseAddressError),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pid(pid) => pid.fmt(f),
            Self::Name(name) => name.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_pid_what_has_a_slash_a_file_and_anything_else_a_name() {
        assert_eq!("4242".parse(), Ok(Address::Pid(4242)));
        assert_eq!("-1".parse(), Ok(Address::Pid(-1)), "refused later, with better words");
        assert_eq!("logs".parse(), Ok(Address::Name(Name::parse("logs").unwrap())));
        assert_eq!("/run/x.pid".parse(), Ok(Address::File("/run/x.pid".into())));
        for word in ["", "99999999999999999999", "a\u{1b}b"] {
            assert!(word.parse::<Address>().is_err(), "{word:?}");
        }
    }

    #[test]
    fn a_file_leads_to_the_pid_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pid");
        let address = Address::File(path.clone());
        assert!(matches!(address.find(), Err(FindError::PidFile { .. })), "it is not there");
        for (text, pid) in [("4242\n", Some(4242)), ("", None), ("x\n", None)] {
            fs::write(&path, text).unwrap();
            assert_eq!(address.find().ok(), pid, "{text:?}");
        }
    }
}
