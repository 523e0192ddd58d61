//! Small programs in C, which play the other end or do what none of our programs would.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::programs::target_directory;

/// Compiles the C program `source` with these options, unless that has been done before, and
/// returns its path. Equal calls give the same file.
///
/// # Panics
///
/// If it does not compile.
#[must_use]
pub fn compile(source: &Path, options: &[&str]) -> PathBuf {
    let folder = target_directory().join("compiled");
    fs::create_dir_all(&folder).expect("a folder in target can be made");
    let stem = source.file_stem().expect("a source has a name").to_string_lossy();
    let program = folder.join(format!("{stem}-{:016x}", fingerprint(source, options)));
    if program.exists() {
        return program;
    }
    // In a temporary folder first, so that nobody runs half of a program.
    let temporary = tempfile::tempdir_in(&folder).expect("a folder in target can be made");
    let unfinished = temporary.path().join(&*stem);
    let status = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&unfinished)
        .arg(source)
        .args(options)
        .status()
        .expect("there is a C compiler: Rust links with it");
    assert!(status.success(), "{} does not compile with {options:?}", source.display());
    fs::rename(&unfinished, &program).expect("the folder is ours");
    program
}

/// A hash of the source, of what it may include, and of the options.
fn fingerprint(source: &Path, options: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (source, options).hash(&mut hasher);
    let folder = source.parent().expect("a source is in a folder");
    let files = fs::read_dir(folder).expect("the source is there").flatten();
    let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
    files.retain(|file| file == source || file.extension().is_some_and(|end| end == "h"));
    files.sort();
    for file in files {
        fs::read(file).expect("it is there").hash(&mut hasher);
    }
    hasher.finish()
}
