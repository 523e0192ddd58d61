//! A shell that commands are typed into.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use std::{env, io, thread};

use minitalk_harness::{PATIENCE, Programs};

/// PIDs in a document: each stands for the one that was seen in its place.
const PLACEHOLDERS: [&str; 4] = ["4242", "4243", "4244", "5151"];

/// A shell that commands are typed into.
pub(crate) struct Shell {
    child: Child,
    lines: Receiver<String>,
    pub(crate) pids: HashMap<&'static str, String>,
    /// Lines that came while another one was expected: a background process may be late.
    early: Vec<String>,
}

impl Shell {
    pub(crate) fn start(folder: &Path, pids: &HashMap<&'static str, String>) -> Self {
        let programs = Programs::build().server_path().parent().expect("programs are in a folder");
        let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default());
        let mut child = Command::new("bash")
            .args(["--norc", "--noprofile"])
            .env("PATH", path)
            .env("HOME", folder)
            .env("XDG_RUNTIME_DIR", folder)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash can be run");
        writeln!(child.stdin.as_mut().expect("stdin is a pipe"), "exec 2>&1").expect("bash reads");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in io::BufRead::lines(io::BufReader::new(stdout)) {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, pids: pids.clone(), early: Vec::new() }
    }

    pub(crate) fn learn(&mut self, pids: &HashMap<&'static str, String>) {
        self.pids.extend(pids.clone());
    }

    /// Types a command, and a second one that reports its end.
    pub(crate) fn run(&mut self, command: &str) {
        self.run_on(&format!("{command}\ncode=$?; echo end of step"));
    }

    /// Types a command that keeps running.
    pub(crate) fn run_on(&mut self, command: &str) {
        let command = self.with_pids(command);
        let stdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        writeln!(stdin, "{command}").expect("bash reads");
    }

    /// Runs a script, which must end with this code.
    pub(crate) fn run_script(&mut self, script: &str, code: i32, place: &str) {
        self.run_on(&format!("(set -eu\n{script}\n)\necho \"end with $?\""));
        let seen = self.wait_for(|_, line| line.starts_with("end with "), place);
        assert_eq!(seen, format!("end with {code}"), "{place}: {:?}", self.early);
        self.end();
    }

    /// Waits for a line like this one, wherever it comes among the others of its step.
    pub(crate) fn expect(&mut self, wanted: &str, place: &str) {
        let seen = self.wait_for(|pids, line| matches(pids, wanted, line), place);
        for placeholder in PLACEHOLDERS.into_iter().filter(|pid| wanted.contains(pid)) {
            let digits = seen.chars().filter(char::is_ascii_digit).collect();
            self.pids.entry(placeholder).or_insert(digits);
        }
    }

    pub(crate) fn expect_end(&mut self, may_go_on: bool, place: &str) {
        self.wait_for(|_, line| line == "end of step", place);
        let others = std::mem::take(&mut self.early);
        assert!(may_go_on || others.is_empty(), "{place}: not in the document: {others:?}");
    }

    fn wait_for(
        &mut self,
        is_wanted: impl Fn(&HashMap<&'static str, String>, &str) -> bool,
        place: &str,
    ) -> String {
        if let Some(index) = self.early.iter().position(|line| is_wanted(&self.pids, line)) {
            return self.early.remove(index);
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("{place}: seen: {:?}", self.early));
            if is_wanted(&self.pids, &line) {
                return line;
            }
            self.early.push(line);
        }
    }

    /// Waits for the end of the shell, which comes when everything started in it has ended.
    pub(crate) fn end(&mut self) {
        let stdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        let _ = writeln!(stdin, "wait; exit");
        let _ = self.child.wait().expect("bash is ours");
    }

    fn with_pids(&self, command: &str) -> String {
        let replaced = |command: String, (placeholder, pid): (&&str, &String)| {
            command.replace(placeholder, pid)
        };
        self.pids.iter().fold(command.to_owned(), replaced)
    }
}

/// Whether `line` is `wanted`, with any PID in place of a placeholder not seen before.
fn matches(pids: &HashMap<&'static str, String>, wanted: &str, line: &str) -> bool {
    let mut wanted = wanted.to_owned();
    for placeholder in PLACEHOLDERS {
        match pids.get(placeholder) {
            Some(pid) => wanted = wanted.replace(placeholder, pid),
            None if wanted.contains(placeholder) => {
                let digits: String = line.chars().filter(char::is_ascii_digit).collect();
                wanted = wanted.replace(placeholder, &digits);
            }
            None => {}
        }
    }
    wanted == line
}
