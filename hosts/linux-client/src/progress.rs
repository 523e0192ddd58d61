//! How far a long message has got, on a terminal.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use minitalk_signals::{Instant, now};

/// A message that is delivered sooner is not talked about.
const PATIENCE_MICROS: u64 = 500_000;

/// Time between two drawings: to draw costs as much as many bits.
const REDRAW_MICROS: u64 = 100_000;

/// What is known of the length, it is shown; plain characters, and no colour.
const WITH_LENGTH: &str = "{bytes} of {total_bytes} [{wide_bar}] {binary_bytes_per_sec}, {left}";
const WITHOUT_LENGTH: &str = "{bytes} sent, {binary_bytes_per_sec}, {elapsed}";

/// A line on the terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    length: Option<u64>,
    bytes: u64,
    /// When to draw next.
    due: Instant,
    bar: Option<ProgressBar>,
}

/// When to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    Never,
    /// If the message takes long.
    Late,
    AtOnce,
}

impl Progress {
    /// `None` if nothing is to be shown: never unless standard error is a terminal.
    pub(crate) fn new(show: Show, length: Option<u64>) -> Option<Self> {
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        if is_dumb || !io::stderr().is_terminal() {
            return None;
        }
        let due = match show {
            Show::Never => return None,
            Show::Late => now().after_micros(PATIENCE_MICROS),
            Show::AtOnce => now(),
        };
        Some(Self { length, bytes: 0, due, bar: None })
    }

    /// This many bytes have been delivered.
    pub(crate) fn update(&mut self, bytes: u64) {
        self.bytes = bytes;
        self.draw();
    }

    /// Draws it, if that is due.
    pub(crate) fn draw(&mut self) {
        let now = now();
        if now >= self.due {
            self.due = now.after_micros(REDRAW_MICROS);
            let length = self.length;
            self.bar.get_or_insert_with(|| bar(length)).set_position(self.bytes);
        }
    }

    /// Lets `say` write to the terminal without the bar in its way.
    pub(crate) fn suspend(&self, say: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(length: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10));
    let template = if length.is_some() { WITH_LENGTH } else { WITHOUT_LENGTH };
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    bar.with_style(style.progress_chars("=> ").with_key("left", left))
}

/// `5s left`, once anything is known.
fn left(state: &ProgressState, to: &mut dyn fmt::Write) {
    // What a terminal does not take is not missed.
    let _ = match state.pos() {
        0 => to.write_str("waiting"),
        _ => write!(to, "{:#} left", HumanDuration(state.eta())),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_templates_are_well_formed() {
        for length in [None, Some(7)] {
            bar(length).finish_and_clear();
        }
    }
}
