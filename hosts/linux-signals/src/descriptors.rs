//! How many files this process may have open (getrlimit(2)).

use std::os::fd::{AsRawFd, BorrowedFd};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// So many descriptors are left to whatever else the program opens now and then: a look into
/// `/proc` above all.
const SPARE: u64 = 8;

/// Sees to it that some can be opened after `last`, which was opened just now: raises the soft
/// limit to the hard one if there are few left. The hard limit is the error if that does not
/// suffice.
pub(crate) fn keep_some_spare(last: BorrowedFd<'_>) -> Result<(), u64> {
    // The lowest number that is free is taken (open(2)).
    let wanted = u64::from(last.as_raw_fd().cast_unsigned()).saturating_add(1 + SPARE);
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) if wanted <= soft => Ok(()),
        Ok((_, hard)) if wanted > hard => Err(hard),
        Ok((_, hard)) => setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_err(|_| hard),
        Err(_) => Ok(()),
    }
}
