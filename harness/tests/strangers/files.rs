//! What belongs to others: files, devices, and PID files of other servers.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use minitalk_harness::{Finished, Programs, Running};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::common::{NOBODY, Scene, give_away, helper, is_root, run, serving};

/// A server that refuses to start must not print a PID, and must give this reason.
#[track_caller]
fn assert_refused(ended: &Finished, words: &str) {
    assert_eq!((ended.code(), ended.text().as_str()), (1, ""), "{ended:?}");
    assert!(ended.stderr.contains(words), "{words:?} is not in {ended:?}");
}

#[test]
fn a_pid_file_that_may_not_be_written_is_neither_emptied_nor_removed() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let folder = scene.folder("theirs", 0o755);
    let file = folder.join("precious");
    fs::write(&file, "precious").expect("the folder is ours");
    fs::set_permissions(&file, Permissions::from_mode(0o444)).expect("it is ours");
    give_away(&folder);
    give_away(&file);
    let mut server = Command::new(scene.copy(Programs::build().server_path()));
    server.env_remove("XDG_RUNTIME_DIR").arg("--pid-file").arg(&file).uid(NOBODY).gid(NOBODY);
    assert_eq!(run(server.arg("--once")).code(), 1);
    assert_eq!(fs::read(&file).expect("it is there"), b"precious");
}

#[test]
fn what_is_no_ordinary_file_is_no_pid_file_and_stays() {
    let scene = Scene::new();
    let (fifo, folder, link) =
        (scene.join("fifo"), scene.folder("folder", 0o755), scene.join("null"));
    mkfifo(&fifo, Mode::S_IRWXU).expect("the folder is ours");
    std::os::unix::fs::symlink("/dev/null", &link).expect("the folder is ours");
    for path in [&fifo, &folder, &link] {
        let mut command = scene.server();
        let mut server = Running::spawn(command.arg("--pid-file").arg(path));
        while server.is_running() && server.stdout_so_far().is_empty() {
            std::thread::yield_now();
        }
        drop(server);
        assert!(path.symlink_metadata().is_ok(), "{path:?} is gone");
    }
    assert!(fs::metadata(&fifo).expect("it is there").file_type().is_fifo());
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
}

#[test]
fn the_pid_file_of_a_running_server_is_not_taken_away() {
    let scene = Scene::new();
    let file = scene.join("pid");
    let with_file = || {
        let mut server = scene.server();
        server.arg("--pid-file").arg(&file);
        server
    };
    let holds = |pid: u32| fs::read_to_string(&file).expect("it is there") == format!("{pid}\n");
    let first = serving(&mut with_file());
    assert!(holds(first.pid()));
    let second = run(&mut with_file());
    assert_refused(&second, &first.pid().to_string());
    assert!(holds(first.pid()));
    let pid = first.pid();
    assert_eq!(first.stop().code(), 0);
    assert!(!file.exists(), "PID {pid} has removed its own");
    // A killed server leaves it behind, and the next one may use it.
    drop(serving(&mut with_file()));
    let next = serving(&mut with_file());
    assert!(holds(next.pid()));
    // What another program has written there since then stays.
    fs::write(&file, "1\n").expect("the folder is ours");
    assert_eq!(next.stop().code(), 0);
    assert_eq!(fs::read(&file).expect("it is there"), b"1\n");
}

