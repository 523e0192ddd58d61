//! Tells people or programs what has happened.

use std::fmt::Display;
use std::io::{self, Write};

use minitalk_cli::json;
use serde::Serialize;

use crate::cli::Options;

/// Something to tell: an object for programs, as `docs/json.md` describes it, and text for people.
pub(crate) trait Event: Serialize {
    /// Lines for people on standard output: what they asked for.
    fn text(&self, options: &Options) -> String {
        let _ = options;
        String::new()
    }

    /// Lines on standard error, one by one: everything else.
    fn notes(&self, options: &Options) -> Vec<String> {
        let _ = options;
        Vec::new()
    }

    /// Lines for programs on standard output.
    fn objects(&self) -> serde_json::Result<String> {
        json::line(self)
    }
}

/// Tells programs or people of an event, as the user wants.
///
/// # Errors
///
/// Those of writing to standard output.
pub(crate) fn tell(event: &impl Event, options: &Options) -> io::Result<()> {
    for line in event.notes(options) {
        note(&line);
    }
    let text = if options.json { event.objects()? } else { event.text(options) };
    if text.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Tells people something, on standard error.
pub(crate) fn note(line: &dyn Display) {
    minitalk_cli::note("minitalk-client", line);
}
