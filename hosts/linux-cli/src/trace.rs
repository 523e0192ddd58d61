//! The line as a logic analyser would show it, in a file that `GTKWave`, `PulseView` and sigrok open.
//!
//! ```text
//! zero      ──▁█▁▁▁▁▁▁▁▁▁▁──   a bit 0 of the client: SIGUSR1
//! one       ──▁▁▁▁█▁▁▁█▁▁▁──   a bit 1 of the client: SIGUSR2
//! ack_even  ──▁▁▁▁▁▁█▁▁▁▁▁──   an acknowledgment SIGUSR1 of the server
//! ack_odd   ──▁▁█▁▁▁▁▁▁▁█▁──   an acknowledgment SIGUSR2 of the server
//! frame     ──▁▁▁█████████──   the line is between two flags, and there is something
//! flag      ──▁▁▁▁▁▁▁▁▁▁▁▁──   the last eight bits were a flag
//! ```
//!
//! A symbol has no length; it is drawn as a pulse of a microsecond, or shorter if the next one comes
//! earlier. All wires have one bit, since sigrok takes no others. Time is `CLOCK_MONOTONIC` in
//! nanoseconds since the first symbol.

mod framing;
mod wires;

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use minitalk_signals::{Bit, monotonic_nanos};
use thiserror::Error;
use vcd::{IdCode, SimulationCommand, TimescaleUnit, Value, Writer};

use self::wires::{Edge, Symbol, Wire, Wires};

/// A trace that is being written. One that is dropped ends all the same, but tells of no error.
pub struct Trace {
    file: Option<Dump<BufWriter<File>>>,
    wires: Wires,
    failed: Option<io::Error>,
}

/// Why a trace ends before its end.
#[derive(Debug, Error)]
#[error("the trace is not complete: {0}")]
pub struct IncompleteTrace(pub io::Error);

impl Trace {
    /// Begins a trace in the file `path`; what was there is lost.
    ///
    /// # Errors
    ///
    /// Those of creating the file and writing to it.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = Dump::new(BufWriter::new(File::create(path)?))?;
        Ok(Self { file: Some(file), wires: Wires::new(), failed: None })
    }

    /// A bit of the client is on the line now.
    pub fn bit(&mut self, bit: Bit) {
        self.symbol(Symbol::Bit(bit));
    }

    /// An acknowledgment of the server is on the line now.
    pub fn ack(&mut self, ack: Bit) {
        self.symbol(Symbol::Ack(ack));
    }

    fn symbol(&mut self, symbol: Symbol) {
        self.wires.take(symbol, monotonic_nanos());
        self.write();
    }

    fn write(&mut self) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write(self.wires.edges()) {
            // What is missing cannot be made up for: the trace ends here.
            self.failed = Some(error);
            self.file = None;
        }
    }

    /// Ends the trace.
    ///
    /// # Errors
    ///
    /// The first error there was in writing it: what came after it is missing.
    pub fn finish(mut self) -> Result<(), IncompleteTrace> {
        self.end().map_err(IncompleteTrace)
    }

    fn end(&mut self) -> io::Result<()> {
        self.wires.finish();
        self.write();
        if let Some(mut file) = self.file.take() {
            file.end()?;
        }
        self.failed.take().map_or(Ok(()), Err)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        // Whoever wants to know calls `finish`.
        let _ = self.end();
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("wires", &self.wires).finish_non_exhaustive()
    }
}

/// A value change dump (IEEE 1364, section 18).
struct Dump<W: Write> {
    writer: Writer<W>,
    ids: [IdCode; Wire::ALL.len()],
    nanos: u64,
}

impl<W: Write> Dump<W> {
    fn new(to: W) -> io::Result<Self> {
        let mut writer = Writer::new(to);
        writer.version(concat!("minitalk ", env!("CARGO_PKG_VERSION")))?;
        writer.timescale(1, TimescaleUnit::NS)?;
        writer.add_module("minitalk")?;
        let mut ids = [IdCode::FIRST; Wire::ALL.len()];
        for (id, wire) in ids.iter_mut().zip(Wire::ALL) {
            *id = writer.add_wire(1, wire.name())?;
        }
        writer.upscope()?;
        writer.enddefinitions()?;
        writer.timestamp(0)?;
        writer.begin(SimulationCommand::Dumpvars)?;
        for id in ids {
            writer.change_scalar(id, Value::V0)?;
        }
        writer.end()?;
        Ok(Self { writer, ids, nanos: 0 })
    }

    fn write(&mut self, edges: impl Iterator<Item = Edge>) -> io::Result<()> {
        for Edge { nanos, wire, high } in edges {
            if nanos != self.nanos {
                self.writer.timestamp(nanos)?;
                self.nanos = nanos;
            }
            self.writer.change_scalar(self.ids[wire as usize], high)?;
        }
        Ok(())
    }

    /// A last time, so that the last pulse has an end to be seen.
    fn end(&mut self) -> io::Result<()> {
        self.writer.timestamp(self.nanos + 1_000)?;
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_file_says_what_was_on_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.vcd");
        let mut trace = Trace::create(&path).unwrap();
        trace.bit(Bit::Zero);
        trace.ack(Bit::One);
        trace.finish().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        for wire in Wire::ALL {
            assert!(text.contains(&format!("$var wire 1 {} {} $end", wire_id(wire), wire.name())));
        }
        assert!(text.contains("$timescale 1 ns $end"));
        // Zero, up and down; then the odd acknowledgment, up and down; and a last time.
        let (_, changes) = text.split_once("$end\n#1").unwrap_or((&text, ""));
        assert!(text.contains("1!") && text.contains("1$"), "{changes}");
        let mut parser = vcd::Parser::new(text.as_bytes());
        parser.parse_header().unwrap();
        let mut times = Vec::new();
        for command in parser {
            if let vcd::Command::Timestamp(nanos) = command.unwrap() {
                times.push(nanos);
            }
        }
        assert!(times.is_sorted(), "{times:?}");
    }

    fn wire_id(wire: Wire) -> char {
        char::from(b'!' + wire as u8)
    }

    #[test]
    fn a_full_disk_is_told_once_at_the_end() {
        let mut trace = Trace::create(Path::new("/dev/full")).unwrap();
        for _ in 0..10_000 {
            trace.bit(Bit::One);
        }
        assert_eq!(trace.finish().unwrap_err().0.kind(), io::ErrorKind::StorageFull);
    }
}
