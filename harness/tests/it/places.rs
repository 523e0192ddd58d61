//! Places for senders: one that has ended leaves nothing behind.

use std::fs;
use std::thread;
use std::time::Instant;

use minitalk_harness::{PATIENCE, Server};

use crate::common::{BOTH, send};

/// How many descriptors the process has open.
fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count()
}

#[test]
fn a_client_that_has_ended_keeps_no_descriptor_of_the_server() {
    const ROUNDS: usize = 5;
    let server = Server::start();
    let before = descriptors(server.pid());
    for speak in BOTH.into_iter().cycle().take(ROUNDS * BOTH.len()) {
        send(speak, server.pid(), "hi");
    }
    // The server opens two descriptors of its own when it sleeps for the first time.
    let most = before + ROUNDS;
    let deadline = Instant::now() + PATIENCE;
    while descriptors(server.pid()) > most {
        assert!(Instant::now() < deadline, "{} and not {most}", descriptors(server.pid()));
        thread::yield_now();
    }
}
