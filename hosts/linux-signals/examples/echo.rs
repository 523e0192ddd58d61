//! Prints its process id, and sends every signal back to where it came from.
//!
//! ```text
//! cargo run --release -p minitalk-signals --example echo
//! cargo run --release -p minitalk-signals --example ping -- PID 100000
//! ```
//!
//! Says on standard output who came and who ended. Ends on Ctrl-C.

use std::error::Error;
use std::os::fd::AsFd;

use minitalk_signals::{
    Arrival, Line, Peer, SendError, Sender, Termination, Wake, Watch, may_acknowledge,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut line = Line::open()?;
    println!("echo {}", std::process::id());
    let mut peers: Vec<Peer> = Vec::new();
    loop {
        match serve(&mut line, &peers)? {
            News::Gone => peers.retain(|peer| {
                let has_exited = peer.has_exited();
                if has_exited {
                    println!("gone {}", peer.pid());
                }
                !has_exited
            }),
            News::Stranger(arrival) => match greet(arrival) {
                Ok(peer) => {
                    println!("peer {}", peer.pid());
                    peers.push(peer);
                }
                Err(why) => println!("stray {:?}: {why}", arrival.sender),
            },
            News::End(termination) => {
                println!("end {termination:?}");
                return Ok(());
            }
        }
    }
}

/// What the inner loop leaves to the outer one, which may change the peers.
enum News {
    Stranger(Arrival),
    Gone,
    End(Termination),
}

fn serve(line: &mut Line, peers: &[Peer]) -> Result<News, Box<dyn Error>> {
    let mut watched: Vec<_> = peers.iter().map(|peer| Watch::readable(peer.as_fd())).collect();
    loop {
        let arrival = match line.wait(&mut watched, None)? {
            Wake::Arrival(arrival) => arrival,
            Wake::Ready => return Ok(News::Gone),
            Wake::Terminate(termination) => return Ok(News::End(termination)),
            Wake::TimedOut => continue,
        };
        let from = |peer: &&Peer| matches!(arrival.sender, Sender::Process { pid, .. } if pid == peer.pid());
        match peers.iter().find(from) {
            // One that has ended is told of by its pidfd.
            Some(peer) => match peer.send(arrival.bit) {
                Ok(()) | Err(SendError::Gone) => {}
                Err(error) => return Err(error.into()),
            },
            None => return Ok(News::Stranger(arrival)),
        }
    }
}

/// Answers a stranger, if it can be answered without killing it.
fn greet(arrival: Arrival) -> Result<Peer, Box<dyn Error>> {
    let Sender::Process { pid, .. } = arrival.sender else {
        return Err("no process vouches for it".into());
    };
    let peer = Peer::open(pid)?;
    may_acknowledge(&peer.status()?)?;
    peer.send(arrival.bit)?;
    Ok(peer)
}
