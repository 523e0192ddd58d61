//! What went wrong, in words: the exit code, a word for programs, and one sentence with the PID,
//! the cause, what has been delivered, and what to do. The cause describes itself.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use minitalk::admission::Refusal;
use minitalk::names::FindError;
use minitalk::{Cause, Delivered, Diagnosis, Failure, Interruption, Protocol};
use minitalk_cli::figures::is_in_foreground;
use minitalk_cli::options::files::ClosedError;
use minitalk_cli::report::{self, Event};
use minitalk_cli::trace::OpenTraceError;
use minitalk_core::{Bit, RefusalReason};
use minitalk_signals::{ReadProcessError, SendError, user_name};
use serde::Serialize;
use thiserror::Error;

use crate::cli::Options;

/// What could not be done.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// A message could not be sent.
    #[error(transparent)]
    Message(#[from] Failure),
    /// Something else could not be done with a server.
    #[error(transparent)]
    NoMessage(Failure),
    /// The trace could not be written; nothing has been sent.
    #[error("was not signalled: cannot write the trace: {error}")]
    Trace { pid: u32, error: OpenTraceError },
    /// What the user asked for could not be shown.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// The program was started without a descriptor that it needs.
    #[error(transparent)]
    Closed(#[from] ClosedError),
}

/// The explanation. `docs/json.md` describes the members.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "failed")]
pub(crate) struct Explanation {
    pid: Option<i64>,
    pub(crate) code: u8,
    pub(crate) reason: &'static str,
    known: Option<&'static str>,
    bytes: Option<u64>,
    pub(crate) sentence: String,
}

impl Event<Options> for Explanation {
    fn notes(&self, _options: &Options) -> Vec<String> {
        vec![self.sentence.clone()]
    }
}

/// What the client adds to a cause.
struct Words {
    code: u8,
    reason: &'static str,
    way_out: Cow<'static, str>,
}

fn words(code: u8, reason: &'static str, way_out: impl Into<Cow<'static, str>>) -> Words {
    Words { code, reason, way_out: way_out.into() }
}

impl Trouble {
    /// Reports it. Returns the exit code.
    pub(crate) fn tell(&self, options: &Options) -> u8 {
        let explanation = self.explain(options);
        // If nobody reads any more, the exit code still tells.
        let _ = report::tell(&explanation, options, options.json);
        explanation.code
    }

    /// The explanation.
    pub(crate) fn explain(&self, options: &Options) -> Explanation {
        let (pid, words, delivered) = match self {
            Self::Message(failure) => {
                (failure.pid, of_failure(failure, options), Some(failure.delivered))
            }
            Self::NoMessage(failure) => (failure.pid, of_failure(failure, options), None),
            Self::Trace { pid, .. } => {
                let words = words(1, "system", "choose another file");
                (Some((*pid).into()), words, Some(Delivered::Nothing))
            }
            Self::Output(_) => (None, words(1, "output", ""), None),
            Self::Closed(_) => (None, words(1, "closed", ""), None),
        };
        let Words { code, reason, way_out } = words;
        let cause = match self {
            Self::Message(failure) | Self::NoMessage(failure) => cause(&failure.cause, options),
            Self::Trace { .. } | Self::Output(_) | Self::Closed(_) => self.to_string(),
        };
        let (known, bytes) = match delivered {
            Some(Delivered::Nothing) => (Some("nothing"), Some(0)),
            Some(Delivered::Accepted { bytes, .. }) => (Some("accepted"), Some(bytes)),
            Some(Delivered::Acknowledged(bytes)) => (Some("acknowledged"), Some(bytes)),
            Some(Delivered::Unknown) => (Some("unknown"), None),
            None => (None, None),
        };
        let subject = pid.map(|pid| format!("PID {pid} ")).unwrap_or_default();
        let delivered = delivered.map(|delivered| delivered.to_string()).unwrap_or_default();
        let mut parts = vec![subject + &cause, delivered, way_out.into()];
        parts.retain(|part| !part.is_empty());
        Explanation { pid, code, reason, known, bytes, sentence: parts.join("; ") }
    }
}

/// What to say while waiting for a server, if anything.
pub(crate) fn waiting(pid: u32, diagnosis: Diagnosis) -> Option<String> {
    match diagnosis {
        Diagnosis::Stopped => Some(format!(
            "PID {pid} is stopped; waiting for it; continue it with: kill -CONT {pid}"
        )),
        // Nothing is wrong: this is only for a user who is watching.
        Diagnosis::Busy if io::stderr().is_terminal() && is_in_foreground() => {
            Some(format!("PID {pid} is busy with other clients; waiting for a turn"))
        }
        _ => None,
    }
}

/// What the server did, or what is wrong with it, including what only the client knows.
fn cause(cause: &Cause, options: &Options) -> String {
    let seconds = options.timeout.as_secs_f64();
    match cause {
        Cause::TimedOut(Diagnosis::Stopped) => {
            format!("is stopped and has not answered for {seconds} s")
        }
        Cause::TimedOut(Diagnosis::Busy) => {
            format!("has been busy with other clients for {seconds} s")
        }
        Cause::TimedOut(_) => format!("has made no progress for {seconds} s"),
        Cause::Interrupted(Interruption::Deadline) => {
            let seconds = options.deadline.unwrap_or_default().as_secs_f64();
            format!("has not confirmed the whole message within {seconds} s")
        }
        Cause::Refusal(
            Refusal::NotPermitted { uid } | Refusal::AcknowledgmentNotPermitted { uid },
        ) => format!("{cause} (it runs as {})", user(*uid)),
        cause => cause.to_string(),
    }
}

const LOOK_FIRST: &str = "look at what it has written before you send again";
const LOOK_AND_FRAME: &str =
    "look at what it shows; send again without --protocol classic if it is a minitalk-server";
const OTHER_SERVER: &str = "use the PID that minitalk-server prints on its first line, or see \
                            which servers run with --list";
const NOT_THE_SERVER: &str = "this is a problem of this machine, not of the server";
const PERHAPS_LATER: &str =
    "it may be written yet: look before you send again, or wait longer with --timeout";
const MORE_TIME: &str = "send it again, with more time for --deadline";
const NAMES: &str = "see which servers run with --list; a server gets a name with: minitalk-server \
                     --name NAME";
const SAME_CONTAINER: &str = "run client and server in the same container";
const FORCE: &str =
    "use the PID that minitalk-server prints on its first line, or --force if you mean it";

/// The words for a failure, which differ if everything was sent and may have been written.
fn of_failure(failure: &Failure, options: &Options) -> Words {
    let is_unknown = failure.delivered == Delivered::Unknown;
    let known = of_cause(failure, is_unknown, options);
    match failure.cause {
        _ if !is_unknown => known,
        Cause::Interrupted(Interruption::Deadline) => words(7, known.reason, LOOK_FIRST),
        Cause::Interrupted(_) => words(known.code, known.reason, LOOK_FIRST),
        Cause::Wait(_) | Cause::Watch(_) | Cause::Send(_) | Cause::Died => {
            words(7, known.reason, LOOK_FIRST)
        }
        _ => Words { code: 7, ..known },
    }
}

fn of_cause(failure: &Failure, is_unknown: bool, options: &Options) -> Words {
    match &failure.cause {
        Cause::Find(FindError::Unknown(_) | FindError::PidFile { .. }) => {
            words(3, "unknown_name", NAMES)
        }
        Cause::Find(FindError::Ended { .. }) => words(3, "no_such_process", NAMES),
        Cause::Find(FindError::Elsewhere { .. }) => words(3, "other_namespace", SAME_CONTAINER),
        Cause::Find(FindError::Ambiguous { .. }) => {
            words(3, "ambiguous_name", "give the PID instead of the name")
        }
        Cause::Refusal(refusal) => of_refusal(*refusal),
        Cause::TimedOut(Diagnosis::Stopped) => {
            let pid = failure.pid.unwrap_or_default();
            words(5, "stopped", format!("continue it with: kill -CONT {pid}"))
        }
        Cause::TimedOut(Diagnosis::Busy) if is_unknown => words(5, "busy", PERHAPS_LATER),
        Cause::TimedOut(Diagnosis::Busy) => {
            words(5, "busy", "wait longer for a turn, for example with --timeout 5m")
        }
        Cause::TimedOut(_) if is_unknown => words(5, "timeout", PERHAPS_LATER),
        Cause::TimedOut(_) if options.protocol() == Protocol::Classic => {
            let way_out = "if it is busy, give it more time with --timeout; if it acknowledges in \
                           another way, say so with --dialect";
            words(5, "timeout", way_out)
        }
        Cause::TimedOut(diagnosis) => words(5, "timeout", other_way(*diagnosis)),
        Cause::NotFramed(diagnosis) => words(3, "not_framed", other_way(*diagnosis)),
        Cause::UnexpectedAck { ack, is_first } => {
            let way_out = of_unexpected(*ack, *is_first, is_unknown);
            words(3, "unexpected_acknowledgment", way_out)
        }
        Cause::Send(SendError::NotPermitted) => {
            words(4, "not_permitted", "run client and server as the same user")
        }
        Cause::Died | Cause::Send(SendError::Gone) => {
            words(6, "died", "start a server and try again")
        }
        Cause::Input(_) => words(1, "input", NOT_THE_SERVER),
        Cause::Encode(_) | Cause::LooksFramed => {
            words(2, "not_encodable", "send it without --protocol classic")
        }
        Cause::Rejected(Some(RefusalReason::TooLong)) => words(8, "refused", "send less at a time"),
        Cause::Rejected(_) => words(8, "refused", "see what the server says on its standard error"),
        Cause::Doubled => words(7, "doubled", LOOK_AND_FRAME),
        Cause::Disturbed => words(7, "disturbed", LOOK_AND_FRAME),
        Cause::Interrupted(Interruption::Signal(signal)) => {
            words(128 + u8::try_from(signal.number()).unwrap_or(0), "interrupted", "send it again")
        }
        Cause::Find(FindError::NotStarted(_)) | Cause::Interrupted(Interruption::Deadline) => {
            words(5, "deadline", MORE_TIME)
        }
        Cause::Interrupted(Interruption::Program) => words(1, "interrupted", "send it again"),
        // A problem of this machine, or a cause that this client does not know yet.
        _ => words(1, "system", NOT_THE_SERVER),
    }
}

/// The words for a process that must not be signalled.
fn of_refusal(refusal: Refusal) -> Words {
    match refusal {
        Refusal::OutOfRange => words(3, "not_a_pid", OTHER_SERVER),
        Refusal::Itself => words(3, "itself", OTHER_SERVER),
        Refusal::NoSuchProcess => words(3, "no_such_process", OTHER_SERVER),
        Refusal::Zombie => words(3, "zombie", OTHER_SERVER),
        Refusal::Thread { of } => words(3, "thread", format!("use {of}")),
        Refusal::WouldDie { .. } | Refusal::Unlike => words(3, "would_die", FORCE),
        Refusal::Unknown => {
            let way_out = "if it is another minitalk, say how it speaks with --protocol classic or \
                           --dialect; --list shows the servers that are known";
            words(3, "not_known", way_out)
        }
        Refusal::Replaced => words(3, "replaced", OTHER_SERVER),
        Refusal::Deaf { .. } => words(3, "ignores_signals", FORCE),
        Refusal::NotPermitted { uid } => {
            words(4, "not_permitted", format!("run the client as {}", user(uid)))
        }
        Refusal::AcknowledgmentNotPermitted { uid } => {
            let user = user(uid);
            let way_out =
                format!("run client and server as the same user, for example the client as {user}");
            words(4, "answer_not_permitted", way_out)
        }
        Refusal::NamespaceInside => words(4, "other_namespace", SAME_CONTAINER),
        Refusal::Unreadable(ReadProcessError::OtherProc | ReadProcessError::NoProc) => {
            let way_out = "mount /proc in this PID namespace (unshare has --mount-proc for it)";
            words(1, "system", way_out)
        }
        Refusal::Unopened(_) | Refusal::Unreadable(_) => words(1, "system", NOT_THE_SERVER),
    }
}

/// What to try after these answers in the framed protocol.
const fn other_way(diagnosis: Diagnosis) -> &'static str {
    match diagnosis {
        Diagnosis::Silent => {
            "if it is busy, give it more time with --timeout; if it is another minitalk that \
             acknowledges no single bits, try --dialect ack=byte-usr1 or --dialect ack=none"
        }
        Diagnosis::Always(Bit::Zero) => {
            "it acknowledges every bit with SIGUSR1, as other minitalks do: try --protocol classic"
        }
        Diagnosis::Always(Bit::One) => {
            "it acknowledges every bit with SIGUSR2, as other minitalks do: try --dialect ack=usr2"
        }
        Diagnosis::Echoes => {
            "it acknowledges every bit with the same signal, as some minitalks do: try --dialect \
             ack=echo"
        }
        Diagnosis::Stopped | Diagnosis::Busy | Diagnosis::Answers => {
            "if it is busy, give it more time with --timeout; if it is another minitalk, try \
             --protocol classic"
        }
    }
}

