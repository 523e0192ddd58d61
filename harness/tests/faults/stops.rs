//! Either end is stopped and continued, anywhere in a transfer.

use std::time::Duration;

use minitalk_harness::{Finished, Programs, Running, Server, random, times};
use nix::sys::signal::Signal;

use crate::common::{RawServer, mask, pause, undisturbed, wait_until};

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

/// Signals do not queue: two equal first bits at the same time must be pending in two places. Later
/// bits are sent again now and then if the machine is busy, first ones that met would be each time.
#[test]
fn the_first_bits_of_two_clients_do_not_meet_at_a_stopped_server() {
    let attempts = (0..5).map(|_| send_two_at_once());
    let again = |client: &Finished| !client.stderr.contains("0 bits sent again, 0 frames");
    let undisturbed = attempts.filter(|clients| !clients.iter().any(again)).take(1).count();
    assert_eq!(undisturbed, 1, "a bit was sent again in each of five attempts");
}

fn send_two_at_once() -> Vec<Finished> {
    let mut server = Server::start();
    let pid = server.pid();
    let send = |text: &str| {
        let mut client = Programs::build().client();
        Running::spawn(client.args(["--stats", &pid.to_string(), text]))
    };
    let of_thread = || mask(pid, "SigPnd") != 0;
    let of_process = || mask(pid, "ShdPnd") != 0;
    server.running().signal(Signal::SIGSTOP);
    let mut clients = vec![send("one")];
    wait_until(|| of_thread() || of_process());
    if of_thread() {
        clients.push(send("two"));
        wait_until(of_process);
    } else {
        println!("only one client: before Linux 6.9 there is one place for all");
    }
    server.running().signal(Signal::SIGCONT);
    let clients: Vec<Finished> = clients.into_iter().map(Running::finish).collect();
    for client in &clients {
        assert_eq!(client.code(), 0, "{client:?}");
    }
    clients
}
