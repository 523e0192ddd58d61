//! The line in a file, to look at: as a picture, as text, or for a logic analyser.
//!
//! | ending | what it is | opened with |
//! |---|---|---|
//! | `.svg` | a picture with every byte and field named | a browser |
//! | `.txt` | a row for each bit, as `--watch` shows | anything |
//! | `.vcd` | a value change dump, time in microseconds | `GTKWave`, `PulseView`, sigrok |
//!
//! Symbols are in the file shortly after the line falls silent. Time is `CLOCK_MONOTONIC` since the
//! first symbol.

#[cfg(test)]
mod conversation;
mod file;
mod flusher;
mod interpreter;
mod rows;
mod svg;
mod vcd;
mod view;
mod watch;

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use minitalk::Observer;
use minitalk_core::classic::Dialect;
use minitalk_signals::{Bit, monotonic_nanos};
use thiserror::Error;

pub use self::file::OpenTraceError;
use self::flusher::{Flush, Flusher};
use self::interpreter::{Interpreter, Meaning, Purpose, Seen};
use self::rows::Rows;
use self::svg::Drawing;
use self::vcd::Dump;
pub use self::view::View;
pub use self::watch::Watch;

/// At which end of the line the symbols are observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// At the process that has a message: it sends bits and receives acknowledgments.
    Sender,
    /// At the process that receives messages.
    Receiver,
}

/// Turns what an observer sees into symbols with the meaning that the [`Interpreter`] gives them.
#[derive(Debug)]
struct Pickup {
    side: Side,
    interpreter: Interpreter,
    /// When the first symbol came.
    origin_nanos: Option<u64>,
    /// Bits in flight, the oldest first, that were not acknowledged in time and may come again.
    overdue: Vec<Bit>,
    /// Bits that have not been acknowledged.
    under_way: Vec<Bit>,
}

/// The largest number of bits in flight without an acknowledgment.
const UNDER_WAY_MAX: usize = 2;

impl Pickup {
    fn new(side: Side, dialect: Dialect) -> Self {
        let (overdue, under_way) = (Vec::new(), Vec::new());
        Self {
            side,
            interpreter: Interpreter::new(dialect),
            origin_nanos: None,
            overdue,
            under_way,
        }
    }

    fn sent(&mut self, peer: u32, value: Bit) -> (Seen, Meaning) {
        let purpose = match self.side {
            Side::Sender => self.bit_sent(value),
            Side::Receiver => Purpose::Ack,
        };
        self.read(peer, purpose, value)
    }

    fn received(&mut self, peer: u32, value: Bit) -> (Seen, Meaning) {
        let purpose = match self.side {
            Side::Sender => {
                self.overdue.clear();
                if !self.under_way.is_empty() {
                    self.under_way.remove(0);
                }
                Purpose::Ack
            }
            Side::Receiver => Purpose::Bit,
        };
        self.read(peer, purpose, value)
    }

    /// Whether a bit repeats one that was sent before and not acknowledged.
    fn bit_sent(&mut self, value: Bit) -> Purpose {
        if self.overdue.first() == Some(&value) {
            self.overdue.remove(0);
            return Purpose::Again;
        }
        self.overdue.clear();
        if self.under_way.len() == UNDER_WAY_MAX {
            self.under_way.remove(0);
        }
        self.under_way.push(value);
        Purpose::Bit
    }

    fn timed_out(&mut self) {
        self.overdue.clone_from(&self.under_way);
    }

    fn read(&mut self, sender: u32, purpose: Purpose, value: Bit) -> (Seen, Meaning) {
        let now_nanos = monotonic_nanos();
        let origin_nanos = *self.origin_nanos.get_or_insert(now_nanos);
        let nanos = now_nanos.saturating_sub(origin_nanos);
        let symbol = Seen { sender, purpose, value, nanos };
        (symbol, self.interpreter.read(&symbol))
    }
}

/// A trace that is being written. Dropping it ends it as well, but reports no error.
pub struct Trace {
    pickup: Pickup,
    picture: Flusher<Picture>,
}

/// Why a trace is incomplete.
#[derive(Debug, Error)]
#[error("the trace is not complete: {0}")]
pub struct IncompleteTrace(pub io::Error);

impl Trace {
    /// Begins a trace in the file `path`; the ending of its name determines the form.
    ///
    /// Classic senders are expected to speak `dialect`. An existing file is replaced only if it is
    /// a trace. Call this when nothing else can fail any more.
    ///
    /// # Errors
    ///
    /// [`OpenTraceError`]; the file is unchanged then.
    pub fn create(path: &Path, side: Side, dialect: Dialect) -> Result<Self, OpenTraceError> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let begin: fn(File) -> Form = match ending.to_ascii_lowercase().as_str() {
            "svg" => |file| Form::Svg(Drawing::default(), file),
            "txt" => |file| Form::Text(Rows::new(true), BufWriter::new(file)),
            "vcd" => |file| Form::Vcd(Dump::new(BufWriter::new(file))),
            _ => return Err(OpenTraceError::Ending),
        };
        let mut picture = Picture { form: begin(file::open(path)?), failed: None };
        picture.begin();
        Ok(Self { pickup: Pickup::new(side, dialect), picture: Flusher::new(picture)? })
    }

    fn take(&mut self, (symbol, meaning): (Seen, Meaning)) {
        self.picture.change(|picture| picture.take(symbol, meaning));
    }

    /// Ends the trace.
    ///
    /// # Errors
    ///
    /// The first error in writing it: everything after that is missing.
    pub fn finish(mut self) -> Result<(), IncompleteTrace> {
        self.picture.end().map_or(Ok(()), Picture::end).map_err(IncompleteTrace)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // Call `finish` to get the error.
        let _ = self.picture.end().map_or(Ok(()), Picture::end);
    }
}

