//! What the relay does to a symbol that it passes on.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::{compile, tester};

const TEXT: &[u8] = b"AAAA";

/// Sends the text through a relay that does this to the first symbol of the client. Returns what
/// the relay has seen, and what the server has shown. The macros are those of the server and the
/// client.
fn relayed(action: &Value, limit_millis: u64, [server, client]: [&str; 2]) -> (Value, Vec<u8>) {
    let mut server = Command::new(compile("server", server))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server can be run");
    let mut output = BufReader::new(server.stdout.take().expect("it is piped"));
    let mut pid = String::new();
    output.read_line(&mut pid).expect("it shows its PID, and handles both signals by then");
    let plan = json!({
        "server": server.id(), "client": compile("client", client), "text": TEXT,
        "replay": [], "times": 1, "receives": null, "passing": "Taken",
        "steps": [{"when": {"from": "Client", "index": 0}, "what": action}],
        "limit_millis": limit_millis,
    });
    let relay = Command::new(tester()).arg("as:relay").arg(plan.to_string()).output();
    let relay = relay.expect("the relay can be run");
    server.kill().expect("the server is ours");
    server.wait().expect("the server is ours");
    let mut shown = Vec::new();
    output.read_to_end(&mut shown).expect("the server has ended");
    let recording = serde_json::from_slice(&relay.stdout).unwrap_or_else(|_| panic!("{relay:?}"));
    (recording, shown)
}

fn count(recording: &Value, party: &str) -> usize {
    let symbols = recording["symbols"].as_array().expect("a recording has symbols");
    symbols.iter().filter(|symbol| symbol["from"] == party).count()
}

#[test]
fn a_symbol_that_is_doubled_arrives_twice() {
    // A second answer would let the client run ahead, so there are no answers.
    let pair = ["NO_ANSWER", "LOOK=60000000"];
    let (recording, shown) = relayed(&json!("Double"), 60_000, pair);
    // Every bit is one place late: 0 0100000, 1 0100000 and so on.
    assert_eq!(shown, b" \xA0\xA0\xA0\x80");
    assert_eq!(count(&recording, "Client"), 40);
}

#[test]
fn a_symbol_that_is_dropped_is_not_answered() {
    let (recording, shown) = relayed(&json!("Drop"), 300, ["", ""]);
    assert_eq!((count(&recording, "Client"), count(&recording, "Server")), (1, 0));
    assert_eq!(shown, b"");
}

#[test]
fn a_symbol_that_is_held_back_does_no_harm() {
    let (recording, shown) = relayed(&json!({"Hold": 50}), 60_000, ["", ""]);
    assert_eq!(shown, b"AAAA\n");
    let first = &recording["symbols"][0];
    let nanos = |key: &str| first[key].as_u64().expect("it was passed on");
    assert!(nanos("passed_nanos") - nanos("at_nanos") >= 50_000_000, "{first}");
}
