//! What is on the line when nothing is wrong.

use std::string::String;
use std::vec::Vec;

use super::link::CONTENT;
use crate::frame::{Frame, Header, Sequence, VERSION};
use crate::hdlc::Fcs;
use crate::receiver::Received;

/// The octets of each frame of `message`, FCS included.
pub(super) fn octets(message: u32, frames: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut sequence = Sequence::FIRST;
    let mut sent = Vec::new();
    for (index, payload) in frames.iter().enumerate() {
        let header = Header { version: VERSION, message, length: None };
        let header = (index == 0).then_some(header);
        let frame = Frame { sequence, header, last: index + 1 == frames.len(), payload };
        sequence = sequence.next();
        let mut content = heapless::Vec::<u8, CONTENT>::new();
        frame.encode(&mut content).expect("it fits");
        let mut fcs = Fcs::new();
        content.iter().for_each(|&octet| fcs.update(octet));
        sent.push(content.iter().copied().chain(fcs.octets()).collect());
    }
    sent
}

/// Whether `received` is the frame after the `delivered` ones.
pub(super) fn check_frame(
    frames: &[&[u8]],
    delivered: usize,
    received: &Received<'_>,
) -> Result<(), String> {
    if frames.get(delivered) != Some(&received.payload) {
        return Err("a frame is delivered that was not sent next".into());
    }
    let before: usize = frames[..delivered].iter().map(|frame| frame.len()).sum();
    if received.first != (delivered == 0)
        || received.last != (delivered + 1 == frames.len())
        || received.offset != u64::try_from(before).unwrap_or(u64::MAX)
    {
        return Err("a frame is delivered for another".into());
    }
    Ok(())
}
