//! What third processes, stops, deaths and limits do to a transfer, on the kernel that this runs
//! on.
//!
//! Everything runs as children with bounded storms and bounded time; this process itself is never
//! sent a signal. Random points in time come from a seed that is printed: set `MINITALK_SEED` to
//! repeat a run. `docs/reliability.md` has the results.

mod common;
mod crowd;
mod deaths;
mod documented;
mod forged;
mod interrupted;
mod limits;
mod namespaces;
mod stops;
mod storms;
