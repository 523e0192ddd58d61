//! The line as a picture: a wire for each signal in each direction, and brackets with names above
//! the bits.
//!
//! Symbols are drawn side by side in their order, however long the time between them. A pause of a
//! millisecond or more is drawn as a gap, and below each bracket is the time.

use std::collections::BTreeSet;
use std::fmt::Write;

use minitalk_core::Bit;
use minitalk_core::exchange::Protocol;

use super::file::MARK;
use super::interpreter::{Framing, Meaning, Purpose, Seen};

/// The largest number of symbols drawn. With more, no program could open the picture.
const SYMBOLS_MAX: usize = 4_000;

/// Where the wires begin, and where a row should end.
const LEFT: u32 = 110;
const RIGHT: u32 = 880;
/// The distance from one symbol to the next, and the width of a pulse.
const STEP: u32 = 15;
const PULSE: u32 = 5;
/// A pause of at least this length is drawn as a gap.
const GAP_NANOS: u64 = 1_000_000;
const GAP: u32 = 60;
/// Heights: of the brackets and their names, of a wire, of a pulse, of the times below.
const BRACKETS: u32 = 40;
const WIRE: u32 = 34;
const HIGH: u32 = 16;
const TIMES: u32 = 34;
const HEADING: u32 = 30;

const GREY: &str = "#868e96";

/// Everything to be drawn.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    events: Vec<(Seen, Meaning)>,
    left_out: u64,
}

/// A symbol and its position.
struct Placed<'e> {
    symbol: &'e Seen,
    meaning: &'e Meaning,
    x: u32,
    /// The pause before it, if it is drawn as a gap.
    pause_nanos: Option<u64>,
    /// The group of bits that it belongs to; `None` for acknowledgments, except receipts.
    group: Option<usize>,
}

/// The symbols of one sender in rows, and the names of their groups.
struct Panel<'e> {
    rows: Vec<Vec<Placed<'e>>>,
    names: Vec<Option<&'e str>>,
    protocol: Option<Protocol>,
}

/// A signal in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wire {
    is_ack: bool,
    value: bool,
}

impl Drawing {
    pub(super) fn take(&mut self, symbol: Seen, meaning: Meaning) {
        if self.events.len() < SYMBOLS_MAX {
            self.events.push((symbol, meaning));
        } else {
            self.left_out += 1;
        }
    }

    /// The picture of everything that has come so far.
    pub(super) fn svg(&self) -> String {
        let senders: BTreeSet<u32> = self.events.iter().map(|(symbol, _)| symbol.sender).collect();
        let mut body = String::new();
        let mut top = 0;
        for sender in senders {
            let panel =
                Panel::new(self.events.iter().filter(|(symbol, _)| symbol.sender == sender));
            top = panel.draw(&mut body, sender, top);
        }
        if self.left_out > 0 {
            text(
                &mut body,
                LEFT,
                top + 20,
                "",
                &format!("{} more symbols are not drawn", self.left_out),
            );
            top += HEADING;
        }
        let version = env!("CARGO_PKG_VERSION");
        let width = RIGHT + 40;
        format!(
            "<!-- {MARK} {version} -->\n\
             <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{top}\" \
             viewBox=\"0 0 {width} {top}\" font-size=\"12\" \
             font-family=\"ui-monospace, 'DejaVu Sans Mono', monospace\">\n\
             <title>Signals between two processes, and what they mean</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n",
        )
    }
}

impl<'e> Panel<'e> {
    fn new(events: impl Iterator<Item = &'e (Seen, Meaning)>) -> Self {
        let mut panel = Self { rows: vec![Vec::new()], names: Vec::new(), protocol: None };
        let mut before: Option<(u32, u64)> = None;
        for (symbol, meaning) in events {
            panel.protocol = meaning.protocol.or(panel.protocol);
            let group = panel.group(symbol, meaning);
            let (mut x, mut pause_nanos) = (LEFT + STEP, None);
            if let Some((last_x, last_nanos)) = before {
                let nanos = symbol.nanos - last_nanos;
                pause_nanos = (nanos >= GAP_NANOS).then_some(nanos);
                x = last_x + if pause_nanos.is_some() { GAP } else { STEP };
                // End a row before a group, if possible.
                let is_full = x > RIGHT - 16 * STEP && meaning.begins || x > RIGHT;
                if is_full {
                    x = LEFT + if pause_nanos.is_some() { GAP } else { STEP };
                    panel.rows.push(Vec::new());
                }
            }
            before = Some((x, symbol.nanos));
            if let Some(row) = panel.rows.last_mut() {
                row.push(Placed { symbol, meaning, x, pause_nanos, group });
            }
        }
        panel
    }

