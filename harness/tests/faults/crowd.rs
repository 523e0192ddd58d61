//! Many clients at once.

use minitalk_harness::{Finished, Programs, Running, Server};

/// Every bit costs the same, however many there are; and each of a hundred first bits may hide another.
#[test]
fn a_hundred_classic_clients_that_begin_at_once_are_all_served() {
    let server = Server::start_with(&["--json"]);
    let word = |number: usize| format!("message {number:03}");
    let clients: Vec<Running> = (0..100)
        .map(|number| {
            let mut client = Programs::build().client();
            client.args(["--protocol", "classic"]);
            Running::spawn(client.arg(server.pid().to_string()).arg(word(number)))
        })
        .collect();
    let ended: Vec<Finished> = clients.into_iter().map(Running::finish).collect();
    let finished = server.stop();
    let said: Vec<&str> = ended
        .iter()
        .filter(|client| client.code() != 0)
        .map(|client| client.stderr.as_str())
        .collect();
    assert!(said.is_empty(), "{said:#?}");
    let text = finished.text();
    let times = |number| text.matches(&format!("\"{}\"", word(number))).count();
    let wrong: Vec<usize> = (0..100).filter(|&number| times(number) != 1).collect();
    assert!(wrong.is_empty(), "{wrong:?} of {text}");
}

#[test]
fn thirty_two_clients_of_both_protocols_get_their_lines_through_intact() {
    let server = Server::start();
    let line = |number: usize| -> String {
        let word = format!("client {number:02} says héllo; ");
        word.chars().cycle().take(200).collect()
    };
    let clients: Vec<Running> = (0..32)
        .map(|number| {
            let protocol = if number % 2 == 0 { "framed" } else { "classic" };
            let mut client = Programs::build().client();
            client.args(["--protocol", protocol, "--timeout", "50s"]);
            Running::spawn(client.arg(server.pid().to_string()).arg(line(number)))
        })
        .collect();
    let ended: Vec<Finished> = clients.into_iter().map(Running::finish).collect();
    let one_more = Programs::build().send(server.pid(), "still here").finish();
    assert_eq!(one_more.code(), 0, "{one_more:?}");
    let finished = server.stop();
    let failed: Vec<&Finished> = ended.iter().filter(|client| client.code() != 0).collect();
    let said: Vec<&str> = failed.iter().map(|client| client.stderr.as_str()).collect();
    assert!(failed.is_empty(), "{said:#?}, {}, {}", finished.stderr, finished.text());
    let text = finished.text();
    let mut shown: Vec<&str> = text.lines().collect();
    shown.sort_unstable();
    let mut expected: Vec<String> = (0..32).map(line).collect();
    expected.push("still here".into());
    expected.sort_unstable();
    assert_eq!(shown, expected, "{}", finished.stderr);
}
