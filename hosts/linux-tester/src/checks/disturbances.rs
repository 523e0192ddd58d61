//! Deaths, stops, stray signals, and partners that react at once.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::bench::Bench;
use crate::client::{Activity, Client};
use crate::diagnosis;
use crate::picture::Picture;
use crate::process::Ending;
use crate::reading::KNOWN;
use crate::relay::{self, Action, Party, Passing, Plan};
use crate::role::Role;
use crate::texts;
use crate::verdict::{Outcome, Tally, Verdict};
use crate::why::Cause;

const TRIES: usize = 3;

/// After this many failures in a row no more are needed.
const CERTAIN: usize = 2;

/// How many times partners react at once, and for how long in total.
const PROMPT: usize = 10;
const PROMPT_TIME: Duration = Duration::from_millis(1500);

/// When something is done to a working pair.
const MIDDLE: Duration = Duration::from_millis(150);

/// How many bits of a byte a client sends before it is killed.
const BITS_OF_A_BYTE: usize = 3;

/// A text that takes more than half a second, so that something can happen in the middle of it.
fn long(bench: &Bench) -> Vec<u8> {
    const TIME: Duration = Duration::from_millis(600);
    texts::letters(bench.length(TIME).clamp(20, 60_000), 9)
}

pub(super) fn killed_client(bench: &Bench) -> io::Result<Verdict> {
    let mut tally = Tally::default();
    let mut picture = None;
    for number in 0..TRIES {
        let mut server = bench.server()?;
        let recording = kill_in_a_byte(bench, server.pid())?;
        thread::sleep(MIDDLE);
        let text = format!("after killed {number}").into_bytes();
        let delivery = bench.deliver_after(&mut server, &text)?;
        tally.count(delivery.is_shown);
        if !delivery.is_shown && picture.is_none() {
            picture = recording.map(|recording| {
                Picture::end(&recording, "the client is killed", "A client that is killed")
            });
        }
        if tally.of == CERTAIN && tally.passed == 0 {
            break;
        }
    }
    let cause = Cause::StateNotReset { bits: BITS_OF_A_BYTE };
    let verdict = tally.verdict(String::new(), "the next text is damaged".to_owned());
    if verdict.is_passed() || !bench.carries_texts() {
        return Ok(verdict);
    }
    Ok(verdict.because(cause).pictured(picture))
}

/// Kills a client in the middle of a byte, through the relay if its bits can be counted.
fn kill_in_a_byte(bench: &Bench, server: u32) -> io::Result<Option<relay::Recording>> {
    if let Some(learned) = bench.learned() {
        let bit = learned.reading.symbols_before + 4 * 8 + BITS_OF_A_BYTE - 1;
        let plan = Plan::new(server, &bench.pair.client, KNOWN, Duration::from_secs(4)).step(
            Party::Client,
            bit,
            Action::Kill(Party::Client),
        );
        return Ok(relay::run(&plan).ok());
    }
    let mut client = bench.client(server, &long(bench))?;
    thread::sleep(MIDDLE);
    client.kill();
    Ok(None)
}

pub(super) fn killed_server(bench: &Bench) -> io::Result<Verdict> {
    let mut servers = (0..TRIES).map(|_| bench.server()).collect::<io::Result<Vec<_>>>()?;
    let text = long(bench);
    let clients = servers.iter().map(|server| bench.client(server.pid(), &text));
    let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
    thread::sleep(MIDDLE);
    let early: Vec<bool> = clients.iter_mut().map(|client| client.ending().is_some()).collect();
    // Stop the servers first, so that each client is certainly waiting for an answer when its
    // server is killed.
    for server in &mut servers {
        server.signal(Signal::SIGSTOP);
    }
    thread::sleep(MIDDLE / 4);
    for server in &mut servers {
        server.stop();
    }
    let endings = finish_all(&mut clients, Duration::from_secs(2));
    let endings: Vec<Ending> = endings
        .into_iter()
        .zip(early)
        .filter(|(_, early)| !early)
        .map(|(ending, _)| ending)
        .collect();
    if endings.is_empty() {
        return Ok(Verdict::skipped("the client had ended before the server was killed"));
    }
    let mut tally = Tally::default();
    for ending in &endings {
        tally.count(matches!(ending, Ending::Exit(_)));
    }
    let failed = endings.iter().find(|ending| !matches!(ending, Ending::Exit(_)));
    let fact = failed.map_or(String::new(), |ending| format!("the client {ending}"));
    let verdict = tally.verdict(ending_in_words(&endings), fact);
    let hangs = failed.is_some_and(|ending| !ending.is_end());
    Ok(if hangs { verdict.because(Cause::WaitsForever) } else { verdict })
}

fn ending_in_words(endings: &[Ending]) -> String {
    endings.first().map_or(String::new(), |ending| match ending {
        Ending::Exit(code) => format!("exit code {code}"),
        other => other.to_string(),
    })
}

/// Waits for all of these at the same time; they have no server.
pub(super) fn finish_all(clients: &mut [Client], limit: Duration) -> Vec<Ending> {
    let activities = clients.iter().map(|client| Activity::of(client.pid())).collect();
    finish_all_while(clients, activities, limit)
}

