//! Several clients, one server.

use minitalk_harness::{PATIENCE, Running, Server};

use crate::common::{BOTH, Speak, assert_delivered, send, start};

/// Sends one line from each client, all at once, and makes sure that each arrives in one piece.
fn send_at_once(clients: u8, speaks: &[Speak]) {
    let server = Server::start();
    let mut lines: Vec<String> =
        (0..clients).map(|number| char::from(b'A' + number).to_string().repeat(200)).collect();
    let running: Vec<Running> = lines
        .iter()
        .zip(speaks.iter().cycle())
        .map(|(line, &speak)| start(speak, server.pid(), line))
        .collect();
    for client in running {
        assert_delivered(&client.finish_within(PATIENCE * 3));
    }
    let end = server.stop();
    let text = end.text();
    let mut shown: Vec<&str> = text.lines().collect();
    shown.sort_unstable();
    lines.sort_unstable();
    assert_eq!(shown, lines);
    assert_eq!((end.code(), end.stderr.as_str()), (0, ""));
}

#[test]
fn one_client_after_another_is_served() {
    let server = Server::start();
    let mut expected = String::new();
    for number in 0..10 {
        for speak in BOTH {
            let text = format!("{speak:?} {number}");
            send(speak, server.pid(), &text);
            expected += &text;
            expected.push('\n');
        }
    }
    assert_eq!(server.stop().text(), expected);
}

#[test]
fn eight_framed_clients_at_once_have_eight_intact_lines() {
    send_at_once(8, &[Speak::Framed]);
}

#[test]
fn eight_classic_clients_at_once_have_eight_intact_lines() {
    send_at_once(8, &[Speak::Classic]);
}

#[test]
fn eight_clients_of_both_protocols_at_once_have_eight_intact_lines() {
    send_at_once(8, &BOTH);
}

#[test]
fn thirty_two_framed_clients_at_once_have_thirty_two_intact_lines() {
    send_at_once(32, &[Speak::Framed]);
}
