//! Which processes there are.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::entry::{self, ReadProcessError};

/// The numbers of all processes that `/proc` shows, in no particular order. Some may have ended by
/// now.
pub fn process_ids() -> Result<Vec<u32>, ReadProcessError> {
    let entries = entry::checked(|| fs::read_dir("/proc"))?;
    let pid = |name: std::ffi::OsString| name.to_str()?.parse().ok();
    Ok(entries.filter_map(|entry| pid(entry.ok()?.file_name())).collect())
}

/// Whether this process has other threads.
pub(crate) fn has_other_threads() -> bool {
    // The folder of the threads has one link for each of them, and two of its own.
    fs::metadata("/proc/self/task").is_ok_and(|folder| folder.nlink() != 3)
}

/// The numbers of the threads of this process.
pub(crate) fn own_threads() -> Result<Vec<u32>, ReadProcessError> {
    let entries = entry::checked(|| fs::read_dir("/proc/self/task"))?;
    let tid = |name: std::ffi::OsString| name.to_str()?.parse().ok();
    Ok(entries.filter_map(|entry| tid(entry.ok()?.file_name())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_among_them() {
        assert!(process_ids().unwrap().contains(&std::process::id()));
        assert!(own_threads().unwrap().contains(&nix::unistd::gettid().as_raw().cast_unsigned()));
        assert!(has_other_threads(), "that of the test, and the main one");
    }
}
