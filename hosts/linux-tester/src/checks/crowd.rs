//! Several clients at once.

use std::io;
use std::time::Duration;

use super::disturbances::finish_all;
use crate::bench::Bench;
use crate::verdict::{Tally, Verdict};
use crate::why::Cause;

pub(super) fn two(bench: &Bench) -> io::Result<Verdict> {
    crowd(bench, 2, 3)
}

pub(super) fn eight(bench: &Bench) -> io::Result<Verdict> {
    crowd(bench, 8, 1)
}

/// So many clients that start together, each with a text of its own, so many times.
fn crowd(bench: &Bench, clients: usize, times: usize) -> io::Result<Verdict> {
    let text = |client: usize, time: usize| {
        let letter = char::from(b'A' + u8::try_from(client).unwrap_or(0));
        format!("{letter}{time}").repeat(50).into_bytes()
    };
    let (mut tally, mut arrived) = (Tally::default(), 0);
    for time in 0..times {
        let mut server = bench.server()?;
        let texts: Vec<_> = (0..clients).map(|client| text(client, time)).collect();
        let start = texts.iter().map(|text| bench.client(server.pid(), text));
        let mut running = start.collect::<io::Result<Vec<_>>>()?;
        let limit = Duration::from_secs(2) + 2 * bench.expected(100 * clients);
        finish_all(&mut running, limit);
        let shown = texts.iter().filter(|text| server.shows(0, text)).count();
        arrived += shown;
        tally.count(shown == clients && server.ending().is_none());
    }
    let fact = format!("{arrived} of {} texts arrive", clients * times);
    let verdict = tally.verdict(String::new(), fact);
    if verdict.is_passed() { Ok(verdict) } else { Ok(verdict.because(Cause::MixedClients)) }
}
