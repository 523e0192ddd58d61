//! The folder of names: other users, other namespaces, locks, and a machine without `/proc`.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::process::Command;

use minitalk_harness::{Programs, Running, Server};
use nix::sys::signal::Signal;
use nix::unistd::Uid;

use crate::common::{
    NOBODY, Scene, give_away, helper, in_mounts, is_root, run, serving, wait_until,
};

/// A server with a name does not start if the folder belongs to another user; one without a name
/// works nevertheless.
#[test]
fn root_takes_no_name_in_a_folder_of_another_user() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let theirs = scene.folder("theirs", 0o700);
    give_away(&theirs);
    let named = run(scene.server().args(["--name", "n"]).env("XDG_RUNTIME_DIR", &theirs));
    assert_eq!((named.code(), named.stdout.len()), (1, 0), "{named:?}");
    assert!(named.stderr.contains("which belongs to user nobody; unset it, or set it to"));
    assert_eq!(fs::read_dir(&theirs).expect("it is there").count(), 0);
    let nameless = serving(scene.server().env("XDG_RUNTIME_DIR", &theirs));
    let sent = run(scene.client().args([&nameless.pid().to_string(), "hi"]));
    assert_eq!(sent.code(), 0, "{sent:?}");
    assert_eq!(fs::read_dir(&theirs).expect("it is there").count(), 0);
}

/// While root starts servers, another user replaces the folder of names by one full of links to a
/// file of root's.
#[test]
fn a_folder_that_is_swapped_meanwhile_leads_root_to_no_file() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let secret = scene.join("secret");
    fs::write(&secret, "important").expect("the folder is ours");
    let theirs = scene.folder("theirs", 0o755);
    let (trap, names) = (scene.folder("theirs/trap", 0o700), theirs.join("minitalk"));
    symlink(&secret, trap.join("n")).expect("it is ours");
    let first = serving(scene.server().env("XDG_RUNTIME_DIR", &theirs));
    let pids = first.pid()..first.pid() + 400;
    drop(first);
    for pid in pids {
        symlink(&secret, trap.join(format!(".draft-{pid}"))).expect("it is ours");
    }
    fs::create_dir_all(&names).expect("it is ours");
    for path in [&theirs, &trap, &names] {
        give_away(path);
    }
    let mut swapper = Command::new(scene.copy(&helper("swap", &[])));
    let _swapper = Running::spawn(swapper.args([&trap, &names]).uid(NOBODY).gid(NOBODY));
    for _ in 0..50 {
        let mut server = scene.server();
        let server = Running::spawn(server.args(["--name", "n"]).env("XDG_RUNTIME_DIR", &theirs));
        let ended = server.finish();
        assert_eq!(ended.code(), 1, "{ended:?}");
    }
    assert_eq!(fs::read(&secret).expect("it is there"), b"important");
}

#[test]
fn a_fallback_folder_planted_by_another_user_is_named_with_advice_that_works() {
    if !is_root() {
        return;
    }
    let planted = "/tmp/minitalk-0";
    // In a new mount namespace, /tmp and /run are empty.
    let script = format!(
        "mount -t tmpfs none /run; mount -t tmpfs -o mode=1777 none /tmp
         mkdir {planted}; chown {NOBODY} {planted}"
    );
    let mut server = Programs::build().server();
    server.args(["--name", "n"]).env_remove("XDG_RUNTIME_DIR");
    let Some(mut inside) = in_mounts(&script, &server) else { return };
    let refused = run(&mut inside);
    assert_eq!(refused.code(), 1, "{refused:?}");
    let cause = "minitalk-0 belongs to user nobody; set XDG_RUNTIME_DIR to a folder of your own";
    assert!(refused.stderr.contains(cause), "{refused:?}");
}

#[test]
fn root_finds_the_server_of_another_user_by_its_name() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let theirs = scene.folder("theirs", 0o700);
    give_away(&theirs);
    let copy = scene.copy(Programs::build().server_path());
    let mut server = Command::new(copy);
    // CAP_KILL, so that it can answer root.
    let wrapped = ["--reuid", "65534", "--inh-caps", "+kill", "--ambient-caps", "+kill"];
    let mut setpriv = Command::new("setpriv");
    setpriv.args(wrapped).args(["--clear-groups", "--regid", "65534"]).arg(server.get_program());
    server = setpriv;
    let server = serving(server.args(["--name", "theirs"]).env("XDG_RUNTIME_DIR", &theirs));
    let mut client = scene.client();
    let sent = run(client.args(["theirs", "hello"]).env("XDG_RUNTIME_DIR", &theirs));
    assert_eq!(sent.code(), 0, "{sent:?}");
    server.wait_until_shown("hello\n");
    let elsewhere = run(scene.client().args(["theirs", "hello"]));
    assert_eq!(elsewhere.code(), 3, "root was not told where to look: {elsewhere:?}");
}

