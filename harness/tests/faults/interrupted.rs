//! Ctrl-C at the client, anywhere in a transfer.

use minitalk_harness::{random, times};
use nix::sys::signal::Signal;

use crate::common::{RawServer, pause, undisturbed, wait_until_armed};

#[test]
fn an_interrupted_client_exits_with_130_and_the_server_reports_the_cut() {
    let (mut random, rounds) = (random(), times(10, 20));
    let octets = random.octets(600);
    let mut server = RawServer::start();
    let mut whole = undisturbed(&mut server, &octets);
    let (mut interrupted, mut round) = (0, 0);
    while round < rounds || interrupted == 0 {
        round += 1;
        assert!(round <= 100, "none was interrupted");
        let mut client = server.send(&octets, &[]);
        let pid = client.pid();
        wait_until_armed(&mut client);
        pause(&mut random, whole);
        client.signal(Signal::SIGINT);
        let client = client.finish();
        let written = server.serves(&format!("<{round}>"));
        assert!(octets.starts_with(&written), "round {round}: wrong bytes");
        let case = format!("round {round}, {} written: {client:?}", written.len());
        match client.code() {
            0 => {
                assert!(written == octets, "{case}");
                // Perhaps the machine was busier at first.
                whole = whole * 3 / 4;
            }
            // The line is not open yet, or closed again: the signal has the effect that it has on
            // any program.
            -2 => assert!(written.is_empty() || written == octets, "{case}"),
            130 => {
                interrupted += 1;
                assert!(client.stderr.contains("interrupted"), "{case}");
                if !written.is_empty() && written != octets {
                    let octets = written.len();
                    let cut = format!("PID {pid} ended in the middle of a message; {octets} byte");
                    server.server.running().wait_for_stderr(&cut);
                }
            }
            _ => panic!("{case}"),
        }
    }
    println!("{interrupted} of {round} were interrupted before the end");
}
