//! What went wrong, in words: the exit code, a word for programs, and one sentence that names the
//! PID, the cause, what has been delivered, and the way out.

use std::borrow::Cow;
use std::io;

use minitalk::admission::Refusal;
use minitalk::names::FindError;
use minitalk::{Cause, Delivered, Diagnosis, Failure, Protocol};
use minitalk_cli::trace::OpenTraceError;
use minitalk_core::{Bit, RefusalReason};
use minitalk_signals::{ReadProcessError, SendError, user_name};
use serde::Serialize;

use crate::cli::Options;

/// What was not done.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// A message was not sent.
    Message(Failure),
    /// Something else was not done with a server.
    NoMessage(Failure),
    /// The trace cannot be written; nothing has been sent.
    Trace { pid: u32, error: OpenTraceError },
    /// What the user asked for cannot be shown.
    Output(io::Error),
    /// The program was started without a descriptor that it needs.
    Closed(&'static str),
}

/// The words for it. `docs/json.md` describes the members.
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

/// What is said of one cause.
struct Words {
    code: u8,
    reason: &'static str,
    /// What the server did, or what is wrong with it: it follows `PID 4242`.
    sentence: Cow<'static, str>,
    way_out: Cow<'static, str>,
}

fn words(
    code: u8,
    reason: &'static str,
    sentence: impl Into<Cow<'static, str>>,
    way_out: impl Into<Cow<'static, str>>,
) -> Words {
    Words { code, reason, sentence: sentence.into(), way_out: way_out.into() }
}

