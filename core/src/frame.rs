//! What is inside a frame: address, control, header, payload.
//!
//! ```text
//! octets   1        1         1         4            1..=10      0..=256   4
//!          address  control  [version   message no.  length]     payload   FCS
//!          0xFF               only in the first frame of a message
//! ```
//!
//! The control octet is that of an HDLC information frame (ISO/IEC 13239, 5.3): bit 0 is zero, bits
//! 1 to 3 are N(S), bit 4 is the final bit, set on the last frame of a message. This link never
//! numbers the other direction, so of the three bits of N(R) the lowest, bit 5, marks the first
//! frame of a message and bits 6 and 7 are zero. The [FCS](crate::hdlc) belongs to the layer below.
//!
//! The normative text is `docs/protocol.md`, section "Frame".

use core::fmt;

/// The all-stations address every frame carries (RFC 1662, section 3.1).
pub const ADDRESS: u8 = 0xFF;

/// The version of the protocol that this crate speaks, as sent in the header.
pub const VERSION: u8 = 1;

/// Most payload octets in one frame.
pub const PAYLOAD_OCTETS_MAX: usize = 256;

/// Most octets of address, control and header together.
pub const HEADER_OCTETS_MAX: usize = 17;

/// Most octets of a frame without its FCS: the buffer a sender needs.
pub const CONTENT_OCTETS_MAX: usize = HEADER_OCTETS_MAX + PAYLOAD_OCTETS_MAX;

/// Most octets of a frame between its flags, FCS included: the buffer a receiver needs.
pub const FRAME_OCTETS_MAX: usize = CONTENT_OCTETS_MAX + crate::hdlc::FCS_OCTETS;

const FINAL: u8 = 0b0001_0000;
const FIRST: u8 = 0b0010_0000;
/// Bits that are zero in every frame of this version.
const ALWAYS_ZERO: u8 = 0b1100_0001;

/// N(S): the number of a frame, modulo 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Sequence(u8);

impl Sequence {
    /// The number of the first frame of every message.
    pub const FIRST: Self = Self(0);

    /// The number after this one: 7 is followed by 0.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1) & 0b111)
    }

    /// The number, 0 to 7.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self.0
    }
}

/// What the first frame of a message says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Header {
    /// The protocol version of the sender; this crate writes [`VERSION`].
    pub version: u8,
    /// A random number that tells this message from any other of the same process.
    pub message: u32,
    /// Total length in octets, where the sender knows it. [`u64::MAX`] cannot be sent: it goes as not known.
    pub length: Option<u64>,
}

/// The content of a frame, between its opening flag and its FCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Frame<'a> {
    /// N(S).
    pub sequence: Sequence,
    /// Present in the first frame of a message, and only there.
    pub header: Option<Header>,
    /// Whether this frame ends its message.
    pub last: bool,
    /// The octets of the message that this frame carries.
    pub payload: &'a [u8],
}

/// Why the content of a frame with a good FCS could not be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ParseFrameError {
    /// The address is not [`ADDRESS`].
    Address,
    /// The control octet is not that of an information frame of this protocol, or numbers the first
    /// frame of a message otherwise than 0.
    Control,
    /// The frame says that it begins a message, and its header is incomplete, or its length is not
    /// written in as few octets as it takes.
    Header,
    /// The header names a version that this crate does not speak.
    Version(u8),
}

impl fmt::Display for ParseFrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("frame address is not 0xff"),
            Self::Control => f.write_str("frame is not an information frame"),
            Self::Header => f.write_str("frame header is malformed"),
            Self::Version(version) => write!(f, "frame has protocol version {version}"),
        }
    }
}

impl core::error::Error for ParseFrameError {}

/// The buffer given for the content of a frame cannot hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EncodeFrameError;

impl fmt::Display for EncodeFrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("frame does not fit its buffer")
    }
}

impl core::error::Error for EncodeFrameError {}

impl<'a> Frame<'a> {
    /// Reads the content of a frame, FCS already removed.
    ///
    /// # Errors
    ///
    /// [`ParseFrameError`]; nothing of such a frame may be used.
    pub fn parse(content: &'a [u8]) -> Result<Self, ParseFrameError> {
        let [address, control, rest @ ..] = content else {
            return Err(ParseFrameError::Address);
        };
        if *address != ADDRESS {
            return Err(ParseFrameError::Address);
        }
        if control & ALWAYS_ZERO != 0 {
            return Err(ParseFrameError::Control);
        }
        let sequence = Sequence((control >> 1) & 0b111);
        if control & FIRST != 0 && sequence != Sequence::FIRST {
            return Err(ParseFrameError::Control);
        }
        let (header, payload) = if control & FIRST == 0 {
            (None, rest)
        } else {
            let (header, payload) = Header::parse(rest)?;
            (Some(header), payload)
        };
        Ok(Self { sequence, header, last: control & FINAL != 0, payload })
    }

