//! Frames as bits, both right and wrong ones.

use minitalk_core::Bit;
use minitalk_core::frame::{ADDRESS, Check, VERSION};
use minitalk_core::hdlc::{Fcs, Framer};

/// A frame, field by field (docs/protocol.md, section 4), so that each field can be made wrong.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) address: u8,
    pub(super) control: u8,
    /// Version and coding, message number, length plus one; only in a first frame.
    pub(super) header: Option<(u8, u32, u8)>,
    pub(super) octets: u8,
    pub(super) payload: Vec<u8>,
    pub(super) check: Option<u32>,
    pub(super) mask: u32,
}

/// The message number of these frames.
pub(super) const MESSAGE: u32 = 0x1234_5678;

pub(super) const FINAL: u8 = 0b0001_0000;
pub(super) const FIRST: u8 = 0b0010_0000;

impl Frame {
    /// A message in one frame.
    pub(super) fn whole(message: u32, text: &[u8]) -> Self {
        let octets = u8::try_from(text.len()).unwrap_or(u8::MAX);
        Self {
            address: ADDRESS,
            control: FIRST | FINAL,
            header: Some((VERSION, message, octets + 1)),
            octets,
            payload: text.to_owned(),
            check: Some(Check::new().finish(text.len() as u64)),
            mask: 0,
        }
    }

    /// A frame that is not the first of its message.
    pub(super) fn later(number: u8, text: &[u8], check: Option<u32>) -> Self {
        let is_final = if check.is_some() { FINAL } else { 0 };
        let control = number << 1 | is_final;
        Self { control, header: None, check, mask: MESSAGE, ..Self::whole(MESSAGE, text) }
    }

    fn content(&self) -> Vec<u8> {
        let mut content = vec![self.address, self.control];
        if let Some((version, message, length)) = self.header {
            content.push(version);
            content.extend(message.to_le_bytes());
            content.push(length);
        }
        content.push(self.octets);
        content.extend(&self.payload);
        content.extend(self.check.iter().flat_map(|check| check.to_le_bytes()));
        content
    }

    /// Its FCS, without a mask.
    pub(super) fn fcs(&self) -> u32 {
        let mut fcs = Fcs::new();
        self.content().iter().for_each(|&octet| fcs.update(octet));
        fcs.value()
    }

    /// The bits with both flags.
    pub(super) fn bits(&self) -> Vec<Bit> {
        Framer::new(&self.content()).masked(self.mask).collect()
    }

    /// The bits without the opening flag, which the frame before has sent.
    pub(super) fn bits_after_flag(&self) -> Vec<Bit> {
        Framer::without_opening_flag(&self.content()).masked(self.mask).collect()
    }
}

pub(super) fn ones(count: usize) -> Vec<Bit> {
    vec![Bit::One; count]
}

pub(super) fn zeros(count: usize) -> Vec<Bit> {
    vec![Bit::Zero; count]
}

/// The flag whose acknowledgments are the verdict.
pub(super) fn flag() -> Vec<Bit> {
    [false, true, true, true, true, true, true, false].map(Bit::from_bool).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_that_of_the_document() {
        let frame = Frame::whole(MESSAGE, b"Hi");
        let content =
            [0xFF, 0x30, 2, 0x78, 0x56, 0x34, 0x12, 3, 2, b'H', b'i', 0x14, 0xD8, 7, 0x27];
        assert_eq!(frame.content(), content);
        assert_eq!(frame.fcs().to_le_bytes(), [0x51, 0xBF, 0xFA, 0x89]);
    }
}
