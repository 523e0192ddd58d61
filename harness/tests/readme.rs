//! The transcript in the README, typed into a shell, must come out as it stands there, and its exit codes
//! are those of the help.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;
use std::{env, fs, io, thread};

use minitalk_harness::{PATIENCE, Programs, Running};

/// PIDs in the transcript: each stands for the one that was seen in its place.
const PLACEHOLDERS: [&str; 3] = ["4242", "4243", "4244"];

#[test]
fn the_transcript_in_the_readme_is_what_a_shell_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).expect("the README can be read");
    let transcript = between(&readme, "```console\n", "```\n<!-- /transcript -->");
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the transcript");
    let mut shell = Shell::start(&folder);
    for step in transcript.split("$ ").skip(1) {
        let (command, output) = step.split_once('\n').expect("a command ends its line");
        if command == "echo $?" {
            // The shell's own answer to the line before, which ended its step.
            shell.run("echo $code");
        } else {
            shell.run(command);
        }
        for line in output.lines() {
            shell.expect(line);
        }
        shell.expect_end();
    }
    shell.end();
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn the_exit_codes_in_the_readme_are_those_of_the_help() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).expect("the README can be read");
    let table = between(&readme, "| exit | meaning |\n|---|---|\n", "\n\n");
    let row = |line: &str| {
        let (code, meaning) = line.trim_matches(['|', ' ']).split_once(" | ").expect("two columns");
        (code.to_owned(), meaning.replace('`', ""))
    };
    let of_readme: Vec<_> = table.lines().map(row).collect();
    let help = Running::spawn(Programs::build().client().arg("--help")).finish().text();
    let mut of_help: Vec<(String, String)> = Vec::new();
    for line in between(&help, "Exit status:\n", "\n--check").lines() {
        if let Some((code, meaning)) = line.trim().split_once("  ") {
            of_help.push((code.to_owned(), meaning.trim().to_owned()));
        } else {
            let (_, meaning) = of_help.last_mut().expect("a line goes on");
            meaning.push(' ');
            meaning.push_str(line.trim());
        }
    }
    assert_eq!(of_readme, of_help);
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).expect("the transcript begins") + start.len();
    let to = text[from..].find(end).expect("the transcript ends");
    &text[from..from + to]
}

/// A shell that is typed into.
struct Shell {
    child: std::process::Child,
    lines: Receiver<String>,
    pids: HashMap<&'static str, String>,
    /// Lines seen that were not what was waited for: a background process may be late.
    early: Vec<String>,
}

impl Shell {
    fn start(folder: &Path) -> Self {
        let programs = Programs::build().server_path().parent().expect("programs are in a folder");
        let path = format!("{}:{}", programs.display(), env::var("PATH").unwrap_or_default());
        let mut child = Command::new("bash")
            .args(["--norc", "--noprofile"])
            .env("PATH", path)
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
        Self { child, lines, pids: HashMap::new(), early: Vec::new() }
    }

    fn run(&mut self, command: &str) {
        let mut command = command.to_owned();
        for (placeholder, pid) in &self.pids {
            command = command.replace(placeholder, pid);
        }
        let stdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        writeln!(stdin, "{command}\ncode=$?; echo end of step").expect("bash reads");
    }

    /// Waits for a line that reads like this one, wherever it comes among the others of its step.
    fn expect(&mut self, wanted: &str) {
        let seen = self.wait_for(|pids, line| matches(pids, wanted, line));
        for placeholder in PLACEHOLDERS.into_iter().filter(|pid| wanted.contains(pid)) {
            let digits = seen.chars().filter(char::is_ascii_digit).collect();
            self.pids.entry(placeholder).or_insert(digits);
        }
    }

    fn expect_end(&mut self) {
        self.wait_for(|_, line| line == "end of step");
        assert!(self.early.is_empty(), "not in the README: {:?}", self.early);
    }

    fn wait_for(
        &mut self,
        is_wanted: impl Fn(&HashMap<&'static str, String>, &str) -> bool,
    ) -> String {
        if let Some(index) = self.early.iter().position(|line| is_wanted(&self.pids, line)) {
            return self.early.remove(index);
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("not shown; seen: {:?}", self.early));
            if is_wanted(&self.pids, &line) {
                return line;
            }
            self.early.push(line);
        }
    }

    fn end(mut self) {
        let pids: Vec<&str> = self.pids.values().map(String::as_str).collect();
        let stdin = self.child.stdin.as_mut().expect("stdin is a pipe");
        writeln!(stdin, "kill {}; wait; exit", pids.join(" ")).expect("bash reads");
        assert!(self.child.wait().expect("bash is ours").success());
    }
}

/// Whether `line` is `wanted` with some PID in the place of a placeholder not seen before.
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
