//! What the public testers of the exercise do with programs named `server` and `client`.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use minitalk_harness::{PATIENCE, Programs, Running, Server};
use tempfile::{TempDir, tempdir};

use crate::common::assert_delivered;
use crate::peers::compile;

/// Links with the names that the exercise gives the programs.
struct Links {
    server: PathBuf,
    client: PathBuf,
    folder: TempDir,
}

impl Links {
    fn new() -> Self {
        let folder = tempdir().expect("a folder of our own");
        let (server, client) = (folder.path().join("server"), folder.path().join("client"));
        symlink(Programs::build().server_path(), &server).expect("a link in our folder");
        symlink(Programs::build().client_path(), &client).expect("a link in our folder");
        Self { server, client, folder }
    }

    fn send(&self, pid: u32, text: &str) {
        let mut command = Command::new(&self.client);
        assert_delivered(&Running::spawn(command.args([&pid.to_string(), text])).finish());
    }
}

#[test]
fn a_tester_cuts_the_pid_out_of_the_first_line_and_finds_each_text_as_soon_as_the_client_ends() {
    let links = Links::new();
    let path = links.folder.path().join("output");
    let output = File::create(&path).expect("a file in our folder");
    let _server = Running::spawn_into(&mut Command::new(&links.server), output);
    let read = || fs::read_to_string(&path).expect("the file is ours");
    let deadline = Instant::now() + PATIENCE;
    while !read().contains('\n') {
        assert!(Instant::now() < deadline, "no first line");
        thread::sleep(Duration::from_millis(1));
    }
    let digits: String = read().chars().filter(char::is_ascii_digit).collect();
    let pid = digits.parse().expect("the first line has the PID and no other digits");
    for text in ["a", "Hello, World!", "", "🔥 🎉 漢字 ѣ", &"lorem ipsum ".repeat(100)] {
        links.send(pid, text);
        assert!(read().ends_with(&format!("\n{text}\n")), "{:?} in {:?}", text, read());
    }
}

#[test]
fn a_client_by_that_name_speaks_to_a_server_of_somebody_else() {
    let links = Links::new();
    let server = Server::start_command(&mut Command::new(compile("server", "")));
    links.send(server.pid(), "Hello, World!");
    links.send(server.pid(), "and again");
    server.wait_until_shown("Hello, World!\nand again\n");
}

#[test]
fn a_client_may_be_started_before_the_server_is_ready() {
    let links = Links::new();
    for _ in 0..10 {
        let server = Running::spawn(&mut Command::new(&links.server));
        let pid = server.pid();
        links.send(pid, "in a hurry");
        assert_eq!(server.wait_for_stdout(|bytes| bytes.ends_with(b"hurry\n")), {
            format!("Server PID: {pid}\nin a hurry\n").into_bytes()
        });
    }
}
