//! The board: an lm3s6965evb as QEMU has it, whose first two interrupts are the line.
#![no_std]

use core::cell::Cell;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::interrupt::InterruptNumber;
use cortex_m::{asm, peripheral::NVIC};
use cortex_m_semihosting::{debug, nr, syscall};
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

/// Bits until the one that the line turns round; 0 if none.
static DISTURBED: AtomicU32 = AtomicU32::new(0);

/// Lets both interrupts through. With the command line `disturb=7` the line will turn the seventh bit
/// round: whoever says that all went well has not looked.
pub fn listen() {
    DISTURBED.store(disturbed_bit().unwrap_or_default(), Ordering::Relaxed);
    for interrupt in [Interrupt::LINE_ZERO, Interrupt::LINE_ONE] {
        // SAFETY: no critical section is held that unmasking would break.
        unsafe { NVIC::unmask(interrupt) };
    }
}

/// What QEMU was given as `arg=disturb=N`.
fn disturbed_bit() -> Option<u32> {
    /// What the semihosting operation `SYS_GET_CMDLINE` takes: where the text is to go, and how much
    /// fits. It sets `len` to the octets of the text, without the NUL behind it.
    #[repr(C)]
    struct Buffer {
        start: *mut u8,
        len: Cell<usize>,
    }
    let mut text = [0; 32];
    let buffer = Buffer { start: text.as_mut_ptr(), len: Cell::new(text.len()) };
    // SAFETY: the operation writes no more than `len` octets to `start`, and `len` itself; all of that
    // is on the stack of this function and not looked at before it returns.
    let failed = unsafe { syscall(nr::GET_CMDLINE, &buffer) };
    let given = text.get(..buffer.len.get()).filter(|_| failed == 0)?;
    let digits = given.strip_prefix(b"disturb=")?.iter();
    Some(digits.fold(0, |number, digit| number * 10 + u32::from(digit & 0xF)))
}

/// Raises the interrupt of `bit`, as the other end of the line would, and lets it be handled.
pub fn raise(bit: Bit) {
    let disturbed = DISTURBED.load(Ordering::Relaxed);
    DISTURBED.store(disturbed.saturating_sub(1), Ordering::Relaxed);
    let arriving = if disturbed == 1 { !bit } else { bit };
    NVIC::pend(if arriving.is_one() { Interrupt::LINE_ONE } else { Interrupt::LINE_ZERO });
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
