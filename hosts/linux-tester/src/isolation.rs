//! A PID namespace for the pair, because careless programs signal PID 0 and -1, which mean many
//! processes.
//!
//! There are three processes: the one that was started waits; its child creates the namespaces; the
//! child of that is the first process in them, and the judge. The first process of a PID namespace
//! receives from inside it only signals that it handles, and when it ends, so does every process in
//! the namespace (`pid_namespaces(7)`).

use std::ffi::OsString;
use std::fs;
use std::process::{Child, ExitCode};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};

use crate::launch::end_with_parent;
use crate::role::Role;

/// The exit code of a process that could not create the namespaces: they are not available here.
const UNAVAILABLE: u8 = 125;

/// The first PID in the namespace, so that PIDs look ordinary.
const FIRST_PID: &str = "4200";

/// Runs the judge with these arguments, in namespaces if possible. Returns its exit code.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    let code = start(Role::Namespace, arguments);
    if code != UNAVAILABLE {
        return ExitCode::from(code);
    }
    ExitCode::from(start(Role::Outside, arguments))
}

fn start(role: Role, arguments: &[OsString]) -> u8 {
    match role.command().args(arguments).spawn() {
        Ok(child) => exit_code(child),
        Err(_) => UNAVAILABLE,
    }
}

fn exit_code(mut child: Child) -> u8 {
    let code = child.wait().ok().and_then(|status| status.code());
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// Creates a PID namespace, as root or in a new user namespace, and starts the judge in it.
pub(crate) fn make_and_start_inside(arguments: &[OsString]) -> ExitCode {
    end_with_parent();
    if unshare(CloneFlags::CLONE_NEWPID).is_err() && !unshare_as_user() {
        return ExitCode::from(UNAVAILABLE);
    }
    ExitCode::from(start(Role::Inside, arguments))
}

/// As an ordinary user: root in a user namespace, without any privilege outside.
fn unshare_as_user() -> bool {
    let (uid, gid) = (getuid(), getgid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWPID).is_ok()
        && fs::write("/proc/self/setgroups", "deny").is_ok()
        && fs::write("/proc/self/uid_map", format!("0 {uid} 1")).is_ok()
        && fs::write("/proc/self/gid_map", format!("0 {gid} 1")).is_ok()
}

/// The judge's first step inside: mounts a `/proc` that shows the processes of the namespace.
pub(crate) fn settle_inside() -> Result<(), ExitCode> {
    end_with_parent();
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    let nothing = None::<&str>;
    let settled = unshare(CloneFlags::CLONE_NEWNS)
        .and_then(|()| mount(nothing, "/", nothing, private, nothing))
        .and_then(|()| mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), nothing));
    let _ = fs::write("/proc/sys/kernel/ns_last_pid", FIRST_PID);
    settled.map_err(|_| ExitCode::from(UNAVAILABLE))
}
