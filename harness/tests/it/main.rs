//! What the two programs do, seen from outside: the real ones, as children of the test.
//!
//! No test raises `SIGUSR1` or `SIGUSR2` in its own process, and none sleeps to synchronise.

mod asleep;
mod coding;
mod common;
mod dialects;
mod endings;
mod framed_peers;
mod idle;
mod library;
mod peers;
mod places;
mod several;
mod sync;
mod talk;
mod testers;
mod wrong;
