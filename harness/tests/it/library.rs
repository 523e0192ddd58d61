//! The examples of the library, with the real programs at the other end.

use std::process::Command;

use minitalk_harness::{Running, example};
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
    assert_eq!(receiver.finish().code(), 0);
}