    /// Writes the content of this frame to the end of `content`, which starts out empty.
    ///
    /// # Errors
    ///
    /// [`EncodeFrameError`] if `content` is too small; it then holds part of the frame.
    pub(crate) fn encode<const N: usize>(
        &self,
        content: &mut heapless::Vec<u8, N>,
    ) -> Result<(), EncodeFrameError> {
        let mut control = self.sequence.0 << 1;
        if self.last {
            control |= FINAL;
        }
        if self.header.is_some() {
            control |= FIRST;
        }
        content.clear();
        append(content, &[ADDRESS, control])?;
        if let Some(header) = self.header {
            header.encode(content)?;
        }
        append(content, self.payload)
    }
}

impl Header {
    fn parse(octets: &[u8]) -> Result<(Self, &[u8]), ParseFrameError> {
        let [version, rest @ ..] = octets else {
            return Err(ParseFrameError::Header);
        };
        if *version != VERSION {
            return Err(ParseFrameError::Version(*version));
        }
        let [m0, m1, m2, m3, rest @ ..] = rest else {
            return Err(ParseFrameError::Header);
        };
        let (length_plus_one, payload) = parse_varint(rest).ok_or(ParseFrameError::Header)?;
        let header = Self {
            version: *version,
            message: u32::from_le_bytes([*m0, *m1, *m2, *m3]),
            length: length_plus_one.checked_sub(1),
        };
        Ok((header, payload))
    }

    fn encode<const N: usize>(
        self,
        content: &mut heapless::Vec<u8, N>,
    ) -> Result<(), EncodeFrameError> {
        content.push(self.version).map_err(|_| EncodeFrameError)?;
        append(content, &self.message.to_le_bytes())?;
        // Zero stands for "not known", so a known length is sent as one more.
        let mut rest = self.length.and_then(|length| length.checked_add(1)).unwrap_or(0);
        loop {
            let low = rest.to_le_bytes()[0] & 0x7F;
            rest >>= 7;
            let more = if rest == 0 { 0 } else { 0x80 };
            content.push(low | more).map_err(|_| EncodeFrameError)?;
            if rest == 0 {
                return Ok(());
            }
        }
    }
}

/// Octet by octet, for `extend_from_slice` adds two lengths, which may overflow for all the compiler
/// knows.
fn append<const N: usize>(
    content: &mut heapless::Vec<u8, N>,
    octets: &[u8],
) -> Result<(), EncodeFrameError> {
    octets.iter().try_for_each(|&octet| content.push(octet).map_err(|_| EncodeFrameError))
}

