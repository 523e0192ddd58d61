//! The line as a logic analyser shows it: a value change dump (IEEE 1364, section 18).

use std::io::{self, Write};

use minitalk_core::Bit;
use minitalk_core::exchange::Protocol;
use vcd::{IdCode, SimulationCommand, TimescaleUnit, Value, Writer};

use super::file::MARK;
use super::interpreter::{Framing, Meaning, Purpose, Seen};

/// A wire of the dump. Each has one bit, because sigrok accepts no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Zero,
    One,
    AckZero,
    AckOne,
    Flag,
    Frame,
    Inserted,
}

impl Wire {
    /// The wires of a protocol, and their names.
    const fn all(protocol: Protocol) -> &'static [(Self, &'static str)] {
        match protocol {
            Protocol::Classic => &[
                (Self::Zero, "SIGUSR1"),
                (Self::One, "SIGUSR2"),
                (Self::AckZero, "ack_SIGUSR1"),
                (Self::AckOne, "ack_SIGUSR2"),
            ],
            Protocol::Framed => &[
                (Self::Zero, "zero"),
                (Self::One, "one"),
                (Self::AckZero, "ack_zero"),
                (Self::AckOne, "ack_one"),
                (Self::Flag, "flag"),
                (Self::Frame, "frame"),
                (Self::Inserted, "inserted"),
            ],
        }
    }
}

/// A dump that is being written.
pub(super) struct Dump<W: Write> {
    /// `None` until the protocol is known, which determines the wires.
    writer: Option<Writer<W>>,
    to: Option<W>,
    ids: Vec<(Wire, IdCode)>,
    /// Symbols that came before the protocol was known.
    waiting: Vec<(Seen, Meaning)>,
    /// The last time written.
    micros: u64,
    /// The wires that are high because of the last symbol, and since when.
    pulses: Vec<Wire>,
    pulsed_micros: u64,
    is_in_frame: bool,
}

impl<W: Write> Dump<W> {
    pub(super) const fn new(to: W) -> Self {
        Self {
            writer: None,
            to: Some(to),
            ids: Vec::new(),
            waiting: Vec::new(),
            micros: 0,
            pulses: Vec::new(),
            pulsed_micros: 0,
            is_in_frame: false,
        }
    }

    pub(super) fn take(&mut self, symbol: Seen, meaning: Meaning) -> io::Result<()> {
        let protocol = meaning.protocol;
        self.waiting.push((symbol, meaning));
        if let Some(protocol) = protocol {
            self.begin(protocol)?;
            for (symbol, meaning) in std::mem::take(&mut self.waiting) {
                self.draw(symbol, &meaning)?;
            }
        }
        Ok(())
    }

