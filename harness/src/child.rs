//! A child process whose output is collected while it runs.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::PATIENCE;

/// A running child. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Arc<Stream>,
    stderr: Arc<Stream>,
}

/// A child that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// Everything it wrote to its standard error.
    pub stderr: String,
}

impl Finished {
    /// The exit code, or minus the signal that ended the child.
    #[must_use]
    pub fn code(&self) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        self.status.code().unwrap_or_else(|| -self.status.signal().unwrap_or(0))
    }

    /// Standard output as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

impl Running {
    /// Starts `command`, collects both outputs and, unless it was set, gives it no input.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn spawn(command: &mut Command) -> Self {
        Self::start(command.stdin(Stdio::null()))
    }

    /// Starts `command` with `input` on its standard input.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn spawn_with_input(command: &mut Command, input: impl Into<Vec<u8>>) -> Self {
        let mut running = Self::start(command.stdin(Stdio::piped()));
        let mut stdin = running.child.stdin.take().expect("stdin is a pipe");
        let input = input.into();
        // A child that ends early closes the pipe, which is not an error here.
        thread::spawn(move || drop(stdin.write_all(&input)));
        running
    }

    /// Starts `command` with a pipe on its standard input, which the caller writes to and closes.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn spawn_with_pipe(command: &mut Command) -> (Self, ChildStdin) {
        let mut running = Self::start(command.stdin(Stdio::piped()));
        let stdin = running.child.stdin.take().expect("stdin is a pipe");
        (running, stdin)
    }

    /// Starts `command` without input and with its standard output going to `stdout`.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn spawn_into(command: &mut Command, stdout: impl Into<Stdio>) -> Self {
        Self::start_into(command.stdin(Stdio::null()), stdout.into())
    }

    /// Starts `command` with its input unchanged, and collects both outputs.
    ///
    /// # Panics
    ///
    /// If it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        Self::start_into(command, Stdio::piped())
    }

    fn start_into(command: &mut Command, stdout: Stdio) -> Self {
        let mut child = command
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = match child.stdout.take() {
            Some(pipe) => Stream::collect(pipe),
            None => Stream::collect(io::empty()),
        };
        let stderr = Stream::collect(child.stderr.take().expect("stderr is a pipe"));
        Self { child, stdout, stderr }
    }

    /// The PID.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends `signal` to this child. Its PID cannot be another process's: it has not been waited
    /// for.
    ///
    /// # Panics
    ///
    /// If the signal cannot be sent.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("a PID fits");
        kill(Pid::from_raw(pid), signal).expect("a child can be signalled");
    }

    /// Whether it still runs.
    ///
    /// # Panics
    ///
    /// If the kernel does not know the child.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the child is ours").is_none()
    }

    /// Waits until standard output satisfies `wanted`, and returns it.
    ///
    /// # Panics
    ///
    /// If the child ends or the deadline passes first.
    pub fn wait_for_stdout(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        self.stdout.wait_for(wanted).unwrap_or_else(|seen| self.give_up("stdout", &seen))
    }

    /// Waits until standard error contains `text`, and returns all of it.
    ///
    /// # Panics
    ///
    /// If the child ends or the deadline passes first.
    pub fn wait_for_stderr(&self, text: &str) -> String {
        let wanted = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(text);
        let seen = self.stderr.wait_for(wanted);
        String::from_utf8_lossy(&seen.unwrap_or_else(|seen| self.give_up("stderr", &seen)))
            .into_owned()
    }

    fn give_up(&self, stream: &str, seen: &[u8]) -> ! {
        panic!(
            "{stream} of PID {} did not show what was expected, but: {:?}; stderr: {:?}",
            self.pid(),
            String::from_utf8_lossy(seen),
            String::from_utf8_lossy(&self.stderr.so_far()),
        )
    }

    /// What it has written to standard output so far.
    #[must_use]
    pub fn stdout_so_far(&self) -> Vec<u8> {
        self.stdout.so_far()
    }

    /// What it has written to standard error so far.
    #[must_use]
    pub fn stderr_so_far(&self) -> String {
        String::from_utf8_lossy(&self.stderr.so_far()).into_owned()
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// If it does not end in time.
    #[must_use]
    pub fn finish(self) -> Finished {
        self.finish_within(PATIENCE)
    }

    /// Waits for its end, for at most `patience`: long work may take longer than it takes to notice
    /// a failure.
    ///
    /// # Panics
    ///
    /// If it does not end in time.
    #[must_use]
    pub fn finish_within(mut self, patience: Duration) -> Finished {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours") {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "PID {} does not end; stdout: {:?}, stderr: {:?}",
                self.pid(),
                String::from_utf8_lossy(&self.stdout_so_far()),
                self.stderr_so_far(),
            );
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        };
        Finished {
            status,
            stdout: self.stdout.all(),
            stderr: String::from_utf8_lossy(&self.stderr.all()).into_owned(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Killing one that has already ended fails, which does no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a child writes, collected by a thread.
#[derive(Debug, Default)]
struct Stream {
    state: Mutex<Collected>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Collected {
    bytes: Vec<u8>,
    ended: bool,
}

impl Stream {
    fn collect(mut source: impl Read + Send + 'static) -> Arc<Self> {
        let stream = Arc::new(Self::default());
        let shared = Arc::clone(&stream);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let count = source.read(&mut buffer).unwrap_or(0);
                let mut state = shared.state.lock().expect("no reader panics");
                state.bytes.extend_from_slice(&buffer[..count]);
                state.ended = count == 0;
                shared.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        stream
    }

    fn so_far(&self) -> Vec<u8> {
        self.state.lock().expect("no collector panics").bytes.clone()
    }

    /// Waits until `wanted` is satisfied. `Err` is what had come when the stream ended or time was
    /// up.
    fn wait_for(&self, wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>, Vec<u8>> {
        let state = self.state.lock().expect("no collector panics");
        let waiting = |state: &mut Collected| !state.ended && !wanted(&state.bytes);
        let (state, _) =
            self.changed.wait_timeout_while(state, PATIENCE, waiting).expect("no collector panics");
        if wanted(&state.bytes) { Ok(state.bytes.clone()) } else { Err(state.bytes.clone()) }
    }

    /// Everything, once the stream has ended. A grandchild may hold it open, but this waits no
    /// longer than the deadline.
    fn all(&self) -> Vec<u8> {
        let state = self.state.lock().expect("no collector panics");
        let (state, _) = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !state.ended)
            .expect("no collector panics");
        state.bytes.clone()
    }
}
