//! The server's options, as seen by the user who starts it.

use std::fs;
use std::io::Read;
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use minitalk_harness::{PATIENCE, Programs, Running, Server};
use nix::sys::signal::Signal;

use super::{client, folder};

#[test]
fn a_server_ends_after_as_many_messages_as_it_was_told() {
    for (options, messages) in [(&["--once"][..], 1), (&["--count", "2"], 2)] {
        let server = Server::start_with(options);
        for _ in 0..messages {
            assert_eq!(client(&format!("{} hi", server.pid())).code(), 0);
        }
        let ended = server.finish();
        assert_eq!((ended.code(), ended.text()), (0, "hi\n".repeat(messages)), "{options:?}");
    }
}

#[test]
fn a_text_that_ends_its_line_is_shown_without_an_empty_one_and_kept_as_it_is() {
    let texts = ["date\n", "hi", "\n", "two\n\n", ""];
    let send = |server: &Server| {
        for text in texts {
            let mut command = Programs::build().client();
            let command = command.args([&server.pid().to_string(), "-"]);
            assert_eq!(Running::spawn_with_input(command, text).finish().code(), 0);
        }
    };
    let shown = |options: &[&str]| {
        let server = Server::start_with(options);
        send(&server);
        server.stop().text()
    };
    assert_eq!(shown(&[]), "date\nhi\n\ntwo\n\n\n");
    assert_eq!(shown(&["--raw"]), texts.concat(), "byte for byte");
    let objects = shown(&["--json"]);
    for text in texts {
        let member = format!("\"text\":{text:?}");
        assert!(objects.contains(&member), "{member} in {objects}");
    }
    let file = folder("newlines").join("text");
    let command = format!("cat >> {}", file.display());
    assert_eq!(shown(&["--exec", &command]), "");
    assert_eq!(fs::read_to_string(file).expect("it is there"), texts.concat());
}

#[test]
fn messages_are_appended_to_a_file_and_the_pid_is_said_all_the_same() {
    let folder = folder("output");
    let (file, pid_file) = (folder.join("messages"), folder.join("pid"));
    fs::write(&file, "before\n").expect("a file can be written");
    let mut command = Programs::build().server();
    command.arg("--sync").arg("--output").arg(&file).arg("--pid-file").arg(&pid_file);
    let server = Server::start_command(&mut command);
    let pid = fs::read_to_string(&pid_file).expect("it is there before the first line");
    assert_eq!(pid, format!("{}\n", server.pid()));
    assert_eq!(client(&format!("{} hi", server.pid())).code(), 0);
    let text = || fs::read_to_string(&file).expect("it is there");
    assert_eq!(text(), "before\nhi\n", "written before it was confirmed");
    let ended = server.stop();
    assert_eq!((ended.code(), ended.text().as_str()), (0, ""));
    assert!(!pid_file.exists());
    assert_eq!(text(), "before\nhi\n");
}

#[test]
fn a_service_manager_is_told_of_the_beginning_and_of_the_end() {
    let path = folder("notify").join("socket");
    let socket = UnixDatagram::bind(&path).expect("a socket can be bound");
    socket.set_read_timeout(Some(PATIENCE)).expect("it can wait");
    let told = || {
        let mut buffer = [0; 64];
        let count = socket.recv(&mut buffer).expect("it is told");
        String::from_utf8_lossy(&buffer[..count]).trim_end().to_owned()
    };
    let server = Running::spawn(Programs::build().server().env("NOTIFY_SOCKET", &path));
    assert_eq!(told(), "READY=1");
    server.signal(Signal::SIGTERM);
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(server.finish().code(), 0);
}

#[test]
fn what_a_client_sends_cannot_command_a_terminal() {
    let folder = folder("terminal");
    let line = format!("{} --once --name shown", Programs::build().server_path().display());
    let mut script = Command::new("script");
    let script =
        Running::spawn(script.args(["-qec", &line, "/dev/null"]).env("XDG_RUNTIME_DIR", &folder));
    script.wait_for_stdout(|bytes| bytes.contains(&b'\n'));
    let mut command = Programs::build().client();
    let command = command.env("XDG_RUNTIME_DIR", &folder);
    let hostile = "red \x1b[31m title \x1b]0;x\x07 c1 \u{9b}2J rtl \u{202e}x bell \x07\r over \x08";
    let sent = Running::spawn(command.args(["shown", hostile])).finish();
    assert_eq!(sent.code(), 0, "{sent:?}");
    let shown = script.finish();
    let (_, message) = shown
        .text()
        .split_once('\n')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .expect("two lines");
    assert_eq!(
        message,
        "red ^[[31m title ^[]0;x^G c1 \\u{9b}2J rtl \\u{202e}x bell ^G^M over ^H\r\n",
    );
}

#[test]
fn a_server_that_ends_together_with_its_reader_complains_of_nothing() {
    let (mut reader, writer) = std::io::pipe().expect("a pipe");
    let server = Running::spawn_into(Programs::build().server().arg("--json"), writer);
    let mut first = Vec::new();
    while !first.ends_with(b"\n") {
        let mut octet = [0];
        reader.read_exact(&mut octet).expect("it says its PID");
        first.extend(octet);
    }
    // Like Ctrl-C for `minitalk-server --json | jq`.
    drop(reader);
    server.signal(Signal::SIGINT);
    let ended = server.finish();
    assert_eq!((ended.code(), ended.stderr.as_str()), (0, ""));
}
