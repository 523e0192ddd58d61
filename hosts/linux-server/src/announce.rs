//! Says that the server is ready: to whoever reads its first line, by name, in a file, to systemd.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process;

use minitalk::names::{RegisterError, Registration};
use sd_notify::NotifyState;
use thiserror::Error;

use crate::cli::Options;

/// Why the server could not say that it is ready.
#[derive(Debug, Error)]
pub(crate) enum AnnounceError {
    #[error("cannot write the PID to standard output: {0}")]
    Stdout(io::Error),
    #[error("cannot write the PID to {path}: {error}")]
    PidFile { path: PathBuf, error: io::Error },
    #[error("{0}")]
    Name(#[from] RegisterError),
}

/// What has to be taken back at the end. Dropping it does.
#[derive(Debug)]
pub(crate) struct Announcement {
    _registration: Option<Registration>,
    pid_file: Option<PathBuf>,
}

impl Announcement {
    /// Tells everybody. The signals must be caught by now.
    pub(crate) fn new(options: &Options) -> Result<Self, AnnounceError> {
        let pid = process::id();
        let registration = match Registration::new(options.name.as_ref()) {
            Ok(registration) => Some(registration),
            // Without a name it is known by its executable.
            Err(_) if options.name.is_none() => None,
            Err(error) => return Err(error.into()),
        };
        let announcement = Self { _registration: registration, pid_file: options.pid_file.clone() };
        if let Some(path) = &options.pid_file {
            fs::write(path, format!("{pid}\n"))
                .map_err(|error| AnnounceError::PidFile { path: path.clone(), error })?;
        }
        let greeting = format!("Server PID: {pid}\n");
        if options.json {
            // The event "listening" says it.
        } else if options.raw && options.output.is_none() {
            // Standard error may be closed; the bytes are what matters.
            let _ = io::stderr().write_all(greeting.as_bytes());
        } else {
            let mut stdout = io::stdout();
            let written = stdout.write_all(greeting.as_bytes()).and_then(|()| stdout.flush());
            written.map_err(AnnounceError::Stdout)?;
        }
        tell_service_manager(NotifyState::Ready);
        Ok(announcement)
    }
}

fn tell_service_manager(state: NotifyState<'_>) {
    // Where there is none there is nobody to tell, which is not an error.
    let _ = sd_notify::notify(false, &[state]);
}

impl Drop for Announcement {
    fn drop(&mut self) {
        tell_service_manager(NotifyState::Stopping);
        if let Some(path) = &self.pid_file {
            // Somebody may have removed it already.
            let _ = fs::remove_file(path);
        }
    }
}
