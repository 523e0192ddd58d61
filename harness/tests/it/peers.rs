//! Small programs in plain C, written without our code, that play the other end.

use std::path::{Path, PathBuf};

/// Compiles `peers/<name>.c` with these macros and returns the path of the program.
pub(crate) fn compile(name: &str, macros: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/peers/{name}.c"));
    let macros = macros.split_whitespace().map(|part| format!("-D{part}"));
    let options: Vec<String> =
        ["-O1".to_owned(), "-pthread".to_owned()].into_iter().chain(macros).collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    minitalk_harness::compile(&source, &options)
}
