//! One client, one server, one message.

use std::fs::{self, File};
use std::io::Write;
use std::thread;
use std::time::Duration;

use minitalk_harness::{PATIENCE, Programs, Running, Server};
use nix::sys::signal::Signal;
use tempfile::tempdir;

use crate::common::{
    BOTH, Speak, assert_delivered, client, digits, octets, send, start, start_with_input,
};

#[test]
fn a_text_is_shown_with_a_newline_after_it() {
    for speak in BOTH {
        let server = Server::start();
        send(speak, server.pid(), "Hello, World!");
        let end = server.stop();
        assert_eq!((end.code(), end.text().as_str()), (0, "Hello, World!\n"));
        assert_eq!(end.stderr, "", "a server that has nothing to complain of says nothing");
    }
}

#[test]
fn characters_of_every_plane_arrive_as_they_were_sent() {
    let every_plane: String =
        (0..=16).filter_map(|plane| char::from_u32(plane << 16 | 0x0_0421)).collect();
    let text = format!(
        "é ß 世界 مرحبا नमस्ते 😀 👩\u{200D}👩\u{200D}👧\u{200D}👦 🏳\u{FE0F}\u{200D}🌈 e\u{301}a\u{308}\u{323} 🇫🇷 {every_plane} \
         \u{7F}\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}",
    );
    for speak in BOTH {
        let server = Server::start();
        send(speak, server.pid(), &text);
        assert_eq!(server.stop().text(), format!("{text}\n"), "{speak:?}");
    }
}

#[test]
fn a_hundred_thousand_characters_arrive() {
    let text: String = ('!'..='~').cycle().take(100_000).collect();
    for speak in BOTH {
        let server = Server::start();
        assert_delivered(&start(speak, server.pid(), &text).finish_within(PATIENCE * 5));
        assert!(server.stop().text() == format!("{text}\n"), "{speak:?}");
    }
}

#[test]
fn an_empty_message_is_an_empty_line() {
    for speak in BOTH {
        let server = Server::start();
        send(speak, server.pid(), "");
        assert_delivered(&start_with_input(speak, server.pid(), "").finish());
        assert_eq!(server.stop().text(), "\n\n", "{speak:?}");
    }
}

#[test]
fn a_raw_server_writes_the_identical_bytes() {
    let server = Server::start_with(&["--raw"]);
    let bytes = octets(40_000);
    assert!((0..=u8::MAX).all(|octet| bytes.contains(&octet)));
    let client = start_with_input(Speak::Framed, server.pid(), bytes.clone());
    assert_delivered(&client.finish_within(PATIENCE * 5));
    assert!(server.stop().stdout == bytes);
}

#[test]
fn a_nul_in_the_middle_is_a_byte_like_any_other_if_framed() {
    let server = Server::start_with(&["--raw"]);
    let message = b"before\0after\0";
    assert_delivered(&start_with_input(Speak::Framed, server.pid(), *message).finish());
    assert_eq!(server.stop().stdout, message);
}

#[test]
fn a_nul_in_the_middle_is_wrong_usage_if_classic() {
    let server = Server::start();
    let refused = start_with_input(Speak::Classic, server.pid(), *b"before\0after").finish();
    crate::common::assert_failed(&refused, 2, &["classic"]);
    assert_eq!(server.stop().text(), "", "nothing of it was sent");
}

#[test]
fn words_are_joined_by_single_spaces() {
    for speak in BOTH {
        let server = Server::start();
        let pid = server.pid().to_string();
        assert_delivered(&client(&[speak.option(), &pid, "Hello,", "big", "World!"]));
        assert_eq!(server.stop().text(), "Hello, big World!\n");
    }
}

#[test]
fn a_text_that_looks_like_an_option_follows_two_dashes() {
    let server = Server::start();
    assert_delivered(&client(&[&server.pid().to_string(), "--", "--help", "-1"]));
    assert_eq!(server.stop().text(), "--help -1\n");
}

#[test]
fn what_a_slow_source_has_is_shown_at_once_and_the_end_of_input_ends_the_message() {
    let server = Server::start();
    let mut command = Programs::build().client();
    let (client, mut source) = Running::spawn_with_pipe(command.arg(server.pid().to_string()));
    let mut shown = String::new();
    for piece in ["slowly ", "but ", "steadily"] {
        source.write_all(piece.as_bytes()).expect("the client reads");
        shown += piece;
        server.wait_until_shown(&shown);
    }
    drop(source);
    assert_delivered(&client.finish());
    assert_eq!(server.stop().text(), "slowly but steadily\n");
}

#[test]
fn a_source_may_be_silent_for_longer_than_the_timeout() {
    let server = Server::start();
    let pid = server.pid().to_string();
    let mut command = Programs::build().client();
    let (client, mut source) = Running::spawn_with_pipe(command.args(["--timeout=300ms", &pid]));
    source.write_all(b"tick ").expect("the client reads");
    server.wait_until_shown("tick ");
    // The silence is what is tested; nothing is synchronised with it.
    thread::sleep(Duration::from_secs(1));
    source.write_all(b"tock").expect("the client reads");
    drop(source);
    assert_delivered(&client.finish());
    assert_eq!(server.stop().text(), "tick tock\n");
}

#[test]
fn a_character_is_shown_when_the_last_of_its_bytes_has_come() {
    let server = Server::start();
    let mut command = Programs::build().client();
    let (client, mut source) = Running::spawn_with_pipe(command.arg(server.pid().to_string()));
    let (half, rest) = "a😀".as_bytes().split_at(3);
    source.write_all(half).expect("the client reads");
    server.wait_until_shown("a");
    source.write_all(rest).expect("the client reads");
    server.wait_until_shown("a😀");
    drop(source);
    assert_delivered(&client.finish());
    assert_eq!(server.stop().text(), "a😀\n");
}

#[test]
fn the_beginning_is_shown_while_the_rest_is_still_being_sent() {
    let text = digits(30_000);
    for speak in BOTH {
        let mut server = Server::start();
        let client = start(speak, server.pid(), &text);
        server.running().wait_for_stdout(|bytes| bytes.len() > 300);
        client.signal(Signal::SIGSTOP);
        let shown = server.shown();
        assert!(text.starts_with(&shown) && shown.len() < text.len(), "{speak:?}: {}", shown.len());
        client.signal(Signal::SIGCONT);
        assert_delivered(&client.finish());
        assert!(server.stop().text() == format!("{text}\n"), "{speak:?}");
    }
}

#[test]
fn when_the_client_is_content_the_text_has_been_written() {
    for speak in BOTH {
        let folder = tempdir().expect("a folder of our own");
        let path = folder.path().join("received");
        let server = Server::start_into(&[], File::create(&path).expect("a file of our own"));
        let mut expected = String::new();
        for number in 0..40 {
            let text = format!("message {number}; ");
            send(speak, server.pid(), &text);
            expected += &text;
            assert_eq!(fs::read_to_string(&path).expect("the file is ours"), expected);
        }
    }
}
