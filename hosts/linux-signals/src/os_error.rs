//! An `errno` that can be compared and copied.

use std::fmt;
use std::io;

/// An error number of the kernel (errno(3)), for failures that have no error variant of their own.
///
/// Unlike [`io::Error`] it is `Copy` and `Eq`, and so are the errors that contain it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OsError(i32);

impl OsError {
    /// The number, such as `libc::EPERM`.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }
}

impl fmt::Display for OsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        io::Error::from_raw_os_error(self.0).fmt(f)
    }
}

impl std::error::Error for OsError {}

impl From<OsError> for io::Error {
    fn from(error: OsError) -> Self {
        Self::from_raw_os_error(error.0)
    }
}

impl From<nix::Error> for OsError {
    fn from(errno: nix::Error) -> Self {
        Self(errno as i32)
    }
}

impl From<rustix::io::Errno> for OsError {
    fn from(errno: rustix::io::Errno) -> Self {
        Self(errno.raw_os_error())
    }
}

impl From<&io::Error> for OsError {
    /// An error that did not come from the kernel becomes `EIO`.
    fn from(error: &io::Error) -> Self {
        Self(error.raw_os_error().unwrap_or(libc::EIO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_survives_the_way_through_every_type() {
        let error = OsError::from(nix::Error::EPERM);
        assert_eq!(error, OsError::from(rustix::io::Errno::PERM));
        assert_eq!(error, OsError::from(&io::Error::from(error)));
        assert_eq!(error.raw(), libc::EPERM);
        assert!(error.to_string().starts_with("Operation not permitted"), "{error}");
    }
}
