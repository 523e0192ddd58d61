//! A stretch of the line, drawn as a logic analyser shows it.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use crate::picture::Picture;
use crate::relay::{Party, Symbol};
use crate::speech::duration;

/// Draws it in text: a column for each symbol, a row for each program.
pub(crate) fn in_text(picture: &Picture, indent: &str, to: &mut dyn Write) -> io::Result<()> {
    /// As many columns as fit into 78 characters together with the indent and the names.
    const COLUMNS: usize = 10;
    let marked = picture
        .mark
        .as_ref()
        .and_then(|(at, _)| picture.symbols.iter().position(|symbol| symbol.at_nanos == *at));
    let last = picture.symbols.len();
    let to_column = marked.map_or(last, |place| (place + COLUMNS / 2).min(last));
    let from = to_column.saturating_sub(COLUMNS);
    let symbols = &picture.symbols[from..to_column];
    if symbols.is_empty() {
        return Ok(());
    }
    let row = |name: &str, cell: &dyn Fn(usize, &Symbol) -> String| {
        symbols.iter().enumerate().fold(format!("{indent}{name:<8}"), |row, (place, symbol)| {
            format!("{row}{:>6}", cell(place, symbol))
        })
    };
    let of = |party: Party| {
        move |_: usize, symbol: &Symbol| {
            if symbol.from == party { format!("USR{}", symbol.usr) } else { String::new() }
        }
    };
    let time = |place: usize, symbol: &Symbol| match place.checked_sub(1) {
        None => String::new(),
        Some(before) => short(symbol.at_nanos.saturating_sub(symbols[before].at_nanos)),
    };
    writeln!(to)?;
    writeln!(to, "{}", row("client", &of(Party::Client)).trim_end())?;
    writeln!(to, "{}", row("server", &of(Party::Server)).trim_end())?;
    if symbols.iter().any(|symbol| symbol.from == Party::Stranger) {
        writeln!(to, "{}", row("other", &of(Party::Stranger)).trim_end())?;
    }
    writeln!(to, "{}", row("later by", &time).trim_end())?;
    if let (Some(place), Some((_, word))) = (marked, &picture.mark)
        && !word.is_empty()
    {
        let column = indent.len() + 8 + 6 * (place - from) + 3;
        let begin = column.saturating_sub(word.chars().count());
        writeln!(to, "{}{word} ^", " ".repeat(begin))?;
    }
    writeln!(to)
}

/// A time in at most five characters.
fn short(nanos: u64) -> String {
    match nanos / 1000 {
        micros @ 0..1000 => format!("{micros}µs"),
        micros @ 1000..1_000_000 => format!("{}ms", micros / 1000),
        micros => format!("{}s", micros / 1_000_000),
    }
}

/// The width of a drawing, and where the wires begin.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 120.0;

/// The wires from top to bottom.
const WIRES: [(Party, u8, &str); 4] = [
    (Party::Client, 1, "client SIGUSR1"),
    (Party::Client, 2, "client SIGUSR2"),
    (Party::Server, 1, "server SIGUSR1"),
    (Party::Server, 2, "server SIGUSR2"),
];

const WIRE_HEIGHT: f64 = 44.0;
const PULSE_HEIGHT: f64 = 26.0;
const PULSE_WIDTH: f64 = 9.0;
const TOP: f64 = 30.0;

