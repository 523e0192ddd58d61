//! How many files this process may have open (getrlimit(2)).

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// How many descriptors are kept free for whatever else the program opens now and then, above all
/// files in `/proc`.
const SPARE: u64 = 8;

/// Makes sure that some more descriptors can be opened after `last`, which was opened just now: if
/// few are left, raises the soft limit to the hard one. If that is not enough, the error is the
/// hard limit.
pub(crate) fn keep_some_spare(last: BorrowedFd<'_>) -> Result<(), u64> {
    // The kernel assigns the lowest free number (open(2)).
    let wanted = u64::from(last.as_raw_fd().cast_unsigned()).saturating_add(1 + SPARE);
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) if wanted <= soft => Ok(()),
        Ok((_, hard)) if wanted > hard => Err(hard),
        Ok((_, hard)) => setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(|_| hard),
        Err(_) => Ok(()),
    }
}
