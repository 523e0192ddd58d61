//! Other people's minitalks: each dialect with a peer in plain C, in both directions, and between
//! our own programs.

use std::env;
use std::io::{self, Write};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use minitalk_core::classic::Setting;
use minitalk_harness::{Finished, Programs, Running, Server};

use crate::common::{assert_delivered, assert_failed};
use crate::peers::compile;

/// A dialect, as our option and as the macros of `peers/dialect.h`.
struct Peer<'a> {
    dialect: &'a str,
    macros: &'a str,
}

/// Milliseconds between bits that are not acknowledged, one value per attempt. The other end must
/// get the processor in between; if the machine is busy for longer, a bit is lost unnoticed. These
/// dialects promise no more.
const PACES_MILLIS: [u64; 4] = [10, 40, 160, 640];

/// More bits than any message that is sent this way has.
const PACED_BITS_MAX: u32 = 200;

/// How long a server may take to show a text that its client did not wait for.
const SETTLED: Duration = Duration::from_secs(3);

impl Peer<'_> {
    fn is_paced(&self) -> bool {
        self.dialect.contains("ack=none") || self.dialect.contains("ack=byte")
    }

    /// Without a receipt, our client does not call a message delivered.
    fn has_receipt(&self) -> bool {
        !["receipt=none", "nothing-instead"].iter().any(|none| self.dialect.contains(none))
    }

    /// Sends the texts in both directions.
    fn converse(&self, texts: &[&str]) {
        let c_client = |pace_millis: u64| {
            compile("client", &format!("{} PACE={}", self.macros, pace_millis * 1000))
        };
        let quick_client = c_client(PACES_MILLIS[0]);
        let c_server = compile("server", self.macros);
        let dialect = format!("--dialect={}", self.dialect);
        let to_c = || Server::start_command(&mut Command::new(&c_server));
        let to_us = || Server::start_with(&[&dialect]);
        let from_c = |pid: &str, text: &str, pace: u64| {
            let slower = (pace != PACES_MILLIS[0]).then(|| c_client(pace));
            Running::spawn(Command::new(slower.as_ref().unwrap_or(&quick_client)).args([pid, text]))
        };
        let from_us = |pid: &str, text: &str, pace: u64| from_us(&dialect, pid, text, pace);
        self.deliver(texts, &to_c, &from_c, "C to C");
        self.deliver(texts, &to_us, &from_c, "C to us");
        self.deliver(texts, &to_c, &from_us, "us to C");
        self.deliver(texts, &to_us, &from_us, "us to us");
    }

    fn deliver(
        &self,
        texts: &[&str],
        start: &dyn Fn() -> Server,
        send: &dyn Fn(&str, &str, u64) -> Running,
        way: &str,
    ) {
        let expected = format!("{}\n", texts.join("\n"));
        if self.is_paced() {
            let attempt = |pace: u64| {
                let server = start();
                let pid = server.pid().to_string();
                texts.iter().all(|text| arrives(&mut send(&pid, text, pace), pace))
                    && within(SETTLED, || server.shown() == expected)
            };
            assert!(PACES_MILLIS.into_iter().any(attempt), "{}, {way}", self.dialect);
        } else {
            let server = start();
            for text in texts {
                let client = send(&server.pid().to_string(), text, PACES_MILLIS[0]).finish();
                let code = if self.has_receipt() { 0 } else { client.code() };
                assert!(client.code() == code && [0, 9].contains(&code), "{client:?}");
            }
            server.wait_until_shown(&expected);
        }
    }
}

/// Starts our client.
fn from_us(dialect: &str, pid: &str, text: &str, pace_millis: u64) -> Running {
    let pace = format!("--pace={pace_millis}ms");
    Running::spawn(Programs::build().client().args([dialect, &pace, pid, "--", text]))
}

/// Whether the client ends by itself: if it has lost a bit, it may wait for its receipt for ever.
fn arrives(client: &mut Running, pace_millis: u64) -> bool {
    let sent = Duration::from_millis(pace_millis) * PACED_BITS_MAX;
    within(Duration::from_secs(8) + sent, || !client.is_running())
}

