//! Which processes are known to belong to this project, by what nobody can choose: never by a name
//! alone.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use minitalk_signals::Executable;

use super::decide::Part;
use crate::names;

/// How a process was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recognition {
    /// It runs the same program as this process, or the other one that lies next to it: the same
    /// file, not just the same name.
    Executable,
    /// As far as can be seen it is a [`Line`](minitalk_signals::Line): our client in another
    /// folder, or a program with this library. Senders only.
    Line,
    /// It has registered itself as a listener ([`names`]), and is still running.
    Registered,
}

/// The executables of this project, each looked up when it is first needed: the one of this
/// process, and the two next to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ours {
    folder: OnceLock<Option<PathBuf>>,
    own: OnceLock<Option<Executable>>,
    server: OnceLock<Option<Executable>>,
    client: OnceLock<Option<Executable>>,
}

impl Ours {
    /// How the process `pid`, which runs `executable`, is recognised in its role.
    pub(super) fn recognise(
        &self,
        part: Part,
        pid: u32,
        executable: Option<Executable>,
    ) -> Option<Recognition> {
        if executable.is_some() && (executable == self.beside(part) || executable == self.own()) {
            return Some(Recognition::Executable);
        }
        // Only listeners register, and the names are not searched for each stray signal.
        let is_registered = part == Part::Server && names::of(pid).is_some();
        is_registered.then_some(Recognition::Registered)
    }

    fn own(&self) -> Option<Executable> {
        *self.own.get_or_init(|| Executable::own().ok())
    }

    /// The program for this role that lies next to this one.
    fn beside(&self, part: Part) -> Option<Executable> {
        let (found, name) = match part {
            Part::Server => (&self.server, "minitalk-server"),
            Part::Sender => (&self.client, "minitalk-client"),
        };
        *found.get_or_init(|| Executable::at(&self.folder()?.join(name)).ok())
    }

    fn folder(&self) -> Option<&Path> {
        let find = || Some(env::current_exe().ok()?.parent()?.to_owned());
        self.folder.get_or_init(find).as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process;

    #[expect(clippy::unnecessary_wraps, reason = "what is looked up may be missing")]
    fn file(device: u64, inode: u64) -> Option<Executable> {
        Some(Executable { device, inode })
    }

    #[test]
    fn a_program_is_known_by_its_file_and_its_part() {
        let known = |device, inode| OnceLock::from(file(device, inode));
        let ours =
            Ours { own: known(1, 1), server: known(1, 2), client: known(1, 3), ..Ours::default() };
        let by = |part, executable| ours.recognise(part, process::id(), executable);
        for (part, executable, is_ours) in [
            (Part::Server, file(1, 1), true),
            (Part::Server, file(1, 2), true),
            (Part::Server, file(1, 3), false),
            (Part::Server, file(2, 2), false),
            (Part::Server, None, false),
            (Part::Sender, file(1, 1), true),
            (Part::Sender, file(1, 2), false),
            (Part::Sender, file(1, 3), true),
            (Part::Sender, None, false),
        ] {
            let known = is_ours.then_some(Recognition::Executable);
            assert_eq!(by(part, executable), known, "{part:?} {executable:?}");
        }
    }

    #[test]
    fn what_cannot_be_found_is_nobody() {
        let nothing = || OnceLock::from(None);
        let ours = Ours { own: nothing(), server: nothing(), client: nothing(), ..Ours::default() };
        assert_eq!(ours.recognise(Part::Sender, process::id(), None), None);
    }

    #[test]
    fn a_copy_is_another_file_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("minitalk-server");
        fs::copy(env::current_exe().unwrap(), &copy).unwrap();
        let ours = Ours::default();
        let copied = Executable::at(&copy).ok();
        assert!(ours.own().is_some() && copied.is_some());
        assert_eq!(ours.recognise(Part::Sender, process::id(), copied), None);
        assert!(ours.recognise(Part::Sender, process::id(), ours.own()).is_some());
    }
}
