//! Man pages and shell completions, made by the program that they are about.

use std::io::{self, Write};

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

/// What can be made of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Generate {
    /// A man page
    Man,
    /// Completions for bash
    Bash,
    /// Completions for zsh
    Zsh,
    /// Completions for fish
    Fish,
}

/// Writes what was asked for about `command`.
///
/// # Errors
///
/// Those of writing.
pub fn write(what: Generate, mut command: Command, to: &mut dyn Write) -> io::Result<()> {
    let shell = match what {
        Generate::Man => return write_man_page(command, to),
        Generate::Bash => Shell::Bash,
        Generate::Zsh => Shell::Zsh,
        Generate::Fish => Shell::Fish,
    };
    let name = command.get_name().to_owned();
    let mut completions = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut completions);
    to.write_all(&completions)
}

/// The date at the foot of the man pages: that of the release.
const RELEASED: &str = "2026-11-23";

/// A man page whose last sections are those of the text after the help: a line that ends with a colon
/// and is not indented is a heading.
fn write_man_page(command: Command, to: &mut dyn Write) -> io::Result<()> {
    let after_help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let title = command.get_name().to_uppercase();
    let man = Man::new(command).title(title).date(RELEASED).manual("User Commands");
    man.render_title(to)?;
    man.render_name_section(to)?;
    man.render_synopsis_section(to)?;
    man.render_description_section(to)?;
    let mut options = Vec::new();
    man.render_options_section(&mut options)?;
    to.write_all(without_idle_breaks(&String::from_utf8_lossy(&options)).as_bytes())?;
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
    sections.to_writer(to)?;
    man.render_version_section(to)
}

/// A line break next to a space between paragraphs does nothing, and linters say so.
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
    use clap::Arg;

    fn made(what: Generate) -> String {
        let command = Command::new("talk")
            .version("1.2")
            .about("Talks")
            .arg(Arg::new("loud").long("loud").help("Shouts"))
            .after_help("Examples:\n  talk -x    .hushed\n\nExit status:\n  0  done");
        let mut bytes = Vec::new();
        write(what, command, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn each_shell_is_told_of_the_options() {
        for what in [Generate::Bash, Generate::Zsh, Generate::Fish] {
            assert!(made(what).contains("loud"), "{what:?}");
        }
    }

    #[test]
    fn a_break_next_to_a_space_is_left_out() {
        assert_eq!(without_idle_breaks("a\n.br\n.sp\n.br\nb\n.br\nc\n"), "a\n.sp\nb\n.br\nc\n");
    }

    #[test]
    fn a_man_page_has_a_section_for_each_heading_of_the_help() {
        let page = made(Generate::Man);
        for line in [".SH NAME", ".SH EXAMPLES", ".SH \"EXIT STATUS\"", ".SH VERSION"] {
            assert!(page.lines().any(|found| found == line), "{line} in {page}");
        }
        assert_eq!(page.matches(".nf").count(), page.matches(".fi").count());
        assert!(!page.contains("EXTRA"));
    }
}
