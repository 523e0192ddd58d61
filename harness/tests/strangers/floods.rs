//! Many processes that send nothing useful, and an output that nobody reads: what is kept is
//! bounded.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::fcntl::{FcntlArg, fcntl};

use crate::common::{Scene, helper, run, serving};

/// The resident memory of a process, in kilobytes.
fn memory_kilobytes(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number.and_then(|number| number.trim().parse().ok()).expect("a number of kilobytes")
}

fn strays(server: u32, count: u32) {
    let ended =
        run(Command::new(helper("strays", &[])).args([server.to_string(), count.to_string()]));
    assert_eq!(ended.code(), 0, "{ended:?}");
}

#[test]
fn strays_are_told_of_in_a_few_lines_with_their_number() {
    let scene = Scene::new();
    let server = serving(&mut scene.server());
    let began = Instant::now();
    strays(server.pid(), 2_000);
    let sent = run(scene.client().args([&server.pid().to_string(), "still there"]));
    assert_eq!(sent.code(), 0, "{sent:?}");
    let seconds = began.elapsed().as_secs();
    let ended = server.stop();
    assert_eq!(ended.text(), "still there\n");
    // At most one of each kind per second, of a handful of kinds.
    let lines = ended.stderr.lines().count() as u64;
    assert!(lines <= 5 * (seconds + 2), "{lines} lines in {seconds} s: {}", ended.stderr);
    assert!(ended.stderr.contains("stray signal"), "{}", ended.stderr);
}

#[test]
fn strays_cost_a_server_whose_output_nobody_reads_no_memory() {
    let scene = Scene::new();
    let (reader, writer) = io::pipe().expect("a pipe");
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).expect("a pipe can be made smaller");
    let mut server = scene.server();
    server.args(["--json", "--quiet"]).stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
    let mut server = server.spawn().expect("the server can be run");
    let mut line = String::new();
    BufReader::new(&reader).read_line(&mut line).expect("it says that it listens");
    strays(server.id(), 500);
    let before = memory_kilobytes(server.id());
    strays(server.id(), 6_000);
    let after = memory_kilobytes(server.id());
    server.kill().expect("it is ours");
    server.wait().expect("it is ours");
    assert!(after < before + 1_024, "{before} kB before, {after} after");
}