/// A command that runs a program in a new PID namespace, or `None` if that is forbidden.
fn in_pid_namespace(program: &mut Command) -> Option<Command> {
    let mut options = vec!["--pid", "--fork", "--kill-child", "--mount-proc"];
    if !Uid::effective().is_root() {
        options.extend(["--user", "--map-root-user"]);
    }
    let probe = Command::new("unshare").args(&options).arg("true").output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("skipped: no PID namespaces here");
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(options).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    Some(command)
}

#[test]
fn a_name_in_another_pid_namespace_is_neither_called_ended_nor_taken_away() {
    let scene = Scene::new();
    let Some(mut inside) = in_pid_namespace(scene.server().args(["--name", "n"])) else { return };
    let server = Running::spawn(&mut inside);
    let said = server.wait_for_stdout(|bytes| bytes.ends_with(b"\n"));
    assert_eq!(said, b"Server PID: 1\n");
    let sent = run(scene.client().args(["n", "hi"]));
    assert_eq!(sent.code(), 3, "{sent:?}");
    let cause = "the server called 'n' runs in another PID namespace (as PID 1 there)";
    assert!(sent.stderr.contains(cause), "{sent:?}");
    let second = run(scene.server().args(["--name", "n"]));
    assert_eq!(second.code(), 1, "{second:?}");
    assert!(second.stderr.contains("'n' is taken in another PID namespace"), "{second:?}");
    // It is still the server with that name.
    assert_eq!(fs::read_dir(scene.join("names/minitalk")).expect("it is there").count(), 1);
    // Once it has been killed, its name is free for everyone.
    drop(server);
    wait_until("the name can be taken", || {
        let mut command = scene.server();
        let mut server = Running::spawn(command.args(["--name", "n"]));
        wait_until("it listens or has ended", || {
            !server.is_running() || server.stdout_so_far().ends_with(b"\n")
        });
        server.is_running()
    });
}

/// A process holds a lock on everything in the folder of names.
#[test]
fn locks_on_the_folder_of_names_keep_no_server_from_starting_or_ending() {
    let scene = Scene::new();
    drop(serving(scene.server().args(["--name", "killed"])));
    let lock =
        "exec 3< \"$1\"; exec 4< \"$1/killed\"; flock 3; flock 4; echo locked; exec sleep 60";
    let mut holder = Command::new("sh");
    let folder = scene.join("names/minitalk");
    let holder = Running::spawn(holder.args(["-ec", lock, "sh"]).arg(&folder));
    holder.wait_for_stdout(|bytes| bytes == b"locked\n");
    for name in ["killed", "new"] {
        let server = serving(scene.server().args(["--name", name]));
        assert_eq!(run(scene.client().args([name, "hi"])).code(), 0);
        let ended = Server::stop(server);
        assert_eq!((ended.code(), ended.text().as_str()), (0, "hi\n"));
    }
}

#[test]
fn without_proc_a_client_names_it_and_calls_no_server_ended() {
    let scene = Scene::new();
    let server = serving(scene.server().args(["--name", "n"]));
    for words in [["--list", "--quiet"], ["n", "hi"], ["--check", "n"]] {
        let mut client = scene.client();
        let Some(mut inside) = in_mounts("mount -t tmpfs none /proc", client.args(words)) else {
            return;
        };
        let ended = run(&mut inside);
        assert_eq!(ended.code(), 1, "{words:?}: {ended:?}");
        assert!(ended.stderr.contains("/proc"), "{words:?}: {ended:?}");
        assert!(!ended.stderr.contains("has ended"), "{words:?}: {ended:?}");
    }
    assert_eq!(server.stop().code(), 0);
}

/// A killed server leaves its entry behind. It leads nobody to another process, and the next server
/// may have the name.
#[test]
fn a_name_that_a_killed_server_has_left_behind_is_free() {
    let scene = Scene::new();
    let mut server = serving(scene.server().args(["--name", "n"]));
    let pid = server.pid();
    server.running().signal(Signal::SIGKILL);
    assert_eq!(server.finish().code(), -9);
    let sent = run(scene.client().args(["n", "hi"]));
    assert_eq!(sent.code(), 3, "{sent:?}");
    assert!(sent.stderr.contains(&format!("the server called 'n' (PID {pid}) has ended")));
    let _next = serving(scene.server().args(["--name", "n"]));
    assert_eq!(run(scene.client().args(["n", "hi"])).code(), 0);
}

#[test]
fn every_server_has_an_entry_as_long_as_it_runs_and_leaves_none() {
    let scene = Scene::new();
    let entries = || fs::read_dir(scene.join("names/minitalk")).map_or(0, Iterator::count);
    let (named, nameless) =
        (serving(scene.server().args(["--name", "n"])), serving(&mut scene.server()));
    assert_eq!(entries(), 2);
    let list = run(scene.client().arg("--list")).text();
    for server in [&named, &nameless] {
        assert_eq!(list.matches(&server.pid().to_string()).count(), 1, "{list}");
    }
    assert_eq!((named.stop().code(), nameless.stop().code()), (0, 0));
    assert_eq!(entries(), 0);
}
