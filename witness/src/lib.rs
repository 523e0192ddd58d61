//! The proof that no handler that calls `minitalk-core` can panic.
//!
//! This library exports every entry point of the core and is linked without `std`, without libc and
//! with a panic handler that calls a function that does not exist. If the optimiser cannot show
//! that every panic path is unreachable, the linker reports `minitalk_core_can_panic` as undefined.
//! `tools/witness` builds it at several optimisation levels, with overflow checks, and with a
//! control that must fail; it also compares the cost of each entry point with `witness/budget`.
#![no_std]

mod classic;
mod exchange;
mod hdlc;
mod link;
mod ping;
mod ram;
mod time;

#[cfg(any(feature = "control-index", feature = "control-overflow"))]
mod control;

use core::panic::PanicInfo;

use minitalk_core::{Bit, Lookahead};

unsafe extern "C" {
    safe fn minitalk_core_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    minitalk_core_can_panic()
}

/// No bit, a zero, a one.
fn code(bit: Option<Bit>) -> u32 {
    bit.map_or(0, |bit| 1 + u32::from(bit.is_one()))
}

fn next(lookahead: Lookahead, one: bool) -> u32 {
    code(if lookahead.is_none() { None } else { lookahead.after(Bit::from_bool(one)) })
}
