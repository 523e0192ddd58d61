//! The blocks of a document, and how each is tested.

use std::path::Path;

use super::{documents, read, root, session};

/// A block between fences.
#[derive(Debug)]
pub(crate) struct Block {
    /// `README.md:12`
    pub(crate) place: String,
    language: String,
    pub(crate) lines: Vec<String>,
    pub(crate) trial: Option<Trial>,
}

/// How a block is tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trial {
    /// The commands must succeed. `with` are the options of a server that is started for them;
    /// `code` is the exit code of the last one.
    Commands { with: Vec<String>, code: i32 },
    /// The output must be what the block shows.
    Transcript { may_go_on: bool },
    /// A program of the project runs it.
    By(String),
    /// It is not run.
    NotRun(String),
}

impl Trial {
    fn of(comment: &str) -> Option<Self> {
        let comment = comment.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
        let (what, rest) = comment.split_once(": ")?;
        let (how, more) = rest.split_once("; ").unwrap_or((rest, ""));
        match (what, how) {
            ("run", "transcript") => Some(Self::Transcript { may_go_on: false }),
            ("run", "beginning") => Some(Self::Transcript { may_go_on: true }),
            ("run", "commands") => {
                let settings = || more.split("; ").filter_map(|setting| setting.split_once(": "));
                let value = |name| settings().find(|(key, _)| *key == name).map(|(_, value)| value);
                let with = value("with").unwrap_or_default();
                let with = with.split_whitespace().map(str::to_owned).collect();
                let code = value("code").map_or(0, |code| code.parse().expect("a number"));
                Some(Self::Commands { with, code })
            }
            ("run by", _) => Some(Self::By(rest.to_owned())),
            ("not run", _) => Some(Self::NotRun(rest.to_owned())),
            _ => None,
        }
    }
}

impl Block {
    /// Whether a reader would take it for commands.
    pub(crate) fn is_commands(&self) -> bool {
        matches!(self.language.as_str(), "" | "sh" | "bash" | "shell" | "console")
    }
}

/// The blocks of a document.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let text = read(document);
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for (index, line) in lines.iter().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if is_open => is_open = false,
            Some(language) => {
                is_open = true;
                let before = index.checked_sub(1).map_or("", |index| lines[index]);
                let place = format!("{document}:{}", index + 1);
                let language = language.split(',').next().unwrap_or_default().to_owned();
                let (lines, trial) = (Vec::new(), Trial::of(before));
                blocks.push(Block { place, language, lines, trial });
            }
            None if is_open => blocks.last_mut().expect("it is open").lines.push((*line).into()),
            None => {}
        }
    }
    assert!(!is_open, "{document}: a block has no end");
    blocks
}

#[test]
fn each_block_of_commands_is_run_or_says_why_not() {
    let mut count = 0;
    for block in documents().iter().flat_map(|document| blocks(document)) {
        let Block { place, lines, trial, .. } = &block;
        if !block.is_commands() {
            // Drawings, programs and tables must not hide commands.
            let hidden = lines.iter().find(|line| line.starts_with("$ "));
            assert!(hidden.is_none() && trial.is_none(), "{place}: commands in another language");
            continue;
        }
        count += 1;
        match trial {
            Some(Trial::NotRun(reason)) => assert!(reason.len() > 10, "{place}: {reason}"),
            Some(Trial::By(program)) => {
                let path = program.split(' ').next().expect("a word");
                assert!(root().join(path).is_file(), "{place}: there is no {path}");
            }
            Some(Trial::Commands { .. } | Trial::Transcript { .. }) => {}
            None => panic!("{place}: say in front of it how it is tried: see {}", file!()),
        }
    }
    assert!(count > 10, "only {count} blocks");
}

/// Programs in Rust are doc tests, or copies of files that are compiled.
#[test]
fn each_program_in_rust_is_compiled() {
    for document in documents() {
        let has_rust = blocks(&document).iter().any(|block| block.language == "rust");
        if !has_rust {
            continue;
        }
        let folder = Path::new(&document).parent().expect("it is in a folder");
        let library = folder.join("src/lib.rs");
        let is_tested = root().join(&library).is_file()
            && read(library.to_str().expect("UTF-8")).contains("include_str!(\"../README.md\")");
        let is_copy = read("tools/firmware").contains(&document);
        assert!(is_tested || is_copy, "{document}: nobody compiles its programs");
    }
}

#[test]
fn what_the_readme_shows_is_what_is_shown() {
    session::run("README.md");
}

#[test]
fn what_the_tutorial_shows_is_what_is_shown() {
    session::run("docs/tutorial.md");
}

/// A document that gets its first block of commands must not be forgotten.
#[test]
fn every_document_with_blocks_to_run_has_a_test() {
    let has_some = |document: &String| {
        let is_run = |block: &Block| {
            matches!(block.trial, Some(Trial::Commands { .. } | Trial::Transcript { .. }))
        };
        blocks(document).iter().any(is_run)
    };
    let documents: Vec<String> = documents().into_iter().filter(has_some).collect();
    assert_eq!(documents, ["README.md", "docs/tutorial.md"]);
}
