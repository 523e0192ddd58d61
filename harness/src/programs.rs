//! The paths of the two programs, built from this source tree.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::child::Running;

/// The two programs, built with the profile that the caller was built with.
#[derive(Clone, Debug)]
pub struct Programs {
    server: PathBuf,
    client: PathBuf,
}

impl Programs {
    /// Builds the programs, once per process, and returns their paths.
    ///
    /// # Panics
    ///
    /// If they cannot be built; cargo has reported why.
    #[must_use]
    pub fn build() -> &'static Self {
        static PROGRAMS: OnceLock<Programs> = OnceLock::new();
        PROGRAMS.get_or_init(|| {
            let directory = target_directory();
            cargo_build(&["--package", "minitalk-server", "--package", "minitalk-client"]);
            Self {
                server: directory.join("minitalk-server"),
                client: directory.join("minitalk-client"),
            }
        })
    }

    /// The path of the server.
    #[must_use]
    pub fn server_path(&self) -> &Path {
        &self.server
    }

    /// The path of the client.
    #[must_use]
    pub fn client_path(&self) -> &Path {
        &self.client
    }

    /// A command that runs the server.
    #[must_use]
    pub fn server(&self) -> Command {
        Command::new(&self.server)
    }

    /// A command that runs the client.
    #[must_use]
    pub fn client(&self) -> Command {
        Command::new(&self.client)
    }

    /// Starts a client that sends `text` to `pid`.
    #[must_use]
    pub fn send(&self, pid: u32, text: &str) -> Running {
        Running::spawn(self.client().arg(pid.to_string()).arg("--").arg(text))
    }
}

/// Runs the program `name` that was built with this test to its end, with lines of 100 columns, and
/// without any servers that have a name. Returns what it has written to standard output and to
/// standard error.
///
/// Cargo sets `CARGO_BIN_EXE_…` to the paths of such programs, but that does not get through the
/// wrapper of the compiler, which is a shell script: shells drop variables with a hyphen in their
/// name.
///
/// # Panics
///
/// If it does not end with `code`.
#[must_use]
pub fn said(name: &str, words: &str, code: i32) -> (String, String) {
    let mut command = Command::new(target_directory().join(name));
    command.args(words.split_whitespace()).env("XDG_RUNTIME_DIR", "/nonexistent");
    command.env("COLUMNS", "100").env("NO_COLOR", "1");
    let ended = Running::spawn(&mut command).finish();
    assert_eq!(ended.code(), code, "{name} {words}: {ended:?}");
    (ended.text(), ended.stderr)
}

/// Builds the example `name` of the library, and returns its path.
///
/// # Panics
///
/// If it cannot be built; cargo has reported why.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    cargo_build(&["--package", "minitalk", "--example", name]);
    target_directory().join("examples").join(name)
}

/// Builds `what` with the profile that the caller was built with.
fn cargo_build(what: &[&str]) {
    let directory = target_directory();
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--locked"])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .arg("--target-dir")
        .arg(directory.parent().unwrap_or(&directory));
    if directory.ends_with("release") {
        command.arg("--release").args(what);
    } else {
        // Packages that are built together share their features. Built with the whole workspace,
        // they have the features of `cargo test`, which has compiled everything already.
        command.args(["--workspace", "--bins", "--examples"]);
    }
    // cargo test sets variables for this package; the inner cargo must not inherit them.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let status = command.status().expect("cargo can be run");
    assert!(status.success(), "cargo build failed: {status}");
}

/// The folder of the profile that this program was built with, such as `target/debug`.
pub(crate) fn target_directory() -> PathBuf {
    let program = env::current_exe().expect("the path of this program is known");
    let directory = program.parent().expect("a program is in a folder");
    // Tests are in target/<profile>/deps, programs in target/<profile>.
    if directory.ends_with("deps") || directory.ends_with("examples") {
        directory.parent().expect("deps is in a folder").to_owned()
    } else {
        directory.to_owned()
    }
}
