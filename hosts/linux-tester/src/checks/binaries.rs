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
use crate::server::Server;
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

/// The functions that a program imports from shared libraries; `None` if it imports none, or is not
/// such a program.
fn imported(program: &Path) -> Option<Vec<String>> {
    let bytes = fs::read(program).ok()?;
    let file = object::File::parse(&*bytes).ok()?;
    let names = file.dynamic_symbols().filter(ObjectSymbol::is_undefined);
    let names: Vec<String> =
        names.filter_map(|symbol| Some(symbol.name().ok()?.to_owned())).collect();
    // A statically linked program imports nothing.
    (!names.is_empty()).then_some(names)
}

/// How long a text may take under valgrind.
const LIMIT: Duration = Duration::from_secs(6);

/// With valgrind or, if that is not installed and the folder may be built, with sanitizers.
pub(super) fn memory_errors(bench: &Bench) -> io::Result<Verdict> {
    let is_installed = Command::new("valgrind")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    match (is_installed, &bench.sources) {
        (true, _) => valgrind(bench),
        (false, Some(folder)) => sanitizers(folder),
        (false, None) => {
            Ok(Verdict::skipped("not tried: valgrind is not installed, and there is no --make"))
        }
    }
}

/// Builds a copy of the folder with sanitizers, and sends a text.
fn sanitizers(folder: &Path) -> io::Result<Verdict> {
    let copy = std::env::temp_dir().join(format!("minitalk-tester-{}", std::process::id()));
    let is_copied = Command::new("cp").arg("-r").arg(folder).arg(&copy).status()?.success();
    let built = Command::new("make")
        .args(["-B", "-C"])
        .arg(&copy)
        .arg("CC=cc -fsanitize=address,undefined -g")
        .output();
    let is_built = is_copied && built.is_ok_and(|output| output.status.success());
    let found = if is_built { complaints_of_sanitizers(&copy) } else { Ok(None) };
    let _ = fs::remove_dir_all(&copy);
    Ok(match found? {
        None => Verdict::skipped("not tried: it could not be built with sanitizers"),
        Some(found) if found.is_empty() => Verdict::passed("with sanitizers"),
        Some(found) => Verdict::failed(found.join("; ")),
    })
}

/// What the two programs report when they are built with sanitizers; `None` if they do not start.
fn complaints_of_sanitizers(folder: &Path) -> io::Result<Option<Vec<String>>> {
    let mut server = Server::start(&folder.join("server"))?;
    let (screen, end) = Screen::terminal()?;
    let mut command = launch::command(&folder.join("client"));
    command.arg(server.pid().to_string()).arg(word()).stderr(end);
    let ending = Client::spawn(&mut command)?.finish_with(server.pid(), LIMIT);
    drop(command);
    if !ending.is_end() || server.shows_pid(Duration::ZERO) == server.ending().is_some() {
        return Ok(None);
    }
    let logs = [("server", server.errors()), ("client", screen.bytes())];
    let complaint = |line: &str| {
        let (_, words) =
            line.split_once("AddressSanitizer: ").or_else(|| line.split_once("runtime error: "))?;
        Some(words.chars().take(60).collect::<String>())
    };
    let found = logs.iter().flat_map(|(who, log)| {
        let log = String::from_utf8_lossy(log).into_owned();
        let lines = log.lines().filter(|line| !line.starts_with("SUMMARY"));
        lines.filter_map(complaint).map(|words| format!("{who}: {words}")).collect::<Vec<_>>()
    });
    Ok(Some(found.collect()))
}

fn valgrind(bench: &Bench) -> io::Result<Verdict> {
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

/// The errors that a log of valgrind reports.
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