/// What to do about an answer that the dialect does not have there.
fn of_unexpected(ack: Bit, is_first: bool, is_unknown: bool) -> String {
    let value = if ack.is_one() { "usr2" } else { "usr1" };
    if is_unknown {
        format!(
            "{LOOK_FIRST}, and say how it acknowledges the end of a message with --dialect, for \
             example receipt={value}-instead"
        )
    } else if is_first {
        format!("say how it acknowledges with --dialect, for example ack={value}")
    } else {
        "say how it acknowledges bytes and messages with --dialect, for example ack=echo or \
         receipt=none"
            .to_owned()
    }
}

/// `root`, or `user 1234` if there is no name.
fn user(uid: u32) -> String {
    user_name(uid).unwrap_or_else(|| format!("user {uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use minitalk::Interruption;
    use minitalk_signals::{SignalSet, Termination};

    fn explained(cause: Cause, delivered: Delivered) -> Explanation {
        let options = Options::try_parse_from(["c", "42", "text"]).unwrap();
        Trouble::from(Failure { pid: Some(42), cause, delivered }).explain(&options)
    }

    #[test]
    fn an_unknown_outcome_has_its_own_code_whatever_ended_the_link() {
        let causes: [(fn() -> Cause, u8); 5] = [
            (|| Cause::Died, 6),
            (|| Cause::TimedOut(Diagnosis::Answers), 5),
            (|| Cause::Send(SendError::Gone), 6),
            (|| Cause::Send(SendError::NotPermitted), 4),
            (|| Cause::UnexpectedAck { ack: Bit::One, is_first: false }, 3),
        ];
        for (cause, code) in causes {
            assert_eq!(explained(cause(), Delivered::Nothing).code, code);
            let unknown = explained(cause(), Delivered::Unknown);
            assert_eq!(unknown.code, 7);
            assert!(unknown.sentence.contains("before you send again"), "{}", unknown.sentence);
        }
    }

    #[test]
    fn force_is_offered_only_where_it_helps() {
        let sentence = |refusal| explained(Cause::Refusal(refusal), Delivered::Nothing).sentence;
        assert!(!sentence(Refusal::Itself).contains("--force"));
        assert!(sentence(Refusal::Deaf { signals: SignalSet::LINE }).contains("--force"));
    }

    #[test]
    fn an_interrupted_client_exits_as_the_shell_expects() {
        for (signal, code) in [(Termination::Interrupt, 130), (Termination::Terminate, 143)] {
            let cause = Cause::Interrupted(Interruption::Signal(signal));
            assert_eq!(explained(cause, Delivered::Unknown).code, code);
        }
    }

    #[test]
    fn a_sentence_names_the_pid_the_cause_what_arrived_and_the_way_out() {
        assert_eq!(
            explained(Cause::Died, Delivered::Acknowledged(256)).sentence,
            "PID 42 has ended; 256 bytes were acknowledged; start a server and try again",
        );
    }
}
