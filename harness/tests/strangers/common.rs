//! Folders, helper programs in C, and other users.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use minitalk_harness::{PATIENCE, Programs, Running, Server, compile};
use nix::unistd::Uid;
use tempfile::{TempDir, tempdir};

/// The user nobody, on every Linux.
pub(crate) const NOBODY: u32 = 65534;

/// A separate folder for a test, with copies of the two programs that every user can run, and a
/// place for names.
#[derive(Debug)]
pub(crate) struct Scene {
    root: TempDir,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let root = tempdir().expect("a folder of our own");
        fs::set_permissions(root.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let scene = Self { root };
        scene.folder("names", 0o700);
        scene
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Creates a folder with this mode.
    pub(crate) fn folder(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.join(name);
        fs::create_dir(&path).expect("it is not there");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
        path
    }

    /// A command that runs a program with the folder of names of this scene.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("XDG_RUNTIME_DIR", self.join("names")).env_remove("NOTIFY_SOCKET");
        command
    }

    pub(crate) fn server(&self) -> Command {
        self.command(Programs::build().server_path())
    }

    pub(crate) fn client(&self) -> Command {
        self.command(Programs::build().client_path())
    }

    /// A copy of a program that every user can run.
    pub(crate) fn copy(&self, program: &Path) -> PathBuf {
        let copy = self.join(&program.file_name().expect("it has a name").to_string_lossy());
        if !copy.exists() {
            // Copied by another process: a child forked meanwhile would keep a file that we write
            // busy.
            let status = Command::new("cp").arg(program).arg(&copy).stdin(Stdio::null()).status();
            assert!(status.expect("cp can be run").success());
        }
        copy
    }
}

/// A helper program or library, compiled from a file next to this one.
pub(crate) fn helper(name: &str, options: &[&str]) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/strangers/{name}.c"));
    compile(&source, &[&["-std=gnu11", "-O2"], options].concat())
}

/// Whether this is root, who can become another user; reports it if not.
pub(crate) fn is_root() -> bool {
    let is_root = Uid::effective().is_root();
    if !is_root {
        println!("skipped: only root can become somebody else");
    }
    is_root
}

/// Makes nobody the owner of a path.
pub(crate) fn give_away(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).expect("root may");
}

/// Runs `command` as a server, and waits until it has printed its PID.
pub(crate) fn serving(command: &mut Command) -> Server {
    Server::start_command(command)
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> minitalk_harness::Finished {
    Running::spawn(command).finish()
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "still not: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// The state letter of a process; `None` if it does not exist.
pub(crate) fn state(pid: u32) -> Option<char> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("State:\t"))?.chars().next()
}

/// The same command in a new mount namespace, which `script` has changed; `None` if that is
/// forbidden.
pub(crate) fn in_mounts(script: &str, command: &Command) -> Option<Command> {
    let mut inside = Command::new("unshare");
    if !Uid::effective().is_root() {
        inside.args(["--user", "--map-root-user"]);
    }
    inside.args(["--mount", "sh", "-ec", &format!("{script}\nexec \"$@\""), "sh"]);
    let mut probe = Command::new("unshare");
    probe.args(inside.get_args().take_while(|argument| *argument != "sh")).arg("true");
    if !probe.output().is_ok_and(|output| output.status.success()) {
        println!("skipped: no mount namespaces here");
        return None;
    }
    inside.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inside.env(name, value),
            None => inside.env_remove(name),
        };
    }
    Some(inside)
}
