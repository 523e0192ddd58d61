//! The core for C. `include/minitalk.h` is the documentation; its numbers are read from there when
//! this is compiled, and `tools/c` compares its functions with those here.
#![no_std]

mod ffi;
mod header;

use core::panic::PanicInfo;

unsafe extern "C" {
    /// Exists nowhere: if anything could panic, no program would link.
    safe fn minitalk_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    minitalk_can_panic()
}
