//! One event: an object for programs, text for people.

use std::io::{self, Write};

use serde::Serialize;

use super::{line, note};

/// An event to be reported. As JSON it is an object for programs. `Wishes` are the options that say
/// what people want to see of it.
pub trait Event<Wishes>: Serialize {
    /// Lines for people on standard output: what they asked for.
    fn text(&self, wishes: &Wishes) -> String {
        let _ = wishes;
        String::new()
    }

    /// Lines on standard error, one by one: everything else.
    fn notes(&self, wishes: &Wishes) -> Vec<String> {
        let _ = wishes;
        Vec::new()
    }

    /// Lines for programs on standard output.
    ///
    /// # Errors
    ///
    /// Those of [`Serialize`].
    fn objects(&self) -> serde_json::Result<String> {
        line(self)
    }
}

/// Reports an event to people, or to programs if `is_json`.
///
/// # Errors
///
/// Those of writing to standard output.
pub fn tell<Wishes>(event: &impl Event<Wishes>, wishes: &Wishes, is_json: bool) -> io::Result<()> {
    for line in event.notes(wishes) {
        note(&line);
    }
    let text = if is_json { event.objects()? } else { event.text(wishes) };
    if text.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// [Reports](tell) what the user asked for. A reader that closes the pipe early is not an error.
///
/// # Errors
///
/// Those of writing to standard output, except [`BrokenPipe`](io::ErrorKind::BrokenPipe).
pub fn show<Wishes>(event: &impl Event<Wishes>, wishes: &Wishes, is_json: bool) -> io::Result<()> {
    match tell(event, wishes, is_json) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}
