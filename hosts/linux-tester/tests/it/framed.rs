//! Peers of the framed protocol: our own, and those in C that were written from the document.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use minitalk_harness::Programs;
use serde_json::Value;

use crate::common::{check, compile, compile_from, judged};

fn failed(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().expect("a report has checks");
    let failed = checks.iter().filter(|check| check["outcome"] != "passed");
    let word = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    failed.map(|check| format!("{} {}", word(check, "group"), word(check, "name"))).collect()
}

/// Our client. It must be told to send framed messages to an unknown server.
fn our_client() -> PathBuf {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("framed-{}", std::process::id()));
    let client = Programs::build().client_path().display().to_string();
    let script = format!("#!/bin/sh\nexec '{client}' --protocol framed \"$@\"\n");
    fs::write(&path, script).expect("a script can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .expect("it can be made a program");
    path
}

#[test]
fn our_own_programs_follow_every_rule() {
    let report = judged(Programs::build().server_path(), &our_client(), "--framed");
    assert_eq!(failed(&report), Vec::<String>::new(), "{report}");
    assert_eq!(report["right"], true);
}

#[test]
fn programs_written_from_the_document_follow_all_rules_but_that_of_admission() {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../harness/tests/peers");
    let server = compile_from(&peers, "framed_server", "");
    let client = compile_from(&peers, "framed_client", "");
    let report = judged(&server, &client, "--framed");
    let wanted = ["framed_server 10-admission", "framed_client 10-admission"];
    assert_eq!(failed(&report), wanted, "{report}");
}

#[test]
fn a_classic_server_is_no_framed_one() {
    let server = compile("server", "");
    let report = judged(&server, &server, "--framed --only 3-alternation --only 6-accepted");
    for name in ["3-alternation", "6-accepted"] {
        assert_eq!(check(&report, name)["outcome"], "failed", "{report}");
    }
}
