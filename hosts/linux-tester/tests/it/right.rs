//! Pairs that are right.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use minitalk_harness::Programs;

use crate::common::{check, compile, judged, tester};

/// Our programs under the names of the exercise, in a separate folder.
fn ours(name: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for our pair");
    let programs = Programs::build();
    for (link, program) in [("server", programs.server_path()), ("client", programs.client_path())]
    {
        let _ = fs::remove_file(folder.join(link));
        symlink(program, folder.join(link)).expect("a link in our folder");
    }
    folder
}

#[test]
fn our_own_pair_passes_everything() {
    let folder = ours("ours");
    let output =
        Command::new(tester()).arg(&folder).arg("--json").output().expect("the tester runs");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let checks = report["checks"].as_array().expect("a report has checks");
    for check in checks {
        // Which functions are allowed concerns only the exercise, and valgrind cannot run every
        // program.
        let is_of_the_exercise = check["name"] == "functions" || check["name"] == "memory-errors";
        let outcome = &check["outcome"];
        assert!(outcome == "passed" || outcome == "skipped" || is_of_the_exercise, "{check}");
    }
    assert_eq!(output.status.code(), Some(0));
    fs::remove_dir_all(folder).expect("the folder is ours");
}

#[test]
fn a_small_pair_that_is_right_passes_what_the_exercise_requires() {
    let (server, client) = (compile("server", ""), compile("client", ""));
    // Our own pair is tested with all checks; here, those for which a small pair is different.
    let names = [
        "pid",
        "short",
        "ends",
        "100",
        "time",
        "2000",
        "series",
        "receipt",
        "unicode",
        "bytes",
        "prompt",
        "pid-0",
        "pid-innocent",
        "killed-server",
    ];
    let only: Vec<String> = names.iter().map(|name| format!("--only {name}")).collect();
    let report = judged(&server, &client, &only.join(" "));
    assert_eq!(report["right"], true, "{report}");
    for name in names {
        assert_eq!(check(&report, name)["outcome"], "passed", "{report}");
    }
    assert_eq!(report["options"], "--protocol classic", "{report}");
}

#[test]
fn what_a_pair_speaks_is_told_as_options_of_our_programs() {
    let pair = (compile("server", "NO_ANSWER"), compile("client", "HASTE=1000"));
    let report = judged(&pair.0, &pair.1, "--learn");
    let options = report["options"].as_str().unwrap_or_default();
    assert!(options.starts_with("--dialect ack=none,receipt=none --pace 1"), "{report}");
}