impl Trouble {
    /// The words for it.
    pub(crate) fn explain(&self, options: &Options) -> Explanation {
        let (pid, words, delivered) = match self {
            Self::Message(failure) => {
                (failure.pid, of_failure(failure, options), Some(failure.delivered))
            }
            Self::NoMessage(failure) => (failure.pid, of_failure(failure, options), None),
            Self::Trace { pid, error } => {
                let sentence = format!("was not signalled: cannot write the trace: {error}");
                let words = words(1, "system", sentence, "choose another file");
                (Some((*pid).into()), words, Some(Delivered::Nothing))
            }
            Self::Output(error) => {
                let sentence = format!("cannot write to standard output: {error}");
                (None, words(1, "output", sentence, ""), None)
            }
            Self::Closed(name) => {
                let sentence = format!("{name} is closed");
                (None, words(1, "closed", sentence, "redirect it to /dev/null to do without"), None)
            }
        };
        let pid_and_cause = match pid {
            Some(pid) => format!("PID {pid} {}", words.sentence),
            None => words.sentence.into_owned(),
        };
        let parts = [pid_and_cause, delivered.map(said).unwrap_or_default(), words.way_out.into()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let (known, bytes) = match delivered {
            Some(Delivered::Nothing) => (Some("nothing"), Some(0)),
            Some(Delivered::Accepted { bytes, .. }) => (Some("accepted"), Some(bytes)),
            Some(Delivered::Acknowledged(bytes)) => (Some("acknowledged"), Some(bytes)),
            Some(Delivered::Unknown) => (Some("unknown"), None),
            None => (None, None),
        };
        let Words { code, reason, .. } = words;
        Explanation { pid, code, reason, known, bytes, sentence: parts.join("; ") }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Message(failure)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Makes sure that what the user asked for was shown. A reader that has seen enough is no error.
pub(crate) fn output(result: io::Result<()>) -> Result<(), Trouble> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

const LOOK_FIRST: &str = "look at what it has written before you send again";

const OTHER_SERVER: &str = concat!(
    "use the PID that minitalk-server prints on its first line, ",
    "or see which servers run with --list"
);

const NOT_THE_SERVER: &str = "this is a problem of this machine, not of the server";

fn of_failure(failure: &Failure, options: &Options) -> Words {
    let pid = failure.pid.unwrap_or_default();
    let is_unknown = failure.delivered == Delivered::Unknown;
    let words = of_cause(&failure.cause, pid, is_unknown, options);
    // All was sent, and may have been written, whatever ended the transfer.
    let is_interrupted = matches!(failure.cause, Cause::Interrupted(_));
    Words { code: if is_unknown && !is_interrupted { 7 } else { words.code }, ..words }
}

/// The words for each cause.
fn of_cause(cause: &Cause, pid: i64, is_unknown: bool, options: &Options) -> Words {
    let or_look = |way_out: &'static str| if is_unknown { LOOK_FIRST } else { way_out };
    match cause {
        Cause::Find(error) => of_find(error),
        Cause::Refusal(refusal) => of_refusal(refusal),
        Cause::TimedOut(diagnosis) => of_timeout(*diagnosis, pid, is_unknown, options),
        Cause::NotFramed(diagnosis) => {
            let sentence = "answers, but does not speak the framed protocol; it may have shown \
                            stray characters";
            words(3, "not_framed", sentence, other_way(*diagnosis))
        }
        Cause::UnexpectedAck { ack, is_first } => of_unexpected(*ack, *is_first, is_unknown),
        Cause::Line(error) => {
            words(1, "system", format!("was not signalled: {error}"), NOT_THE_SERVER)
        }
        Cause::Wait(error) => {
            let sentence = format!("cannot be heard any more: {error}");
            words(1, "system", sentence, or_look(NOT_THE_SERVER))
        }
        Cause::Watch(error) => {
            let sentence = format!("cannot be heard any more: {error}");
            words(1, "system", sentence, or_look(NOT_THE_SERVER))
        }
        Cause::Send(SendError::NotPermitted) => {
            let sentence = "may no longer be signalled by this user";
            words(4, "not_permitted", sentence, or_look("run client and server as the same user"))
        }
        Cause::Died | Cause::Send(SendError::Gone) => {
            words(6, "died", "has ended", or_look("start a server and try again"))
        }
        Cause::Send(error @ (SendError::Unsupported | SendError::Os(_))) => {
            let sentence = format!("cannot be signalled: {error}");
            words(1, "system", sentence, or_look(NOT_THE_SERVER))
        }
        Cause::Input(error) => {
            let sentence = format!("did not get the whole message: cannot read it: {error}");
            words(1, "input", sentence, NOT_THE_SERVER)
        }
        Cause::Encode(error) => {
            let sentence = format!("was not signalled: {error}, which classic cannot send");
            words(2, "not_encodable", sentence, "send it without --protocol classic")
        }
        Cause::LooksFramed => {
            let sentence = "was not signalled: text that begins with the byte 0xFF would be taken \
                            for a framed message";
            words(2, "not_encodable", sentence, "send it without --protocol classic")
        }
        Cause::Rejected(Some(reason)) => {
            let way_out = match reason {
                RefusalReason::TooLong => "send less at a time",
                _ => "see what the server says on its standard error",
            };
            words(8, "refused", format!("refused the message: {reason}"), way_out)
        }
        Cause::Rejected(None) => {
            let sentence = "refused the message, but its reason did not come through";
            words(8, "refused", sentence, "see what the server says on its standard error")
        }
        Cause::Doubled => words(
            7,
            "doubled",
            "has taken a bit twice: the text it shows is damaged",
            LOOK_AND_FRAME,
        ),
        Cause::Disturbed => {
            let sentence = "may have missed a bit: another process signalled this client meanwhile";
            words(7, "disturbed", sentence, LOOK_AND_FRAME)
        }
        Cause::Interrupted(interruption) => {
            let code = match interruption {
                minitalk::Interruption::Signal(signal) => {
                    128 + u8::try_from(signal.number()).unwrap_or(0)
                }
                minitalk::Interruption::Program => 1,
            };
            let sentence = "did not get the whole message: this client was interrupted";
            words(code, "interrupted", sentence, or_look("send it again"))
        }
        // A cause that this client does not know yet.
        cause => words(1, "system", format!("cannot be served: {cause:?}"), NOT_THE_SERVER),
    }
}

const LOOK_AND_FRAME: &str =
    "look at what it shows; send again without --protocol classic if it is a minitalk-server";

fn of_find(error: &FindError) -> Words {
    let names = "see which servers run with --list; a server gets a name with: minitalk-server \
                 --name NAME";
    let sentence = error.to_string();
    match error {
        FindError::Unknown(_) | FindError::PidFile { .. } => {
            words(3, "unknown_name", sentence, names)
        }
        FindError::Ended { .. } => words(3, "no_such_process", sentence, names),
        FindError::Elsewhere { .. } => {
            words(3, "other_namespace", sentence, "run client and server in the same container")
        }
        FindError::Ambiguous { .. } => {
            words(3, "ambiguous_name", sentence, "give the PID instead of the name")
        }
        FindError::Folder(_) | FindError::Io { .. } | FindError::Proc(_) => {
            words(1, "system", sentence, NOT_THE_SERVER)
        }
    }
}

/// The words for a process that must not be signalled.
fn of_refusal(refusal: &Refusal) -> Words {
    let sentence = refusal.to_string();
    let force =
        "use the PID that minitalk-server prints on its first line, or --force if you mean it";
    match *refusal {
        Refusal::OutOfRange => words(3, "not_a_pid", sentence, OTHER_SERVER),
        Refusal::Itself => words(3, "itself", sentence, OTHER_SERVER),
        Refusal::NoSuchProcess => words(3, "no_such_process", sentence, OTHER_SERVER),
        Refusal::Zombie => words(3, "zombie", sentence, OTHER_SERVER),
        Refusal::Thread { of } => words(3, "thread", sentence, format!("use {of}")),
        Refusal::WouldDie { .. } | Refusal::Unlike => words(3, "would_die", sentence, force),
        Refusal::Unknown => {
            let way_out = "if it is another minitalk, say how it speaks with --protocol classic or \
                           --dialect; --list shows the servers that are known";
            words(3, "not_known", sentence, way_out)
        }
        Refusal::Replaced => words(3, "replaced", sentence, OTHER_SERVER),
        Refusal::Deaf { .. } => words(3, "ignores_signals", sentence, force),
        Refusal::NotPermitted { uid } => {
            let sentence = format!("{sentence} (it runs as {})", user(uid));
            words(4, "not_permitted", sentence, format!("run the client as {}", user(uid)))
        }
        Refusal::AcknowledgmentNotPermitted { uid } => {
            let user = user(uid);
            let way_out =
                format!("run client and server as the same user, for example the client as {user}");
            let sentence = format!("{sentence} (it runs as {user})");
            words(4, "answer_not_permitted", sentence, way_out)
        }
        Refusal::NamespaceInside => {
            let way_out = "run client and server in the same container";
            words(4, "other_namespace", sentence, way_out)
        }
        Refusal::Unreadable(ReadProcessError::OtherProc | ReadProcessError::NoProc) => {
            let way_out = "mount /proc in this PID namespace (unshare has --mount-proc for it)";
            words(1, "system", sentence, way_out)
        }
        Refusal::Unopened(_) | Refusal::Unreadable(_) => {
            words(1, "system", sentence, NOT_THE_SERVER)
        }
    }
}

fn of_timeout(diagnosis: Diagnosis, pid: i64, is_unknown: bool, options: &Options) -> Words {
    let seconds = options.timeout.as_secs_f64();
    let no_progress = format!("has made no progress for {seconds} s");
    let perhaps_later = "it may be written yet: look before you send again, or wait longer with \
                         --timeout";
    match diagnosis {
        Diagnosis::Stopped => {
            let sentence = format!("is stopped and has not answered for {seconds} s");
            words(5, "stopped", sentence, format!("continue it with: kill -CONT {pid}"))
        }
        Diagnosis::Busy => {
            let sentence = format!("has been busy with other clients for {seconds} s");
            let turn = "wait longer for a turn, for example with --timeout 5m";
            words(5, "busy", sentence, if is_unknown { perhaps_later } else { turn })
        }
        _ if is_unknown => words(5, "timeout", no_progress, perhaps_later),
        _ if options.protocol() == Protocol::Classic => {
            let way_out = "if it is busy, give it more time with --timeout; if it acknowledges in \
                           another way, say so with --dialect";
            words(5, "timeout", no_progress, way_out)
        }
        Diagnosis::Silent | Diagnosis::Always(_) | Diagnosis::Echoes | Diagnosis::Answers => {
            words(5, "timeout", no_progress, other_way(diagnosis))
        }
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

/// The words for an answer that the dialect does not have there.
fn of_unexpected(ack: Bit, is_first: bool, is_unknown: bool) -> Words {
    let (name, value) = match ack {
        Bit::Zero => ("SIGUSR1", "usr1"),
        Bit::One => ("SIGUSR2", "usr2"),
    };
    let way_out = if is_unknown {
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
    };
    let sentence = format!("answered with {name}, which this dialect does not expect there");
    words(3, "unexpected_acknowledgment", sentence, way_out)
}

/// What is known of the message.
fn said(delivered: Delivered) -> String {
    let count = |bytes: u64| match bytes {
        1 => "1 byte was".to_owned(),
        bytes => format!("{bytes} bytes were"),
    };
    match delivered {
        Delivered::Nothing => "nothing was delivered".to_owned(),
        Delivered::Accepted { bytes: 0, unheard } => {
            format!("up to {unheard} bytes may have been written")
        }
        Delivered::Accepted { bytes, unheard: 0 } => {
            format!("{} accepted and may have been written", count(bytes))
        }
        Delivered::Accepted { bytes, unheard } => {
            let most = bytes + unheard;
            format!("{} accepted, and up to {most} may have been written", count(bytes))
        }
        Delivered::Unknown => {
            "the whole message was sent, and whether it was written is unknown".to_owned()
        }
        Delivered::Acknowledged(0) => "no whole byte was acknowledged".to_owned(),
        Delivered::Acknowledged(bytes) => format!("{} acknowledged", count(bytes)),
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
    fn what_may_have_been_written_is_not_denied() {
        let said = |bytes, unheard| said(Delivered::Accepted { bytes, unheard });
        assert_eq!(said(0, 256), "up to 256 bytes may have been written");
        assert_eq!(said(512, 0), "512 bytes were accepted and may have been written");
        assert_eq!(said(1, 256), "1 byte was accepted, and up to 257 may have been written");
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