/// Reads an unsigned LEB128 number of at most ten octets: seven bits an octet, lowest first, the
/// high bit set on all but the last (DWARF 5, section 7.6), and no octet more than it takes.
fn parse_varint(octets: &[u8]) -> Option<(u64, &[u8])> {
    let mut value: u64 = 0;
    let mut shift: u32 = 0;
    let mut rest = octets;
    loop {
        let [octet, tail @ ..] = rest else { return None };
        rest = tail;
        let part = u64::from(octet & 0x7F);
        let placed = part.checked_shl(shift)?;
        if placed >> shift != part {
            return None;
        }
        value |= placed;
        if octet & 0x80 == 0 {
            let is_padded = part == 0 && shift > 0;
            return (!is_padded).then_some((value, rest));
        }
        shift = shift.checked_add(7)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn encoded(frame: Frame<'_>) -> Vec<u8> {
        let mut content = heapless::Vec::<u8, CONTENT_OCTETS_MAX>::new();
        frame.encode(&mut content).unwrap();
        content.to_vec()
    }

    #[test]
    fn what_was_encoded_is_parsed_again() {
        let lengths =
            [None, Some(0), Some(1), Some(126), Some(127), Some(1 << 40), Some(u64::MAX - 1)];
        for length in lengths {
            for last in [false, true] {
                let header = Some(Header { version: VERSION, message: 0xDEAD_BEEF, length });
                let first = Frame { sequence: Sequence::FIRST, header, last, payload: b"abc" };
                assert_eq!(Frame::parse(&encoded(first)), Ok(first));
                for sequence in 0..8 {
                    let frame = Frame { sequence: Sequence(sequence), header: None, ..first };
                    assert_eq!(Frame::parse(&encoded(frame)), Ok(frame));
                }
            }
        }
    }

    #[test]
    fn the_layout_is_the_one_documented() {
        let header = Some(Header { version: 1, message: 0x0403_0201, length: Some(300) });
        let frame = Frame { sequence: Sequence::FIRST, header, last: true, payload: b"hi" };
        // 300 + 1 = 0b10_0101101
        let expected = [0xFF, 0b0011_0000, 1, 1, 2, 3, 4, 0b1010_1101, 0b10, b'h', b'i'];
        assert_eq!(encoded(frame), expected);
        let frame = Frame { sequence: Sequence(5), header: None, ..frame };
        assert_eq!(encoded(frame), [0xFF, 0b0001_1010, b'h', b'i']);
    }

    #[test]
    fn the_largest_frame_fits_the_largest_buffer_exactly() {
        let header = Header { version: VERSION, message: u32::MAX, length: Some(u64::MAX - 1) };
        let payload = [0xA5; PAYLOAD_OCTETS_MAX];
        let frame = Frame {
            sequence: Sequence::FIRST,
            header: Some(header),
            last: true,
            payload: &payload,
        };
        assert_eq!(encoded(frame).len(), CONTENT_OCTETS_MAX);
    }

    #[test]
    fn every_short_content_is_parsed_or_refused_and_never_panics() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let content = [first, second];
                for length in 0..=2 {
                    let _ = Frame::parse(&content[..length]);
                }
            }
        }
        assert_eq!(Frame::parse(&[0xFE, 0]), Err(ParseFrameError::Address));
        assert_eq!(Frame::parse(&[0xFF, 1]), Err(ParseFrameError::Control));
        assert_eq!(Frame::parse(&[0xFF, 0x40]), Err(ParseFrameError::Control));
        assert_eq!(Frame::parse(&[0xFF, FIRST]), Err(ParseFrameError::Header));
        assert_eq!(Frame::parse(&[0xFF, FIRST, 2]), Err(ParseFrameError::Version(2)));
        assert_eq!(Frame::parse(&[0xFF, FIRST, 1, 0, 0, 0, 0]), Err(ParseFrameError::Header));
    }

    #[test]
    fn a_length_that_does_not_fit_64_bits_is_refused() {
        let mut content = std::vec![ADDRESS, FIRST, VERSION, 0, 0, 0, 0];
        content.extend([0xFF; 9]);
        content.push(0x02);
        assert_eq!(Frame::parse(&content), Err(ParseFrameError::Header));
        content.pop();
        content.extend([0x80, 0x00]);
        assert_eq!(Frame::parse(&content), Err(ParseFrameError::Header));
    }

    #[test]
    fn a_header_has_one_spelling() {
        let content = |control: u8, length: &[u8]| {
            let mut content = std::vec![ADDRESS, control, VERSION, 0, 0, 0, 0];
            content.extend(length);
            content
        };
        let parsed =
            |content: &[u8]| Frame::parse(content).map(|frame| frame.header.unwrap().length);
        assert_eq!(parsed(&content(FIRST, &[0])), Ok(None));
        assert_eq!(parsed(&content(FIRST, &[0x81, 0x01])), Ok(Some(128)));
        for padded in [&[0x80, 0x00][..], &[0x81, 0x00], &[0x81, 0x80, 0x00]] {
            assert_eq!(parsed(&content(FIRST, padded)), Err(ParseFrameError::Header));
        }
        for sequence in 1..8 {
            let numbered = content(FIRST | sequence << 1, &[0]);
            assert_eq!(parsed(&numbered), Err(ParseFrameError::Control));
        }
    }

    #[test]
    fn a_length_that_cannot_be_sent_is_not_known() {
        let header = Some(Header { version: VERSION, message: 1, length: Some(u64::MAX) });
        let frame = Frame { sequence: Sequence::FIRST, header, last: true, payload: &[] };
        let header = header.map(|header| Header { length: None, ..header });
        assert_eq!(Frame::parse(&encoded(frame)), Ok(Frame { header, ..frame }));
    }

    #[test]
    fn sequence_numbers_wrap_after_seven() {
        let mut sequence = Sequence::FIRST;
        for expected in [1, 2, 3, 4, 5, 6, 7, 0, 1] {
            sequence = sequence.next();
            assert_eq!(sequence.as_u8(), expected);
        }
    }
}
