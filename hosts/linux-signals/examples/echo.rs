//! Prints its process id, and sends every signal back to its sender.
//!
//! ```text
//! cargo run --release -p minitalk-signals --example echo
//! cargo run --release -p minitalk-signals --example ping -- PID 100000
//! ```
//!
//! Reports new and ended peers on standard output. Ends on Ctrl-C.

use std::collections::HashMap;
use std::error::Error;
use std::os::fd::AsFd;

use minitalk_signals::{Arrival, Interest, Line, Origin, Peer, SendError, Wake};

fn main() -> Result<(), Box<dyn Error>> {
    let mut line = Line::open()?;
    line.take_terminations()?;
    println!("echo {}", std::process::id());
    let mut peers: HashMap<u32, Peer> = HashMap::new();
    loop {
        let arrival = match line.wait(None)? {
            Wake::Arrival(arrival) => arrival,
            // The token of a peer is its PID.
            Wake::Ready(token) => {
                let pid = u32::try_from(token)?;
                if let Some(peer) = peers.remove(&pid) {
                    line.unwatch(peer.as_fd());
                    println!("gone {pid}");
                }
                continue;
            }
            Wake::Terminate(termination) => {
                println!("end {termination:?}");
                return Ok(());
            }
            Wake::TimedOut => continue,
        };
        let known = match arrival.origin {
            Origin::Process { pid, .. } => peers.get(&pid),
            Origin::Outside | Origin::Forged { .. } => None,
        };
        match known {
            // The pidfd of a peer tells when it has ended.
            Some(peer) => match peer.send(arrival.bit) {
                Ok(()) | Err(SendError::Gone) => {}
                Err(error) => return Err(error.into()),
            },
            None => match greet(arrival) {
                Ok(peer) => {
                    println!("peer {}", peer.pid());
                    line.watch(peer.as_fd(), peer.pid().into(), Interest::Readable)?;
                    peers.insert(peer.pid(), peer);
                }
                Err(why) => println!("stray {:?}: {why}", arrival.origin),
            },
        }
    }
}

/// Accepts a new peer, if it survives an answer.
fn greet(arrival: Arrival) -> Result<Peer, Box<dyn Error>> {
    let Origin::Process { pid, .. } = arrival.origin else {
        return Err("no process vouches for it".into());
    };
    let peer = Peer::open(pid)?;
    if !peer.status()?.survived().contains_line() {
        return Err("it would be killed".into());
    }
    peer.send(arrival.bit)?;
    Ok(peer)
}
