//! The board: an lm3s6965evb as QEMU has it, whose first two interrupts are the line.
#![no_std]

use core::panic::PanicInfo;

use cortex_m::interrupt::InterruptNumber;
use cortex_m::{asm, peripheral::NVIC};
use cortex_m_semihosting::debug;
use minitalk_core::Bit;

pub use Interrupt as interrupt;
pub use cortex_m_rt::interrupt;

/// The interrupts of the board: one for each symbol.
#[derive(Clone, Copy, Debug)]
#[expect(non_camel_case_types, reason = "an interrupt is called as its handler")]
pub enum Interrupt {
    /// A zero has come: what `SIGUSR1` is on Linux.
    LINE_ZERO,
    /// A one has come: what `SIGUSR2` is on Linux.
    LINE_ONE,
}

// SAFETY: the numbers are the places in `__INTERRUPTS`, and never change.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        match self {
            Self::LINE_ZERO => 0,
            Self::LINE_ONE => 1,
        }
    }
}

unsafe extern "C" {
    fn LINE_ZERO();
    fn LINE_ONE();
}

/// The part of the vector table that belongs to the board.
// SAFETY: the section is where cortex-m-rt puts it behind its own fifteen vectors; both are functions.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
pub static __INTERRUPTS: [unsafe extern "C" fn(); 2] = [LINE_ZERO, LINE_ONE];

/// Lets both interrupts through.
pub fn listen() {
    for interrupt in [Interrupt::LINE_ZERO, Interrupt::LINE_ONE] {
        // SAFETY: no critical section is held that unmasking would break.
        unsafe { NVIC::unmask(interrupt) };
    }
}

/// Raises the interrupt of `bit`, as the other end of the line would, and lets it be handled.
pub fn raise(bit: Bit) {
    NVIC::pend(if bit.is_one() { Interrupt::LINE_ONE } else { Interrupt::LINE_ZERO });
    asm::isb();
}

/// Ends the emulation: QEMU exits with 0 if all went `well`, otherwise with 1.
pub fn exit(well: bool) -> ! {
    debug::exit(if well { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        asm::wfi();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    defmt::error!("{}", defmt::Display2Format(info));
    exit(false)
}
