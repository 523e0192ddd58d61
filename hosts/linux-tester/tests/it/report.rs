//! What users read about a pair, and how it is built for them.

use std::path::Path;
use std::process::{self, Command};
use std::{fs, iter};

use crate::common::{check, compile, judged_folder, tester};

#[test]
fn a_failure_is_explained_and_drawn_on_a_terminal_and_in_a_page_of_one_file() {
    let (server, client) = (compile("server", "SLOW=300"), compile("client", "HASTE=30"));
    let page = format!("report-{}.html", process::id());
    let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join(page);
    let judge = || {
        let mut command = Command::new(tester());
        command.arg("--server").arg(&server).arg("--client").arg(&client);
        let output = command.arg("--report").arg(&page).args(["--only", "100"]).output();
        String::from_utf8(output.expect("the tester can be run").stdout).expect("UTF-8")
    };
    // A busy machine can hide the fault, and the tester says so then.
    let mut attempts = iter::repeat_with(judge).take(40);
    let told = attempts.find(|told| {
        told.contains("sent before the answer") || !told.contains("The machine was busy")
    });
    let told = told.expect("the machine is not busy all of the time");
    for words in ["What it speaks", "✗ 100 characters arrive", "Signals do not queue", "Read: "] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // The first line has the paths, which may be long.
    assert!(told.lines().skip(1).all(|line| line.chars().count() <= 80), "{told}");

    let drawn = fs::read_to_string(&page).expect("there is a page");
    fs::remove_file(&page).expect("the page is ours");
    for words in ["<!doctype html>", "100 characters arrive", "Signals do not queue", "<svg"] {
        assert!(drawn.contains(words), "{words}: {drawn}");
    }
    assert!(drawn.ends_with("</html>\n") && !drawn.contains("src="), "{drawn}");
}

#[test]
fn a_pair_is_built_first_and_built_again_with_sanitizers() {
    let folder = format!("built-{}", process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the pair");
    for name in ["server.c", "client.c"] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pair").join(name);
        fs::copy(source, folder.join(name)).expect("a copy in our folder");
    }
    let makefile = "all: server client\n%: %.c\n\t$(CC) -O1 -o $@ $<\n";
    fs::write(folder.join("Makefile"), makefile).expect("a file in our folder");
    let report = judged_folder(&folder, "--make --only memory-errors");
    // Not every machine has sanitizers, or valgrind.
    let found = check(&report, "memory-errors");
    assert!(found["outcome"] == "passed" || found["outcome"] == "skipped", "{found}");
    assert!(folder.join("server").exists() && folder.join("client").exists());
    fs::remove_dir_all(folder).expect("the folder is ours");
}
