//! Small programs in plain C, written without our code, which play the other end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Compiles `peers/<name>.c` with these macros and says where the program is.
pub(crate) fn compile(name: &str, macros: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/peers/{name}.c"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    std::fs::create_dir_all(&folder).expect("a folder for the peers");
    let program = folder.join(format!("{name}-{}-{number}", std::process::id()));
    let status = Command::new("cc")
        .args(["-O1", "-Wall", "-Wextra", "-Werror", "-pthread"])
        .args(macros.split_whitespace().map(|part| format!("-D{part}")))
        .arg("-o")
        .arg(&program)
        .arg(&source)
        .status()
        .expect("there is a C compiler: Rust links with it");
    assert!(status.success(), "{} does not compile with {macros}", source.display());
    program
}