/// Whether something becomes true in time.
fn within(time: Duration, mut is_true: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + time;
    loop {
        if is_true() {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_default_every_bit_is_answered_with_usr1_and_the_message_with_usr2() {
    Peer { dialect: "one=usr2", macros: "" }.converse(&["Hello, World!", "", "é 世界 😀", "again"]);
}

#[test]
fn usr1_is_a_one_the_lowest_bit_is_first_and_the_receipt_replaces_the_last_answer() {
    Peer {
        dialect: "one=usr1,order=lsb,ack=usr2,receipt=usr1-instead",
        macros: "ONE=USR1 ORDER=LSB ACK=USR2 RECEIPT=USR1 PLACE=INSTEAD",
    }
    .converse(&["Hello, World!", "", "é 世界 😀"]);
}

#[test]
fn every_bit_is_echoed_and_there_is_no_receipt() {
    Peer { dialect: "ack=echo,receipt=none", macros: "ACK=ECHO RECEIPT=NOTHING" }.converse(&[
        "Hello, World!",
        "",
        "é 世界 😀",
    ]);
}

#[test]
fn no_bit_is_answered_only_the_message() {
    Peer {
        dialect: "ack=none,receipt=usr1-instead",
        macros: "ACK=NOTHING RECEIPT=USR1 PLACE=INSTEAD",
    }
    .converse(&["Hi"]);
}

#[test]
fn a_length_of_32_bits_is_first_and_nothing_is_last() {
    Peer { dialect: "end=length32,ack=usr1,receipt=usr2-after", macros: "LENGTH=32 NUL=0" }
        .converse(&["Hello, World!", "", "é 世界 😀"]);
}

#[test]
fn a_length_of_64_bits_is_first_a_nul_last_and_the_receipt_before_the_answer() {
    Peer {
        dialect: "end=length64-nul,order=lsb,receipt=usr2-before",
        macros: "LENGTH=64 ORDER=LSB PLACE=BEFORE",
    }
    .converse(&["Hello, World!", "", "é 世界 😀"]);
}

#[test]
fn the_client_greets_before_it_sends_the_length() {
    Peer {
        dialect: "hello=usr1,end=length64-nul,one=usr1,receipt=none",
        macros: "HELLO=USR1 LENGTH=64 ONE=USR1 RECEIPT=NOTHING",
    }
    .converse(&["Hello, World!", "", "é 世界 😀"]);
}

#[test]
fn every_byte_is_answered_and_the_receipt_replaces_the_answer_to_the_nul() {
    Peer { dialect: "ack=byte-usr1,receipt=usr2-instead", macros: "PER_BYTE=1 PLACE=INSTEAD" }
        .converse(&["Hi"]);
}

#[test]
fn a_server_that_is_told_nothing_understands_other_minitalks() {
    let text = "Hello, World!";
    for macros in [
        "",
        "ONE=USR1",
        "ORDER=LSB ACK=USR2",
        "ONE=USR1 LENGTH=32 NUL=0",
        "LENGTH=64 RECEIPT=NOTHING",
        "PER_BYTE=1 RECEIPT=NOTHING",
    ] {
        let is_understood = |pace_millis: u64| {
            let server = Server::start();
            let paced = compile("client", &format!("{macros} PACE={}", pace_millis * 1000));
            let mut client = Command::new(paced);
            // If it expects another answer than it gets, it waits for ever; its text is shown
            // nevertheless.
            let _client = Running::spawn(client.args([&server.pid().to_string(), text]));
            let sent = Duration::from_millis(pace_millis) * PACED_BITS_MAX;
            within(SETTLED + sent, || server.shown() == format!("{text}\n"))
        };
        assert!(PACES_MILLIS.into_iter().any(is_understood), "{macros}");
    }
}

#[test]
fn a_client_that_handles_no_signal_is_shown_and_reported_and_never_signalled() {
    let slowest = PACES_MILLIS.into_iter().any(|pace| {
        let mut server = Server::start();
        let client = compile("mute_client", &format!("PACE={}", pace * 1000));
        let mut client = Command::new(client);
        let ended = Running::spawn(client.args([&server.pid().to_string(), "Hi, all"])).finish();
        assert_eq!(ended.code(), 0, "an acknowledgment would have killed it");
        server.running().wait_for_stderr("does not wait for acknowledgments");
        within(SETTLED, || server.shown() == "Hi, all\n")
    });
    assert!(slowest, "even the slowest loses bits");
}

/// Every pair of an answer, a receipt and an end; with `ALL_DIALECTS` in the environment, every
/// triple.
#[test]
fn our_two_programs_agree_on_every_answer_receipt_and_end() {
    let takes_all = env::var_os("ALL_DIALECTS").is_some();
    let ends = Setting::End.values().len();
    let mut dialects = Vec::new();
    for (number, ack) in Setting::Ack.values().iter().enumerate() {
        for (place, receipt) in Setting::Receipt.values().iter().enumerate() {
            for (end_number, end) in Setting::End.values().iter().enumerate() {
                // The kernel merges two equal symbols that are pending. What remains of these
                // answers cannot be distinguished from others.
                let before = format!("{}-byte", receipt.trim_end_matches("-before"));
                let is_ambiguous = ack.starts_with(&before)
                    || *receipt == "usr2-usr1-usr2-after" && *end == "silence";
                let is_of_square = (number + place + end_number) % ends == 0;
                if is_ambiguous || !is_of_square && !takes_all {
                    continue;
                }
                // The other settings take turns.
                let turn = number + place + end_number;
                let (one, order) = (["usr1", "usr2"][turn % 2], ["msb", "lsb"][place % 2]);
                let hello = ["none", "usr1", "usr2"][turn % 3];
                dialects.push(format!(
                    "one={one},order={order},ack={ack},receipt={receipt},end={end},hello={hello}",
                ));
            }
        }
    }
    let next = AtomicUsize::new(0);
    // Paced clients spend most of their time in pauses.
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(dialect) = dialects.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let option = format!("--dialect={dialect}");
                    let start = || Server::start_with(&[&option]);
                    let send = |pid: &str, text: &str, pace: u64| from_us(&option, pid, text, pace);
                    Peer { dialect, macros: "" }.deliver(&["Z"], &start, &send, "us to us");
                }
            });
        }
    });
}

