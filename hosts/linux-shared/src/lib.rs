//! What `minitalk-server` and `minitalk-client` share, and what is neither the line nor a protocol.
//!
//! * [`names`]: servers are found by a name instead of a number.
//! * [`trace`]: the line as a logic analyser would show it, in a file.
//! * [`shown`]: names that others have chosen, on a line of ours.
//! * [`arguments`]: what the two command lines have in common.
//! * [`generate`]: man pages and shell completions of either program.

pub mod arguments;
pub mod generate;
pub mod names;
mod shown;
pub mod trace;

pub use shown::shown;
