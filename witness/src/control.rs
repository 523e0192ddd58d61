//! Code that must not link: it shows that the proof can fail.

/// An index that may be out of bounds.
#[cfg(feature = "control-index")]
#[unsafe(no_mangle)]
extern "C" fn control_index(octets: &[u8; 4], index: usize) -> u8 {
    octets[index]
}

/// A sum that may overflow, where overflow is checked.
#[cfg(feature = "control-overflow")]
#[unsafe(no_mangle)]
extern "C" fn control_overflow(one: u32, other: u32) -> u32 {
    one + other
}
