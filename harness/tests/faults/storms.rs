//! A third process sends signals, to the server or to the client, during a transfer.

use std::time::Duration;

use minitalk_harness::{Programs, Running, Server, random, times};

use crate::common::{RawServer, Stormer, contains, sent, storm, wait_until_armed};

const PAUSE: Duration = Duration::from_micros(50);

/// The length of a message in a storm.
fn message_octets() -> usize {
    times(8 * 1024, 64 * 1024) as usize
}

/// The number of signals of a storm with pauses.
fn signals() -> u32 {
    times(2_500, 20_000)
}

/// A limit for that many on a busy machine.
const LONG: Duration = Duration::from_secs(240);

#[test]
fn a_storm_at_the_server_damages_nothing_and_ends_nothing() {
    let mut random = random();
    for stormer in [Stormer::TurnedAway, Stormer::Answered] {
        for symbols in ["0", "1", "01"] {
            let octets = random.octets(message_octets());
            let mut server = RawServer::start();
            let storm = storm(server.pid(), symbols, signals(), PAUSE, stormer);
            let client = server.send_file(&octets, &["--timeout", "50s"]).finish_within(LONG);
            let case = format!("{stormer:?} {symbols}: {client:?}");
            assert_eq!(client.code(), 0, "{case}");
            println!("{symbols} {stormer:?}: {} signals", sent(storm));
            let written = server.serves("<still here>");
            // What the stormer has spelled is a separate message, before or after.
            assert!(contains(&written, &octets), "{case}");
        }
    }
}

#[test]
fn a_storm_at_the_client_delays_it_and_damages_nothing() {
    let mut random = random();
    for symbols in ["0", "1", "01"] {
        let octets = random.octets(message_octets());
        let mut server = RawServer::start();
        let mut client = server.send(&octets, &["--timeout", "50s"]);
        wait_until_armed(&mut client);
        let storm = storm(client.pid(), symbols, signals(), PAUSE, Stormer::Answered);
        let client = client.finish_within(LONG);
        assert_eq!(client.code(), 0, "{symbols}: {client:?}");
        println!("{symbols}: {} signals", sent(storm));
        assert!(server.serves("<still here>") == octets, "{symbols}");
    }
}

#[test]
fn a_client_that_is_starved_by_a_storm_says_so() {
    let mut random = random();
    for symbols in ["0", "1", "01"] {
        let octets = random.octets(message_octets());
        let mut server = RawServer::start();
        let mut client = server.send(&octets, &["--timeout", "300ms"]);
        wait_until_armed(&mut client);
        // Without a pause: its signals are pending nearly all the time.
        let storm = storm(client.pid(), symbols, 3_000_000, Duration::ZERO, Stormer::Answered);
        let client = client.finish();
        println!("{symbols}: exit {}, {} signals", client.code(), sent(storm));
        let written = server.serves("<still here>");
        match client.code() {
            0 => assert!(written == octets, "{symbols}: a false receipt"),
            5 => {
                assert!(client.stderr.contains(" for 0.3 s; "), "{client:?}");
                assert!(octets.starts_with(&written), "{symbols}: wrong bytes");
                assert_ne!(written, octets, "all was written, so the outcome was unknown");
            }
            7 => {
                assert!(client.stderr.contains("whether it was written is unknown"), "{client:?}");
                assert!(octets.starts_with(&written), "{symbols}: wrong bytes");
            }
            _ => panic!("{symbols}: {client:?}"),
        }
    }
}

#[test]
fn classic_is_either_intact_or_not_confirmed() {
    let text: String = ('a'..='z').cycle().take(500).collect();
    let mut exits = Vec::new();
    // Three kinds of storm at four places.
    for round in 0..times(12, 24) {
        let server = Server::start();
        let mut client = Programs::build().client();
        client.args(["--protocol", "classic", &server.pid().to_string(), &text]);
        let mut client = Running::spawn(&mut client);
        wait_until_armed(&mut client);
        let symbols = ["0", "1", "01"][round as usize % 3];
        let (pid, stormer) = match round / 3 % 4 {
            0 => (server.pid(), Stormer::TurnedAway),
            1 => (server.pid(), Stormer::Answered),
            _ => (client.pid(), Stormer::Answered),
        };
        let storm = storm(pid, symbols, 8, Duration::from_micros(700), stormer);
        let client = client.finish();
        drop(storm);
        let next = Programs::build().send(server.pid(), "still here").finish();
        assert_eq!(next.code(), 0, "{next:?}");
        let shown = server.stop().text();
        let intact = shown.lines().any(|line| line == text);
        let case = format!("{symbols} {stormer:?} {client:?}, shown: {shown:?}");
        assert!(shown.contains("still here"), "{case}");
        match client.code() {
            0 => assert!(intact, "a false receipt: {case}"),
            3 | 5 | 6 | 7 => assert!(client.stderr.starts_with("minitalk-client: PID "), "{case}"),
            _ => panic!("{case}"),
        }
        exits.push(client.code());
    }
    println!("exit codes: {exits:?}");
}
