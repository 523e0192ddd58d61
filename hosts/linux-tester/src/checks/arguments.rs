//! Wrong arguments.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::disturbances::finish_all;
use crate::bench::Bench;
use crate::client::Client;
use crate::launch;
use crate::process::Ending;
use crate::role::Role;
use crate::verdict::Verdict;
use crate::why::Cause;

/// How long a client may take to notice that its arguments are wrong.
const LIMIT: Duration = Duration::from_millis(1300);

pub(super) fn count(bench: &Bench) -> io::Result<Verdict> {
    let words: [&[&str]; 3] = [&[], &["4200"], &["4200", "text", "more"]];
    let start = words.map(|words| {
        // A PID that no process has, in case it is used nevertheless.
        let words = words.iter().map(|word| if *word == "4200" { "4194303" } else { word });
        Client::spawn(launch::command(&bench.pair.client).args(words))
    });
    let mut clients = start.into_iter().collect::<io::Result<Vec<_>>>()?;
    let endings = finish_all(&mut clients, LIMIT);
    let names = ["none", "one", "three"];
    let wrong = endings.iter().zip(names).find(|(ending, _)| !ends_well(**ending));
    Ok(match wrong {
        Some((ending, name)) => Verdict::failed(format!("with {name} the client {ending}")),
        None => Verdict::passed(""),
    })
}

fn ends_well(ending: Ending) -> bool {
    matches!(ending, Ending::Exit(_))
}

pub(super) fn zero(bench: &Bench) -> io::Result<Verdict> {
    refused(bench, "0")
}

pub(super) fn minus_one(bench: &Bench) -> io::Result<Verdict> {
    refused(bench, "-1")
}

pub(super) fn text(bench: &Bench) -> io::Result<Verdict> {
    refused(bench, "abc")
}

pub(super) fn huge(bench: &Bench) -> io::Result<Verdict> {
    refused(bench, "99999999999999999999")
}

/// A client with such a PID ends, and signals no process, neither in its process group nor
/// elsewhere.
fn refused(bench: &Bench, pid: &str) -> io::Result<Verdict> {
    if !bench.is_isolated {
        return Ok(Verdict::skipped(
            "not tried: there is no PID namespace here, and it might signal everybody",
        ));
    }
    let mut bystanders = [bystander()?, bystander()?];
    let group = i32::try_from(bystanders[0].id()).unwrap_or(0);
    let mut command = launch::command(&bench.pair.client);
    let mut client = Client::spawn(command.args([pid, "text"]).process_group(group))?;
    let ending = client.finish(LIMIT);
    thread::sleep(Duration::from_millis(20));
    let mut is_anybody_hurt = false;
    for bystander in &mut bystanders {
        is_anybody_hurt |= bystander.try_wait()?.is_some();
        let _ = bystander.kill();
        let _ = bystander.wait();
    }
    Ok(if is_anybody_hurt {
        Verdict::failed("it signals every process it can").because(Cause::SignalsGroup)
    } else if ends_well(ending) {
        Verdict::passed("")
    } else {
        Verdict::failed(format!("the client {ending}"))
    })
}

/// A process that is not involved, in a process group of its own.
pub(super) fn bystander() -> io::Result<Child> {
    let mut command: Command = Role::Bystander.command();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).spawn()?;
    // Until it has called execve(2), it might survive a signal that kills it afterwards.
    thread::sleep(Duration::from_millis(20));
    Ok(child)
}
