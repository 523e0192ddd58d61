//! `--check`: whether a message could be delivered, and why not, without sending anything.

use minitalk::admission::{Admission, Refusal};
use minitalk::{Address, Cause, Delivered, Failure, names};
use minitalk_cli::text::shown;
use minitalk_signals::{Bit, PidNamespace, ProcessState, ProcessStatus, user_name};
use serde::Serialize;

use crate::cli::Options;
use crate::explain::{self, Trouble};
use crate::report::Report;

/// All that can be said about a process.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "check")]
pub(crate) struct Findings {
    pub(crate) pid: i64,
    pub(crate) deliverable: bool,
    /// The exit code that a message to it would end with, for this reason.
    pub(crate) code: u8,
    pub(crate) reason: Option<&'static str>,
    pub(crate) sentence: String,
    #[serde(flatten)]
    pub(crate) process: Option<Process>,
}

/// What `/proc` says of it.
#[derive(Debug, Serialize)]
pub(crate) struct Process {
    pub(crate) program: String,
    pub(crate) name: Option<String>,
    pub(crate) state: &'static str,
    pub(crate) uid: u32,
    pub(crate) user: Option<String>,
    pub(crate) may_signal: bool,
    pub(crate) may_answer: bool,
    pub(crate) sigusr1: SignalFindings,
    pub(crate) sigusr2: SignalFindings,
    /// None if this user may not look.
    pub(crate) same_pid_namespace: Option<bool>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the kernel keeps four sets")]
pub(crate) struct SignalFindings {
    pub(crate) caught: bool,
    pub(crate) blocked: bool,
    pub(crate) ignored: bool,
    pub(crate) pending: bool,
}

/// Tells what there is to say about a server. The exit code.
pub(crate) fn run(server: &Address, options: &Options, report: &dyn Report) -> Result<u8, Trouble> {
    let found = server.find();
    let pid = found.map_err(|error| Trouble::NoMessage(error.into()))?;
    let admitted = Admission::new().server(pid, options.trust());
    let is_known = admitted.as_ref().is_ok_and(|admitted| admitted.recognition().is_some());
    let refusal = admitted.err();
    let process = u32::try_from(pid).ok().and_then(|pid| process(pid, refusal.as_ref()));
    let explanation = refusal.map(|refusal| {
        let cause = Cause::Refusal(refusal);
        let failure = Failure { pid: Some(pid), cause, delivered: Delivered::Nothing };
        Trouble::NoMessage(failure).explain(options)
    });
    let findings = Findings {
        pid,
        deliverable: explanation.is_none(),
        code: explanation.as_ref().map_or(0, |explanation| explanation.code),
        reason: explanation.as_ref().map(|explanation| explanation.reason),
        sentence: match explanation {
            Some(explanation) => explanation.sentence,
            None => good_news(pid, is_known, process.as_ref()),
        },
        process,
    };
    explain::output(report.check(&findings))?;
    Ok(findings.code)
}

fn good_news(pid: i64, is_known: bool, process: Option<&Process>) -> String {
    if process.is_some_and(|process| process.state == STOPPED) {
        format!("a message to PID {pid} waits until it is continued with: kill -CONT {pid}")
    } else if is_known {
        format!("a message can be sent to PID {pid}")
    } else {
        format!("signals can be sent to PID {pid}; whether it is a minitalk server is not known")
    }
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
