//! The namespaces that a process lives in (namespaces(7)).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process;

use super::entry::{self, ReadProcessError};

/// A PID namespace (`pid_namespaces(7)`): the numbers of processes have a meaning only inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PidNamespace {
    /// The device of `/proc/PID/ns/pid`.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

impl PidNamespace {
    /// The namespace of the process `pid`. Requires the permission to look at that process.
    pub fn of(pid: u32) -> Result<Self, ReadProcessError> {
        let (device, inode) = namespace(pid, "ns/pid")?;
        Ok(Self { device, inode })
    }

    /// The namespace of this process.
    pub fn own() -> Result<Self, ReadProcessError> {
        Self::of(process::id())
    }
}

/// The inode of the first user namespace (`PROC_USER_INIT_INO` of the kernel).
const FIRST_USER_NAMESPACE: u64 = 0xEFFF_FFFD;

/// Whether a capability of the process `holder` is valid for the process `target`.
///
/// It is valid in the user namespace where it was granted, and in those inside it
/// (`user_namespaces(7)`). If that cannot be seen it is assumed to be valid: if the kernel decides
/// otherwise, no signal comes.
pub(super) fn capabilities_reach(holder: u32, target: u32) -> bool {
    let user = |pid| namespace(pid, "ns/user").ok();
    match (user(holder), user(target)) {
        (Some(holder), Some(target)) => holder == target || holder.1 == FIRST_USER_NAMESPACE,
        _ => true,
    }
}

fn namespace(pid: u32, name: &str) -> Result<(u64, u64), ReadProcessError> {
    let found = entry::checked(|| fs::metadata(entry::path(pid, name)))?;
    Ok((found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_in_the_namespace_of_its_tests() {
        assert_eq!(PidNamespace::own(), PidNamespace::own());
        assert_ne!(PidNamespace::own().unwrap().inode, 0);
    }

    #[test]
    fn a_capability_counts_in_the_namespace_it_was_granted_in() {
        assert!(capabilities_reach(process::id(), process::id()));
    }
}
