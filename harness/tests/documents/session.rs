//! One document from its first block to its last, as a reader would try it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use minitalk_harness::{Programs, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::blocks::{Block, Trial, blocks};
use super::shell::Shell;

/// PIDs of servers that the document has not started.
const SERVERS: [&str; 2] = ["4242", "5151"];

/// What a reader has at hand.
struct Session {
    folder: PathBuf,
    /// PIDs in the text: each stands for the one that was seen in its place.
    pids: HashMap<&'static str, String>,
    /// Servers that were started for the text.
    servers: Vec<Server>,
    /// Terminals in which a server of the text runs.
    terminals: Vec<Shell>,
}

/// Runs everything in a document that is to be run.
pub(crate) fn run(document: &str) {
    let name = document.replace('/', "-");
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    // Whatever an earlier process with this PID has left, as in a container, is not part of this
    // test.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the document");
    prepare(&folder);
    let mut session =
        Session { folder, pids: HashMap::new(), servers: Vec::new(), terminals: Vec::new() };
    for block in blocks(document) {
        match &block.trial {
            Some(Trial::Transcript { may_go_on }) => session.transcript(&block, *may_go_on),
            Some(Trial::Commands { with, code }) => session.commands(&block, with, *code),
            Some(Trial::By(_) | Trial::NotRun(_)) | None => {}
        }
    }
    session.end();
}

/// Links the programs under the names of the exercise, as the tutorial says.
fn prepare(folder: &Path) {
    let programs = Programs::build();
    for (name, path) in [("client", programs.client_path()), ("server", programs.server_path())] {
        let link = folder.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(path, link).expect("a link in our folder");
        }
    }
}

impl Session {
    /// Types what follows each prompt, and expects what the block shows below it.
    fn transcript(&mut self, block: &Block, may_go_on: bool) {
        let text = block.lines.join("\n") + "\n";
        let mut shell = Shell::start(&self.folder, &self.pids);
        for step in format!("\n{text}").split("\n$ ").skip(1) {
            let (command, output) = step.split_once('\n').unwrap_or((step, ""));
            let keeps_running = command.starts_with("minitalk-server") && !command.ends_with('&');
            if command == "echo $?" {
                // The shell's own output for the line before, which ended its step.
                shell.run("echo $code");
            } else if keeps_running {
                self.start_missing(command, &[]);
                shell.run_on(command);
            } else {
                self.start_missing(command, &[]);
                shell.learn(&self.pids);
                shell.run(command);
            }
            for line in output.lines() {
                shell.expect(line, &block.place);
            }
            if !keeps_running {
                shell.expect_end(may_go_on, &block.place);
            }
            self.pids.extend(shell.pids.clone());
        }
        self.terminals.push(shell);
    }

    /// Runs the commands as a script.
    fn commands(&mut self, block: &Block, with: &[String], code: i32) {
        let prompt = |line: &String| line.strip_prefix("$ ").unwrap_or(line).to_owned();
        let mut lines: Vec<String> = block.lines.iter().map(prompt).collect();
        self.start_missing(&lines.join("\n"), with);
        for line in &mut lines {
            // A server that the text leaves running ends with the script.
            if line.starts_with("minitalk-server") {
                line.push_str(" & trap \"kill $!\" EXIT");
            }
        }
        let mut shell = Shell::start(&self.folder, &self.pids);
        shell.run_script(&lines.join("\n"), code, &block.place);
    }

    /// Starts a server for each number in the text that stands for one and has none, or none with
    /// these options.
    fn start_missing(&mut self, text: &str, with: &[String]) {
        for number in SERVERS {
            let is_missing = !with.is_empty() || !self.pids.contains_key(number);
            if text.contains(number) && is_missing {
                let options: Vec<&str> = with.iter().map(String::as_str).collect();
                let server = Server::start_with(&options);
                self.pids.insert(number, server.pid().to_string());
                self.servers.push(server);
            }
        }
    }

    fn end(mut self) {
        let of_ours: Vec<String> =
            self.servers.iter().map(|server| server.pid().to_string()).collect();
        for pid in self.pids.values().filter(|pid| !of_ours.contains(pid)) {
            let pid = Pid::from_raw(pid.parse().expect("a number"));
            // It may have ended already.
            let _ = kill(pid, Signal::SIGTERM);
        }
        self.terminals.iter_mut().for_each(Shell::end);
        fs::remove_dir_all(&self.folder).expect("the folder is ours");
    }
}
