//! The programs to be judged, and where they are.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

/// A server and a client that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) server: PathBuf,
    pub(crate) client: PathBuf,
}

/// Why there is nothing to judge.
#[derive(Debug, Error)]
pub(crate) enum FindError {
    #[error(
        "there is no program {name} in {folder}; build it first, or with --make, or say which it \
         is with --{option}"
    )]
    Missing { name: &'static str, folder: PathBuf, option: &'static str },
    #[error("{0} is not a program that can be run")]
    NotAProgram(PathBuf),
    #[error("make could not be run in {folder}: {error}")]
    Make { folder: PathBuf, error: std::io::Error },
    #[error("make failed in {folder}; run it there to see why")]
    MakeFailed { folder: PathBuf },
}

/// Finds the pair in a folder, unless it is named: `server` and `client`, otherwise those of the
/// bonus.
pub(crate) fn find(
    folder: &Path,
    server: Option<&Path>,
    client: Option<&Path>,
) -> Result<Pair, FindError> {
    let one = |named: Option<&Path>, names: [&'static str; 2], option: &'static str| match named {
        Some(path) => program(path).ok_or_else(|| FindError::NotAProgram(path.to_owned())),
        None => names.iter().find_map(|name| program(&folder.join(name))).ok_or_else(|| {
            FindError::Missing { name: names[0], folder: folder.to_owned(), option }
        }),
    };
    Ok(Pair {
        server: one(server, ["server", "server_bonus"], "server")?,
        client: one(client, ["client", "client_bonus"], "client")?,
    })
}

/// The same if one of the two is enough. The other one is then the same program, and is not needed.
pub(crate) fn find_either(
    folder: &Path,
    server: Option<&Path>,
    client: Option<&Path>,
) -> Result<Pair, FindError> {
    match (server, client) {
        (Some(one), None) | (None, Some(one)) => find(folder, Some(one), Some(one)),
        (_, _) => find(folder, server, client),
    }
}

/// The pair of the bonus part, if the folder has one as well.
pub(crate) fn find_bonus(folder: &Path) -> Option<Pair> {
    Some(Pair {
        server: program(&folder.join("server_bonus"))?,
        client: program(&folder.join("client_bonus"))?,
    })
}

/// Builds the folder with its Makefile: the default goal, and `bonus` if there is one.
pub(crate) fn make(folder: &Path) -> Result<(), FindError> {
    let run = |goals: &[&str]| {
        Command::new("make")
            .arg("-C")
            .arg(folder)
            .args(goals)
            .output()
            .map_err(|error| FindError::Make { folder: folder.to_owned(), error })
    };
    if !run(&[])?.status.success() {
        return Err(FindError::MakeFailed { folder: folder.to_owned() });
    }
    // Not every Makefile has it.
    run(&["bonus"]).map(drop)
}

fn program(path: &Path) -> Option<PathBuf> {
    // Keep links: some programs look at the name by which they are called.
    let path = std::path::absolute(path).ok()?;
    let is_program =
        path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0);
    is_program.then_some(path)
}
