//! The two real programs: a server that writes to a file, clients that read from one.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use minitalk_harness::Programs;

use crate::idle::IdleClients;

/// Where processes may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On every processor.
    Anywhere,
    /// On the first processor only.
    OneProcessor,
}

impl Place {
    /// A command that runs `program` there.
    #[must_use]
    pub fn command(self, program: &Path) -> Command {
        match self {
            Self::Anywhere => Command::new(program),
            Self::OneProcessor => {
                let mut command = Command::new("taskset");
                command.args([OsStr::new("-c"), OsStr::new("0"), program.as_os_str()]);
                command
            }
        }
    }
}

/// How the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HDLC frames.
    Framed,
    /// The same, never with two bits in flight.
    FramedSingleBits,
    /// Eight bits for each byte.
    Classic,
    /// What the client chooses without options.
    Default,
}

/// A server that writes what it receives to a file, and texts to send to it.
#[derive(Debug)]
pub struct Server {
    child: Child,
    folder: PathBuf,
    received: File,
    place: Place,
}

impl Server {
    /// Starts `minitalk-server --raw` and waits until it is ready.
    ///
    /// # Panics
    ///
    /// If that fails.
    #[must_use]
    pub fn start(place: Place) -> Self {
        let folder = scratch_folder().expect("there is room for a folder");
        let path = folder.join("received");
        let file = File::create(&path).expect("a file in a folder of ours");
        let mut child = place
            .command(Programs::build().server_path())
            .arg("--raw")
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server can be run");
        let mut line = String::new();
        let stderr = child.stderr.take().expect("stderr is a pipe");
        let mut stderr = BufReader::new(stderr);
        stderr.read_line(&mut line).expect("the server says something");
        assert!(line.starts_with("Server PID: "), "the server says: {line}");
        // Its later output belongs on the screen, and must not fill the pipe.
        thread::spawn(move || io::copy(&mut stderr, &mut io::stderr()));
        let received = File::open(&path).expect("a file in a folder of ours");
        Self { child, folder, received, place }
    }

    /// Sends `message` and returns the time from the client's start to its end.
    ///
    /// # Panics
    ///
    /// If it does not arrive as it was sent.
    #[must_use]
    pub fn send(&mut self, protocol: Protocol, message: &[u8]) -> Duration {
        let [time] = self.send_at_once(protocol, &[message])[..] else { unreachable!() };
        time
    }

    /// How many bits a client sends for `message`.
    ///
    /// # Panics
    ///
    /// If it does not report that.
    #[must_use]
    pub fn count_bits(&mut self, message: &[u8]) -> u32 {
        let path = self.message_path(0);
        fs::write(&path, message).expect("a file in a folder of ours");
        let client = self.client(Protocol::Framed, &path, &["--stats", "--json"]);
        let output = client.wait_with_output().expect("the client is ours");
        self.check(&[message]);
        let figures = String::from_utf8_lossy(&output.stdout);
        let rest = figures.split_once(r#""bits":"#).map(|(_, rest)| rest);
        let bits = rest.and_then(|rest| rest.split(',').next()?.parse().ok());
        bits.expect("the client prints its figures")
    }

    /// Sends each of the `messages` from a client of its own, all started at once. Returns when
    /// each ended, counted from the start of the first.
    ///
    /// # Panics
    ///
    /// If they do not all arrive as they were sent, in any order.
    #[must_use]
    pub fn send_at_once(&mut self, protocol: Protocol, messages: &[&[u8]]) -> Vec<Duration> {
        let files: Vec<PathBuf> = (0..messages.len()).map(|i| self.message_path(i)).collect();
        for (path, message) in files.iter().zip(messages) {
            fs::write(path, message).expect("a file in a folder of ours");
        }
        let start = Instant::now();
        let clients: Vec<Child> =
            files.iter().map(|path| self.client(protocol, path, &[])).collect();
        let wait = |mut client: Child| {
            let status = client.wait().expect("the client is ours");
            assert!(status.success(), "the client failed: {status}");
            start.elapsed()
        };
        let times = thread::scope(|scope| {
            let waits: Vec<_> = clients.into_iter().map(|c| scope.spawn(move || wait(c))).collect();
            waits.into_iter().map(|wait| wait.join().expect("the client succeeded")).collect()
        });
        self.check(messages);
        times
    }

    /// Connects `count` clients that send nothing more.
    ///
    /// # Panics
    ///
    /// If one of them fails.
    #[must_use]
    pub fn connect_idle(&mut self, count: usize) -> IdleClients {
        let idle = IdleClients::connect(self.child.id(), count);
        // What they sent was written before they were told so.
        self.received.seek(SeekFrom::End(0)).expect("a file in a folder of ours");
        idle
    }

    /// The server's resident set, in KiB.
    ///
    /// # Panics
    ///
    /// If `/proc` does not say.
    #[must_use]
    pub fn resident_kib(&self) -> u32 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        kib.expect("VmRSS is a number of kB")
    }

    /// Starts a client. If there are `more` options, they make it print something, which is kept.
    fn client(&self, protocol: Protocol, message: &Path, more: &[&str]) -> Child {
        let options: &[&str] = match protocol {
            Protocol::Framed => &["--timeout", "60s", "--protocol", "framed"],
            Protocol::FramedSingleBits => {
                &["--timeout", "60s", "--protocol", "framed", "--single-bits"]
            }
            Protocol::Classic => &["--timeout", "60s", "--protocol", "classic"],
            Protocol::Default => &[],
        };
        self.place
            .command(Programs::build().client_path())
            .arg(self.child.id().to_string())
            .args(options)
            .args(more)
            .stdin(File::open(message).expect("a file in a folder of ours"))
            .stdout(if more.is_empty() { Stdio::inherit() } else { Stdio::piped() })
            .spawn()
            .expect("the client can be run")
    }

    fn message_path(&self, index: usize) -> PathBuf {
        self.folder.join(format!("message-{index}"))
    }

    /// Compares what has been received since the last call, and forgets it.
    fn check(&mut self, messages: &[&[u8]]) {
        let mut received = Vec::new();
        self.received.read_to_end(&mut received).expect("a file in a folder of ours");
        let len = messages.first().map_or(1, |message| message.len());
        let mut got: Vec<&[u8]> = received.chunks(len).collect();
        let mut expected = messages.to_vec();
        got.sort_unstable();
        expected.sort_unstable();
        assert!(got == expected, "what arrived is not what was sent");
        // The server continues at its position; nothing has to be read again.
        self.received.seek(SeekFrom::End(0)).expect("a file in a folder of ours");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself. What remains in a temporary folder does no harm.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A new folder among the temporary files.
pub(crate) fn scratch_folder() -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = env::temp_dir().join(format!("minitalk-benches-{}-{number}", process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
