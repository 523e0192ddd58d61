//! Notifies systemd, or whatever else has set `NOTIFY_SOCKET` (`sd_notify(3)`).

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends `state` to the service manager. If there is none, that is not an error.
pub(super) fn tell(state: &str) {
    if let Some(path) = env::var_os("NOTIFY_SOCKET") {
        // A manager that does not listen is not this program's problem.
        let _ = send(&path, state);
    }
}

fn send(path: &OsStr, state: &str) -> io::Result<usize> {
    let address = match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        name => SocketAddr::from_pathname(OsStr::from_bytes(name))?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.send_to_addr(state.as_bytes(), &address)
}
