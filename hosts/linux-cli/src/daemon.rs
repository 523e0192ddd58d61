//! How a server announces that it is ready, and withdraws that when it ends.

mod pid_file;
mod service_manager;

use std::path::Path;

pub use pid_file::PidFileError;

use pid_file::PidFile;

/// The announcement of this process. It is withdrawn when it is dropped.
#[derive(Debug)]
pub struct Announcement {
    _pid_file: Option<PidFile>,
}

impl Announcement {
    /// Writes the PID to a file, if there is one to write to. Nothing else is announced yet.
    ///
    /// # Errors
    ///
    /// [`PidFileError`].
    pub fn new(pid_file: Option<&Path>) -> Result<Self, PidFileError> {
        Ok(Self { _pid_file: pid_file.map(PidFile::new).transpose()? })
    }

    /// Tells the service manager, if there is one, that this process is ready.
    pub fn ready(&self) {
        service_manager::tell("READY=1");
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        service_manager::tell("STOPPING=1");
    }
}
