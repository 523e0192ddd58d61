//! Symbols of a known dialect: what they complete, and what waits for the host.

use super::{Owed, State, Step, Tail, Understanding, Understood};
use crate::Bit;
use crate::classic::{Acks, Decoded, Decoder, Dialect, End, Ends, Lead};

impl Understanding {
    /// Reads a symbol in the known dialect.
    pub(super) fn read(&mut self, symbol: Bit) -> Step {
        let (State::Replaying { reader, .. } | State::Reading(reader)) = &mut self.state else {
            return Step { byte: None, ends: Ends::Nothing };
        };
        if let Tail::Following(decoder) = &mut self.tail {
            let decoded = decoder.feed(symbol);
            if decoded == Decoded::Nul {
                reader.end_with(reader.dialect().end.with_nul());
                self.tail = Tail::Known;
            }
            // What comes between the text and the NUL is not text.
            return Step { byte: None, ends: decoded.ends() };
        }
        let length = reader.length;
        let read = reader.feed(symbol);
        let step = Step { byte: read.byte, ends: read.ends };
        if !read.ends.message() {
            return step;
        }
        if self.tail == Tail::Known || !reader.dialect().ends_with_text() {
            self.tail = Tail::Known;
            return step;
        }
        if read.byte == Some(0) && length > Some(1) {
            reader.end_with(reader.dialect().end.with_counted_nul());
            self.tail = Tail::Known;
            return Step { byte: None, ends: Ends::Message };
        }
        let plain = Dialect { end: End::Nul, lead: Lead::None, ..*reader.dialect() };
        self.tail = Tail::Following(Decoder::new(plain));
        Step { byte: read.byte, ends: Ends::Byte }
    }

    /// Tells the host what a symbol led to. `newest` is the symbol, or `None` if it has been
    /// answered already.
    pub(super) fn finish(&mut self, step: &Step, newest: Option<Bit>) -> Understood {
        self.keep(step.byte);
        let is_last = step.ends.message();
        if self.octets_held == 0 && !is_last {
            let acks = newest.map_or(Acks::NONE, |symbol| self.acks(symbol, step.ends));
            return Understood::Nothing(acks);
        }
        let owed = match newest {
            Some(symbol) => Owed::Symbol(symbol, step.ends),
            None if is_last => Owed::Receipt,
            None => Owed::Nothing,
        };
        self.hold(owed, is_last)
    }

    /// Keeps a byte of text for the host. There is always room: no more symbols are replayed than
    /// make [`OCTETS_MAX`].
    pub(super) fn keep(&mut self, byte: Option<u8>) {
        let place = self.octets.get_mut(usize::from(self.octets_held));
        if let (Some(byte), Some(place)) = (byte, place) {
            *place = byte;
            self.octets_held = self.octets_held.saturating_add(1);
        }
    }

    /// Holds the octets so far until the host accepts them.
    pub(super) fn hold(&mut self, owed: Owed, is_last: bool) -> Understood {
        self.owed = Some(owed);
        self.is_last = is_last;
        if self.octets_held == 0 { Understood::End } else { Understood::Octets }
    }
}