/// Draws it as SVG (SVG 1.1): four wires, and a pulse for each symbol.
///
/// Time runs to the right. A long silence is shortened and labelled with its length.
pub(crate) fn in_svg(picture: &Picture) -> String {
    let places = places(&picture.symbols);
    let height = TOP + WIRE_HEIGHT * 4.0 + 34.0;
    let mut svg = format!(
        r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" xmlns="http://www.w3.org/2000/svg">"#
    );
    for (row, (_, _, name)) in WIRES.iter().enumerate() {
        let y = baseline(row);
        let _ = write!(svg, r#"<text class="name" x="4" y="{}">{name}</text>"#, y - 8.0);
        let _ = write!(svg, r#"<path class="wire" d="{}"/>"#, wire(picture, &places, row, y));
    }
    for (pair, x) in picture.symbols.windows(2).zip(places.windows(2)) {
        let gap = pair[1].at_nanos.saturating_sub(pair[0].at_nanos);
        if x[1] - x[0] > 30.0 {
            let _ = write!(
                svg,
                r#"<text class="time" x="{:.1}" y="{:.1}">{}</text>"#,
                f64::midpoint(x[0], x[1]) + PULSE_WIDTH / 2.0,
                height - 10.0,
                duration(Duration::from_nanos(gap)),
            );
        }
    }
    if let Some((at, word)) = &picture.mark
        && let Some(place) = picture.symbols.iter().position(|symbol| symbol.at_nanos == *at)
    {
        let x = places[place] + PULSE_WIDTH / 2.0;
        let (end, anchor) = (height - 26.0, if x > WIDTH - 140.0 { "end" } else { "start" });
        let _ = write!(svg, r#"<line class="mark" x1="{x:.1}" x2="{x:.1}" y1="22" y2="{end}"/>"#);
        let _ = write!(
            svg,
            r#"<text class="mark" x="{x:.1}" y="16" text-anchor="{anchor}">{word}</text>"#
        );
    }
    svg.push_str("</svg>");
    svg
}

#[expect(clippy::cast_precision_loss, reason = "there are four")]
fn baseline(row: usize) -> f64 {
    TOP + WIRE_HEIGHT * (row + 1) as f64
}

/// The line of one wire: low, and high for each symbol on it.
fn wire(picture: &Picture, places: &[f64], row: usize, y: f64) -> String {
    let (party, usr, _) = WIRES[row];
    let mut path = format!("M{LEFT},{y}");
    for (symbol, x) in picture.symbols.iter().zip(places) {
        if symbol.from == party && symbol.usr == usr {
            let high = y - PULSE_HEIGHT;
            let end = x + PULSE_WIDTH;
            let _ = write!(path, "H{x:.1}V{high}H{end:.1}V{y}");
        }
    }
    let _ = write!(path, "H{WIDTH}");
    path
}

/// Where each symbol is drawn: in proportion to time, except that a silence is no longer than a few
/// usual steps.
#[expect(clippy::cast_precision_loss, reason = "a drawing is no more exact")]
fn places(symbols: &[Symbol]) -> Vec<f64> {
    let gaps: Vec<f64> = symbols
        .windows(2)
        .map(|pair| pair[1].at_nanos.saturating_sub(pair[0].at_nanos) as f64)
        .collect();
    let mut sorted = gaps.clone();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0).max(1.0);
    let steps: Vec<f64> = gaps.iter().map(|gap| (gap / usual).clamp(0.6, 3.0)).collect();
    let room = WIDTH - LEFT - 3.0 * PULSE_WIDTH;
    let scale = room / steps.iter().sum::<f64>().max(1.0);
    let mut place = LEFT + PULSE_WIDTH;
    let mut places = vec![place];
    for step in steps {
        place += step * scale;
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let symbol = |at_nanos, from, usr| Symbol { at_nanos, from, usr, passed_nanos: None };
        Picture {
            title: String::new(),
            symbols: vec![
                symbol(0, Party::Client, 2),
                symbol(40_000, Party::Server, 1),
                symbol(90_000, Party::Client, 1),
                symbol(2_000_000_000, Party::Server, 1),
            ],
            mark: Some((90_000, "lost".to_owned())),
        }
    }

    #[test]
    fn a_line_in_text_has_a_column_for_each_symbol() {
        let mut bytes = Vec::new();
        in_text(&picture(), "  ", &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "  client    USR2        USR1");
        assert_eq!(lines[2], "  server          USR1        USR1");
        assert_eq!(lines[3], "  later by        40µs  50µs    1s");
        assert!(lines[4].ends_with("lost ^"), "{text}");
    }

    #[test]
    fn a_line_in_svg_has_a_pulse_for_each_symbol_and_a_mark() {
        let svg = in_svg(&picture());
        // Up and down, for each of four symbols.
        assert_eq!(svg.matches('V').count(), 8);
        assert!(svg.contains(r#"class="mark""#) && svg.ends_with("</svg>"));
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut wide = picture();
        for number in 0..40 {
            wide.symbols.push(Symbol { at_nanos: 3_000_000_000 + number, ..wide.symbols[0] });
        }
        let mut bytes = Vec::new();
        in_text(&wide, "      ", &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 78), "{text}");
    }
}
