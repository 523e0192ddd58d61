//! Many clients at once.

use minitalk_harness::{Finished, Programs, Running, Server};

/// A bit costs the same however many clients there are, and each of a hundred first bits may hide
/// another.
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
    assert_each_sent(&ended, &finished);
    assert_each_shown_once(&finished, (0..100).map(word));
}

// On a terminal, a message that slows down is put aside and marked while another one is shown. So
// the text of each is looked for in JSON, which has it as a whole.
#[test]
fn thirty_two_clients_of_both_protocols_get_their_lines_through_intact() {
    let server = Server::start_with(&["--json"]);
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
    assert_each_sent(&ended, &finished);
    let lines = (0..32).map(line).chain(["still here".into()]);
    assert_each_shown_once(&finished, lines);
}

fn assert_each_sent(ended: &[Finished], server: &Finished) {
    let failed = ended.iter().filter(|client| client.code() != 0);
    let said: Vec<&str> = failed.map(|client| client.stderr.as_str()).collect();
    assert!(said.is_empty(), "{said:#?}, {}, {}", server.stderr, server.text());
}

fn assert_each_shown_once(server: &Finished, texts: impl Iterator<Item = String>) {
    let shown = server.text();
    let times = |text: &str| shown.matches(&format!("\"{text}\"")).count();
    let wrong: Vec<String> = texts.filter(|text| times(text) != 1).collect();
    assert!(wrong.is_empty(), "{wrong:?} of {shown}");
}
