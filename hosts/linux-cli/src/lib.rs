//! What the command lines of minitalk share.
//!
//! * [`options`]: the command line, with the man pages and shell completions generated from it.
//! * [`report`]: reports events to people and to programs.
//! * [`daemon`]: how a server announces that it is ready.
//! * [`figures`]: how long signals take, and how far a message has progressed.
//! * [`text`]: UTF-8 in pieces, and foreign text made safe for a terminal.
//! * [`trace`]: the line as a logic analyser shows it, in a file.

pub mod daemon;
pub mod figures;
mod generate;
pub mod options;
pub mod report;
pub mod text;
pub mod trace;
