//! Frames on a line that inverts a bit: what comes out is right, or is reported as wrong.

#![expect(clippy::arithmetic_side_effects, reason = "a program may panic; the library does not")]

use minitalk_core::hdlc::{Deframed, Deframer, FCS_OCTETS, Framer};

/// The longest content that is expected.
const OCTETS: usize = 60;

fn main() {
    let mut deframer = Deframer::<{ OCTETS + FCS_OCTETS }>::new();
    let frames = [&b"hello"[..], b"damaged", b"world"];
    let line = frames.into_iter().flat_map(Framer::new);
    let (mut whole, mut wrong) = (Vec::new(), 0);
    for (place, bit) in line.enumerate() {
        let arriving = if place == 150 { !bit } else { bit };
        match deframer.feed(arriving) {
            Ok(Deframed::Pending | Deframed::Flag) => {}
            Ok(Deframed::Frame(content)) => {
                println!("frame: {}", String::from_utf8_lossy(content));
                whole.push(content.to_vec());
            }
            Err(error) => {
                println!("error: {error}");
                wrong += 1;
            }
        }
    }
    assert_eq!((whole, wrong), (vec![b"hello".to_vec(), b"world".to_vec()], 1));
}
