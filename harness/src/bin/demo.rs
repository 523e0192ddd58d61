//! `cargo demo [TEXT]...`: the real server and the real client, one after the other.

use std::env;
use std::process::ExitCode;

use minitalk_harness::{Programs, Server};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let text = if words.is_empty() { "Hello, 世界 👋".to_owned() } else { words.join(" ") };

    println!("building the two programs ...");
    let programs = Programs::build();
    println!("$ minitalk-server &");
    let server = Server::start();
    println!("Server PID: {}", server.pid());
    println!("$ minitalk-client {} {text:?}", server.pid());
    let client = programs.send(server.pid(), &text).finish();
    print!("{}{}", client.text(), client.stderr);
    let server = server.stop();
    print!("{}", server.text());
    eprint!("{}", server.stderr);
    println!("client: exit {}; server: exit {}", client.code(), server.code());
    if client.code() == 0 && server.code() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
