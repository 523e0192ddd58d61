//! Frames from standards and from captures of other implementations, sent and received bit by bit
//! as printed there.

use super::{CheckSequence, Deframed, Deframer, Fcs, Fcs16, Framer, NoFcs};
use crate::Bit;
use std::string::{String, ToString};
use std::vec::Vec;

/// ITU-T X.25, appendix I: address, control, and the bits as they are transmitted, the first one on
/// the left. The inserted zeros, in parentheses there, are between spaces here.
const X25: [([u8; 2], &str); 4] = [
    ([0x03, 0x3F], "01111110 11000000 11111 0 100 11011010 00110111 01111110"),
    ([0x01, 0x73], "01111110 10000000 11001110 11000001 11101010 01111110"),
    ([0x01, 0x3F], "01111110 10000000 11111 0 100 11010111 11 0 111011 01111110"),
    ([0x03, 0x73], "01111110 11000000 11001110 11001100 00100110 01111110"),
];

/// LCP packets of two dial-up connections to providers of the 1990s, as a user has logged them
/// (`atari.kensclassics.org/elnklog.htm` and `wcomlog.htm`), each with its FCS-16.
const PPP: [&[u8]; 6] = [
    b"\xFF\x03\xC0\x21\x01\x00\x00\x06\x07\x02\x64\x7B",
    b"\xFF\x03\xC0\x21\x02\x00\x00\x06\x07\x02\x19\x77",
    b"\xFF\x03\xC0\x21\x01\x01\x00\x1B\x01\x04\x05\xF4\x02\x06\x00\x00\x00\x00\x07\x02\x08\x02\
      \x13\x09\x03\x00\xC0\x7B\x70\x5D\xC1\x20\x4A",
    b"\xFF\x03\xC0\x21\x01\x02\x00\x12\x01\x04\x05\xF4\x02\x06\x00\x00\x00\x00\x07\x02\x08\x02\
      \xD6\x5D",
    b"\xFF\x03\xC0\x21\x01\x3C\x00\x1C\x01\x04\x05\xDC\x02\x06\x00\x0A\x00\x00\x05\x06\x01\x00\
      \x00\x00\x07\x02\x08\x02\x03\x04\xC0\x23\xDE\xF4",
    b"\xFF\x03\xC0\x21\x02\x3C\x00\x1C\x01\x04\x05\xDC\x02\x06\x00\x0A\x00\x00\x05\x06\x01\x00\
      \x00\x00\x07\x02\x08\x02\x03\x04\xC0\x23\xED\xAE",
];

fn line<F: CheckSequence>(framer: Framer<'_, F>) -> String {
    framer.map(|bit| bit.to_string()).collect()
}

fn received<F: CheckSequence>(line: impl IntoIterator<Item = Bit>) -> Vec<Vec<u8>> {
    let mut deframer = Deframer::<64, F>::new();
    let mut frames = Vec::new();
    for bit in line {
        match deframer.feed(bit).expect("nothing is wrong with this line") {
            Deframed::Frame(content) => frames.push(content.to_vec()),
            Deframed::Pending | Deframed::Flag => {}
        }
    }
    frames
}

fn bits(line: &str) -> impl Iterator<Item = Bit> {
    line.chars().filter(|symbol| *symbol != ' ').map(|symbol| Bit::from(symbol == '1'))
}

#[test]
fn the_examples_of_x25_are_sent_and_received_to_the_bit() {
    for (content, example) in X25 {
        assert_eq!(line(Framer::new(&content).checked_by::<Fcs16>()), example.replace(' ', ""));
        assert_eq!(received::<Fcs16>(bits(example)), [content]);
    }
}

#[test]
fn examples_whose_flags_share_a_zero_are_received() {
    let all =
        X25.map(|(_, example)| example).join("").replace("0111111001111110", "011111101111110");
    assert_eq!(all.matches("011111101111110").count(), 3);
    assert_eq!(received::<Fcs16>(bits(&all)), X25.map(|(content, _)| content));
}

#[test]
fn examples_that_share_a_flag_are_received() {
    let all = X25.map(|(_, example)| example).join("").replace("0111111001111110", "01111110");
    assert_eq!(received::<Fcs16>(bits(&all)), X25.map(|(content, _)| content));
}

#[test]
fn packets_of_a_ppp_log_have_the_fcs_that_was_logged() {
    for packet in PPP {
        let (content, fcs) = packet.split_last_chunk::<2>().expect("an FCS is in each");
        // Once with the FCS as content, and once with the FCS computed by the framer.
        let logged: Vec<Bit> = Framer::new(packet).checked_by::<NoFcs>().collect();
        let sent: Vec<Bit> = Framer::new(content).checked_by::<Fcs16>().collect();
        assert_eq!(logged, sent, "{fcs:X?}");
        assert_eq!(received::<Fcs16>(logged.iter().copied()), [content]);
        assert_eq!(received::<NoFcs>(logged), [packet]);
    }
}

/// The values of the register after one octet are the table of RFC 1662: its first and last line.
#[test]
fn the_tables_of_rfc_1662_come_out() {
    let first = [0x0000, 0x1189, 0x2312, 0x329B, 0x4624, 0x57AD, 0x6536, 0x74BF];
    let last = [0xF78F, 0xE606, 0xD49D, 0xC514, 0xB1AB, 0xA022, 0x92B9, 0x8330];
    let last_of_all = [0x7BC7, 0x6A4E, 0x58D5, 0x495C, 0x3DE3, 0x2C6A, 0x1EF1, 0x0F78];
    for (start, line) in [(0, first), (240, last), (248, last_of_all)] {
        for (index, entry) in (start..=u8::MAX).zip(line) {
            let mut fcs = Fcs16::new();
            fcs.update(0xFF ^ index);
            assert_eq!(!fcs.value(), 0x00FF ^ entry, "{index}");
        }
    }
    let first = [0x0000_0000, 0x7707_3096, 0xEE0E_612C, 0x9909_51BA];
    let last = [0xB40B_BE37, 0xC30C_8EA1, 0x5A05_DF1B, 0x2D02_EF8D];
    for (start, line) in [(0, first), (252, last)] {
        for (index, entry) in (start..=u8::MAX).zip(line) {
            let mut fcs = Fcs::new();
            fcs.update(0xFF ^ index);
            assert_eq!(!fcs.value(), 0x00FF_FFFF ^ entry, "{index}");
        }
    }
}
