//! The content of messages: anything that a fault could turn into a frame of its own.

use crate::Random;

/// The octets of a framed message of `length` octets, in frames of `chunk` octets.
pub fn draw_content(random: &mut Random, message: u32, length: usize, chunk: usize) -> Vec<u8> {
    match random.below(8) {
        0 => vec![0x3E; length],
        1 => vec![0x7E; length],
        2 => vec![0xFF; length],
        3 | 4 => traps(message, length, chunk),
        _ => random.octets(length),
    }
}

/// A message in which every frame except the first is a [`trap`].
fn traps(message: u32, length: usize, chunk: usize) -> Vec<u8> {
    let mut text = vec![b'a'; chunk.min(length)];
    while text.len() < length {
        let octets = chunk.min(length - text.len());
        let is_last = text.len() + octets == length;
        text.extend(trap(message, text.len() / chunk, is_last, octets));
    }
    text
}

/// The payload of a frame other than the first of its message. Every five octets it contains the
/// FCS of everything before it in the frame, followed by an octet that a doubled bit turns into a
/// flag.
///
/// It is written from `docs/protocol.md`, without the core.
#[must_use]
pub fn trap(message: u32, number: usize, is_last: bool, octets: usize) -> Vec<u8> {
    let number = u8::try_from(number % 8).unwrap_or(0);
    let [low, high, ..] = octets.to_le_bytes();
    let mut frame = vec![0xFF, number << 1 | u8::from(is_last) << 4 | high << 6, low];
    while frame.len() < 3 + octets {
        let fcs = !frame.iter().fold(u32::MAX, |crc, &octet| after(crc, octet));
        frame.extend((fcs ^ message).to_le_bytes());
        frame.push(0x3E);
    }
    frame[3..3 + octets].to_vec()
}

/// The register of a CRC-32 after one more octet.
fn after(crc: u32, octet: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(octet), |crc, _| {
        if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xEDB8_8320 }
    })
}
