//! Sends bits, 0 and 1 in turn, and waits for each to come back.
//!
//! ```text
//! cargo run --release -p minitalk-signals --example ping -- PID BITS [--pause MICROS] [--hold]
//! ```
//!
//! `PID` is that of the example `echo`. Prints how many bits came back and how many a second. With `--pause`, waits a
//! random time of up to that many microseconds after each bit; with `--hold`, stays until Ctrl-C.

use std::error::Error;
use std::os::fd::AsFd;
use std::process::ExitCode;

use minitalk_signals::{Bit, Instant, Line, Sender, Target, Wake, Watch, monotonic_nanos, now};

/// For one bit to come back.
const DEADLINE_MICROS: u64 = 5_000_000;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse().ok_or("usage: ping PID BITS [--pause MICROS] [--hold]")?;
    let mut line = Line::open()?;
    let target = Target::check(arguments.pid)
        .map_err(|refusal| format!("process {} {refusal}", arguments.pid))?;
    let mut watched = [Watch::readable(target.peer.as_fd())];
    let mut random = monotonic_nanos();

    let start = monotonic_nanos();
    for k in 0..arguments.bits {
        let bit = Bit::from(k % 2 == 1);
        target.peer.send(bit)?;
        let deadline = now().after_micros(DEADLINE_MICROS);
        match await_echo(&mut line, &mut watched, target.peer.pid(), deadline)? {
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
            while !matches!(line.wait(&mut [], Some(pause))?, Wake::TimedOut) {}
        }
    }
    let seconds = std::time::Duration::from_nanos(monotonic_nanos() - start).as_secs_f64();
    println!("{} bits {:.0} bits/s", arguments.bits, f64::from(arguments.bits) / seconds);
    while arguments.hold && !matches!(line.wait(&mut [], None)?, Wake::Terminate(_)) {}
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug)]
#[expect(dead_code, reason = "read through Debug")]
enum Echo {
    Came(Bit),
    Never(Wake),
}

fn await_echo(
    line: &mut Line,
    watched: &mut [Watch<'_>],
    from: u32,
    deadline: Instant,
) -> Result<Echo, Box<dyn Error>> {
    loop {
        match line.wait(watched, Some(deadline))? {
            Wake::Arrival(arrival) => {
                if matches!(arrival.sender, Sender::Process { pid, .. } if pid == from) {
                    return Ok(Echo::Came(arrival.bit));
                }
            }
            wake => return Ok(Echo::Never(wake)),
        }
    }
}

struct Arguments {
    pid: i64,
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
