//! The life of a server and its clients, drawn from a seed, in simulated time.
//!
//! `SEEDS=1000000` runs more of them. A failure is one line that begins with `SEED=n`; with that in
//! the environment the test runs that life alone and prints what happens in it.

mod client;
mod inbox;
mod plan;
mod table;
mod world;

use std::any::Any;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use minitalk_testing::Random;
use plan::Plan;
use world::{Tally, World};

/// The PID of a process that is not part of the link.
pub(crate) const FOREIGN: u32 = 0;

const SEEDS: u64 = 20_000;

/// The number of failures after which no further life is begun.
const FAILURES_MAX: usize = 20;

fn live(seed: u64, draw: fn(&mut Random) -> Plan, traced: bool) -> Result<Tally, String> {
    let mut random = Random::new(seed);
    let plan = draw(&mut random);
    if traced {
        eprintln!("{plan:#?}");
    }
    World::new(plan, random, traced).run()
}

/// The tallies of all `seeds` added up, or a line for each life that has failed.
fn live_all(
    seeds: u64,
    live: impl Fn(u64) -> Result<Tally, String> + Sync + std::panic::RefUnwindSafe,
) -> Result<Tally, Vec<String>> {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Tally::default());
    let failures = Mutex::new(Vec::new());
    let failed = || failures.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        let mut own = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || failed().len() >= FAILURES_MAX {
                break;
            }
            if seed > 0 && seed.is_multiple_of(SEEDS) {
                eprintln!("{seed} lives begun after {:.0} s", began.elapsed().as_secs_f32());
            }
            match catch_unwind(|| live(seed)).unwrap_or_else(|cause| Err(message_of(&*cause))) {
                Ok(tally) => own.add(&tally),
                Err(error) => failed().push((seed, error)),
            }
        }
        sum.lock().unwrap_or_else(PoisonError::into_inner).add(&own);
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    eprintln!("{seeds} lives in {:.0} s: {sum:#?}", began.elapsed().as_secs_f32());
    let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    failures.sort_unstable();
    if failures.is_empty() {
        Ok(sum)
    } else {
        Err(failures.iter().map(|(seed, error)| format!("SEED={seed}: {error}")).collect())
    }
}

/// The message of a panic.
fn message_of(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| cause.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// Runs the one life that `SEED` selects, or those of all `seeds`, none of which may fail.
fn assert_sound(seeds: u64, draw: fn(&mut Random) -> Plan) -> Option<Tally> {
    if let Some(seed) = number("SEED") {
        let tally = live(seed, draw, true).unwrap_or_else(|error| panic!("SEED={seed}: {error}"));
        eprintln!("{tally:#?}");
        return None;
    }
    let sum = live_all(seeds, |seed| live(seed, draw, false));
    Some(sum.unwrap_or_else(|failures| panic!("\n{}", failures.join("\n"))))
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is to be a number")))
}

#[test]
fn in_no_life_is_anything_lost_mixed_doubled_or_believed_wrongly() {
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let Some(sum) = assert_sound(seeds, Plan::draw) else { return };
    let ends = [sum.delivered, sum.refused, sum.aborted, sum.killed, sum.disturbed];
    assert!(seeds < SEEDS || !ends.contains(&0), "not everything happened: {sum:?}");
}

/// A classic bit that comes twice damages the text, but its sender learns that.
#[test]
fn a_classic_receipt_is_true_however_often_bits_come_twice() {
    let Some(sum) = assert_sound(20_000, Plan::draw_hasty) else { return };
    assert!(sum.disturbed > 100, "too little went wrong: {sum:?}");
    assert!(sum.delivered > 100, "nothing went well: {sum:?}");
}

#[test]
fn each_life_that_fails_is_a_line_with_its_seed() {
    let live = |seed| match seed {
        3 => Err("something is lost".into()),
        5 => panic!("something is wrong"),
        _ => Ok(Tally::default()),
    };
    let lines = live_all(10, live).expect_err("two of them fail");
    assert_eq!(lines, ["SEED=3: something is lost", "SEED=5: something is wrong"]);
    let failures = live_all(1_000, |_| Err("all is wrong".into())).map_err(|lines| lines.len());
    assert!(failures.is_err_and(|count| (FAILURES_MAX..FAILURES_MAX + 2).contains(&count)));
}
