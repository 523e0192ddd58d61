//! What messages are made of: whatever a fault could turn into a frame of its own.

use minitalk_core::hdlc::Fcs;
use minitalk_testing::Random;

/// The octets of a framed message of `length` octets, in frames of `chunk` octets.
pub(crate) fn draw(random: &mut Random, message: u32, length: usize, chunk: usize) -> Vec<u8> {
    match random.below(8) {
        0 => vec![0x3E; length],
        1 => vec![0x7E; length],
        2 => vec![0xFF; length],
        3 | 4 => traps(message, length, chunk),
        _ => (0..length).map(|_| random.octet()).collect(),
    }
}

/// Every frame but the first holds, every five octets, the FCS of all that stands before it in the frame, and
/// then an octet that a doubled bit turns into a flag.
fn traps(message: u32, length: usize, chunk: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(length);
    while text.len() < length {
        let octets = chunk.min(length - text.len());
        if text.is_empty() {
            text.resize(octets, b'a');
            continue;
        }
        let is_last = text.len() + octets == length;
        let number = u8::try_from(text.len() / chunk % 8).expect("it is less than 8");
        let [low, high, ..] = octets.to_le_bytes();
        let control = number << 1 | u8::from(is_last) << 4 | high << 6;
        let (begin, mut fcs) = (text.len(), Fcs::new());
        [0xFF, control, low].iter().for_each(|&octet| fcs.update(octet));
        while text.len() < begin + octets {
            for octet in fcs.masked_octets(message).into_iter().chain([0x3E]) {
                fcs.update(octet);
                text.push(octet);
            }
        }
        text.truncate(begin + octets);
    }
    text
}
