//! Messages that must be on the disk before they are confirmed.

use minitalk_harness::{Programs, Server};

use crate::common::{Speak, assert_failed, start};

#[test]
fn what_is_on_no_disk_is_not_confirmed_if_it_was_to_be_on_one() {
    // Standard output is a pipe here.
    let mut command = Programs::build().server();
    let server = Server::start_command(command.args(["--sync", "--output", "/dev/stdout"]));
    let client = start(Speak::Framed, server.pid(), "hi").finish();
    assert_failed(&client, 8, &["refused the message", "could not write"]);
    let end = server.finish();
    assert_eq!(end.code(), 1);
    assert!(end.stderr.contains("has not been confirmed"), "{}", end.stderr);
}
