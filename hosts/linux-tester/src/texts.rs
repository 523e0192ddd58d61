//! Texts to send: always the same, so that two runs give the same results.

/// Letters and digits without a pattern, determined by a seed.
pub(crate) fn letters(length: usize, seed: u64) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut letter = || {
        // xorshift64, Marsaglia 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ALPHABET[usize::try_from(state >> 58).unwrap_or(0)]
    };
    (0..length).map(|_| letter()).collect()
}

/// Accents, other scripts, emoji, and one emoji that consists of several characters.
pub(crate) fn unicode(number: usize) -> Vec<u8> {
    format!("Grüße {number} 世界 🚀🎉 👩‍👩‍👧‍👦 Ende").into_bytes()
}

/// Every byte except NUL, which ends an argument.
pub(crate) fn every_byte() -> Vec<u8> {
    (1..=255).collect()
}

/// Three-byte characters across the ends of all buffers of a common size, up to this length.
pub(crate) fn wide(length: usize) -> Vec<u8> {
    let mut text = b"x".to_vec();
    while text.len() + 3 <= length {
        text.extend("世".as_bytes());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_by_their_seed_and_have_their_length() {
        assert_eq!(letters(100, 1).len(), 100);
        assert_ne!(letters(100, 1), letters(100, 2));
        assert!(std::str::from_utf8(&wide(1500)).is_ok());
        assert_eq!(every_byte().len(), 255);
    }
}
