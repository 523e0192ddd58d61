//! UTF-8 in any pieces reads as `String::from_utf8_lossy` reads it whole, and what is shown of it
//! cannot control a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minitalk_core::text::{Decoder, visible};

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = Decoder::new();
    let mut text = String::new();
    for &byte in bytes {
        text.extend(decoder.feed(byte));
    }
    let is_inside = decoder.is_inside();
    let rest = decoder.finish();
    assert_eq!(rest.is_some(), is_inside);
    assert!(!decoder.is_inside());
    text.extend(rest);
    assert_eq!(text, String::from_utf8_lossy(bytes));

    for character in text.chars() {
        let shown: String = visible(character).collect();
        assert!((1..=8).contains(&shown.chars().count()));
        assert!(shown.chars().all(is_harmless), "{character:?} is shown as {shown:?}");
    }
});

/// No control but newline and tab, and nothing that turns the direction of text round.
fn is_harmless(character: char) -> bool {
    let turns_round = matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    matches!(character, '\n' | '\t') || !(character.is_control() || turns_round)
}
