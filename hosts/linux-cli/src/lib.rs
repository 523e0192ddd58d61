//! What the command lines of minitalk share.
//!
//! * [`arguments`]: options that several programs have.
//! * [`generate`]: man pages and shell completions.
//! * [`shown`]: names that others have chosen, made safe for a line on a terminal.
//! * [`trace`]: the line as a logic analyser shows it, in a file.

pub mod arguments;
pub mod generate;
mod shown;
pub mod trace;

pub use shown::shown;
