//! PIDs of processes that are not servers.

use std::io;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::arguments::bystander;
use super::disturbances::finish_all;
use crate::bench::Bench;
use crate::client::Client;
use crate::launch;
use crate::process::Ending;
use crate::verdict::{Tally, Verdict};
use crate::why::Cause;

const TRIES: usize = 3;

/// How long a client may take to notice that no server answers.
const LIMIT: Duration = Duration::from_secs(2);

pub(super) fn innocent(bench: &Bench) -> io::Result<Verdict> {
    let mut bystanders = (0..TRIES).map(|_| bystander()).collect::<io::Result<Vec<_>>>()?;
    let clients = bystanders.iter().map(|child| bench.client(child.id(), b"hi"));
    let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
    let endings = finish_all(&mut clients, LIMIT);
    let mut tally = Tally::default();
    for bystander in &mut bystanders {
        tally.count(bystander.try_wait()?.is_none());
        let _ = bystander.kill();
        let _ = bystander.wait();
    }
    let fact = format!("it dies; the client {}", endings.first().copied().unwrap_or(Ending::Hang));
    let verdict = tally.verdict(String::new(), fact);
    if verdict.is_passed() { Ok(verdict) } else { Ok(verdict.because(Cause::SignalsAnybody)) }
}

pub(super) fn nobody(bench: &Bench) -> io::Result<Verdict> {
    let mut gone = Command::new("true").spawn()?;
    let pid = gone.id();
    gone.wait()?;
    thread::sleep(Duration::from_millis(20));
    let clients = (0..TRIES).map(|_| bench.client(pid, b"hi"));
    let mut clients = clients.collect::<io::Result<Vec<_>>>()?;
    let endings = finish_all(&mut clients, LIMIT);
    let mut tally = Tally::default();
    for ending in &endings {
        tally.count(matches!(ending, Ending::Exit(_)));
    }
    let passed = match endings.first() {
        Some(Ending::Exit(0)) => "though with exit code 0".to_owned(),
        Some(Ending::Exit(code)) => format!("exit code {code}"),
        _ => String::new(),
    };
    let failed = endings.iter().find(|ending| !matches!(ending, Ending::Exit(_)));
    let fact = failed.map_or(String::new(), |ending| format!("the client {ending}"));
    let verdict = tally.verdict(passed, fact);
    let hangs = failed.is_some_and(|ending| !ending.is_end());
    Ok(if hangs { verdict.because(Cause::IgnoresKill) } else { verdict })
}

/// Runs the client as another user, who is not allowed to signal this one's processes.
pub(super) fn forbidden(bench: &Bench) -> io::Result<Verdict> {
    const NO_OTHER_USER: &str = "not tried: only root can start a client as another user";
    const NOT_ITS_FOLDER: &str = "not tried: another user may not run the client where it is";
    let mut server = bystander()?;
    let mut command = launch::command_as_nobody(&bench.pair.client);
    let mut client = Client::spawn(command.args([&server.id().to_string(), "hi"]))?;
    let ending = client.finish(LIMIT);
    let has_died = server.try_wait()?.is_some();
    let _ = server.kill();
    let _ = server.wait();
    Ok(match ending {
        Ending::Exit(126) => Verdict::skipped(NO_OTHER_USER),
        Ending::Exit(launch::NOT_STARTED) => Verdict::skipped(NOT_ITS_FOLDER),
        _ if has_died => Verdict::skipped("the kernel let it signal"),
        Ending::Exit(0) => Verdict::passed("though with exit code 0"),
        Ending::Exit(code) => Verdict::passed(format!("exit code {code}")),
        Ending::Killed(_) => Verdict::failed(format!("the client {ending}")),
        Ending::Hang | Ending::Slow => {
            Verdict::failed(format!("the client {ending}")).because(Cause::IgnoresKill)
        }
    })
}
