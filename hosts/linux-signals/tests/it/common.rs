//! Children: the examples of this package, run and observed.
//!
//! The test process itself neither opens a line nor sends itself signals: that would end it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use minitalk_signals::{ProcessState, ProcessStatus};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Longer than anything takes, even on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A child that is killed when it goes out of scope.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Runs an example of this package as a shell does in the foreground, however the tests were
    /// started. In the background, or under `nohup`, these signals are ignored, and a line respects
    /// that.
    pub(crate) fn example(name: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new("env");
        command.arg("--default-signal=INT,HUP").arg(example_path(name));
        Self::start(command.args(arguments))
    }

    /// Runs the example `echo`, and waits until it listens.
    pub(crate) fn echo() -> Self {
        let echo = Self::example("echo", &[]);
        assert_eq!(echo.line(), format!("echo {}", echo.pid()));
        echo
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// With a standard input that can be written to.
    pub(crate) fn start_piped(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::piped()))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its standard output.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the child has said nothing more")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).unwrap();
    }

    /// Waits until the child's status is as `wanted`.
    pub(crate) fn wait_until(&self, wanted: impl Fn(&ProcessStatus) -> bool) {
        let start = Instant::now();
        loop {
            let status = ProcessStatus::read(self.pid()).unwrap();
            if wanted(&status) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "it stays as it is: {status:?}");
            thread::yield_now();
        }
    }

    pub(crate) fn stop(&self) {
        self.signal(Signal::SIGSTOP);
        self.wait_until(|status| status.state == ProcessState::Stopped);
    }

    /// Waits for it to end by itself.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        // Its standard output ends when it does.
        let left = || deadline.saturating_duration_since(Instant::now());
        while self.lines.recv_timeout(left()).is_ok() {}
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the child does not end");
            thread::yield_now();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where cargo has put an example: next to the folder of this test's own file.
pub(crate) fn example_path(name: &str) -> PathBuf {
    let path = std::env::current_exe().unwrap();
    let path = path.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: run `cargo build --examples`", path.display());
    path
}
