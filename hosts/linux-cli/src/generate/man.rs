//! Man pages.

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

/// The date at the bottom of the man pages: that of the release.
const RELEASED: &str = "2026-11-23";

/// Writes a man page, neither justified nor hyphenated, so that names of signals and options stay
/// whole. Its last sections come from the text after the help: a line that ends with a colon and is
/// not indented is a heading.
pub(super) fn write(mut command: Command, to: &mut dyn Write) -> io::Result<()> {
    let after_help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let usage = command.render_usage().to_string();
    let title = command.get_name().to_uppercase();
    let man = Man::new(command).title(title).date(RELEASED).manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    page.extend_from_slice(b".nh\n.ad l\n");
    let mut text = Vec::new();
    man.render_name_section(&mut text)?;
    synopsis(&usage).to_writer(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    // A long list of alternatives may be broken after each of them.
    let text = String::from_utf8_lossy(&text).replace('|', r"|\:");
    page.write_all(in_short_lines(&without_idle_breaks(&text)).as_bytes())?;
    let mut sections = Roff::new();
    let mut lines = after_help.lines().peekable();
    while let Some(line) = lines.next() {
        match line.strip_suffix(':') {
            Some(heading) if !line.starts_with(' ') => {
                sections.control("SH", [heading.to_uppercase().as_str()]).control("nf", []);
            }
            _ if line.is_empty() => {
                sections.control("fi", []);
            }
            _ => {
                sections.text([roman(line)]);
            }
        }
        if lines.peek().is_none() {
            sections.control("fi", []);
        }
    }
    sections.to_writer(&mut page)?;
    man.render_version_section(&mut page)?;
    to.write_all(in_ascii(&String::from_utf8_lossy(&page)).as_bytes())
}

/// Escapes other characters in the way that roff(7) reads whatever encoding it expects.
fn in_ascii(roff: &str) -> String {
    let escaped = |c: char| match c {
        '\0'..='\x7f' => c.to_string(),
        _ => format!("\\[u{:04X}]", u32::from(c)),
    };
    roff.chars().map(escaped).collect()
}

/// The usage from the help: one line for each way to call the program.
fn synopsis(usage: &str) -> Roff {
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]);
    for (index, line) in usage.trim_start_matches("Usage:").lines().map(str::trim).enumerate() {
        if index > 0 {
            synopsis.control("br", []);
        }
        let (program, rest) = line.split_once(' ').unwrap_or((line, ""));
        synopsis.text([bold(program), roman(" "), roman(rest)]);
    }
    synopsis
}

/// The longest line that linters of man pages accept.
const LINE_BYTES_MAX: usize = 80;

/// Breaks the lines of filled text at spaces, which does not change how it is displayed.
fn in_short_lines(roff: &str) -> String {
    let mut short = String::new();
    for line in roff.lines() {
        let mut length = 0;
        for word in line.split(' ') {
            // A line that began with one of these would be a request.
            let may_begin = !word.starts_with(['.', '\'']) && !word.is_empty();
            if length > 0
                && length + word.len() > LINE_BYTES_MAX
                && may_begin
                && !line.starts_with('.')
            {
                short.pop();
                short.push('\n');
                length = 0;
            }
            short.push_str(word);
            short.push(' ');
            length += word.len() + 1;
        }
        short.pop();
        short.push('\n');
    }
    short
}

/// A line break next to a space between paragraphs has no effect, and linters complain about it.
fn without_idle_breaks(roff: &str) -> String {
    let lines: Vec<&str> = roff.lines().collect();
    let is_space = |index: usize| {
        lines.get(index).is_some_and(|line| line.starts_with(".sp") || line.is_empty())
    };
    let is_idle = |index: usize| is_space(index + 1) || index > 0 && is_space(index - 1);
    let kept = lines.iter().enumerate().filter(|&(index, line)| *line != ".br" || !is_idle(index));
    let spaced = kept.map(|(_, line)| if line.is_empty() { ".sp" } else { line });
    spaced.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::tests::command;

    fn page() -> String {
        let mut bytes = Vec::new();
        write(command(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_break_next_to_a_space_is_left_out() {
        assert_eq!(without_idle_breaks("a\n.br\n.sp\n.br\nb\n.br\nc\n"), "a\n.sp\nb\n.br\nc\n");
    }

    #[test]
    fn a_long_line_is_broken_at_a_space_but_never_before_a_request() {
        let (a, b) = ("a".repeat(70), "b".repeat(20));
        assert_eq!(in_short_lines(&format!("{a} {b} c\n")), format!("{a}\n{b} c\n"));
        for whole in [format!("{a} .{b}\n"), format!("{a} '{b}\n"), format!(".SH {a} {b}\n")] {
            assert_eq!(in_short_lines(&whole), whole);
        }
    }

    #[test]
    fn a_man_page_needs_no_encoding() {
        assert_eq!(in_ascii("a 世 👋\n"), "a \\[u4E16] \\[u1F44B]\n");
        assert!(page().is_ascii());
    }

    #[test]
    fn a_man_page_has_a_section_for_each_heading_of_the_help() {
        let page = page();
        for line in [".SH NAME", ".SH EXAMPLES", ".SH \"EXIT STATUS\"", ".SH VERSION"] {
            assert!(page.lines().any(|found| found == line), "{line} in {page}");
        }
        assert_eq!(page.matches(".nf").count(), page.matches(".fi").count());
        assert!(!page.contains("EXTRA"));
    }
}
