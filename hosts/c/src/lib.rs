//! The core for C. The documentation is `include/minitalk.h`; its numbers are read when this is
//! compiled, and `tools/c` compares its functions with those here.
#![no_std]

mod ffi;
mod header;

use core::panic::PanicInfo;

unsafe extern "C" {
    /// Does not exist: if anything could panic, no program would link.
    safe fn minitalk_can_panic() -> !;
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    minitalk_can_panic()
}
