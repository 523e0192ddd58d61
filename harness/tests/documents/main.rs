//! What the documents say is what the programs do.
//!
//! A comment in front of each block of commands says how it is tested:
//!
//! | comment | what is done |
//! |---|---|
//! | `run: transcript` | each command is typed, and the output must be exactly what is shown |
//! | `run: beginning` | the same, but there may be more output |
//! | `run: commands` | the commands are run and must succeed |
//! | `run by: PROGRAM` | a program of the project runs it |
//! | `not run: REASON` | it is not run, for this reason |
//!
//! The first three share one folder and their servers for the whole document. In their commands
//! 4242 and 5151 stand for the PIDs of servers: those that the document starts itself, or one that
//! is started for it, with the options that follow `with:` in the comment.

mod blocks;
mod commands;
mod figures;
mod readme;
mod session;
mod shell;

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the project.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every document for people, by its path in the folder of the project.
fn documents() -> Vec<String> {
    let in_folder = |folder: &str| {
        let entries = fs::read_dir(root().join(folder)).expect("the folder can be read");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.map(|name| name.into_string().expect("names are UTF-8"));
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        names
    };
    let mut documents = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    documents.extend(in_folder("docs").into_iter().map(|name| format!("docs/{name}")));
    let folders = in_folder("hosts").into_iter().map(|name| format!("hosts/{name}"));
    let folders = folders.chain(["core".to_owned()]);
    documents.extend(folders.map(|folder| format!("{folder}/README.md")));
    let is_markdown = |path: &Path| path.extension().is_some_and(|extension| extension == "md");
    documents.retain(|path| is_markdown(Path::new(path)) && root().join(path).exists());
    assert!(documents.len() > 15, "{documents:?}");
    documents
}
