//! UTF-8 in pieces, and what may be shown of it.

use minitalk_core::text::{Decoder, visible};

#[unsafe(no_mangle)]
extern "C" fn text_decoder_feed(decoder: &mut Decoder, byte: u8) -> u32 {
    decoder.feed(byte).into_iter().map(u32::from).fold(0, u32::wrapping_add)
}

#[unsafe(no_mangle)]
extern "C" fn text_decoder_finish(decoder: &mut Decoder) -> u32 {
    let is_inside = u32::from(decoder.is_inside());
    decoder.finish().map_or(is_inside, u32::from)
}

#[unsafe(no_mangle)]
extern "C" fn text_visible(character: u32) -> u32 {
    let Some(character) = char::from_u32(character) else { return 0 };
    visible(character).map(u32::from).fold(0, u32::wrapping_add)
}
