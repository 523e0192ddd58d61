//! The core in an interrupt: the program of docs/embedded.md.
#![no_std]
#![no_main]

use core::cell::RefCell;

use critical_section::Mutex;
use defmt_semihosting as _;
use minitalk_core::Bit;
use minitalk_core::hdlc::{Deframed, Deframer, Framer};
use minitalk_cortex_m::{exit, interrupt, listen, raise};

/// 64 octets between two flags are enough here. `new` is const, so nothing needs to be initialised.
static DEFRAMER: Mutex<RefCell<Deframer<64>>> = Mutex::new(RefCell::new(Deframer::new()));

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
    critical_section::with(|token| match DEFRAMER.borrow_ref_mut(token).feed(bit) {
        Ok(Deframed::Frame(content)) => defmt::info!("frame: {=[u8]:a}", content),
        Ok(Deframed::Pending | Deframed::Flag) => {}
        Err(error) => defmt::warn!("{}", error),
    });
}

#[cortex_m_rt::entry]
fn main() -> ! {
    listen();
    Framer::new(b"hello").for_each(raise); // the other end of the line
    let complete = critical_section::with(|token| {
        DEFRAMER.borrow_ref(token).frame().is_some_and(|content| content == b"hello")
    });
    exit(complete)
}