    /// The group that a symbol belongs to. A name that comes later becomes the name of the group.
    fn group(&mut self, symbol: &Seen, meaning: &'e Meaning) -> Option<usize> {
        let is_receipt = symbol.purpose == Purpose::Ack
            && meaning.name.is_some()
            && meaning.protocol == Some(Protocol::Classic);
        if is_receipt || symbol.purpose == Purpose::Bit && (meaning.begins || self.names.is_empty())
        {
            self.names.push(None);
        }
        if let (Some(last), Some(name)) = (self.names.last_mut(), &meaning.name) {
            *last = Some(name);
        }
        (is_receipt || symbol.purpose == Purpose::Bit).then(|| self.names.len() - 1)
    }

    /// Draws everything of this sender below `top`, and returns where it ends.
    fn draw(&self, body: &mut String, sender: u32, mut top: u32) -> u32 {
        let protocol = match self.protocol {
            Some(Protocol::Framed) => ", framed",
            Some(Protocol::Classic) => ", classic",
            None => "",
        };
        text(body, 12, top + 20, r#" font-weight="bold""#, &format!("PID {sender}{protocol}"));
        top += HEADING;
        for row in &self.rows {
            self.draw_brackets(body, row, top + BRACKETS);
            let mut low = top + BRACKETS;
            let wires: BTreeSet<Wire> = row.iter().map(|placed| Wire::of(placed.symbol)).collect();
            for wire in wires {
                low += WIRE;
                self.draw_wire(body, row, wire, low);
            }
            Self::draw_times(body, row, top + BRACKETS, low);
            top = low + TIMES;
        }
        top
    }

    /// Draws a bracket over each group of a row, with its name.
    fn draw_brackets(&self, body: &mut String, row: &[Placed<'_>], bottom: u32) {
        let groups: BTreeSet<usize> = row.iter().filter_map(|placed| placed.group).collect();
        for group in groups {
            let mut xs =
                row.iter().filter(|placed| placed.group == Some(group)).map(|placed| placed.x);
            let Some(first) = xs.next() else { continue };
            let last = xs.next_back().unwrap_or(first);
            let (left, right, top) = (first - 5, last + 5, bottom - 12);
            let _ = writeln!(
                body,
                r#"<path d="M{left} {bottom}V{top}H{right}V{bottom}" fill="none" stroke="{GREY}"/>"#,
            );
            let name = self.names.get(group).copied().flatten().unwrap_or("…");
            let middle = u32::midpoint(left, right);
            text(body, middle, top - 6, r#" text-anchor="middle""#, name);
        }
    }

    /// Draws one wire: a line with a pulse for each of its symbols.
    fn draw_wire(&self, body: &mut String, row: &[Placed<'_>], wire: Wire, low: u32) {
        let (colour, name) = (wire.colour(), wire.name(self.protocol));
        let fill = format!(r#" text-anchor="end" fill="{colour}""#);
        text(body, LEFT - 12, low - 4, &fill, &name);
        let mut path = format!("M{LEFT} {low}");
        let end = row.last().map_or(RIGHT, |placed| placed.x + STEP);
        for placed in row.iter().filter(|placed| Wire::of(placed.symbol) == wire) {
            let (left, right, high) =
                (placed.x - PULSE / 2, placed.x + PULSE.div_ceil(2), low - HIGH);
            let _ = write!(path, "H{left}V{high}H{right}V{low}");
            if !wire.is_ack {
                let digit = u8::from(placed.meaning.is_one).to_string();
                let (shown, colour) = match (
                    placed.symbol.purpose,
                    placed.meaning.framing == Framing::InsertedZero,
                ) {
                    (Purpose::Again, _) => (format!("{digit}?"), GREY),
                    (_, true) => (format!("({digit})"), GREY),
                    (_, false) => (digit, colour),
                };
                let style = format!(r#" text-anchor="middle" font-size="11" fill="{colour}""#);
                text(body, placed.x, high - 3, &style, &shown);
            }
        }
        let _ = writeln!(
            body,
            r#"<path d="{path}H{end}" fill="none" stroke="{colour}" stroke-width="1.4"/>"#,
        );
    }

    /// Writes when each group began, and how long each gap is.
    fn draw_times(body: &mut String, row: &[Placed<'_>], top: u32, low: u32) {
        let style = format!(r#" font-size="10" fill="{GREY}""#);
        let middle = format!(r#" text-anchor="middle" font-size="10" fill="{GREY}""#);
        let mut latest = None;
        for (index, placed) in row.iter().enumerate() {
            if let Some(nanos) = placed.pause_nanos {
                let at = placed.x - GAP / 2;
                let _ = writeln!(
                    body,
                    r#"<path d="M{at} {top}V{low}" stroke="{GREY}" stroke-dasharray="2 4"/>"#,
                );
                text(body, at, low + 24, &middle, &format!("+{}", duration(nanos)));
            }
            let begins = placed.group.is_some() && placed.group != latest;
            if index == 0 || begins && is_wide(row, placed) {
                text(body, placed.x - 5, low + 13, &style, &duration(placed.symbol.nanos));
            }
            latest = placed.group.or(latest);
        }
    }
}

impl Wire {
    fn of(symbol: &Seen) -> Self {
        Self { is_ack: symbol.purpose == Purpose::Ack, value: symbol.value.is_one() }
    }

    const fn colour(self) -> &'static str {
        match (self.is_ack, self.value) {
            (false, false) => "#1c7ed6",
            (false, true) => "#e8590c",
            (true, false) => "#2f9e44",
            (true, true) => "#ae3ec9",
        }
    }

    fn name(self, protocol: Option<Protocol>) -> String {
        let arrow = if self.is_ack { '←' } else { '→' };
        let name = match (protocol, Bit::from_bool(self.value)) {
            (Some(Protocol::Framed), Bit::Zero) => "0 (USR1)",
            (Some(Protocol::Framed), Bit::One) => "1 (USR2)",
            (Some(Protocol::Classic) | None, Bit::Zero) => "SIGUSR1",
            (Some(Protocol::Classic) | None, Bit::One) => "SIGUSR2",
        };
        format!("{arrow} {name}")
    }
}

/// Whether there is room for a time below the group of a symbol.
fn is_wide(row: &[Placed<'_>], first: &Placed<'_>) -> bool {
    row.iter().filter(|placed| placed.group == first.group).count() > 2
}

fn text(body: &mut String, x: u32, y: u32, style: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(body, r#"<text x="{x}" y="{y}"{style}>{content}</text>"#);
}

/// `840 µs`, `3.2 ms`, `7.5 s`.
fn duration(nanos: u64) -> String {
    let micros = nanos / 1_000;
    match micros {
        0..10_000 => format!("{micros} µs"),
        10_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        1_000_000.. => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::conversation::Conversation;

    fn drawn(conversation: &Conversation) -> String {
        let mut drawing = Drawing::default();
        for (symbol, meaning) in &conversation.told {
            drawing.take(*symbol, meaning.clone());
        }
        drawing.svg()
    }

    #[test]
    fn bytes_have_brackets_with_their_names_and_every_wire_has_a_pulse() {
        let svg = drawn(&Conversation::classic(b"<A"));
        for name in ["'&lt;'", "'A'", "NUL", "receipt", "→ SIGUSR1", "→ SIGUSR2", "← SIGUSR1"]
        {
            assert!(svg.contains(&format!(">{name}</text>")), "{name} in {svg}");
        }
        let wires = svg.lines().filter(|line| line.contains("stroke-width"));
        assert!(wires.clone().count() >= 4);
        assert!(wires.clone().all(|wire| wire.matches('V').count() >= 2), "{svg}");
    }

    #[test]
    fn a_frame_is_drawn_with_its_fields_and_verdict_within_the_picture() {
        let svg = drawn(&Conversation::framed(b"Hi"));
        for name in ["mark", "flag", "address 0xFF", "'H'", "flag: accepted", "(0)", "→ 0 (USR1)"]
        {
            assert!(svg.contains(&format!(">{name}</text>")), "{name} in {svg}");
        }
        let xs = svg.split("<text x=\"").skip(1).filter_map(|rest| rest.split('"').next());
        assert!(xs.clone().count() > 50);
        assert!(xs.map(|x| x.parse::<u32>().unwrap()).all(|x| x <= RIGHT + 40));
    }

    #[test]
    fn a_pause_is_drawn_as_a_gap() {
        let mut conversation = Conversation::classic(b"A");
        let svg = drawn(&conversation);
        for (symbol, _) in &mut conversation.told[8..] {
            symbol.nanos += 2_500_000_000;
        }
        assert!(!svg.contains("stroke-dasharray"));
        assert!(drawn(&conversation).contains(">+2.5 s</text>"));
    }

    #[test]
    fn what_is_too_long_to_be_drawn_is_counted() {
        let svg = drawn(&Conversation::classic(&[b'x'; 200]));
        assert!(!svg.contains("not drawn"));
        let svg = drawn(&Conversation::classic(&[b'x'; 300]));
        // 301 bytes with sixteen symbols each, and the receipt.
        assert!(svg.contains(">817 more symbols are not drawn</text>"), "{}", svg.len());
    }
}
