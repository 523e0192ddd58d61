//! Either end is stopped and continued, anywhere in a transfer.

use std::time::Duration;

use minitalk_harness::{Programs, Running, Server, random, times};
use nix::sys::signal::Signal;

use crate::common::{RawServer, pause, undisturbed};

#[derive(Clone, Copy, Debug)]
enum End {
    Client,
    Server,
}

#[test]
fn a_transfer_survives_stops_of_either_end() {
    let (mut random, most) = (random(), times(12, 50));
    for end in [End::Client, End::Server] {
        let octets = random.octets(1_500);
        let mut server = RawServer::start();
        let whole = undisturbed(&mut server, &octets);
        let (mut stops, mut transfers) = (0, 0);
        while stops < most {
            let mut client = server.send(&octets, &[]);
            while stops < most && client.is_running() {
                pause(&mut random, whole / 4);
                let stopped: &Running = match end {
                    End::Client => &client,
                    End::Server => server.server.running(),
                };
                stopped.signal(Signal::SIGSTOP);
                pause(&mut random, Duration::from_millis(40));
                stopped.signal(Signal::SIGCONT);
                stops += 1;
            }
            let client = client.finish();
            assert_eq!(client.code(), 0, "{end:?}: {client:?}");
            transfers += 1;
            let written = server.serves(&format!("<{transfers}>"));
            assert!(written == octets, "{end:?}: wrong bytes");
        }
        println!("{end:?}: {most} stops in {transfers} transfers");
    }
}

#[test]
fn a_stopped_server_is_named_and_waited_for() {
    let mut server = Server::start();
    server.running().signal(Signal::SIGSTOP);
    let client = Programs::build().send(server.pid(), "patience");
    let pid = server.pid();
    let said =
        format!("PID {pid} is stopped; waiting for it; continue it with: kill -CONT {pid}\n");
    let _ = client.wait_for_stderr(&said);
    server.running().signal(Signal::SIGCONT);
    let client = client.finish();
    assert_eq!(client.code(), 0, "{client:?}");
    server.wait_until_shown("patience\n");
}
