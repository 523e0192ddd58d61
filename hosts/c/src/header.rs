//! What the header defines, read from it at compile time, so that there is no second copy to
//! maintain.

const HEADER: &[u8] = include_bytes!("../include/minitalk.h");

/// The number that the header defines as `name`, in parentheses or not. If there is none, this does
/// not compile.
pub(crate) const fn defined(name: &str) -> i32 {
    let mut at = 0;
    while at < HEADER.len() {
        let after = at + DEFINE.len() + name.len();
        if is_at(DEFINE.as_bytes(), at)
            && is_at(name.as_bytes(), at + DEFINE.len())
            && HEADER[after] == b' '
        {
            return number(after + 1);
        }
        at += 1;
    }
    panic!("the header does not define this name")
}

/// The same, for a number of octets.
pub(crate) const fn octets(name: &str) -> usize {
    let octets = defined(name);
    assert!(octets > 0);
    octets.unsigned_abs() as usize
}

const DEFINE: &str = "#define ";

const fn is_at(text: &[u8], at: usize) -> bool {
    let mut place = 0;
    while place < text.len() {
        if at + place >= HEADER.len() || HEADER[at + place] != text[place] {
            return false;
        }
        place += 1;
    }
    true
}

const fn number(mut at: usize) -> i32 {
    let (mut value, mut sign) = (0, 1);
    while HEADER[at] == b'(' || HEADER[at] == b'-' {
        if HEADER[at] == b'-' {
            sign = -1;
        }
        at += 1;
    }
    assert!(HEADER[at].is_ascii_digit(), "what is defined is not a number");
    while HEADER[at].is_ascii_digit() {
        value = value * 10 + (HEADER[at] - b'0') as i32;
        at += 1;
    }
    sign * value
}
