//! Client and server of different users.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use minitalk_harness::{Programs, Server};

#[test]
fn a_client_of_root_is_refused_by_a_server_that_could_not_answer() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can run a server as somebody else");
        return;
    }
    // The target folder may be closed to others.
    let program = env::temp_dir().join(format!("minitalk-server-{}", std::process::id()));
    fs::copy(Programs::build().server_path(), &program).expect("a copy of the server");
    let _removed = Removed(&program);
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--clear-groups"]).arg(&program);
    let mut server = Server::start_command(&mut command);
    let client = Programs::build().send(server.pid(), "hello").finish();
    assert_eq!(client.code(), 4, "{client:?}");
    assert!(client.stderr.contains("who may not signal this one"), "{client:?}");
    assert!(client.stderr.contains("run client and server as the same user"), "{client:?}");
    assert_eq!(server.running().stderr_so_far(), "");
    assert_eq!(server.stop().text(), "", "no bit was sent");
}

struct Removed<'p>(&'p Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.0);
    }
}
