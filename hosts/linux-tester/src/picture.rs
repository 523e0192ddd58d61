//! The part of a recording that shows what went wrong.

use minitalk_core::Bit;

use crate::relay::{Party, Recording, Symbol};

/// How many symbols are shown before and after the marked place.
const AROUND: usize = 14;

/// A stretch of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) title: String,
    pub(crate) symbols: Vec<Symbol>,
    /// A time to be marked, and a word for it.
    pub(crate) mark: Option<(u64, String)>,
}

impl Picture {
    /// The line around a symbol of the client, counted from 0.
    pub(crate) fn around(recording: &Recording, index: usize, word: &str, title: &str) -> Self {
        let clients = recording.symbols.iter().enumerate();
        let mut clients = clients.filter(|(_, symbol)| symbol.from == Party::Client);
        let place = clients.nth(index).map_or(recording.symbols.len(), |(place, _)| place);
        Self::around_place(recording, place, word, title)
    }

    /// The last symbols on the line.
    pub(crate) fn end(recording: &Recording, word: &str, title: &str) -> Self {
        Self::around_place(recording, recording.symbols.len().saturating_sub(1), word, title)
    }

    fn around_place(recording: &Recording, place: usize, word: &str, title: &str) -> Self {
        let from = place.saturating_sub(AROUND);
        let to = (place + AROUND).min(recording.symbols.len());
        let marked = recording.symbols.get(place.min(recording.symbols.len().saturating_sub(1)));
        Self {
            title: title.to_owned(),
            symbols: recording.symbols[from.min(to)..to].to_vec(),
            mark: marked.map(|symbol| (symbol.at_nanos, word.to_owned())),
        }
    }
}

/// The index where what was sent differs from what was expected.
pub(crate) fn divergence(sent: &[Bit], expected: &[Bit]) -> Option<usize> {
    let same = sent.iter().zip(expected).take_while(|(sent, expected)| sent == expected).count();
    (same < expected.len()).then_some(same)
}
