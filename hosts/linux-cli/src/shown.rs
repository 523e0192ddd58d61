//! What others have chosen, on a line of ours.

use std::iter;

use minitalk_core::text::visible;

/// A name that somebody else has chosen, as that of a process, so that it can neither command a terminal nor end
/// the line it stands in.
#[must_use]
pub fn shown(name: &str) -> String {
    name.chars().flat_map(in_line).collect()
}

/// As [`visible`], and a newline and a tab are controls like the others.
fn in_line(character: char) -> impl Iterator<Item = char> {
    let (caret, rest) = match character {
        '\n' => (Some('^'), 'J'),
        '\t' => (Some('^'), 'I'),
        _ => (None, character),
    };
    caret.into_iter().chain(iter::once(rest).flat_map(visible))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_line_and_commands_nothing() {
        assert_eq!(shown("a\nb\tc\rd\x1b[2J\u{9b}"), "a^Jb^Ic^Md^[[2J\\u{9b}");
        assert_eq!(shown("bäsh (1)"), "bäsh (1)");
    }
}
