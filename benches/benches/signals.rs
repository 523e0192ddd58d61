//! Real processes: the two programs and the yardstick in turn, in bits per second.
//!
//! This does not use criterion's own loop: on a machine with other work only the ratio within a
//! round has a meaning.

use std::io;
use std::process::ExitCode;

use minitalk_benches::figures::Spread;
use minitalk_benches::load::machine;
use minitalk_benches::programs::{Place, Server};
use minitalk_benches::round::{Round, raw};
use minitalk_benches::yardstick::{Way, Yardstick};

const ROUNDS: usize = 7;
const OCTETS: u32 = 64 * 1024;
/// On one processor everything is slower, and this does not compute that ratio.
const PINNED_RAW_ROUNDS: u32 = 20_000;

fn main() -> ExitCode {
    let yardstick = match Yardstick::compile() {
        Ok(yardstick) => yardstick,
        Err(error) => {
            println!(
                "signals: skipped: cannot compile raw/pingpong.c, install a C compiler: {error}"
            );
            return skipped(&error);
        }
    };
    println!("signals: {}", machine());
    let mut server = Server::start(Place::Anywhere);
    let mut rounds = Vec::new();
    let (mut handlers, mut pinned) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        rounds.push(Round::measure(&mut server, OCTETS, || raw(&yardstick, Way::Polling)));
        handlers.push(raw(&yardstick, Way::Handlers));
        let one = Place::OneProcessor;
        pinned.push(yardstick.bits_per_second(Way::Sleeping, PINNED_RAW_ROUNDS, one));
    }
    show("raw: sleeping, handlers", handlers);
    show("raw: sleeping, sigwaitinfo, one processor", pinned);
    show("raw: polling, sigtimedwait", rounds.iter().flat_map(|round| round.raw));
    show("framed, 64 KiB", rounds.iter().map(|round| round.framed));
    show("classic, 64 KiB", rounds.iter().map(|round| round.classic));
    ratio("framed / raw polling", rounds.iter().map(Round::framed_ratio));
    ratio("classic / raw polling", rounds.iter().map(Round::classic_ratio));
    ExitCode::SUCCESS
}

/// A missing compiler is not a failure; one that rejects the source is.
fn skipped(error: &io::Error) -> ExitCode {
    if error.kind() == io::ErrorKind::NotFound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// In the format of criterion: lowest, median, highest.
fn show(name: &str, bits_per_second: impl IntoIterator<Item = f64>) {
    let spread = Spread::of(bits_per_second.into_iter().map(|bits| bits / 1e3));
    let (min, median, max) = (spread.min(), spread.median(), spread.max());
    println!("signals/{name:<42} thrpt: [{min:.2} Kb/s {median:.2} Kb/s {max:.2} Kb/s]");
}

fn ratio(name: &str, ratios: impl IntoIterator<Item = f64>) {
    let spread = Spread::of(ratios);
    let (min, median, max) = (spread.min(), spread.median(), spread.max());
    println!("signals/{name:<42} ratio: [{min:.3} {median:.3} {max:.3}]");
}
