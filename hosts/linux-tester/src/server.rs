//! A running server of the pair.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_signals::{ProcessState, ProcessStatus};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::launch;
use crate::process::{self, Ending};
use crate::screen::{Screen, contains};

/// How long a server may take until it handles both signals.
const START: Duration = Duration::from_secs(2);

/// How long the output may lag behind the end of the client.
const LAG: Duration = Duration::from_millis(700);

/// The same for a server that waits for the next signal: it has written everything by then.
const LAG_AT_REST: Duration = Duration::from_millis(150);

/// A running server, a child of the tester. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    screen: Arc<Screen>,
    /// Its standard error, kept separate so that it does not end up in the middle of a text.
    errors: Arc<Screen>,
    ending: Option<Ending>,
}

impl Server {
    /// Starts the server on a terminal and waits until it handles both signals, or has had time to.
    pub(crate) fn start(program: &Path) -> io::Result<Self> {
        Self::start_on(Screen::terminal()?, program)
    }

    /// The same with a pipe instead of a terminal.
    pub(crate) fn start_in_pipe(program: &Path) -> io::Result<Self> {
        Self::start_on(Screen::pipe()?, program)
    }

    fn start_on((screen, end): (Arc<Screen>, OwnedFd), program: &Path) -> io::Result<Self> {
        let (errors, error_end) = Screen::terminal()?;
        let child = launch::command(program).stdout(end).stderr(error_end).spawn()?;
        let server = Self { child, screen, errors, ending: None };
        wait_until_ready(server.pid(), START);
        // Many install the handlers before they print, or the other way round.
        server.screen.wait(0, Duration::from_millis(100), |shown| server.is_pid(shown));
        Ok(server)
    }

    /// Its standard error.
    pub(crate) fn errors(&self) -> Vec<u8> {
        self.errors.bytes()
    }

    /// Whether it has shown its PID within this time.
    pub(crate) fn shows_pid(&self, patience: Duration) -> bool {
        self.screen.wait(0, patience, |shown| self.is_pid(shown))
            || self.is_pid(&self.errors.bytes())
    }

    fn is_pid(&self, shown: &[u8]) -> bool {
        contains(shown, self.pid().to_string().as_bytes())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it shows.
    pub(crate) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// How it ended, if it has.
    pub(crate) fn ending(&mut self) -> Option<Ending> {
        if self.ending.is_none() {
            self.ending = self.child.try_wait().ok().flatten().map(Ending::of);
        }
        self.ending
    }

    /// Whether it shows the text, in one piece and after this place, within the time that output
    /// may lag.
    pub(crate) fn shows(&self, from: usize, text: &[u8]) -> bool {
        self.wait_for(from, |shown| contains(shown, text))
            || contains(&self.errors.bytes(), text) && !text.is_empty()
    }

    /// Waits until it shows this, or has had time to. Returns whether it does.
    fn wait_for(&self, from: usize, wanted: impl Fn(&[u8]) -> bool) -> bool {
        let begin = Instant::now();
        while !self.screen.wait(from, LAG_AT_REST, &wanted) {
            if begin.elapsed() >= LAG || process::is_passive(self.pid()) {
                // The rest of what it has written is read a little later.
                return self.screen.wait(from, LAG_AT_REST, &wanted);
            }
        }
        true
    }

    /// Which of these texts it shows, within the time that output may lag.
    pub(crate) fn shown<'t>(&self, texts: &'t [Vec<u8>]) -> Vec<&'t [u8]> {
        let all = |shown: &[u8]| texts.iter().all(|text| contains(shown, text));
        self.wait_for(0, all);
        let shown = self.screen.bytes();
        texts.iter().map(Vec::as_slice).filter(|text| contains(&shown, text)).collect()
    }

    pub(crate) fn signal(&mut self, signal: Signal) {
        // After it has been waited for, its PID may belong to another process.
        if self.ending().is_none()
            && let Ok(pid) = i32::try_from(self.pid())
        {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Kills it and waits for its end.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::SIGKILL);
        if self.ending.is_none() {
            let _ = self.child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until a process survives both signals; false if it does not in time.
pub(crate) fn wait_until_ready(pid: u32, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    loop {
        match ProcessStatus::read(pid) {
            Ok(status) if status.caught.union(status.blocked).contains_line() => return true,
            Ok(status) if status.state != ProcessState::Zombie && Instant::now() < until => {
                thread::sleep(Duration::from_millis(2));
            }
            Ok(_) | Err(_) => return false,
        }
    }
}

/// Asks a child to end, then kills it.
pub(crate) fn terminate(child: &mut Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
    let until = Instant::now() + Duration::from_secs(2);
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
}
