//! The core in an interrupt handler, and a queue from there to `main`: the first program of
//! docs/embedded.md.
#![no_std]
#![no_main]

use core::cell::RefCell;

use critical_section::Mutex;
use defmt_semihosting as _;
use heapless::{Deque, Vec};
use minitalk_core::Bit;
use minitalk_core::hdlc::{Deframed, Deframer, FCS_OCTETS, Framer};
use minitalk_cortex_m::{exit, interrupt, listen, raise};

/// The longest content that is expected.
const OCTETS: usize = 60;

/// All zeros at first, so it lies in `.bss` and takes nothing in flash.
static LINE: Mutex<RefCell<Line>> =
    Mutex::new(RefCell::new(Line { deframer: Deframer::new(), frames: Deque::new(), lost: 0 }));

struct Line {
    deframer: Deframer<{ OCTETS + FCS_OCTETS }>,
    /// Complete frames that `main` has not taken yet.
    frames: Deque<Vec<u8, OCTETS>, 4>,
    /// Frames that came while four were waiting.
    lost: u32,
}

#[interrupt]
fn LINE_ZERO() {
    take(Bit::Zero);
}

#[interrupt]
fn LINE_ONE() {
    take(Bit::One);
}

/// Both interrupts have the same priority, so only one call runs at a time.
fn take(bit: Bit) {
    critical_section::with(|token| {
        let line = &mut *LINE.borrow_ref_mut(token);
        match line.deframer.feed(bit) {
            Ok(Deframed::Pending | Deframed::Flag) => {}
            Ok(Deframed::Frame(content)) => {
                // The next octet overwrites it, so copy it now. It fits, since it fitted the
                // deframer.
                let frame = Vec::from_slice(content).unwrap_or_default();
                if line.frames.push_back(frame).is_err() {
                    line.lost += 1;
                }
            }
            Err(error) => defmt::warn!("{}", error),
        }
    });
}

#[cortex_m_rt::entry]
fn main() -> ! {
    listen();
    for content in [&b"hello"[..], b"from an interrupt"] {
        Framer::new(content).for_each(raise); // the other end of the line
    }
    let mut octets = 0;
    while let Some(frame) =
        critical_section::with(|token| LINE.borrow_ref_mut(token).frames.pop_front())
    {
        defmt::info!("frame: {=[u8]:a}", frame);
        octets += frame.len();
    }
    exit(octets == 22)
}
