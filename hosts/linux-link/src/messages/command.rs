//! A command for each message, one after the other.

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// Runs the command in a thread, because writing to it and waiting for it may take time.
#[derive(Debug)]
pub(super) struct Runner {
    command: String,
    is_running: bool,
    results: (Sender<Result>, Receiver<Result>),
    /// Gets an octet with each result, so that the result can be waited for.
    wake: (PipeReader, PipeWriter),
}

/// How the command for a message of this process has ended.
type Result = (u32, io::Result<()>);

impl Runner {
    pub(super) fn new(command: String) -> io::Result<Self> {
        Ok(Self { command, is_running: false, results: channel(), wake: io::pipe()? })
    }

    pub(super) const fn is_running(&self) -> bool {
        self.is_running
    }

    /// Runs the command for a message of the process `peer`, with `text` on its standard input.
    pub(super) fn start(&mut self, peer: u32, uid: u32, text: Vec<u8>) -> io::Result<()> {
        let mut command = Command::new("sh");
        command.args(["-c", &self.command]).stdin(Stdio::piped());
        command.env("MINITALK_PEER", peer.to_string()).env("MINITALK_UID", uid.to_string());
        let (results, mut wake) = (self.results.0.clone(), self.wake.1.try_clone()?);
        thread::Builder::new().spawn(move || {
            // If nobody receives the result, the program has ended.
            let _ = results.send((peer, run(&mut command, &text)));
            let _ = wake.write_all(b".");
        })?;
        self.is_running = true;
        Ok(())
    }

    /// The result, if there is one.
    pub(super) fn result(&mut self) -> Option<Result> {
        let result = self.results.1.try_recv().ok()?;
        self.is_running = false;
        // The octet has been written, or is just being written.
        let _ = self.wake.0.read(&mut [0]);
        Some(result)
    }
}

impl AsFd for Runner {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wake.0.as_fd()
    }
}

fn run(command: &mut Command, text: &[u8]) -> io::Result<()> {
    let mut child = command.spawn()?;
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(text));
    let status = child.wait()?;
    match written {
        // The command need not read all of its input.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) if status.success() => Ok(()),
        Ok(()) | Err(_) => Err(io::Error::other(format!("the command has ended with {status}"))),
    }
}
