//! Texts of all lengths and kinds.

use std::io;
use std::time::{Duration, Instant};

use crate::bench::{Bench, Delivery};
use crate::diagnosis;
use crate::reading::KNOWN;
use crate::screen::contains;
use crate::server::Server;
use crate::speech::{count, duration};
use crate::texts;
use crate::verdict::{Tally, Verdict};

/// How many tries there are if all have the same result, and otherwise.
const TRIES: usize = 3;
const TRIES_IF_MIXED: usize = 10;

/// How many with the same result are enough if each takes longer than this. A single failure is
/// never enough: it may be the only one in a hundred.
const CERTAIN: usize = 2;
const SHORT: Duration = Duration::from_millis(500);

/// How long the tries of one check may take.
const BUDGET: Duration = Duration::from_secs(4);

/// The longest time that a single text may take to be worth trying.
const WORTH: Duration = Duration::from_secs(6);

/// The same for a text that the exercise requires.
const WORTH_REQUIRED: Duration = Duration::from_secs(9);

/// Tries a text several times, each with a new server. Those already `known` count as tries.
fn tries(
    bench: &Bench,
    known: &[Delivery],
    text: impl Fn(usize) -> Vec<u8>,
) -> io::Result<(Tally, Vec<Delivery>)> {
    let begin = Instant::now();
    let (mut tally, mut failed, mut took) = (Tally::default(), Vec::new(), Duration::ZERO);
    loop {
        let delivery = match known.get(tally.of) {
            Some(delivery) => delivery.clone(),
            None => bench.deliver(&text(tally.of))?,
        };
        took = took.max(delivery.took);
        tally.count(delivery.is_shown);
        if !delivery.is_shown {
            failed.push(delivery);
        }
        let wanted = match (tally.is_mixed(), took > SHORT) {
            (true, _) => TRIES_IF_MIXED,
            (false, true) => CERTAIN,
            (false, false) => TRIES,
        };
        let is_certain = tally.passed != 0 || tally.of >= CERTAIN;
        if tally.of >= wanted || is_certain && begin.elapsed() + took > BUDGET {
            return Ok((tally, failed));
        }
    }
}

/// A text that must arrive.
fn arrives(bench: &Bench, text: impl Fn(usize) -> Vec<u8>) -> io::Result<Verdict> {
    arrives_if_worth(bench, WORTH, &[], text)
}

/// The same, unless it would take longer than it is worth.
fn arrives_if_worth(
    bench: &Bench,
    worth: Duration,
    known: &[Delivery],
    text: impl Fn(usize) -> Vec<u8>,
) -> io::Result<Verdict> {
    let expected = bench.expected(text(0).len());
    if expected > worth {
        let speed = count(num(bench.bits_per_second()));
        let fact = format!("not tried: {} at {speed} bits a second", duration(expected));
        return Ok(Verdict::skipped(fact));
    }
    let (tally, failed) = tries(bench, known, text)?;
    let Some(first) = failed.first() else { return Ok(Verdict::passed("")) };
    if failed.iter().all(|delivery| diagnosis::is_unfinished(delivery).is_some()) {
        let shown = count(diagnosis::is_unfinished(first).unwrap_or(0));
        let took = duration(first.took);
        return Ok(Verdict::skipped(format!(
            "given up after {took} and {shown} characters: too slow"
        )));
    }
    let verdict = tally.verdict(String::new(), diagnosis::fact(first));
    let (why, picture) = diagnosis::of_text(bench, first, failed.get(1));
    Ok(verdict.because(why).pictured(picture))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bits a second are few"
)]
fn num(speed: f64) -> usize {
    let digits = 10_f64.powf((speed.log10() - 1.0).floor().max(0.0));
    ((speed / digits).round() * digits) as usize
}

pub(super) fn short(bench: &Bench) -> io::Result<Verdict> {
    arrives(bench, |_| KNOWN.to_vec())
}

