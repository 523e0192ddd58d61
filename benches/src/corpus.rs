//! What people send: texts of this project, a log, a program. And something that cannot be
//! compressed.

use std::fmt::Write;
use std::{env, fs};

use crate::octets;
use crate::programs::{Protocol, Server};

/// The log of a web server, the same in every run.
#[must_use]
pub fn log(bytes: usize) -> Vec<u8> {
    const PATHS: [&str; 6] =
        ["/", "/index.html", "/static/app.js", "/static/style.css", "/api/session", "/favicon.ico"];
    let mut log = String::new();
    let (mut second, mut random) = (0, octets(bytes).into_iter().map(usize::from));
    let mut below = |limit| random.next().unwrap_or_default() % limit;
    while log.len() < bytes {
        second += below(3);
        let (minute, path) = (second / 60 % 60, PATHS[below(PATHS.len())]);
        let length = 100 + 37 * below(50);
        writeln!(
            log,
            "192.0.2.{} - - [27/Nov/2026:09:{minute:02}:{:02} +0000] \"GET {path} HTTP/1.1\" 200 \
             {length} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
            10 + below(4),
            second % 60,
        )
        .expect("there is memory");
    }
    log.truncate(bytes);
    log.into_bytes()
}

/// Every text with its name and the minimum speed that it should reach, in units of the yardstick.
///
/// # Panics
///
/// If the running program cannot be read.
#[must_use]
pub fn texts() -> Vec<(&'static str, Vec<u8>, f64)> {
    let readme = include_bytes!("../../docs/reliability.md");
    let source = include_bytes!("../../core/src/ping.rs");
    let mut program = fs::read(env::current_exe().expect("it has a path")).expect("it can be read");
    program.truncate(256 * 1024);
    vec![
        ("1 KB Markdown", readme[..1024].to_vec(), 1.2),
        ("7 KB Markdown", readme[..7 * 1024].to_vec(), 2.2),
        ("17 KB Rust", source.to_vec(), 3.2),
        ("100 KB log", log(100 * 1024), 8.0),
        ("256 KiB of a program", program, 1.8),
        ("64 KiB random", octets(64 * 1024), 1.0),
    ]
}

/// How many bits of each text are delivered in the time that the yardstick takes for a bit. The
/// yardstick runs before and after each text.
///
/// # Panics
///
/// If a text does not arrive as it was sent.
#[must_use]
pub fn round(
    server: &mut Server,
    texts: &[(&'static str, Vec<u8>, f64)],
    mut raw: impl FnMut() -> f64,
) -> Vec<f64> {
    let mut before = raw();
    let mut ratios = Vec::new();
    for (_, text, _) in texts {
        let bits = f64::from(8 * u32::try_from(text.len()).expect("a short text"));
        let speed = bits / server.send(Protocol::Framed, text).as_secs_f64();
        let after = raw();
        ratios.push(speed / f64::midpoint(before, after));
        before = after;
    }
    ratios
}
