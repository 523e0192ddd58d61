//! What a process inherits from its parent: descriptors and limits.

use std::os::fd::{AsRawFd, BorrowedFd};

use crate::os_error::OsError;
use crate::sys;

/// Whether `descriptor`, one of standard input, output and error, was closed when the program was
/// started.
///
/// The standard library opens `/dev/null` in place of a closed one before `main`, so that no file
/// that is opened later gets its number. A program that needs the real one asks here; otherwise its
/// input is empty or its output is lost, without an error.
///
/// Always false for other descriptors.
#[must_use]
pub fn was_closed_at_start(descriptor: BorrowedFd<'_>) -> bool {
    let closed = sys::closed_at_start();
    u32::try_from(descriptor.as_raw_fd()).is_ok_and(|fd| fd < 3 && closed & (1 << fd) != 0)
}

/// Makes a write beyond the limit on the size of files (`RLIMIT_FSIZE`, getrlimit(2)) fail with
/// `EFBIG`, like one on a full disk, instead of killing the process with `SIGXFSZ`.
///
/// # Errors
///
/// None in practice: the signal exists and may be ignored.
pub fn survive_file_size_limit() -> Result<(), OsError> {
    sys::ignore_file_size_signal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;
    use std::io::{stderr, stdin, stdout};
    use std::os::fd::AsFd;
    use std::process::Command;

    #[test]
    fn a_descriptor_that_was_closed_at_the_start_is_known_although_it_is_open_by_now() {
        let closed = [stdin().as_fd(), stdout().as_fd(), stderr().as_fd()].map(was_closed_at_start);
        if env::var_os("CLOSED_AT_START").is_some() {
            std::process::exit(
                closed.iter().map(|&closed| i32::from(closed)).fold(0, |a, b| a * 2 + b),
            );
        }
        assert_eq!(closed, [false; 3]);
        let own = env::current_exe().unwrap();
        let test = "a_descriptor_that_was_closed_at_the_start_is_known_although_it_is_open_by_now";
        for (redirection, code) in
            [("<&-", 4), (">&-", 2), ("2>&-", 1), ("<&- >&- 2>&-", 7), ("", 0)]
        {
            let line = format!("exec \"$0\" {test} {redirection}");
            let mut shell = Command::new("sh");
            let status = shell.args(["-c", &line]).arg(&own).env("CLOSED_AT_START", "").status();
            assert_eq!(status.unwrap().code(), Some(code), "{redirection}");
        }
    }
}
