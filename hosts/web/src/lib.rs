//! The core in a browser: two senders, a line whose symbols can be lost, and a receiver.
//!
//! `World` is the simulation, which has its own clock: a step is one symbol that arrives or one
//! timeout that expires. `exports` has the functions that the page calls. Nothing here is part of
//! the protocol.

#![cfg_attr(target_arch = "wasm32", no_std)]

mod exports;
mod line;
mod sender;
mod world;

#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
