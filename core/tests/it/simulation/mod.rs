//! Lives of a server and its clients, drawn from seeds, in simulated time.
//!
//! `SEEDS=1000000` runs more of them; `SEED=n` runs that one alone and tells what happens in it.

mod client;
mod inbox;
mod kernel;
mod plan;
mod random;
mod table;
mod world;

use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use plan::Plan;
use random::Random;
use world::{Tally, World};

const SEEDS: u64 = 100_000;

fn live(seed: u64, draw: impl FnOnce(&mut Random) -> Plan, traced: bool) -> Result<Tally, String> {
    let mut random = Random::new(seed);
    let plan = draw(&mut random);
    if traced {
        eprintln!("{plan:#?}");
    }
    World::new(plan, random, traced).run()
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is to be a number")))
}

#[test]
fn in_no_life_is_anything_lost_mixed_doubled_or_believed_wrongly() {
    if let Some(seed) = number("SEED") {
        let tally =
            live(seed, Plan::draw, true).unwrap_or_else(|error| panic!("SEED={seed}: {error}"));
        eprintln!("{tally:#?}");
        return;
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let sum = Mutex::new(Tally::default());
    let work = || {
        let mut own = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                break;
            }
            if seed > 0 && seed.is_multiple_of(SEEDS) {
                eprintln!("{seed} lives begun after {:.0} s", began.elapsed().as_secs_f32());
            }
            let lived = catch_unwind(|| live(seed, Plan::draw, false));
            match lived {
                Ok(Ok(tally)) => own.add(&tally),
                Ok(Err(error)) => panic!("SEED={seed}: {error}"),
                Err(cause) => {
                    eprintln!("SEED={seed}: it panics");
                    resume_unwind(cause);
                }
            }
        }
        sum.lock().expect("nobody panics holding it").add(&own);
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let sum = sum.into_inner().expect("nobody panics holding it");
    eprintln!("{seeds} lives in {:.0} s: {sum:#?}", began.elapsed().as_secs_f32());
}

/// A classic bit that comes twice damages the text, but whoever sent it learns that.
#[test]
fn a_classic_receipt_is_true_however_often_bits_come_twice() {
    let mut sum = Tally::default();
    for seed in 0..20_000 {
        match live(seed, Plan::draw_hasty, false) {
            Ok(tally) => sum.add(&tally),
            Err(error) => {
                let _ = live(seed, Plan::draw_hasty, true);
                panic!("seed {seed}: {error}");
            }
        }
    }
    eprintln!("{sum:#?}");
    assert!(sum.disturbed > 100, "too little went wrong: {sum:?}");
    assert!(sum.delivered > 100, "nothing went well: {sum:?}");
}
