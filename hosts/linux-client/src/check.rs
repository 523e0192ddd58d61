//! `--check`: whether a message could be delivered, and why not, without sending anything.

use std::fmt::Write;

use minitalk::admission::{Admission, Refusal};
use minitalk::{Address, Cause, Delivered, Failure, names};
use minitalk_cli::report::{self, Event};
use minitalk_cli::text::shown;
use minitalk_signals::{Bit, PidNamespace, ProcessStatus, user_name};
use serde::Serialize;

use crate::cli::Options;
use crate::explain::{Explanation, Trouble};

/// Everything that can be said about a process.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "check")]
struct Findings {
    pid: i64,
    deliverable: bool,
    /// The exit code with which sending a message to it would fail.
    code: u8,
    reason: Option<&'static str>,
    sentence: String,
    #[serde(flatten)]
    process: Option<Process>,
}

/// What `/proc` says about it.
#[derive(Debug, Serialize)]
struct Process {
    program: String,
    name: Option<String>,
    state: String,
    uid: u32,
    user: Option<String>,
    may_signal: bool,
    may_answer: bool,
    sigusr1: Disposition,
    sigusr2: Disposition,
    /// `None` if this user is not allowed to look.
    same_pid_namespace: Option<bool>,
}

#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the kernel keeps four sets")]
struct Disposition {
    caught: bool,
    blocked: bool,
    ignored: bool,
    pending: bool,
}

/// Reports everything about a server. Returns the exit code.
pub(crate) fn run(server: &Address, options: &Options) -> Result<u8, Trouble> {
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
    let (code, reason, sentence) = match explanation {
        Some(Explanation { code, reason, sentence, .. }) => (code, Some(reason), sentence),
        None => (0, None, good_news(pid, is_known, process.as_ref())),
    };
    let findings = Findings { pid, deliverable: reason.is_none(), code, reason, sentence, process };
    report::show(&findings, options, options.json)?;
    Ok(findings.code)
}

fn good_news(pid: i64, is_known: bool, process: Option<&Process>) -> String {
    if process.is_some_and(|process| process.state == "stopped") {
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
    let namespaces = PidNamespace::of(pid).ok().zip(PidNamespace::own().ok());
    let signal = |bit| Disposition {
        caught: status.caught.contains(bit),
        blocked: status.blocked.contains(bit),
        ignored: status.ignored.contains(bit),
        pending: status.pending.contains(bit),
    };
    Some(Process {
        program: shown(&status.name),
        name: names::of(pid).and_then(|entry| Some(entry.name?.to_string())),
        state: status.state.to_string(),
        uid: status.uids.real,
        user: user_name(status.uids.real),
        may_signal: !matches!(refusal, Some(Refusal::NotPermitted { .. })),
        may_answer: status.may_signal(&own),
        sigusr1: signal(Bit::Zero),
        sigusr2: signal(Bit::One),
        same_pid_namespace: namespaces.map(|(its, own)| its == own),
    })
}

impl Event<Options> for Findings {
    fn text(&self, _options: &Options) -> String {
        let mut text = format!("PID {}\n", self.pid);
        if let Some(process) = &self.process {
            let user = process.user.clone().unwrap_or_else(|| format!("user {}", process.uid));
            let rows = [
                ("program", process.program.clone()),
                ("name", process.name.clone().unwrap_or_else(|| "none".to_owned())),
                ("state", process.state.clone()),
                ("user", format!("{user} (uid {})", process.uid)),
                ("permission", permission(process.may_signal, process.may_answer).to_owned()),
                ("SIGUSR1", process.sigusr1.describe()),
                ("SIGUSR2", process.sigusr2.describe()),
                ("PID namespace", namespace(process.same_pid_namespace).to_owned()),
            ];
            for (title, words) in rows {
                let _ = writeln!(text, "  {title:14} {words}");
            }
        }
        let answer = if self.deliverable { "yes" } else { "no" };
        let _ = writeln!(text, "{answer}: {}", self.sentence);
        text
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
        None => "this user may not see it",
    }
}

impl Disposition {
    /// `caught, not blocked`, and anything else worth mentioning.
    fn describe(&self) -> String {
        let action = match (self.caught, self.ignored) {
            (true, _) => "caught",
            (false, true) => "ignored",
            (false, false) => "default action: would end it",
        };
        let blocked = if self.blocked { ", blocked (it takes it when it wants to)" } else { "" };
        let pending = if self.pending { ", pending (one is on its way)" } else { "" };
        [action, blocked, pending].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_described_by_what_would_happen() {
        let quiet = Disposition { caught: false, blocked: false, ignored: false, pending: false };
        assert_eq!(quiet.describe(), "default action: would end it");
        assert_eq!(Disposition { caught: true, ..quiet }.describe(), "caught");
    }
}
