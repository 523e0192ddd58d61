//! Either end is killed, anywhere in a transfer.

use std::time::{Duration, Instant};

use minitalk_harness::{Programs, Running, random, times};
use nix::sys::signal::Signal;

use crate::common::{RawServer, median, pause, undisturbed};

/// Longer than any report takes if the median is met. A machine with ten times as many programs as
/// processors has needed 0.9 s.
const REPORT_MAX: Duration = Duration::from_secs(5);

/// The promised median.
const REPORT_MEDIAN: Duration = Duration::from_millis(100);

/// How many consecutive reports have a median. A machine with other work delays some batches, but
/// seldom all of them; what delays every batch is our fault.
const BATCH: usize = 10;

#[test]
fn a_client_that_is_killed_anywhere_leaves_a_prefix_and_the_next_is_served() {
    let mut random = random();
    let octets = random.octets(600);
    let mut server = RawServer::start();
    let whole = undisturbed(&mut server, &octets);
    let mut partial = 0;
    let rounds = times(20, 100);
    for round in 0..rounds {
        let client = server.send(&octets, &[]);
        pause(&mut random, whole);
        // It may have ended, but has not been waited for.
        client.signal(Signal::SIGKILL);
        let killed = client.finish();
        assert!([0, -9].contains(&killed.code()), "{killed:?}");
        let written = server.serves(&format!("<{round}>"));
        assert!(octets.starts_with(&written), "round {round}: wrong bytes");
        assert!(killed.code() != 0 || written == octets, "round {round}: a false receipt");
        partial += usize::from(!written.is_empty() && written.len() < octets.len());
    }
    println!("{whole:?} undisturbed; {partial} of {rounds} were cut in the middle");
    assert_eq!(server.server.stop().code(), 0);
}

#[test]
fn a_server_that_is_killed_anywhere_is_reported_soon_and_never_confirmed_falsely() {
    let mut random = random();
    let octets = random.octets(600);
    let whole = undisturbed(&mut RawServer::start(), &octets);
    let (mut reports, mut codes) = (Vec::new(), [0; 8]);
    for round in 0..times(20, 100) {
        let mut server = RawServer::start();
        let client = server.send(&octets, &[]);
        pause(&mut random, whole);
        server.server.running().signal(Signal::SIGKILL);
        let killed = Instant::now();
        let client = client.finish();
        let reported = killed.elapsed();
        let written = server.server.finish().stdout;
        let case = format!("round {round}: {client:?}, {} bytes written", written.len());
        assert!(octets.starts_with(&written), "{case}");
        match client.code() {
            0 => assert!(written == octets, "a false receipt: {case}"),
            6 => {
                assert!(client.stderr.contains("has ended; "), "{case}");
                assert!(written.len() <= written_max(&client.stderr), "{case}");
                reports.push(reported);
            }
            7 => {
                assert!(client.stderr.contains("whether it was written is unknown"), "{case}");
                reports.push(reported);
            }
            // The client had not checked yet when the server was a zombie, or not even that.
            3 => {
                let is_gone = ["has already ended", "does not exist"]
                    .iter()
                    .any(|words| client.stderr.contains(words));
                assert!(is_gone && written.is_empty(), "{case}");
            }
            _ => panic!("{case}"),
        }
        codes[usize::try_from(client.code()).expect("0 to 7")] += 1;
    }
    println!("exit codes 0 to 7: {codes:?}");
    check_reports(&reports);
}

#[test]
fn a_death_is_reported_soon_while_there_is_nothing_to_send() {
    let mut reports = Vec::new();
    for _ in 0..times(20, 40) {
        let mut server = RawServer::start();
        let mut client = Programs::build().client();
        let (client, mut stdin) = Running::spawn_with_pipe(client.arg(server.pid().to_string()));
        std::io::Write::write_all(&mut stdin, b"begun").expect("the client reads");
        let begun = |bytes: &[u8]| bytes == b"begun";
        let _ = server.server.running().wait_for_stdout(begun);
        server.server.running().signal(Signal::SIGKILL);
        let killed = Instant::now();
        let client = client.finish();
        reports.push(killed.elapsed());
        assert_eq!(client.code(), 6, "{client:?}");
        drop(stdin);
    }
    check_reports(&reports);
}

/// The most that the server can have written, if the sentence of a client that has not sent
/// everything is true.
fn written_max(sentence: &str) -> usize {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let number = |place: usize| words[place].parse::<usize>().expect("a number of bytes");
    let before = |word| words.iter().position(|&other| other == word);
    // "256 bytes were accepted, and up to 512 may have been written", or a part of that.
    let accepted = before("bytes").filter(|&place| words[place + 1] == "were");
    let most = before("up").filter(|&place| words[place + 1] == "to");
    most.map_or_else(|| accepted.map_or(0, |place| number(place - 1)), |place| number(place + 2))
}

fn check_reports(reports: &[Duration]) {
    let slowest = reports.iter().max().copied().unwrap_or_default();
    let best = reports.chunks(BATCH).map(|batch| median(batch.to_vec())).min();
    let all = median(reports.to_vec());
    println!("reported after {all:?} (median), {slowest:?} (slowest)");
    assert!(slowest <= REPORT_MAX, "{slowest:?}");
    assert!(best.is_some_and(|best| best <= REPORT_MEDIAN), "{best:?} in the best batch");
}
