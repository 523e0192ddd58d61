//! Several clients at once.

use std::io;
use std::time::Duration;

use super::disturbances::finish_all_while;
use crate::bench::Bench;
use crate::client::{Activity, Client};
use crate::verdict::{Outcome, Tally, Verdict};
use crate::why::Cause;

pub(super) fn two(bench: &Bench) -> io::Result<Verdict> {
    let verdict = crowd(bench, 2, 3)?;
    let _ = bench.is_overcrowded.set(verdict.outcome == Outcome::Failed);
    Ok(verdict)
}

pub(super) fn eight(bench: &Bench) -> io::Result<Verdict> {
    if bench.is_overcrowded.get() == Some(&true) {
        return Ok(Verdict::skipped("not tried: two are too many already"));
    }
    Ok(Verdict { why: None, ..crowd(bench, 8, 1)? })
}

/// How long a client may wait for its turn, during which its server may be silent.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long the text of each client takes on its own: long enough to overlap with the others.
const TOGETHER: Duration = Duration::from_millis(150);

/// This many clients that start together, each with a different text, this many times.
fn crowd(bench: &Bench, clients: usize, times: usize) -> io::Result<Verdict> {
    let (mut tally, mut arrived, mut is_mixed) = (Tally::default(), 0, false);
    for time in 0..times {
        let shown = crowd_once(bench, clients, time)?;
        arrived += shown;
        // If one text arrives, the others may just have been refused.
        is_mixed |= shown == 0;
        tally.count(shown == clients);
        if tally.of == 2 && tally.passed == 0 {
            break;
        }
    }
    let fact = format!("{arrived} of {} texts arrive", clients * tally.of);
    let verdict = tally.verdict(String::new(), fact);
    // If the pair loses single texts as well, failing with two clients proves nothing.
    if verdict.is_passed() || !is_mixed || !bench.carries_texts() {
        return Ok(verdict);
    }
    Ok(verdict.because(Cause::MixedClients))
}

/// How many of the texts arrive.
fn crowd_once(bench: &Bench, clients: usize, time: usize) -> io::Result<usize> {
    let length = bench.length(TOGETHER).clamp(100, 2000);
    let text = |client: usize| {
        let letter = char::from(b'A' + u8::try_from(client).unwrap_or(0));
        format!("{letter}{time}").repeat(length / 2).into_bytes()
    };
    let server = bench.server()?;
    let texts: Vec<_> = (0..clients).map(text).collect();
    let start = texts.iter().map(|text| bench.client(server.pid(), text));
    let mut running = start.collect::<io::Result<Vec<_>>>()?;
    let limit = PATIENCE + 2 * bench.expected(length * clients);
    let pids: Vec<u32> = running.iter().map(Client::pid).collect();
    let activities = pids.iter().map(|_| Activity::of(server.pid()).with(&pids)).collect();
    finish_all_while(&mut running, activities, limit);
    Ok(server.shown(&texts).len())
}
