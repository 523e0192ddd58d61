//! What the command lines of minitalk share.
//!
//! * [`arguments`]: options that several programs have.
//! * [`files`]: the files that a program was given, each for one thing only.
//! * [`generate`]: man pages and shell completions.
//! * [`json`]: JSON that may be shown on a terminal.
//! * [`limit`] and [`note()`]: lines on standard error, not too many, and without waiting for it.
//! * [`pid_file`] and [`service_manager`]: what a daemon says when it is ready.
//! * [`progress`]: how far a long message has got, on a terminal.
//! * [`round_trips`]: how long signals take, there and back.
//! * [`text`]: UTF-8 in pieces, and text of others made safe for a terminal.
//! * [`trace`]: the line as a logic analyser shows it, in a file.

pub mod arguments;
pub mod files;
pub mod generate;
pub mod json;
pub mod limit;
mod note;
pub mod pid_file;
pub mod progress;
pub mod round_trips;
pub mod service_manager;
pub mod text;
pub mod trace;

pub use note::note;
