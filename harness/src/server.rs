//! A running server that has printed its PID.

use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::child::{Finished, Running};
use crate::programs::Programs;

/// A server that is ready.
#[derive(Debug)]
pub struct Server {
    running: Running,
    first_line: String,
}

impl Server {
    /// Starts a server with default options and waits until it is ready.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these options and waits until it is ready.
    ///
    /// # Panics
    ///
    /// If it does not print its PID.
    #[must_use]
    pub fn start_with(options: &[&str]) -> Self {
        Self::start_command(Programs::build().server().args(options))
    }

    /// Starts a server with these options and `--raw`, sends its standard output to `stdout`, and
    /// waits until it is ready.
    ///
    /// # Panics
    ///
    /// If it does not print its PID.
    #[must_use]
    pub fn start_into(options: &[&str], stdout: impl Into<Stdio>) -> Self {
        let mut command = Programs::build().server();
        let running = Running::spawn_into(command.arg("--raw").args(options), stdout);
        Self::ready(running, true)
    }

    /// Starts a server with `command` and waits until it is ready.
    ///
    /// # Panics
    ///
    /// If it does not print its PID.
    #[must_use]
    pub fn start_command(command: &mut Command) -> Self {
        let running = Running::spawn(command);
        let raw = command.get_args().any(|option| option == "--raw");
        Self::ready(running, raw)
    }

    fn ready(running: Running, raw: bool) -> Self {
        let first_line = if raw {
            running.wait_for_stderr("PID: ").lines().next().unwrap_or_default().to_owned()
        } else {
            let has_line = |bytes: &[u8]| bytes.contains(&b'\n');
            let bytes = running.wait_for_stdout(has_line);
            String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned()
        };
        let server = Self { running, first_line };
        assert!(server.pid() > 0, "no PID in {:?}", server.first_line);
        server
    }

    /// The PID, extracted from the server's first line as a script would do it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        let digits: String = self.first_line.chars().filter(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    }

    /// The process.
    #[must_use]
    pub fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// What it has shown so far after its first line.
    #[must_use]
    pub fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.running.stdout_so_far()).into_owned();
        text.strip_prefix(&self.first_line).map_or(text.clone(), |rest| rest[1..].to_owned())
    }

    /// Waits until it has shown exactly `text` after its first line.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn wait_until_shown(&self, text: &str) {
        let expected = format!("{}\n{text}", self.first_line);
        self.running.wait_for_stdout(|bytes| bytes == expected.as_bytes());
    }

    /// Waits for its end. The first line is removed from its output.
    #[must_use]
    pub fn finish(self) -> Finished {
        let mut finished = self.running.finish();
        let line = format!("{}\n", self.first_line).into_bytes();
        if finished.stdout.starts_with(&line) {
            finished.stdout.drain(..line.len());
        }
        finished
    }

    /// Ends it with `SIGTERM` and waits for it. The first line is removed from its output.
    #[must_use]
    pub fn stop(self) -> Finished {
        self.running.signal(Signal::SIGTERM);
        self.finish()
    }
}