pub(super) fn client_ends(bench: &Bench) -> io::Result<Verdict> {
    let mut tally = Tally::default();
    let mut last = None;
    for _ in 0..TRIES {
        let delivery = bench.deliver(KNOWN)?;
        tally.count(delivery.client.is_end() && delivery.client.crash().is_none());
        if !delivery.client.is_end() || delivery.client.crash().is_some() {
            last = Some(delivery.client);
        }
        if tally.of == CERTAIN && tally.passed == 0 {
            break;
        }
    }
    let failed = last.map_or(String::new(), |ending| format!("the client {ending}"));
    Ok(tally.verdict(String::new(), failed))
}

pub(super) fn hundred(bench: &Bench) -> io::Result<Verdict> {
    let known = bench.hundreds();
    arrives_if_worth(bench, WORTH_REQUIRED, known, |number| texts::letters(100, number as u64))
}

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to be done")]
pub(super) fn time(bench: &Bench) -> io::Result<Verdict> {
    let arrived = |delivery: &&Delivery| delivery.is_shown && delivery.client.is_end();
    let arrived = bench.hundreds().iter().filter(arrived);
    let mut times: Vec<Duration> = arrived.map(|delivery| delivery.took).collect();
    times.sort();
    let Some(&median) = times.get(times.len() / 2) else {
        return Ok(Verdict::failed("none of three texts arrived and ended its client"));
    };
    let thousand = duration(bench.expected(1000));
    let fact = format!("{}; 1,000 in {thousand}", duration(median));
    Ok(Verdict::of(median < Duration::from_secs(1), fact))
}

pub(super) fn two_thousand(bench: &Bench) -> io::Result<Verdict> {
    arrives_if_worth(bench, WORTH_REQUIRED, &[], |number| texts::letters(2000, number as u64))
}

pub(super) fn twenty_thousand(bench: &Bench) -> io::Result<Verdict> {
    arrives(bench, |number| texts::letters(20_000, number as u64))
}

pub(super) fn hundred_thousand(bench: &Bench) -> io::Result<Verdict> {
    arrives(bench, |number| texts::letters(100_000, number as u64))
}

pub(super) fn unicode(bench: &Bench) -> io::Result<Verdict> {
    arrives(bench, texts::unicode)
}

pub(super) fn split(bench: &Bench) -> io::Result<Verdict> {
    arrives(bench, |_| texts::wide(1100))
}

pub(super) fn bytes(bench: &Bench) -> io::Result<Verdict> {
    if bench.deliver(&texts::every_byte())?.is_shown {
        return arrives(bench, |_| texts::every_byte());
    }
    // A careful server shows control characters, and what is not UTF-8, differently on a terminal.
    let mut server = Server::start_in_pipe(&bench.pair.server)?;
    let delivery = bench.deliver_to(&mut server, &texts::every_byte())?;
    let replaced = String::from_utf8_lossy(&delivery.text).into_owned();
    Ok(if delivery.is_shown {
        Verdict::passed("in a pipe")
    } else if contains(&delivery.output, replaced.as_bytes()) {
        Verdict::passed("what is no UTF-8 is shown as \u{fffd}")
    } else {
        arrives(bench, |_| texts::every_byte())?
    })
}

/// Tries twice if the first try fails: a pair that sometimes loses a single text is noticed by the
/// checks before.
pub(super) fn series(bench: &Bench) -> io::Result<Verdict> {
    let Some(first) = series_once(bench)? else { return Ok(Verdict::passed("")) };
    Ok(match series_once(bench)? {
        Some(fact) => Verdict::failed(fact),
        None => Verdict::passed(format!("at the second try; at the first {first}")),
    })
}

/// Sends several texts to one server; returns what went wrong, if anything.
fn series_once(bench: &Bench) -> io::Result<Option<String>> {
    let mut server = bench.server()?;
    for number in 1..=5 {
        let text = format!("number {number} of five").into_bytes();
        let delivery = bench.deliver_to(&mut server, &text)?;
        if !delivery.is_shown {
            let fact = diagnosis::fact(&delivery);
            return Ok(Some(format!("the text of client {number} is not shown: {fact}")));
        }
    }
    Ok(None)
}
