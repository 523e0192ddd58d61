//! Either end is stopped and continued, anywhere in a transfer.

use std::time::Duration;

use minitalk_harness::{Programs, Running, Server};
use nix::sys::signal::Signal;

use crate::common::{Random, RawServer, undisturbed};

const STOPS: u32 = 50;

#[derive(Clone, Copy, Debug)]
enum End {
    Client,
    Server,
}

#[test]
fn a_transfer_survives_stops_of_either_end() {
    let mut random = Random::new();
    for end in [End::Client, End::Server] {
        let octets = random.octets(1_500);
        let mut server = RawServer::start();
        let whole = undisturbed(&mut server, &octets);
        let (mut stops, mut transfers) = (0, 0);
        while stops < STOPS {
            let mut client = server.send(&octets, &[]);
            while stops < STOPS && client.is_running() {
                random.pause(whole / 4);
                let stopped: &Running = match end {
                    End::Client => &client,
                    End::Server => server.server.running(),
                };
                stopped.signal(Signal::SIGSTOP);
                random.pause(Duration::from_millis(40));
                stopped.signal(Signal::SIGCONT);
                stops += 1;
            }
            let client = client.finish();
            assert_eq!(client.code(), 0, "{end:?}: {client:?}");
            transfers += 1;
            let written = server.serves(&format!("<{transfers}>"));
            assert!(written == octets, "{end:?}: wrong bytes");
        }
        println!("{end:?}: {STOPS} stops in {transfers} transfers");
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
