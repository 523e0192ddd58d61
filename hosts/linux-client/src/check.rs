//! `--check`: whether a message could be delivered, and why not, without sending anything.

use std::io::{self, Write};

use minitalk::admission::{Admission, Refusal, Trust};
use minitalk::names;
use minitalk_cli::text::shown;
use minitalk_signals::{Bit, PidNamespace, ProcessState, ProcessStatus, user_name};
use serde::Serialize;

use crate::address::Address;
use crate::failure::{Cause, Failure};
use crate::json;
use crate::list::PROGRAM;

/// All that can be said about a process.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "check")]
struct Findings {
    pid: i64,
    deliverable: bool,
    /// The exit code that a message to it would end with, for this reason.
    code: u8,
    reason: Option<&'static str>,
    sentence: String,
    #[serde(flatten)]
    process: Option<Process>,
}

/// What `/proc` says of it.
#[derive(Debug, Serialize)]
struct Process {
    program: String,
    name: Option<String>,
    state: &'static str,
    uid: u32,
    user: Option<String>,
    may_signal: bool,
    may_answer: bool,
    sigusr1: SignalFindings,
    sigusr2: SignalFindings,
    /// None if this user may not look.
    same_pid_namespace: Option<bool>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the kernel keeps four sets")]
struct SignalFindings {
    caught: bool,
    blocked: bool,
    ignored: bool,
    pending: bool,
}

/// Prints what there is to say about a server. The exit code, and whether it could be shown.
pub(crate) fn run(
    server: &Address,
    trust: Trust,
    is_json: bool,
) -> Result<(u8, io::Result<()>), Failure> {
    let pid = server.find().map_err(Failure::not_found)?;
    let refusal = Admission::new().server(pid, trust).err();
    let process = u32::try_from(pid).ok().and_then(|pid| process(pid, refusal.as_ref()));
    let failure = refusal.map(|refusal| Failure::before_sending(pid, Cause::Refusal(refusal)));
    let findings = Findings {
        pid,
        deliverable: failure.is_none(),
        code: failure.as_ref().map_or(0, Failure::code),
        reason: failure.as_ref().map(|failure| failure.cause.word()),
        sentence: match &failure {
            Some(failure) => {
                format!("PID {pid} {}; {}", failure.cause, failure.way_out())
            }
            None if process.as_ref().is_some_and(|process| process.state == STOPPED) => {
                format!("a message to PID {pid} waits until it is continued with: kill -CONT {pid}")
            }
            None if process.as_ref().is_some_and(|process| is_known(&process.program)) => {
                format!("a message can be sent to PID {pid}")
            }
            None => {
                format!(
                    "signals can be sent to PID {pid}, but it is not known to be a minitalk server"
                )
            }
        },
        process,
    };
    let printed = if is_json { json::print(&findings) } else { print(&findings) };
    Ok((findings.code, printed))
}

fn process(pid: u32, refusal: Option<&Refusal>) -> Option<Process> {
    let status = ProcessStatus::read(pid).ok()?;
    let own = ProcessStatus::own().ok()?;
    let signal = |bit| SignalFindings {
        caught: status.caught.contains(bit),
        blocked: status.blocked.contains(bit),
        ignored: status.ignored.contains(bit),
        pending: status.pending.contains(bit),
    };
    Some(Process {
        program: shown(&status.name),
        name: names::of(pid).and_then(|entry| Some(entry.name?.to_string())),
        state: state(status.state),
        uid: status.uids.real,
        user: user_name(status.uids.real),
        may_signal: !matches!(refusal, Some(Refusal::NotPermitted { .. })),
        may_answer: status.may_signal(&own),
        sigusr1: signal(Bit::Zero),
        sigusr2: signal(Bit::One),
        same_pid_namespace: same_namespace(pid),
    })
}

fn same_namespace(pid: u32) -> Option<bool> {
    Some(PidNamespace::of(pid).ok()? == PidNamespace::own().ok()?)
}

/// A process that was sent `SIGSTOP` or `SIGTSTP`.
const STOPPED: &str = "stopped";

const fn state(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Running => "running",
        ProcessState::Sleeping => "sleeping",
        ProcessState::DiskSleep => "waiting for a device",
        ProcessState::Stopped => STOPPED,
        ProcessState::Traced => "stopped by a debugger",
        ProcessState::Zombie => "zombie",
        ProcessState::Dead => "dead",
        ProcessState::Idle => "idle kernel thread",
        ProcessState::Other(_) => "unknown",
    }
}

fn print(findings: &Findings) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "PID {}", findings.pid)?;
    if let Some(process) = &findings.process {
        let user = process.user.clone().unwrap_or_else(|| format!("user {}", process.uid));
        let rows = [
            ("program", process.program.clone() + speaks(&process.program)),
            ("name", process.name.clone().unwrap_or_else(|| "none".to_owned())),
            ("state", process.state.to_owned()),
            ("user", format!("{user} (uid {})", process.uid)),
            ("permission", permission(process.may_signal, process.may_answer).to_owned()),
            ("SIGUSR1", signal(&process.sigusr1)),
            ("SIGUSR2", signal(&process.sigusr2)),
            ("PID namespace", namespace(process.same_pid_namespace).to_owned()),
        ];
        for (title, text) in rows {
            writeln!(stdout, "  {title:14} {text}")?;
        }
    }
    let answer = if findings.deliverable { "yes" } else { "no" };
    writeln!(stdout, "{answer}: {}", findings.sentence)
}

fn is_known(program: &str) -> bool {
    !speaks(program).is_empty()
}

/// What is known of a program by its name.
fn speaks(program: &str) -> &'static str {
    match program {
        PROGRAM => " (framed and classic)",
        "server" => " (if it is a minitalk of the exercise: --protocol classic)",
        _ => "",
    }
}

const fn permission(may_signal: bool, may_answer: bool) -> &'static str {
    match (may_signal, may_answer) {
        (true, true) => "this client may signal it, and it may answer",
        (true, false) => "this client may signal it, but it may not answer",
        (false, true) => "this client may not signal it, though it might answer",
        (false, false) => "neither may signal the other",
    }
}

const fn namespace(same: Option<bool>) -> &'static str {
    match same {
        Some(true) => "the same as this client's",
        Some(false) => "another than this client's: it may not be able to answer",
        None => "not to be seen by this user",
    }
}

/// `caught, not blocked`, and what else there is to say.
fn signal(findings: &SignalFindings) -> String {
    let mut words = vec![if findings.caught {
        "caught"
    } else if findings.ignored {
        "ignored"
    } else {
        "default action: would end it"
    }];
    if findings.blocked {
        words.push("blocked (it takes it when it wants to)");
    }
    if findings.pending {
        words.push("pending (one is on its way)");
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_described_by_what_would_happen() {
        let quiet =
            SignalFindings { caught: false, blocked: false, ignored: false, pending: false };
        assert_eq!(signal(&quiet), "default action: would end it");
        assert_eq!(signal(&SignalFindings { caught: true, ..quiet }), "caught");
    }
}
