//! A kernel or a container that lacks something.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::Command;

use minitalk_harness::PATIENCE;

use crate::common::{Scene, helper, run, serving};

/// A command for which a system call is forbidden.
fn forbidding(call: libc::c_long, errno: i32, command: &Command) -> Command {
    let mut forbidding = Command::new(helper("forbid", &[]));
    forbidding.args([call.to_string(), errno.to_string()]);
    forbidding.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            forbidding.env(name, value);
        }
    }
    forbidding
}

#[test]
fn without_pidfds_neither_program_begins_and_both_say_why() {
    let scene = Scene::new();
    for errno in [libc::EPERM, libc::ENOSYS] {
        let ended = run(&mut forbidding(libc::SYS_pidfd_open, errno, &scene.server()));
        assert_eq!((ended.code(), ended.text().as_str()), (1, ""), "{ended:?}");
        assert!(ended.stderr.contains("pidfd"), "{ended:?}");
        let server = serving(&mut scene.server());
        let mut client = scene.client();
        let client = client.args([&server.pid().to_string(), "hi"]);
        let ended = run(&mut forbidding(libc::SYS_pidfd_open, errno, client));
        assert_eq!(ended.code(), 1, "{ended:?}");
        assert!(ended.stderr.contains("pidfd"), "{ended:?}");
        assert_eq!(server.stop().stderr, "", "no bit was sent");
    }
}

/// systemd(1): a name that begins with "@" has no file.
#[test]
fn a_service_manager_without_a_file_is_told() {
    let scene = Scene::new();
    let name = format!("minitalk-strangers-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a short name");
    let socket = UnixDatagram::bind_addr(&address).expect("nobody has the name");
    socket.set_read_timeout(Some(PATIENCE)).expect("it can wait");
    let mut server = scene.server();
    let server = serving(server.env("NOTIFY_SOCKET", format!("@{name}")));
    let mut buffer = [0; 64];
    let count = socket.recv(&mut buffer).expect("it is told");
    assert!(buffer[..count].starts_with(b"READY=1"), "{:?}", &buffer[..count]);
    assert_eq!(server.stop().code(), 0);
}
