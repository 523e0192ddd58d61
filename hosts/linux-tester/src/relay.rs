//! A process between a client and a server, each of which takes it for the other.
//!
//! The client is given the PID of this process and sends its symbols here. Each is passed on to the
//! server, and each answer is passed back. So every symbol is seen, with its time, and neither
//! program has to be modified.
//!
//! It is a separate process because each client needs a different PID: a server distinguishes
//! clients by their PID.

mod plan;
mod receive;
mod recording;
mod replay;
mod run;

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitCode, Stdio};

use thiserror::Error;

pub(crate) use plan::{Action, Faults, Passing, Plan};
pub(crate) use recording::{Exchange, Party, Recording, Symbol};

use crate::launch::end_with_parent;
use crate::role::Role;

/// Why a relay has no recording.
#[derive(Debug, Error)]
pub(crate) enum RelayError {
    #[error("cannot start the relay: {0}")]
    Start(#[from] io::Error),
    #[error("the relay failed: {0}")]
    Failed(String),
}

/// Starts a relay; [`Relay::finish`] returns its recording.
pub(crate) fn start(plan: &Plan) -> Result<Relay, RelayError> {
    let plan = serde_json::to_string(plan).map_err(io::Error::other)?;
    let mut command: Command = Role::Relay.command();
    let child =
        command.arg(plan).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(Relay { child: child.spawn()? })
}

/// Runs a client through a relay to its end.
pub(crate) fn run(plan: &Plan) -> Result<Recording, RelayError> {
    start(plan)?.finish()
}

/// A relay at work.
#[derive(Debug)]
pub(crate) struct Relay {
    child: std::process::Child,
}

impl Relay {
    /// Waits for the recording. The plan has time limits, so this ends.
    pub(crate) fn finish(self) -> Result<Recording, RelayError> {
        let output = self.child.wait_with_output()?;
        serde_json::from_slice(&output.stdout).map_err(|_| {
            RelayError::Failed(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        })
    }
}

/// The main function of a relay process.
pub(crate) fn main(arguments: &[OsString]) -> ExitCode {
    end_with_parent();
    let result = arguments
        .first()
        .and_then(|plan| serde_json::from_str(plan.to_str()?).ok())
        .ok_or_else(|| "no plan".to_owned())
        .and_then(|plan| run::run(&plan).map_err(|error| error.to_string()))
        .and_then(|recording| serde_json::to_string(&recording).map_err(|error| error.to_string()));
    match result {
        Ok(recording) => {
            println!("{recording}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
