//! The programs themselves.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use object::{Object, ObjectSymbol};

use crate::bench::Bench;
use crate::client::Client;
use crate::launch;
use crate::reading::KNOWN;
use crate::screen::Screen;
use crate::verdict::Verdict;

/// What the subject of the exercise allows.
const ALLOWED: &[&str] = &[
    "write",
    "signal",
    "sigemptyset",
    "sigaddset",
    "sigaction",
    "kill",
    "getpid",
    "malloc",
    "free",
    "pause",
    "sleep",
    "usleep",
    "exit",
];

/// What compilers and the C library add to every program.
const ADDED: &[&str] = &["memcpy", "memmove", "memset", "memcmp", "strlen"];

#[expect(clippy::unnecessary_wraps, reason = "a check may fail to be done")]
pub(super) fn functions(bench: &Bench) -> io::Result<Verdict> {
    let mut used = Vec::new();
    for (who, program) in [("server", &bench.pair.server), ("client", &bench.pair.client)] {
        let Some(functions) = imported(program) else {
            return Ok(Verdict::skipped(format!("the {who} does not name the functions it uses")));
        };
        let others = functions.into_iter().filter(|name| !is_allowed(name));
        used.extend(others.map(|name| format!("{name} ({who})")));
    }
    Ok(if used.is_empty() { Verdict::passed("") } else { Verdict::failed(shortened(&used)) })
}

fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => shown,
        Some(more) => format!("{shown} and {more} more"),
    }
}

fn is_allowed(name: &str) -> bool {
    name.starts_with('_') || ALLOWED.contains(&name) || ADDED.contains(&name)
}

/// The functions that a program takes from shared libraries; nothing if it takes none, or is no such program.
fn imported(program: &Path) -> Option<Vec<String>> {
    let bytes = fs::read(program).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let names = file.dynamic_symbols().filter(ObjectSymbol::is_undefined);
    let names: Vec<String> =
        names.filter_map(|symbol| Some(symbol.name().ok()?.to_owned())).collect();
    // A linker may have put everything into the program.
    (!names.is_empty()).then_some(names)
}

/// How long a text may take under valgrind.
const LIMIT: Duration = Duration::from_secs(6);

pub(super) fn valgrind(bench: &Bench) -> io::Result<Verdict> {
    let is_installed = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !is_installed {
        return Ok(Verdict::skipped("not tried: valgrind is not installed"));
    }
    let server_log = log_path("server");
    let client_log = log_path("client");
    let program = Path::new("/usr/bin/env");
    let (screen, end) = Screen::terminal()?;
    let mut server = launch::command(program);
    let server = server.args(under_valgrind(&server_log)).arg(&bench.pair.server);
    let mut server = server.stdout(end.try_clone()?).stderr(end).spawn()?;
    let is_ready = crate::server::wait_until_ready(server.id(), Duration::from_secs(4));
    let mut ends = true;
    if is_ready {
        thread::sleep(Duration::from_millis(100));
        let mut client = launch::command(program);
        client.args(under_valgrind(&client_log)).arg(&bench.pair.client);
        let mut client = Client::spawn(client.arg(server.id().to_string()).arg(word()))?;
        ends = client.finish(LIMIT).is_end();
        screen.wait(0, Duration::from_millis(300), |shown| crate::screen::contains(shown, KNOWN));
    }
    crate::server::terminate(&mut server);
    let logs = [("server", server_log), ("client", client_log)];
    let mut found = Vec::new();
    for (who, path) in &logs {
        let log = fs::read_to_string(path).unwrap_or_default();
        let _ = fs::remove_file(path);
        if *who == "client" && !ends {
            continue;
        }
        found.extend(complaints(&log).into_iter().map(|complaint| format!("{who}: {complaint}")));
    }
    Ok(match (is_ready, found.is_empty()) {
        (false, _) => Verdict::skipped("the server does not start under valgrind"),
        (true, true) => Verdict::passed(""),
        (true, false) => Verdict::failed(found.join("; ")),
    })
}

fn word() -> &'static str {
    str::from_utf8(KNOWN).unwrap_or("text")
}

fn log_path(who: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("minitalk-tester-{}-{who}.log", std::process::id()))
}

fn under_valgrind(log: &Path) -> [String; 4] {
    [
        "valgrind".to_owned(),
        "--leak-check=full".to_owned(),
        "--show-leak-kinds=definite".to_owned(),
        format!("--log-file={}", log.display()),
    ]
}

/// What a log of valgrind complains of.
fn complaints(log: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for kind in ["Invalid read", "Invalid write", "uninitialised value", "Invalid free"] {
        let times = log.lines().filter(|line| line.contains(kind)).count();
        if times > 0 {
            complaints.push(format!("{kind}, {times} times"));
        }
    }
    let lost =
        log.lines().find_map(|line| line.split_once("definitely lost: ")).map(|(_, lost)| lost);
    if let Some(lost) = lost.filter(|lost| !lost.starts_with("0 bytes")) {
        complaints.push(format!("{} lost", lost.split(" in ").next().unwrap_or(lost)));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_valgrind_complains_of_is_counted() {
        let log = "==1== Invalid read of size 1\n==1==  at 0x1\n==1== Invalid read of size 4\n\
                   ==1==    definitely lost: 24 bytes in 1 blocks\n";
        assert_eq!(complaints(log), ["Invalid read, 2 times", "24 bytes lost"]);
        assert!(complaints("==1==    definitely lost: 0 bytes in 0 blocks\n").is_empty());
    }

    #[test]
    fn allowed_functions_are_those_of_the_subject_and_of_the_compiler() {
        assert!(is_allowed("sigaction") && is_allowed("__libc_start_main"));
        assert!(!is_allowed("printf") && !is_allowed("nanosleep"));
    }
}
