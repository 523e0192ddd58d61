//! The board: an lm3s6965evb as emulated by QEMU, whose first four interrupts are the line.
#![no_std]

use core::cell::{Cell, RefCell};
use core::panic::PanicInfo;

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::{Peripherals, asm, peripheral::NVIC};
use cortex_m_semihosting::{debug, nr, syscall};
use critical_section::Mutex;
use minitalk_core::Bit;

pub use Interrupt as interrupt;
pub use cortex_m_rt::interrupt;

/// The interrupts of the board: one for each symbol of each direction.
#[derive(Clone, Copy, Debug)]
#[expect(non_camel_case_types, reason = "an interrupt is called as its handler")]
pub enum Interrupt {
    /// A zero has come, the counterpart of `SIGUSR1` on Linux.
    LINE_ZERO,
    /// A one has come, the counterpart of `SIGUSR2` on Linux.
    LINE_ONE,
    /// The other end acknowledges with a zero.
    ACK_ZERO,
    /// The other end acknowledges with a one.
    ACK_ONE,
}

// SAFETY: the numbers are the positions in `__INTERRUPTS`, and never change.
unsafe impl InterruptNumber for Interrupt {
    fn number(self) -> u16 {
        match self {
            Self::LINE_ZERO => 0,
            Self::LINE_ONE => 1,
            Self::ACK_ZERO => 2,
            Self::ACK_ONE => 3,
        }
    }
}

unsafe extern "C" {
    fn LINE_ZERO();
    fn LINE_ONE();
    fn ACK_ZERO();
    fn ACK_ONE();
}

/// The part of the vector table that belongs to the board.
// SAFETY: cortex-m-rt places this section after its own fifteen vectors; all entries are functions.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
pub static __INTERRUPTS: [unsafe extern "C" fn(); 4] = [LINE_ZERO, LINE_ONE, ACK_ZERO, ACK_ONE];

/// The fault of the line.
static FAULT: Mutex<RefCell<Fault>> = Mutex::new(RefCell::new(Fault { at: 0, kind: Kind::None }));

struct Fault {
    /// The number of bits until it happens.
    at: u32,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    None,
    /// One bit is inverted.
    Disturb,
    /// That bit and all bits after it are lost.
    Cut,
}

impl Fault {
    /// What arrives of `bit`.
    fn pass(&mut self, bit: Bit) -> Option<Bit> {
        let is_due = self.at == 1;
        match self.kind {
            Kind::Cut if is_due => return None,
            Kind::None | Kind::Disturb | Kind::Cut => self.at = self.at.saturating_sub(1),
        }
        match self.kind {
            Kind::Disturb if is_due => Some(!bit),
            Kind::None | Kind::Disturb | Kind::Cut => Some(bit),
        }
    }
}

/// Enables the interrupts. With the command line `disturb=7` the line will invert the seventh bit,
/// which a program that checks itself must notice; with `cut=7` the line ends there.
pub fn listen() {
    if let Some(fault) = asked_fault() {
        critical_section::with(|token| FAULT.replace(token, fault));
    }
    for interrupt in
        [Interrupt::LINE_ZERO, Interrupt::LINE_ONE, Interrupt::ACK_ZERO, Interrupt::ACK_ONE]
    {
        // SAFETY: no critical section is held that unmasking would break.
        unsafe { NVIC::unmask(interrupt) };
    }
}

/// The fault given to QEMU as `arg=disturb=N` or `arg=cut=N`.
fn asked_fault() -> Option<Fault> {
    /// The argument of the semihosting operation `SYS_GET_CMDLINE`: where to put the text, and how
    /// much fits. It sets `len` to the octets of the text, without the NUL after it.
    #[repr(C)]
    struct Buffer {
        start: *mut u8,
        len: Cell<usize>,
    }
    let mut text = [0; 32];
    let buffer = Buffer { start: text.as_mut_ptr(), len: Cell::new(text.len()) };
    // SAFETY: the operation writes at most `len` octets to `start`, and `len` itself. Both are on
    // the stack of this function and not accessed before it returns.
    let failed = unsafe { syscall(nr::GET_CMDLINE, &buffer) };
    let given = text.get(..buffer.len.get()).filter(|_| failed == 0)?;
    let (kind, digits) = match given.strip_prefix(b"disturb=") {
        Some(digits) => (Kind::Disturb, digits),
        None => (Kind::Cut, given.strip_prefix(b"cut=")?),
    };
    let at = digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit & 0xF));
    Some(Fault { at, kind })
}

/// Raises the interrupt for `bit`, as the other end of the line would, and lets it be handled. On
/// hardware this is the output of the other end.
pub fn raise(bit: Bit) {
    let arriving = critical_section::with(|token| FAULT.borrow_ref_mut(token).pass(bit));
    if let Some(bit) = arriving {
        pend(if bit.is_one() { Interrupt::LINE_ONE } else { Interrupt::LINE_ZERO });
    }
}

/// Raises the interrupt for an acknowledgment at the other end, which here is this one.
pub fn acknowledge(ack: Bit) {
    pend(if ack.is_one() { Interrupt::ACK_ONE } else { Interrupt::ACK_ZERO });
}

fn pend(interrupt: Interrupt) {
    NVIC::pend(interrupt);
    asm::isb();
}

/// Starts `SysTick` once a millisecond. The clock of the board runs at 12.5 MHz.
pub fn start_ticking() {
    let Some(mut peripherals) = Peripherals::take() else { return };
    peripherals.SYST.set_clock_source(SystClkSource::Core);
    peripherals.SYST.set_reload(12_500 - 1);
    peripherals.SYST.clear_current();
    peripherals.SYST.enable_counter();
    peripherals.SYST.enable_interrupt();
}

/// A number that differs at each start. A board would count in flash, or in RAM with a battery; the
/// emulator has neither, so this is its time in seconds.
#[must_use]
pub fn starts() -> u32 {
    // SAFETY: `SYS_TIME` takes no argument and changes nothing.
    let seconds = unsafe { syscall(nr::TIME, &0_u32) };
    u32::try_from(seconds).unwrap_or_default()
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
