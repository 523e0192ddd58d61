//! Hardly any resources.

use std::path::Path;
use std::process::Command;

use minitalk_harness::{Programs, Running, Server, random};

use crate::common::RawServer;

/// A command that runs `program` after the shell has set a limit.
fn limited(limit: &str, program: &Path) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", &format!("ulimit {limit} && exec \"$@\""), "bash"]).arg(program);
    command
}

#[test]
fn nothing_needs_room_in_the_signal_queue() {
    let programs = Programs::build();
    let octets = random().octets(600);
    for (client_limit, server_limit) in [("-i 0", "-i 0"), ("-i 0", "-c 0"), ("-c 0", "-i 0")] {
        let command = &mut limited(server_limit, programs.server_path());
        let mut server = RawServer::of(Server::start_command(command.arg("--raw")));
        let mut client = limited(client_limit, programs.client_path());
        client.arg(server.pid().to_string());
        let client = Running::spawn_with_input(&mut client, octets.clone()).finish();
        assert_eq!(client.code(), 0, "{client_limit}, {server_limit}: {client:?}");
        assert!(server.serves("<still here>") == octets);
    }
}