    /// Ends the last pulse and writes what is buffered.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.fall()?;
        self.writer.as_mut().map_or(Ok(()), Writer::flush)
    }

    /// Ends the dump, with a final time so that the last pulse is visible.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.begin(Protocol::Classic)?;
        for (symbol, meaning) in std::mem::take(&mut self.waiting) {
            self.draw(symbol, &meaning)?;
        }
        self.fall()?;
        self.at(self.micros + 1)?;
        self.writer.as_mut().map_or(Ok(()), Writer::flush)
    }

    /// Writes the header, unless it has been written.
    fn begin(&mut self, protocol: Protocol) -> io::Result<()> {
        let Some(to) = self.to.take() else { return Ok(()) };
        let mut writer = Writer::new(to);
        writer.version(&format!("{MARK} {}", env!("CARGO_PKG_VERSION")))?;
        writer.timescale(1, TimescaleUnit::US)?;
        writer.add_module("minitalk")?;
        for (wire, name) in Wire::all(protocol) {
            self.ids.push((*wire, writer.add_wire(1, name)?));
        }
        writer.upscope()?;
        writer.enddefinitions()?;
        writer.timestamp(0)?;
        writer.begin(SimulationCommand::Dumpvars)?;
        for (_, id) in &self.ids {
            writer.change_scalar(*id, Value::V0)?;
        }
        writer.end()?;
        self.writer = Some(writer);
        Ok(())
    }

    fn draw(&mut self, symbol: Seen, meaning: &Meaning) -> io::Result<()> {
        self.fall()?;
        let wire = match (symbol.purpose, symbol.value) {
            (Purpose::Bit | Purpose::Again, Bit::Zero) => Wire::Zero,
            (Purpose::Bit | Purpose::Again, Bit::One) => Wire::One,
            (Purpose::Ack, Bit::Zero) => Wire::AckZero,
            (Purpose::Ack, Bit::One) => Wire::AckOne,
        };
        // A pulse needs a time of its own, and two pulses of one wire a low between them.
        let earliest = self.pulsed_micros + 2 * u64::from(self.micros > 0);
        let micros = (symbol.nanos / 1_000).max(self.micros).max(earliest);
        self.at(micros)?;
        let is_in_frame = matches!(meaning.framing, Framing::Frame | Framing::InsertedZero);
        if symbol.purpose == Purpose::Bit && is_in_frame != self.is_in_frame {
            self.is_in_frame = is_in_frame;
            self.change(Wire::Frame, is_in_frame)?;
        }
        self.pulse(wire)?;
        match meaning.framing {
            Framing::FlagEnd => self.pulse(Wire::Flag)?,
            Framing::InsertedZero => self.pulse(Wire::Inserted)?,
            Framing::Outside | Framing::Frame => {}
        }
        self.pulsed_micros = micros;
        Ok(())
    }

    fn pulse(&mut self, wire: Wire) -> io::Result<()> {
        self.pulses.push(wire);
        self.change(wire, true)
    }

    /// Ends the pulses of the last symbol, which last a microsecond.
    fn fall(&mut self) -> io::Result<()> {
        if !self.pulses.is_empty() {
            self.at(self.pulsed_micros + 1)?;
        }
        for wire in std::mem::take(&mut self.pulses) {
            self.change(wire, false)?;
        }
        Ok(())
    }

    fn at(&mut self, micros: u64) -> io::Result<()> {
        if micros == self.micros {
            return Ok(());
        }
        self.micros = micros;
        self.writer.as_mut().map_or(Ok(()), |writer| writer.timestamp(micros))
    }

    fn change(&mut self, wire: Wire, high: bool) -> io::Result<()> {
        let id = self.ids.iter().find(|(declared, _)| *declared == wire);
        match (&mut self.writer, id) {
            (Some(writer), Some((_, id))) => writer.change_scalar(*id, high),
            // The wires are those of the first sender's protocol.
            (Some(_) | None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::conversation::Conversation;
    use ::vcd::{Command, Parser};

    /// The names of the wires and how often each rises. Checks that times never decrease.
    fn dumped(conversation: &Conversation) -> Vec<(String, usize)> {
        let mut octets = Vec::new();
        let mut dump = Dump::new(&mut octets);
        for (symbol, meaning) in &conversation.told {
            dump.take(*symbol, meaning.clone()).unwrap();
        }
        dump.end().unwrap();
        drop(dump);
        let mut parser = Parser::new(octets.as_slice());
        let header = parser.parse_header().unwrap();
        assert_eq!(header.timescale, Some((1, TimescaleUnit::US)));
        let scope = header.find_scope(&["minitalk"]).unwrap();
        let wires = scope.items.iter().filter_map(|item| match item {
            ::vcd::ScopeItem::Var(wire) => Some((wire.code, wire.reference.clone())),
            _ => None,
        });
        let wires: Vec<(IdCode, String)> = wires.collect();
        let (mut times, mut rises) = (Vec::new(), Vec::new());
        for command in parser {
            match command.unwrap() {
                Command::Timestamp(micros) => times.push(micros),
                Command::ChangeScalar(id, Value::V1) => rises.push(id),
                _ => {}
            }
        }
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
        let count = |id| rises.iter().filter(|rise| **rise == id).count();
        wires.into_iter().map(|(id, name)| (name, count(id))).collect()
    }

    #[test]
    fn a_classic_text_is_four_wires_with_the_names_of_the_signals() {
        let wires = [("SIGUSR1", 14), ("SIGUSR2", 2), ("ack_SIGUSR1", 16), ("ack_SIGUSR2", 1)];
        let dumped = dumped(&Conversation::classic(b"A"));
        assert_eq!(dumped, wires.map(|(name, count)| (name.to_owned(), count)));
    }

    #[test]
    fn a_frame_has_wires_for_flags_content_and_inserted_zeros() {
        let dumped = dumped(&Conversation::framed(b"Hi"));
        let names = ["zero", "one", "ack_zero", "ack_one", "flag", "frame", "inserted"];
        assert!(dumped.iter().map(|(name, _)| name).eq(names));
        let count =
            |wire: &str| dumped.iter().find(|(name, _)| name == wire).map(|(_, count)| *count);
        assert_eq!((count("flag"), count("frame")), (Some(3), Some(1)));
        assert!(count("inserted") > Some(0));
    }

    #[test]
    fn symbols_of_one_moment_are_drawn_apart() {
        let mut conversation = Conversation::new(minitalk_core::classic::Dialect::DEFAULT);
        for _ in 0..3 {
            conversation.say(Purpose::Bit, Bit::Zero);
        }
        for (symbol, _) in &mut conversation.told {
            symbol.nanos = 0;
        }
        assert_eq!(dumped(&conversation)[0], ("SIGUSR1".to_owned(), 3));
    }
}