/// Sends a text to a C server that was compiled with these macros.
fn to_c(macros: &str, words: &[&str]) -> (Finished, Server) {
    let server = Server::start_command(&mut Command::new(compile("server", macros)));
    let mut command = Programs::build().client();
    let command = command.args(words).args([&server.pid().to_string(), "hi"]);
    (Running::spawn(command).finish(), server)
}

#[test]
fn a_receipt_that_was_not_foreseen_leaves_the_outcome_unknown() {
    let words = [
        "answered with SIGUSR2",
        "the whole message was sent",
        "look at what it has written",
        "receipt=usr2-instead",
    ];
    let (client, server) = to_c("PLACE=INSTEAD", &["--dialect=ack=usr1,receipt=usr2-after"]);
    assert_failed(&client, 7, &words);
    server.wait_until_shown("hi\n");
}

#[test]
fn acknowledgments_and_receipt_are_observed_and_shown() {
    for (macros, observed) in [
        ("", "ack=usr1,receipt=usr2-after"),
        ("PLACE=INSTEAD", "ack=usr1,receipt=usr2-instead"),
        ("ACK=USR2 RECEIPT=USR1", "ack=usr2,receipt=usr1"),
        ("ACK=ECHO RECEIPT=NOTHING", "ack=echo,receipt=none"),
    ] {
        let (client, server) = to_c(macros, &["--protocol=classic", "--stats"]);
        let code = if observed.contains("receipt=none") { 9 } else { 0 };
        assert_eq!(client.code(), code, "{macros}: {client:?}");
        assert!(client.stderr.contains(observed), "{macros}: {client:?}");
        server.wait_until_shown("hi\n");
    }
}

#[test]
fn what_nothing_has_confirmed_is_not_called_delivered() {
    for (macros, dialect, what) in [
        ("ACK=NOTHING", "--dialect=ack=none,receipt=none", "has confirmed nothing of it"),
        ("", "--dialect=receipt=none", "acknowledged every bit, but not the message"),
        // Whatever it makes of the bits: this server reads each of them inverted.
        ("ONE=USR1", "--protocol=classic", "acknowledged every bit, but not the message"),
    ] {
        for json in [&[dialect][..], &[dialect, "--json"]] {
            let (client, _server) = to_c(&format!("RECEIPT=NOTHING {macros}"), json);
            assert_failed(&client, 9, &[what]);
            assert!(!client.text().contains("delivered"), "{client:?}");
        }
    }
}

/// Sends a one, then zeros until the server has ended.
const IMPATIENT: &str = r#"
trap '' USR1 USR2
kill -s USR2 "$1"
while sleep 0.01 && kill -s USR1 "$1"; do :; done
"#;

#[test]
fn bits_of_a_sender_that_does_not_wait_are_not_lost_in_silence() {
    let (reader, mut writer) = io::pipe().expect("a pipe");
    writer.write_all(&vec![b'.'; 64 * 1024]).expect("a pipe holds 64 KiB");
    let mut server = Server::start_into(&["--dialect=ack=none"], writer);
    let pid = server.pid().to_string();
    // The end of its first message waits for the pipe, but it continues.
    let client = Running::spawn(Command::new("sh").args(["-c", IMPATIENT, "sh", &pid]));
    let told = server.running().wait_for_stderr("bits of its message are lost");
    let peer = client.pid();
    assert!(told.contains(&format!("PID {peer} has sent more than could be written")), "{told}");
    assert_eq!(server.stop().code(), 0);
    assert!(!client.finish().stderr.is_empty(), "it does not stop by itself");
    drop(reader);
}

/// Such a server counts bits continuously, whichever client sends them.
#[test]
fn a_framed_attempt_and_a_ping_leave_another_server_between_two_messages() {
    let c_server = compile("server", "COUNTS_ON=1");
    for attempt in [&["hello"][..], &["--ping"]] {
        let server = Server::start_command(&mut Command::new(&c_server));
        let pid = server.pid().to_string();
        let run = |protocol: &str, words: &[&str]| {
            let mut command = Programs::build().client();
            let command = command.args(["--protocol", protocol, "--timeout", "5", &pid]);
            Running::spawn(command.args(words)).finish()
        };
        assert_failed(&run("framed", attempt), 3, &["try --protocol classic"]);
        assert_delivered(&run("classic", &["intact"]));
        assert!(within(SETTLED, || server.shown().ends_with("\nintact\n")), "{}", server.shown());
    }
}