/// The same for clients that hang once their activity, one for each, has stopped.
pub(super) fn finish_all_while(
    clients: &mut [Client],
    activities: Vec<Activity>,
    limit: Duration,
) -> Vec<Ending> {
    thread::scope(|scope| {
        let running: Vec<_> = clients
            .iter_mut()
            .zip(activities)
            .map(|(client, activity)| scope.spawn(move || client.finish_while(activity, limit)))
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(Ending::Slow)).collect()
    })
}

/// Does something in the middle of a text, which must arrive nevertheless.
fn disturbed(
    bench: &Bench,
    disturb: impl Fn(&mut crate::server::Server, &mut Client),
) -> io::Result<Verdict> {
    let (mut tally, mut fact) = (Tally::default(), String::new());
    let text = long(bench);
    for _ in 0..2 {
        let mut server = bench.server()?;
        let mut client = bench.client(server.pid(), &text)?;
        thread::sleep(MIDDLE);
        disturb(&mut server, &mut client);
        let ending = client.finish_with(server.pid(), bench.limit(text.len()));
        let is_shown = server.shows(0, &text);
        if !is_shown && ending == Ending::Slow {
            // The server was busy until the time was over: this shows nothing.
            continue;
        }
        tally.count(is_shown);
        if !is_shown {
            fact = match (server.ending(), ending) {
                (Some(ending), _) => format!("the server {ending}"),
                (None, ending) if !ending.is_end() => format!("the client {ending}"),
                (None, _) => "the text is damaged".to_owned(),
            };
            // It arrives if undisturbed, so once is enough.
            break;
        }
    }
    let is_known = tally.of > 0;
    let verdict = tally.verdict(String::new(), fact);
    Ok(if is_known { verdict } else { Verdict::skipped("given up: too slow") })
}

/// Whether a long text arrives if nothing happens to it. Otherwise the check would show nothing.
fn arrives_undisturbed(bench: &Bench) -> io::Result<bool> {
    let text = long(bench);
    for _ in 0..2 {
        if !bench.deliver(&text)?.is_shown {
            return Ok(false);
        }
    }
    Ok(true)
}

const NOT_EVEN_UNDISTURBED: &str = "not tried: such a text does not arrive undisturbed either";

pub(super) fn stopped_server(bench: &Bench) -> io::Result<Verdict> {
    if !bench.carries_long(arrives_undisturbed)? {
        return Ok(Verdict::skipped(NOT_EVEN_UNDISTURBED));
    }
    let verdict = disturbed(bench, |server, _| {
        server.signal(Signal::SIGSTOP);
        thread::sleep(MIDDLE);
        server.signal(Signal::SIGCONT);
    })?;
    let waits = bench.manner().is_some_and(|manner| manner.waits);
    if verdict.outcome != Outcome::Failed || waits {
        Ok(verdict)
    } else {
        Ok(verdict.because(Cause::LostWhileStopped))
    }
}

pub(super) fn stopped_client(bench: &Bench) -> io::Result<Verdict> {
    if !bench.carries_long(arrives_undisturbed)? {
        return Ok(Verdict::skipped(NOT_EVEN_UNDISTURBED));
    }
    disturbed(bench, |_, client| {
        client.signal(Signal::SIGSTOP);
        thread::sleep(MIDDLE);
        client.signal(Signal::SIGCONT);
    })
}

pub(super) fn stray(bench: &Bench) -> io::Result<Verdict> {
    if !bench.carries_long(arrives_undisturbed)? {
        return Ok(Verdict::skipped(NOT_EVEN_UNDISTURBED));
    }
    let verdict = disturbed(bench, |server, _| {
        // One of each: whatever they mean, one of them differs from the client's bit.
        for usr in ["1", "2"] {
            let _ = Role::Stray.command().arg(server.pid().to_string()).arg(usr).status();
        }
    })?;
    if verdict.outcome == Outcome::Failed {
        return Ok(verdict.because(Cause::TakesAnySignal));
    }
    Ok(verdict)
}

/// Each program with a partner that reacts as quickly as possible.
#[expect(clippy::unnecessary_wraps, reason = "a check may fail to be done")]
pub(super) fn prompt(bench: &Bench) -> io::Result<Verdict> {
    let Some(learned) = bench.learned() else {
        return Ok(Verdict::skipped("what the pair speaks is not known"));
    };
    if !bench.manner().is_some_and(|manner| manner.waits) {
        return Ok(Verdict::skipped("the client waits for no answers"));
    }
    let (mut tally, mut missed, begin) = (Tally::default(), None, Instant::now());
    let is_certain = |tally: &Tally| tally.of == CERTAIN && tally.passed == 0;
    while tally.of < PROMPT && begin.elapsed() < PROMPT_TIME && !is_certain(&tally) {
        let miss = diagnosis::misses(bench, learned);
        tally.count(miss.is_none());
        missed = missed.or(miss);
    }
    let Some((cause, picture)) = missed else { return Ok(Verdict::passed("")) };
    let spared = diagnosis::try_passing(bench, KNOWN, Passing::Asleep);
    if !spared.is_some_and(|spared| spared.is_shown) {
        return Ok(Verdict::skipped("the text did not arrive through the tester"));
    }
    let fact = if cause == Cause::LostWakeup {
        "the client misses an answer"
    } else {
        "the server misses a bit"
    };
    let verdict = tally.verdict(String::new(), fact.to_owned());
    Ok(verdict.because(cause).pictured(Some(picture)))
}
