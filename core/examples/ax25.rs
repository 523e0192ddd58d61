//! A frame of amateur radio from the air: NRZI decoded, flags found, FCS checked, addresses read.
//!
//! The frame was logged by a TNC and sent to the mailing list aprssig in September 2004. Such logs
//! leave out the FCS, which is computed here.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a program may panic; the library does not"
)]

use minitalk_core::Bit;
use minitalk_core::hdlc::{Deframed, Deframer, FLAG_BITS, Fcs16, Framer};

/// Two addresses, eight repeaters, control, protocol and 256 octets of text, and the FCS.
const OCTETS: usize = 10 * 7 + 2 + 256 + 2;

/// To APU25N from VK4TEC via RELAY and WIDE: UI, no layer 3, a carriage return.
const FRAME: [u8; 31] = [
    0x82, 0xA0, 0xAA, 0x64, 0x6A, 0x9C, 0x60, 0xAC, 0x96, 0x68, 0xA8, 0x8A, 0x86, 0x60, 0xA4, 0x8A,
    0x98, 0x82, 0xB2, 0x40, 0x60, 0xAE, 0x92, 0x88, 0x8A, 0x40, 0x40, 0x61, 0x03, 0xF0, 0x0D,
];

/// What a modem hears: a zero changes the tone, a one does not (NRZI). Two flags come first.
fn tones() -> impl Iterator<Item = bool> {
    let flags = FLAG_BITS.into_iter().chain(FLAG_BITS);
    flags.chain(Framer::new(&FRAME).checked_by::<Fcs16>()).scan(false, |tone, bit| {
        *tone ^= bit == Bit::Zero;
        Some(*tone)
    })
}

/// An address: six letters, each shifted by one bit, and an octet with the number of the station.
fn address(octets: &[u8]) -> String {
    let name: String = octets[..6].iter().map(|octet| char::from(octet >> 1)).collect();
    match octets[6] >> 1 & 0x0F {
        0 => name.trim_end().to_string(),
        station => format!("{}-{station}", name.trim_end()),
    }
}

fn main() {
    let mut deframer = Deframer::<OCTETS, Fcs16>::new();
    let mut before = false;
    let mut frames = Vec::new();
    for tone in tones() {
        let bit = Bit::from_bool(tone == before);
        before = tone;
        match deframer.feed(bit) {
            Ok(Deframed::Frame(content)) => {
                // The lowest bit of the last octet of the last address is a one.
                let end =
                    content.iter().position(|octet| octet & 1 == 1).map_or(0, |last| last + 1);
                let (addresses, rest) = content.split_at(end);
                let names: Vec<String> = addresses.chunks_exact(7).map(address).collect();
                frames.push(format!("{} control {:02X}", names.join(" "), rest[0]));
            }
            Ok(Deframed::Pending | Deframed::Flag) => {}
            Err(error) => eprintln!("{error}"),
        }
    }
    println!("{}", frames.join("\n"));
    assert_eq!(frames, ["APU25N VK4TEC RELAY WIDE control 03"]);
}
