//! The examples of the library, with the real programs at the other end.

use std::process::Command;

use minitalk_harness::{Running, Server, example};
use nix::sys::signal::Signal;

use crate::common::{BOTH, send};

#[test]
fn the_receiving_example_shows_what_the_client_sends() {
    let receiver = Running::spawn(&mut Command::new(example("receive")));
    let pid = format!("{}\n", receiver.pid());
    receiver.wait_for_stdout(|shown| shown == pid.as_bytes());
    for speak in BOTH {
        send(speak, receiver.pid(), "Grüße");
    }
    receiver.wait_for_stdout(|shown| shown == format!("{pid}Grüße\nGrüße\n").as_bytes());
    receiver.signal(Signal::SIGTERM);
    assert_eq!(
        receiver.finish().code(),
        -15,
        "it has not asked for the signals that end a program"
    );
}

#[test]
fn the_sending_example_is_told_what_the_server_has_written() {
    let server = Server::start();
    let program = example("send");
    let mut command = Command::new(&program);
    let sent = Running::spawn(command.args([&server.pid().to_string(), "Grüße"])).finish();
    assert_eq!((sent.code(), sent.text().as_str()), (0, "7 bytes were written\n"), "{sent:?}");
    let mut command = Command::new(&program);
    let command = command.arg(server.pid().to_string());
    let sent = Running::spawn_with_input(command, "from a pipe".to_owned()).finish();
    assert_eq!(sent.text(), "11 bytes were written\n", "{sent:?}");
    server.wait_until_shown("Grüße\nfrom a pipe\n");
}
