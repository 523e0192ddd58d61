//! What the command lines of minitalk share.
//!
//! * [`arguments`]: options that several programs have.
//! * [`generate`]: man pages and shell completions.
//! * [`json`]: JSON that may be shown on a terminal.
//! * [`limit`] and [`note()`]: lines on standard error, not too many, and without waiting for it.
//! * [`pid_file`] and [`service_manager`]: what a daemon says when it is ready.
//! * [`progress`]: how far a long message has got, on a terminal.
//! * [`round_trips`]: how long signals take, there and back.
//! * [`sink`]: a file, a pipe or a terminal that is written to without waiting for it.
//! * [`text`]: UTF-8 in pieces, and text of others made safe for a terminal.
//! * [`trace`]: the line as a logic analyser shows it, in a file.

pub mod arguments;
pub mod generate;
pub mod json;
pub mod limit;
mod note;
pub mod pid_file;
pub mod progress;
pub mod round_trips;
pub mod service_manager;
pub mod sink;
pub mod text;
pub mod trace;

pub use note::note;
