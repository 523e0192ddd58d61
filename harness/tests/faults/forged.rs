//! Signals with a forged sender in their siginfo.

use std::process::Command;

use minitalk_harness::{Finished, Running, random};

use crate::common::{RawServer, helper, wait_until_armed};

fn forge(pid: u32, named: u32, code: i32, count: u32) -> Finished {
    let numbers = [i64::from(pid), named.into(), code.into(), count.into(), 50];
    let arguments = numbers.map(|number| number.to_string());
    Running::spawn(Command::new(helper("forge")).args(arguments)).finish()
}

#[test]
fn forged_signals_are_strays_wherever_they_go() {
    let octets = random().octets(4 * 1024);
    let mut server = RawServer::start();
    let mut client = server.send(&octets, &["--timeout", "50s"]);
    wait_until_armed(&mut client);
    let (server_pid, client_pid) = (server.pid(), client.pid());
    assert_eq!(forge(server_pid, client_pid, libc::SI_QUEUE, 1_000).text(), "sent 1000\n");
    forge(client_pid, server_pid, libc::SI_QUEUE, 1_000);
    let client = client.finish();
    assert_eq!(client.code(), 0, "{client:?}");
    assert!(server.serves("<still here>") == octets);
    let said = server.server.stop().stderr;
    assert!(
        said.contains("ignored a signal that was not sent with kill(2) (si_code -1)"),
        "{said}"
    );
    assert!(said.contains("stray signals in all"), "{said}");
}

#[test]
fn the_kernel_lets_nobody_forge_what_is_believed() {
    let mut server = RawServer::start();
    for code in [libc::SI_USER, libc::SI_TKILL, libc::SI_KERNEL] {
        let forged = forge(server.pid(), std::process::id(), code, 3);
        assert_eq!(forged.text(), "sent 0\n", "si_code {code}");
    }
    assert_eq!(server.serves("<untouched>"), b"");
}