#[test]
fn a_server_that_is_refused_has_opened_nothing_for_writing() {
    let scene = Scene::new();
    let (trace, output, pid) = (scene.join("t.vcd"), scene.join("out"), scene.join("pid"));
    let mut first = scene.server();
    first.args(["--name", "n"]).arg("--trace").arg(&trace).arg("--output").arg(&output);
    let first = serving(first.arg("--pid-file").arg(&pid));
    assert_eq!(run(scene.client().args(["n", "before"])).code(), 0);
    let kept = |path: &Path| fs::read(path).expect("it is there");
    let second_trace = scene.join("second.vcd");
    let second_output = scene.join("second.out");
    let mut second = scene.server();
    second.args(["--name", "n"]).arg("--trace").arg(&second_trace);
    let second = run(second.arg("--output").arg(&second_output));
    assert_refused(&second, "the name 'n' is taken by PID");
    assert!(!second_trace.exists() && !second_output.exists());
    let mut third = scene.server();
    let third = run(third.args(["--name", "n"]).arg("--trace").arg(&trace));
    assert_refused(&third, "the name 'n' is taken by PID");
    assert_eq!(run(scene.client().args(["n", "after"])).code(), 0);
    assert_eq!(first.stop().code(), 0);
    assert_eq!(kept(&output), b"before\nafter\n");
    assert!(!kept(&trace).contains(&0), "the trace has a hole");
}

#[test]
fn one_file_for_two_purposes_is_refused() {
    let scene = Scene::new();
    let file = scene.join("x.txt");
    let pairs = [("--output", "--trace"), ("--output", "--pid-file"), ("--pid-file", "--trace")];
    for (first, second) in pairs {
        let mut server = scene.server();
        let ended = run(server.arg(first).arg(&file).arg(second).arg(&file));
        assert_refused(&ended, "same file");
        assert!(!file.exists(), "{first} {second}");
    }
}

#[test]
fn a_limit_of_the_size_of_files_is_a_refusal_and_not_the_end_of_the_server() {
    let scene = Scene::new();
    let output = scene.join("out");
    let mut limited = scene.command("sh");
    limited.args(["-ec", "ulimit -f 2; exec \"$@\"", "sh"]).arg(Programs::build().server_path());
    let server = serving(limited.arg("--output").arg(&output));
    let pid = server.pid().to_string();
    let sent = run(scene.client().args([&pid, &"x".repeat(3_000)]));
    assert_eq!(sent.code(), 8, "{sent:?}");
    let ended = server.stop();
    assert_eq!(ended.code(), 0, "{ended:?}");
}

/// Everything that a failed client calls delivered has been written.
#[test]
fn nothing_is_called_delivered_that_is_not_in_the_file() {
    let scene = Scene::new();
    for style in ["--json", "--raw"] {
        let mut command = scene.server();
        command.arg(style).args(["--output", "/dev/full"]);
        let mut server = Running::spawn(&mut command);
        let pid = server.pid().to_string();
        while server.is_running() && !is_listening(server.pid()) {
            std::thread::yield_now();
        }
        let mut client = scene.client();
        let sent = run(client.args(["--json", &pid, &"a".repeat(5_000)]));
        assert_eq!(sent.code(), 8, "{style}: {sent:?}");
        let text = sent.text();
        assert!(
            !text.contains(r#""known":"delivered","bytes":"#) || text.contains(r#""bytes":0"#),
            "{text}"
        );
        assert!(!text.contains(r#""known":"at_least""#) || text.contains(r#""bytes":0"#), "{text}");
    }
}

/// Whether a process has handlers for both signals.
fn is_listening(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let pair = 1 << (libc::SIGUSR1 - 1) | 1 << (libc::SIGUSR2 - 1);
    caught & pair == pair
}

/// The directory entry of a new file is part of its folder, which has to be synced too.
#[test]
fn a_file_that_cannot_be_found_on_the_disk_confirms_nothing_with_sync() {
    let scene = Scene::new();
    let output = scene.join("new");
    let library = helper("folderless", &["-shared", "-fPIC"]);
    for (is_loaded, code) in [(true, 8), (false, 0)] {
        let mut command = scene.server();
        command.args(["--once", "--sync", "--output"]).arg(&output);
        if is_loaded {
            command.env("LD_PRELOAD", &library);
        }
        let server = serving(&mut command);
        let sent = run(scene.client().args([&server.pid().to_string(), "hi"]));
        assert_eq!(sent.code(), code, "{sent:?}");
        let ended = server.finish();
        assert_eq!(ended.code(), i32::from(is_loaded), "{ended:?}");
    }
}
