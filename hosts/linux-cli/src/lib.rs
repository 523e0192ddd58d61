//! What the command lines of minitalk share.
//!
//! * [`arguments`]: options that several programs have.
//! * [`generate`]: man pages and shell completions.
//! * [`json`]: JSON that may be shown on a terminal.
//! * [`text`]: UTF-8 in pieces, and text of others made safe for a terminal.
//! * [`trace`]: the line as a logic analyser shows it, in a file.

pub mod arguments;
pub mod generate;
pub mod json;
pub mod text;
pub mod trace;
