//! The progress of a long message, on a terminal.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use minitalk::Observer;
use minitalk_signals::{Instant, Interest, is_ready, now};
use rustix::process::getpgrp;
use rustix::termios::{tcgetpgrp, tcgetwinsize};

/// A message that is delivered sooner is not shown.
const PATIENCE_MICROS: u64 = 500_000;

/// The time between two drawings. Drawing takes as long as many bits.
const REDRAW_MICROS: u64 = 100_000;

/// Plain characters, no colour. A line must never wrap, because it could not be redrawn then.
const WITH_LENGTH: &str = "{bytes} of {total_bytes} [{wide_bar}] {binary_bytes_per_sec}, {left}";
const WITHOUT_LENGTH: &str = "{bytes} sent, {binary_bytes_per_sec}, {elapsed}";
const NARROW_WITH_LENGTH: &str = "{bytes}, {left}";
const NARROW_WITHOUT_LENGTH: &str = "{bytes} sent";

/// The largest number of columns that these take.
const COLUMNS: u16 = 64;
const NARROW_COLUMNS: u16 = 32;

/// A progress line on the terminal.
#[derive(Debug)]
pub struct Progress {
    length: Option<u64>,
    bytes: u64,
    /// When to draw next.
    due: Instant,
    bar: Option<ProgressBar>,
}

/// When to show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// Not at all.
    Never,
    /// If the message takes long.
    Late,
    /// From the beginning.
    AtOnce,
}

impl Show {
    /// What `--quiet` and `--progress` ask for.
    #[must_use]
    pub const fn of(is_quiet: bool, at_once: bool) -> Self {
        match (is_quiet, at_once) {
            (true, _) => Self::Never,
            (false, true) => Self::AtOnce,
            (false, false) => Self::Late,
        }
    }
}

impl Progress {
    /// `None` if nothing is to be shown: never unless standard error is a terminal.
    #[must_use]
    pub fn new(show: Show, length: Option<u64>) -> Option<Self> {
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

    /// Draws it, if it is time, and if this program is in the foreground of a terminal that accepts
    /// output.
    fn draw(&mut self) {
        let now = now();
        if now < self.due {
            return;
        }
        self.due = now.after_micros(REDRAW_MICROS);
        let columns = columns();
        if columns >= NARROW_COLUMNS && may_draw() {
            let length = self.length;
            let bar = self.bar.get_or_insert_with(|| {
                ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr_with_hz(10))
            });
            bar.set_style(style(length, columns));
            bar.set_position(self.bytes);
        }
    }

    /// Lets `say` write to the terminal without the bar in its way.
    pub fn suspend(&self, say: impl FnOnce()) {
        match &self.bar {
            Some(bar) if may_draw() => bar.suspend(say),
            Some(_) | None => say(),
        }
    }
}

impl Observer for Progress {
    fn timed_out(&mut self, _peer: u32) {
        self.draw();
    }

    fn progress(&mut self, bytes: u64) {
        self.bytes = bytes;
        self.draw();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let Some(bar) = &self.bar else { return };
        if !may_draw() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        bar.finish_and_clear();
    }
}

/// Whether standard error accepts output now, and this program would not be stopped for writing to
/// it as a background job (`stty tostop`).
fn may_draw() -> bool {
    let stderr = io::stderr();
    is_ready(stderr.as_fd(), Interest::Writable) && is_in_foreground()
}

/// Whether this program is in the foreground of the terminal that standard error is. Also true if
/// that is not the terminal that it was started from.
#[must_use]
pub fn is_in_foreground() -> bool {
    tcgetpgrp(io::stderr()).map_or(true, |group| group == getpgrp())
}

/// The width of the terminal, if it is known.
fn columns() -> u16 {
    match tcgetwinsize(io::stderr()) {
        Ok(size) if size.ws_col > 0 => size.ws_col,
        Ok(_) | Err(_) => COLUMNS,
    }
}

fn style(length: Option<u64>, columns: u16) -> ProgressStyle {
    let template = match length {
        Some(_) if columns >= COLUMNS => WITH_LENGTH,
        Some(_) => NARROW_WITH_LENGTH,
        None if columns >= COLUMNS => WITHOUT_LENGTH,
        None => NARROW_WITHOUT_LENGTH,
    };
    let style = ProgressStyle::with_template(template).expect("the templates are well-formed");
    style.progress_chars("=> ").with_key("left", left)
}

/// `5s left`, once anything is known.
fn left(state: &ProgressState, to: &mut dyn fmt::Write) {
    // If a write fails, nothing important is lost.
    let _ = match state.pos() {
        0 => to.write_str("waiting"),
        _ => write!(to, "{:#} left", HumanDuration(state.eta())),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_well_formed() {
        for length in [None, Some(7)] {
            for columns in [NARROW_COLUMNS, COLUMNS] {
                let _ = style(length, columns);
            }
        }
    }
}
