//! UTF-8 in any pieces is decoded as `String::from_utf8_lossy` decodes the whole, and what is shown
//! of it cannot control a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minitalk::text::is_control;
use minitalk_cli::report::line;
use minitalk_cli::text::{Decoder, visible};

fuzz_target!(|octets: &[u8]| {
    let (mut decoder, mut text) = (Decoder::default(), String::new());
    let piece_octets = usize::from(octets.first().copied().unwrap_or(0) % 7) + 1;
    for piece in octets.chunks(piece_octets) {
        decoder.feed(piece, &mut text);
    }
    decoder.finish(&mut text);
    assert_eq!(decoder, Decoder::default());
    assert_eq!(text, String::from_utf8_lossy(octets));

    let shown = visible(&text);
    assert!(shown.chars().all(|c| !is_control(c) || matches!(c, '\n' | '\t')), "{shown:?}");
    let line = line(&text).expect("a text can be written");
    assert!(!line.trim_end_matches('\n').contains(is_control), "{line:?}");
    assert_eq!(serde_json::from_str::<String>(&line).expect("it is JSON"), text);
});
