//! What ends the server.

use std::io;
use std::path::PathBuf;

use minitalk::ListenError;
use minitalk_cli::files::{ClosedError, SameFileError};
use minitalk_cli::pid_file::PidFileError;
use minitalk_cli::trace::OpenTraceError;
use minitalk_signals::{BlockingError, WaitError, WatchError};
use thiserror::Error;

/// Why the server could not start or go on.
#[derive(Debug, Error)]
pub(crate) enum ServerError {
    #[error(transparent)]
    Listen(#[from] ListenError),
    #[error(transparent)]
    Closed(#[from] ClosedError),
    #[error(transparent)]
    SameFile(#[from] SameFileError),
    #[error(transparent)]
    PidFile(#[from] PidFileError),
    #[error(transparent)]
    Blocking(#[from] BlockingError),
    #[error(transparent)]
    Generate(io::Error),
    #[error("cannot write the PID to standard output: {0}")]
    Stdout(io::Error),
    #[error("cannot open {}: {error}", path.display())]
    Open { path: PathBuf, error: io::Error },
    #[error("cannot write a trace to {}: {error}", path.display())]
    Trace { path: PathBuf, error: OpenTraceError },
    #[error("cannot prepare to run commands: {0}")]
    Exec(io::Error),
    #[error(transparent)]
    Wait(#[from] WaitError),
    #[error(transparent)]
    Watch(#[from] WatchError),
    #[error(
        "cannot write the messages: {0}; what was not written has not been confirmed to its sender"
    )]
    Output(io::Error),
}

impl ServerError {
    /// Whether a signal has asked to end before the server was ready.
    pub(crate) const fn is_termination(&self) -> bool {
        matches!(self, Self::Blocking(BlockingError::Terminated(_)))
    }
}
