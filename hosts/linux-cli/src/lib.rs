//! What the command lines of minitalk share.
//!
//! * [`options`]: what the user may say, with man pages and shell completions made of it.
//! * [`report`]: what has happened, told to people and to programs.
//! * [`daemon`]: what a server says to others when it is ready.
//! * [`figures`]: how long signals take, and how far a message has got.
//! * [`text`]: UTF-8 in pieces, and text of others made safe for a terminal.
//! * [`trace`]: the line as a logic analyser shows it, in a file.

pub mod daemon;
pub mod figures;
mod generate;
pub mod options;
pub mod report;
pub mod text;
pub mod trace;
