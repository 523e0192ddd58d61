//! The clock's arithmetic.

use minitalk_core::Instant;

#[unsafe(no_mangle)]
extern "C" fn instant_after_micros(now_micros: u64, micros: u64) -> u64 {
    Instant::from_micros(now_micros).after_micros(micros).as_micros()
}

#[unsafe(no_mangle)]
extern "C" fn instant_micros_since(now_micros: u64, earlier_micros: u64) -> u64 {
    Instant::from_micros(now_micros).micros_since(Instant::from_micros(earlier_micros))
}
