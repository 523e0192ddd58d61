//! Terminals: foreign text, however it gets there, must not control them.

use std::process::Command;

use minitalk_harness::Running;

use crate::common::{Scene, run};

/// Text with a control of each kind: C0, C1, DEL, separators, and characters that change the
/// direction of text.
const HOSTILE: &str =
    "a\u{1b}]0;title\u{7}b\u{9b}31mc\u{85}d\u{7f}e\u{202e}f\u{2066}g\u{200f}h\u{2028}i";

/// Runs a command line on a terminal of its own.
fn on_terminal(scene: &Scene, line: &str) -> Running {
    let mut script = Command::new("script");
    script.args(["-qec", line, "/dev/null"]).env("XDG_RUNTIME_DIR", scene.join("names"));
    Running::spawn(&mut script)
}

/// The characters of the hostile text that reached a terminal unchanged.
fn raw(shown: &str) -> Vec<char> {
    let is_control = |c: &char| HOSTILE.contains(*c) && !c.is_ascii_graphic();
    shown.chars().filter(is_control).collect()
}

#[test]
fn nothing_of_a_message_commands_a_terminal_whatever_the_output_is_called() {
    let scene = Scene::new();
    let server = minitalk_harness::Programs::build().server_path().display();
    for options in
        ["", "--output /dev/tty", "--json", "--json --output /dev/tty", "--output /dev/stdout"]
    {
        let line = format!("{server} --once --name n {options}");
        let terminal = on_terminal(&scene, &line);
        terminal.wait_for_stdout(|bytes| bytes.contains(&b'\n'));
        let sent = run(scene.client().args(["n", HOSTILE]));
        assert_eq!(sent.code(), 0, "{options}: {sent:?}");
        let shown = terminal.finish().text();
        assert_eq!(raw(&shown), [], "{options}: {shown:?}");
        assert!(shown.contains("]0;title"), "{options}: {shown:?}");
    }
}

#[test]
fn a_raw_server_writes_the_bytes_as_they_are_because_it_is_told_to() {
    let scene = Scene::new();
    let server = minitalk_harness::Programs::build().server_path().display();
    let terminal = on_terminal(&scene, &format!("{server} --once --raw --name n"));
    terminal.wait_for_stdout(|bytes| bytes.contains(&b'\n'));
    assert_eq!(run(scene.client().args(["n", "\u{1b}[1m"])).code(), 0);
    assert!(terminal.finish().text().contains("\u{1b}[1m"));
}
