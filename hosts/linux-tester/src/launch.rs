//! How a program of the pair is started: so that it ends with the tester, whatever happens.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{Uid, setuid};

use crate::role::Role;

/// The exit code of a program that could not be started, as in shells.
pub(crate) const NOT_STARTED: i32 = 127;

/// A command that runs `program` in a process group of its own, without input and output.
pub(crate) fn command(program: &Path) -> Command {
    launcher(program, "")
}

/// The same as another user, nobody; only root can do that.
pub(crate) fn command_as_nobody(program: &Path) -> Command {
    launcher(program, "65534")
}

fn launcher(program: &Path, user: &str) -> Command {
    let mut command = Role::Launch.command();
    command
        .arg(user)
        .arg(program)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(folder) = program.parent() {
        command.current_dir(folder);
    }
    command
}

/// Becomes the program named by the arguments.
pub(crate) fn become_program(arguments: &[OsString]) -> ExitCode {
    let [user, program, words @ ..] = arguments else { return ExitCode::from(2) };
    // An empty mask and no ignored signals, whatever this program inherited.
    let _ = SigSet::empty().thread_set_mask();
    // A broken program that dumps core a hundred times would fill the disk.
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    if let Some(uid) = user.to_str().and_then(|user| user.parse().ok())
        && setuid(Uid::from_raw(uid)).is_err()
    {
        return ExitCode::from(126);
    }
    end_with_parent();
    let error = Command::new(program).args(words).exec();
    eprintln!("cannot start {}: {error}", Path::new(program).display());
    ExitCode::from(127)
}

/// Makes the kernel kill this process when its parent ends.
pub(crate) fn end_with_parent() {
    let _ = set_pdeathsig(Signal::SIGKILL);
}
