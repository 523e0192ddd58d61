//! Sends bits, 0 and 1 in turn, and waits for each to come back.
//!
//! ```text
//! cargo run --release -p minitalk-signals --example ping -- PID BITS [--pause MICROS] [--hold]
//! ```
//!
//! `PID` is that of the example `echo`. Prints how many bits came back and how many per second.
//! With `--pause`, waits a random time of up to that many microseconds after each bit; with
//! `--hold`, stays until Ctrl-C.

use std::error::Error;
use std::os::fd::AsFd;
use std::process::ExitCode;

use minitalk_signals::{Bit, Instant, Interest, Line, Origin, Peer, Wake, monotonic_nanos, now};

/// How long to wait for one bit to come back.
const DEADLINE_MICROS: u64 = 5_000_000;

/// The token of the only descriptor that is watched.
const PEER: u64 = 0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse().ok_or("usage: ping PID BITS [--pause MICROS] [--hold]")?;
    let mut line = Line::open()?;
    line.take_terminations()?;
    let peer = Peer::open(arguments.pid)?;
    if !peer.status()?.survived().contains_line() {
        return Err(format!("process {} would be killed", arguments.pid).into());
    }
    line.watch(peer.as_fd(), PEER, Interest::Readable)?;
    let mut random = monotonic_nanos();

    let start = monotonic_nanos();
    for k in 0..arguments.bits {
        let bit = Bit::from(k % 2 == 1);
        peer.send(bit)?;
        let deadline = now().after_micros(DEADLINE_MICROS);
        match await_echo(&mut line, peer.pid(), deadline)? {
            Echo::Came(echo) if echo == bit => {}
            echo => {
                println!("failed at bit {k}: {echo:?}");
                return Ok(ExitCode::FAILURE);
            }
        }
        if arguments.pause_micros > 0 {
            // Knuth's MMIX generator: good enough for a pause.
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let pause = now().after_micros((random >> 33) % arguments.pause_micros);
            line.unwatch(peer.as_fd());
            while !matches!(line.wait(Some(pause))?, Wake::TimedOut) {}
            line.watch(peer.as_fd(), PEER, Interest::Readable)?;
        }
    }
    let seconds = std::time::Duration::from_nanos(monotonic_nanos() - start).as_secs_f64();
    println!("{} bits {:.0} bits/s", arguments.bits, f64::from(arguments.bits) / seconds);
    line.unwatch(peer.as_fd());
    while arguments.hold && !matches!(line.wait(None)?, Wake::Terminate(_)) {}
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug)]
#[expect(dead_code, reason = "read through Debug")]
enum Echo {
    Came(Bit),
    Never(Wake),
}

fn await_echo(line: &mut Line, from: u32, deadline: Instant) -> Result<Echo, Box<dyn Error>> {
    loop {
        match line.wait(Some(deadline))? {
            Wake::Arrival(arrival) => {
                if matches!(arrival.origin, Origin::Process { pid, .. } if pid == from) {
                    return Ok(Echo::Came(arrival.bit));
                }
            }
            wake => return Ok(Echo::Never(wake)),
        }
    }
}

struct Arguments {
    pid: u32,
    bits: u32,
    pause_micros: u64,
    hold: bool,
}

impl Arguments {
    fn parse() -> Option<Self> {
        let mut words = std::env::args().skip(1);
        let pid = words.next()?.parse().ok()?;
        let bits = words.next()?.parse().ok()?;
        let mut arguments = Self { pid, bits, pause_micros: 0, hold: false };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--pause" => arguments.pause_micros = words.next()?.parse().ok()?,
                "--hold" => arguments.hold = true,
                _ => return None,
            }
        }
        Some(arguments)
    }
}
