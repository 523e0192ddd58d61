//! Clients that are connected but send nothing.

use std::env;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read};
use std::process::{Child, Command};
use std::time::Duration;

use minitalk::{Address, Config, Connection};

/// The first argument that makes `compare` such a client; the second is the server's PID.
pub const STAY_CONNECTED: &str = "stay-connected";

/// Sends one octet to the server `pid`, reports that on standard output, and stays until standard
/// input ends.
///
/// # Panics
///
/// If there is no such server.
pub fn stay_connected(pid: &str) {
    let address: Address = pid.parse().expect("a PID");
    let config = Config { timeout: Duration::from_secs(60), ..Config::default() };
    let mut connection = Connection::open(&address, &config).expect("a server");
    connection.send("x").expect("the server takes an octet");
    println!("connected");
    let _ = io::stdin().read(&mut [0]);
}

/// Processes that [stay connected](stay_connected) until this is dropped.
#[derive(Debug)]
pub struct IdleClients {
    children: Vec<Child>,
    /// The other end is their standard input.
    keep: Option<PipeWriter>,
}

impl IdleClients {
    /// Connects `count` clients to the server `pid`. The caller must be the program `compare`.
    ///
    /// # Panics
    ///
    /// If one of them fails.
    #[must_use]
    pub fn connect(pid: u32, count: usize) -> Self {
        let (end, keep) = io::pipe().expect("there is room for a pipe");
        let (told, tell) = io::pipe().expect("there is room for a pipe");
        let children = (0..count).map(|_| spawn(pid, &end, &tell)).collect();
        drop(tell);
        let connected = BufReader::new(told).lines().take(count).count();
        assert_eq!(connected, count, "a client did not get through");
        Self { children, keep: Some(keep) }
    }
}

impl Drop for IdleClients {
    fn drop(&mut self) {
        drop(self.keep.take());
        for child in &mut self.children {
            // It ends with its input.
            let _ = child.wait();
        }
    }
}

fn spawn(pid: u32, input: &PipeReader, output: &PipeWriter) -> Child {
    let this = env::current_exe().expect("this program has a path");
    Command::new(this)
        .args([STAY_CONNECTED, &pid.to_string()])
        .stdin(input.try_clone().expect("there is room for a descriptor"))
        .stdout(output.try_clone().expect("there is room for a descriptor"))
        .spawn()
        .expect("this program can be run")
}
