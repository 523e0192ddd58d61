//! Where the folder of entries is, or should be.

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

/// The path of a folder of entries, which need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// The parent folder.
    pub(super) parent: PathBuf,
    /// Its name in there.
    pub(super) child: String,
    /// Who must own it.
    pub(super) owner: Owner,
}

/// Who must own a folder of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// This user, who must own the parent too, unless root does.
    Own,
    /// This user; the parent is `/tmp`, whose owner everyone has to trust.
    OwnInTmp,
    /// Anyone. Only the owner's processes are valid.
    Anybody,
}

const CHILD: &str = "minitalk";
const SESSIONS: &str = "/run/user";
const TMP: &str = "/tmp";
const PREFIX: &str = "minitalk-";

/// Where this user's entries are created.
pub(super) fn own() -> Site {
    from_environment().or_else(session).unwrap_or_else(fallback)
}

/// Where entries are looked for, the most likely place first.
pub(super) fn all() -> Vec<Site> {
    let own = [from_environment(), session(), Some(fallback())];
    let mut places: Vec<Site> = own.into_iter().flatten().collect();
    if geteuid().is_root() {
        places.extend(of_other_users(&places));
    }
    places
}

fn from_environment() -> Option<Site> {
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)?;
    // The XDG Base Directory Specification: a path that is not absolute must be ignored.
    runtime.is_absolute().then(|| inside(runtime, Owner::Own))
}

fn session() -> Option<Site> {
    let uid = geteuid().as_raw();
    let runtime = Path::new(SESSIONS).join(uid.to_string());
    is_folder_of(&runtime, uid).then(|| inside(runtime, Owner::Own))
}

fn fallback() -> Site {
    in_tmp(format!("{PREFIX}{}", geteuid().as_raw()), Owner::OwnInTmp)
}

fn of_other_users(own: &[Site]) -> Vec<Site> {
    let named = from_environment().map(|site| Site { owner: Owner::Anybody, ..site });
    let sessions =
        files(SESSIONS).map(|name| inside(Path::new(SESSIONS).join(name), Owner::Anybody));
    let fallbacks = files(TMP).filter(|name| {
        let uid = name.strip_prefix(PREFIX).and_then(|uid| uid.parse().ok());
        uid.is_some_and(|uid| is_folder_of(&Path::new(TMP).join(name), uid))
    });
    let fallbacks = fallbacks.map(|name| in_tmp(name, Owner::Anybody));
    let is_new = |site: &Site| {
        !own.iter().any(|own| own.owner == Owner::OwnInTmp && own.child == site.child)
    };
    named.into_iter().chain(sessions).chain(fallbacks).filter(is_new).collect()
}

fn inside(parent: PathBuf, owner: Owner) -> Site {
    Site { parent, child: CHILD.to_owned(), owner }
}

fn in_tmp(child: String, owner: Owner) -> Site {
    Site { parent: PathBuf::from(TMP), child, owner }
}

fn files(folder: &str) -> impl Iterator<Item = String> {
    let files = fs::read_dir(folder).into_iter().flatten();
    files.filter_map(|file| String::from_utf8(file.ok()?.file_name().as_bytes().to_vec()).ok())
}

fn is_folder_of(path: &Path, uid: u32) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == uid)
}
