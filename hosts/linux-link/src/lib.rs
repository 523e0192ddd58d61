//! Bytes to a process, messages from processes, with nothing but `SIGUSR1` and `SIGUSR2`.
//!
//! * [`Observer`] sees what goes over the line, as it happens.
//! * [`names`]: servers are found by a name instead of a number.

pub mod names;
mod observer;

pub use observer::Observer;
