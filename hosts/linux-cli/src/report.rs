//! Reports events to people and to programs.

mod event;
mod json;
mod limit;
mod note;
mod reporter;

pub use event::{Event, show, tell};
pub use json::line;
pub use note::note;
pub(crate) use note::set_program;
pub use reporter::{Level, Notice, Reporter};
