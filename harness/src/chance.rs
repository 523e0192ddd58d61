//! How many times tests repeat what depends on chance, and random numbers.

use std::env;
use std::time::SystemTime;

use minitalk_testing::Random;

/// Random numbers from the seed `MINITALK_SEED`, or else from the clock. The seed is printed.
///
/// They also determine points in time, so a seed repeats what was tried, but not always the result.
#[must_use]
pub fn random() -> Random {
    let given = env::var("MINITALK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| u64::from(since.subsec_nanos()))
    });
    println!("MINITALK_SEED={seed}");
    Random::new(seed)
}

/// How many times a test repeats what it does: `usual` times, or `long` times if `MINITALK_LONG` is
/// in the environment.
#[must_use]
pub fn times(usual: u32, long: u32) -> u32 {
    if env::var_os("MINITALK_LONG").is_some() { long } else { usual }
}
