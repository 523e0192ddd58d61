//! How many files this process may have open (getrlimit(2)).

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Raises the soft limit on open files to the hard one. The hard one is the error if that changes nothing.
pub(crate) fn raise_limit() -> Result<(), u64> {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Err(0) };
    if soft >= hard || setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_err() {
        return Err(hard);
    }
    Ok(())
}
