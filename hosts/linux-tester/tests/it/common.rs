//! Pairs to be judged, and the judge.

use std::env;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A program of `tests/pair`, compiled with these macros.
pub(crate) fn compile(name: &str, macros: &str) -> PathBuf {
    compile_from(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pair"), name, macros)
}

/// A program of this folder, compiled with these macros.
pub(crate) fn compile_from(folder: &Path, name: &str, macros: &str) -> PathBuf {
    let macros = macros.split_whitespace().map(|part| format!("-D{part}"));
    let options: Vec<String> = iter::once("-O1".to_owned()).chain(macros).collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    minitalk_harness::compile(&folder.join(format!("{name}.c")), &options)
}

/// The tester that was built with this test. `CARGO_BIN_EXE_…` does not get through the wrapper of
/// the compiler, which is a shell script: shells drop variables with a hyphen in their name.
pub(crate) fn tester() -> PathBuf {
    let test = env::current_exe().expect("the path of this program is known");
    let folder = test.ancestors().nth(2).expect("tests are in target/<profile>/deps");
    folder.join("minitalk-tester")
}

/// Judges a pair with these options.
pub(crate) fn run(server: &Path, client: &Path, options: &str) -> Output {
    Command::new(tester())
        .arg("--server")
        .arg(server)
        .arg("--client")
        .arg(client)
        .args(options.split_whitespace())
        .output()
        .expect("the tester can be run")
}

/// What the tester says about a pair, as JSON.
pub(crate) fn judged(server: &Path, client: &Path, options: &str) -> Value {
    parsed(run(server, client, &format!("--json {options}")))
}

/// What the tester says about the pair in a folder, as JSON.
pub(crate) fn judged_folder(folder: &Path, options: &str) -> Value {
    let mut command = Command::new(tester());
    command.arg(folder).arg("--json").args(options.split_whitespace());
    parsed(command.output().expect("the tester can be run"))
}

fn parsed(output: Output) -> Value {
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{error}: {text:?}, stderr: {:?}", String::from_utf8_lossy(&output.stderr))
    })
}

/// One check in a report of the tester.
pub(crate) fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("a report has checks");
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no check {name} in {report}"))
}