impl Observer for Trace {
    #[inline(never)]
    fn sent(&mut self, peer: u32, symbol: Bit) {
        let told = self.pickup.sent(peer, symbol);
        self.take(told);
    }

    #[inline(never)]
    fn received(&mut self, peer: u32, symbol: Bit) {
        let told = self.pickup.received(peer, symbol);
        self.take(told);
    }

    fn timed_out(&mut self, _peer: u32) {
        self.pickup.timed_out();
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("pickup", &self.pickup).finish_non_exhaustive()
    }
}

/// What is written to the file, and the first error.
struct Picture {
    form: Form,
    failed: Option<io::Error>,
}

enum Form {
    Svg(Drawing, File),
    Text(Rows, BufWriter<File>),
    Vcd(Dump<BufWriter<File>>),
}

impl Picture {
    fn begin(&mut self) {
        self.attempt(|form| match form {
            Form::Text(_, to) => writeln!(to, "{} {}", file::MARK, env!("CARGO_PKG_VERSION")),
            Form::Svg(..) | Form::Vcd(_) => Ok(()),
        });
    }

    fn take(&mut self, symbol: Seen, meaning: Meaning) {
        self.attempt(|form| match form {
            Form::Svg(drawing, _) => {
                drawing.take(symbol, meaning);
                Ok(())
            }
            Form::Text(rows, to) => to.write_all(rows.text(&symbol, &meaning).as_bytes()),
            Form::Vcd(dump) => dump.take(symbol, meaning),
        });
    }

    fn end(mut self) -> io::Result<()> {
        self.attempt(|form| match form {
            Form::Svg(drawing, file) => redraw(drawing, file),
            Form::Text(rows, to) => to.write_all(rows.end().as_bytes()).and_then(|()| to.flush()),
            Form::Vcd(dump) => dump.end(),
        });
        self.failed.map_or(Ok(()), Err)
    }

    /// Does something unless an earlier attempt has failed: what is missing then cannot be added
    /// later.
    fn attempt(&mut self, action: impl FnOnce(&mut Form) -> io::Result<()>) {
        if self.failed.is_none() {
            self.failed = action(&mut self.form).err();
        }
    }
}

impl Flush for Picture {
    fn flush(&mut self) {
        self.attempt(|form| match form {
            Form::Svg(drawing, file) => redraw(drawing, file),
            Form::Text(_, to) => to.flush(),
            Form::Vcd(dump) => dump.flush(),
        });
    }
}

/// Writes the whole picture again.
fn redraw(drawing: &Drawing, file: &mut File) -> io::Result<()> {
    if file.metadata()?.is_file() {
        file.rewind()?;
        file.set_len(0)?;
    }
    file.write_all(drawing.svg().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn traced(name: &str) -> (tempfile::TempDir, PathBuf, Trace) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut trace = Trace::create(&path, Side::Sender, Dialect::DEFAULT).unwrap();
        trace.sent(4242, Bit::Zero);
        trace.received(4242, Bit::Zero);
        (folder, path, trace)
    }

    #[test]
    fn the_form_follows_from_the_ending() {
        for (name, beginning) in [("x.vcd", "$version"), ("x.svg", "<!--"), ("x.TXT", "minitalk")] {
            let (_folder, path, trace) = traced(name);
            trace.finish().unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(beginning), "{text}");
            // It may be replaced by another trace.
            Trace::create(&path, Side::Receiver, Dialect::DEFAULT).unwrap();
        }
        let other = Trace::create(Path::new("/tmp/x.png"), Side::Sender, Dialect::DEFAULT);
        assert!(matches!(other, Err(OpenTraceError::Ending)));
    }

    #[test]
    fn what_has_come_is_in_the_file_soon_after() {
        for (name, part) in [("x.vcd", "ack_SIGUSR1"), ("x.svg", "← SIGUSR1"), ("x.txt", "← USR1")]
        {
            let (_folder, path, _trace) = traced(name);
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
            while !fs::read_to_string(&path).unwrap().contains(part) {
                assert!(std::time::Instant::now() < deadline, "{name} has not been written");
                std::thread::yield_now();
            }
        }
    }

    #[test]
    fn a_full_disk_is_told_once_at_the_end() {
        let file = file::open(Path::new("/dev/full")).unwrap();
        let form = Form::Text(Rows::new(true), BufWriter::new(file));
        let picture = Flusher::new(Picture { form, failed: None }).unwrap();
        let mut trace = Trace { pickup: Pickup::new(Side::Sender, Dialect::DEFAULT), picture };
        for _ in 0..10_000 {
            trace.sent(1, Bit::One);
        }
        assert_eq!(trace.finish().unwrap_err().0.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn a_bit_that_comes_again_after_a_timeout_is_known_as_such() {
        let mut pickup = Pickup::new(Side::Sender, Dialect::DEFAULT);
        let roles =
            |told: &[(Seen, Meaning)]| told.iter().map(|(s, _)| s.purpose).collect::<Vec<_>>();
        let mut told = vec![pickup.sent(1, Bit::Zero), pickup.sent(1, Bit::One)];
        pickup.timed_out();
        told.extend([
            pickup.sent(1, Bit::Zero),
            pickup.sent(1, Bit::One),
            pickup.received(1, Bit::Zero),
        ]);
        told.extend([pickup.received(1, Bit::One), pickup.sent(1, Bit::One)]);
        let expected = [
            Purpose::Bit,
            Purpose::Bit,
            Purpose::Again,
            Purpose::Again,
            Purpose::Ack,
            Purpose::Ack,
            Purpose::Bit,
        ];
        assert_eq!(roles(&told), expected);
    }
}
