//! Builds and runs the two programs as a user would, as children of this process.
//!
//! The demo, the process tests and the benches all use it. Nothing here ever signals the process
//! that it runs in, every wait has a deadline, and every child is killed when its handle is
//! dropped.

mod chance;
mod child;
mod compile;
mod programs;
mod server;

pub use chance::{random, times};
pub use child::{Finished, Running};
pub use compile::compile;
pub use programs::{Programs, example, said};
pub use server::Server;

use std::time::Duration;

/// How long to wait for anything: generous, because the machine may be busy. Only a failure takes
/// this long.
pub const PATIENCE: Duration = Duration::from_secs(60);
