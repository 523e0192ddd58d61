//! What is on the line if there are no faults.

use std::string::String;
use std::vec::Vec;

use super::link::FRAME;
use crate::frame::{Attempt, Check, Frame, Header, Sequence};
use crate::hdlc::Fcs;
use crate::receiver::Received;

/// The octets of each frame of `message`, FCS included, first as sent originally, then as repeated.
pub(super) fn octets(message: u32, frames: &[&[u8]]) -> Vec<Vec<u8>> {
    let (mut sequence, mut check, mut all) = (Sequence::FIRST, Check::new(), 0);
    let mut sent = Vec::new();
    for (index, payload) in frames.iter().enumerate() {
        all += u64::try_from(payload.len()).expect("it is short");
        let header = (index == 0).then_some(Header { coding: 0, message, length: None });
        let last = index + 1 == frames.len();
        let check_of_last = last.then(|| check.finish(all));
        let frame = Frame { sequence, header, payload, check: check_of_last };
        let mut content = [0; FRAME];
        let len = frame.encode(&mut content).expect("it fits");
        let content = &content[..len];
        let fcs = fcs(content);
        check.update(fcs.value());
        sequence = sequence.next();
        let mask = if index == 0 { 0 } else { message };
        for attempt in [Attempt::First, Attempt::Repeated] {
            let masked = fcs.masked_octets(attempt.mask(mask));
            sent.push(content.iter().copied().chain(masked).collect());
        }
    }
    sent
}

fn fcs(octets: &[u8]) -> Fcs {
    let mut fcs = Fcs::new();
    for &octet in octets {
        fcs.update(octet);
    }
    fcs
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
