//! Why something went wrong: each cause in one sentence of what happened, one of why, and one to read.

use std::time::Duration;

use serde::Serialize;

use crate::process::Ending;
use crate::speech::{count, duration};

/// A cause in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Why {
    /// The name of the cause, for programs.
    pub(crate) cause: &'static str,
    pub(crate) happened: String,
    pub(crate) because: String,
    pub(crate) read: &'static str,
}

/// What can be known to have gone wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    /// The client sends the next bit without the answer to the one before, though the server answers.
    SentBeforeAnswer { interval: Duration },
    /// The client sleeps between two bits, and nobody answers.
    Paced { interval: Duration },
    /// The server answers a bit before it is ready for the next one.
    AnsweredTooEarly,
    /// The client misses an answer that comes before it sleeps.
    LostWakeup,
    /// The bits of several clients end up in one text.
    MixedClients,
    /// What a client left behind is taken for the beginning of the next text.
    StateNotReset { bits: usize },
    /// A buffer has an end that the text goes beyond.
    BufferEnd { bytes: usize },
    /// A program crashed.
    Crashed { who: &'static str, ending: Ending, bytes: usize },
    /// The two programs disagree about the order of bits.
    WrongOrder,
    /// The two programs disagree about which signal is a one.
    WrongPolarity,
    /// Nothing tells the server that the text has ended.
    NoEnd,
    /// The receipt comes before the text is written.
    EarlyReceipt,
    /// A program waits for a lock that it holds itself.
    LockInHandler { who: &'static str, place: String },
    /// What the server writes stays in a buffer of the C library.
    Unflushed,
    /// The server takes a signal of any process for a bit.
    TakesAnySignal,
    /// The client signals whatever process it is given.
    SignalsAnybody,
    /// The client signals a whole group of processes.
    SignalsGroup,
    /// The client does not look whether kill has failed.
    IgnoresKill,
    /// The client waits for an answer without an end.
    WaitsForever,
    /// The server cannot be held up: what is sent meanwhile is lost.
    LostWhileStopped,
}

const SIGNALS: &str = "docs/tutorial.md, section 1: signals do not queue; signal(7)";
const ANSWERS: &str = "docs/tutorial.md, section 4: one answer for each bit";
const SLEEP: &str = "docs/tutorial.md, section 4: to sleep without missing a signal; sigsuspend(2)";
const CLIENTS: &str = "docs/tutorial.md, section 4: several clients; sigaction(2), si_pid";
const KILL: &str = "docs/tutorial.md, section 4: before the first signal; kill(2)";
const BYTES: &str = "docs/tutorial.md, section 4: bytes, ends and buffers";
const HANDLERS: &str = "docs/tutorial.md, section 4: what a handler may do; signal-safety(7)";

impl Cause {
    /// The cause in words.
    #[expect(clippy::too_many_lines, reason = "a table of sentences")]
    pub(crate) fn why(&self) -> Why {
        let (cause, happened, because, read) = match self {
            Self::SentBeforeAnswer { interval } => (
                "sent_before_answer",
                format!(
                    "The client sent a bit every {} and did not wait for the server's answer.",
                    duration(*interval)
                ),
                "Signals do not queue: a second SIGUSR1 that comes before the first one was taken is dropped, \
                 and every bit after it is shifted by one place.".to_owned(),
                ANSWERS,
            ),
            Self::Paced { interval } => (
                "paced",
                format!(
                    "The client sleeps about {} after each bit, and nothing tells it whether the server has taken the bit.",
                    duration(*interval)
                ),
                "A sleep promises nothing: when the server gets the processor later than that, the next \
                 signal of the same kind is dropped, because signals do not queue.".to_owned(),
                SIGNALS,
            ),
            Self::AnsweredTooEarly => (
                "answered_too_early",
                "When the next bit came right after the answer, it was lost; when it came only once the server slept, all arrived."
                    .to_owned(),
                "The server answers a bit before it has stored it or is ready for the next one.".to_owned(),
                ANSWERS,
            ),
            Self::LostWakeup => (
                "lost_wakeup",
                "The server answered, the client had the answer, and the client slept all the same, for ever.".to_owned(),
                "The answer came after kill and before pause: its handler had run before the client fell asleep, \
                 and no other signal came to wake it.".to_owned(),
                SLEEP,
            ),
            Self::MixedClients => (
                "mixed_clients",
                "Each text arrives when its client is alone, and not when another client sends at the same time.".to_owned(),
                "The server adds the bits of all clients to one byte: it does not look at si_pid, or does not \
                 keep what it has of each apart.".to_owned(),
                CLIENTS,
            ),
            Self::StateNotReset { bits } => (
                "state_not_reset",
                format!("A client was killed after {bits} bits of a byte, and the text of the next client was damaged."),
                "The server still has the bits of the first one, and adds those of the next to them: nothing is \
                 reset when si_pid changes.".to_owned(),
                CLIENTS,
            ),
            Self::BufferEnd { bytes } => (
                "buffer_end",
                format!("The output ends after {} bytes each time, whatever the text is.", count(*bytes)),
                "The server has room for so many bytes and no more.".to_owned(),
                BYTES,
            ),
            Self::Crashed { who, ending, bytes } => (
                "crashed",
                format!("The {who} {ending} while a text of {} bytes was sent.", count(*bytes)),
                "Shorter texts went well, so it has most likely written beyond the end of a buffer; a debugger or \
                 valgrind shows where.".to_owned(),
                BYTES,
            ),
            Self::WrongOrder => (
                "wrong_order",
                "The text arrived with the bits of each byte in reverse.".to_owned(),
                "The client begins with one end of the byte and the server with the other.".to_owned(),
                BYTES,
            ),
            Self::WrongPolarity => (
                "wrong_polarity",
                "The text arrived with every bit inverted.".to_owned(),
                "The client sends a one with the signal that the server takes for a zero.".to_owned(),
                BYTES,
            ),
            Self::NoEnd => (
                "no_end",
                "After the last bit of the text the client sent nothing more, and the server showed nothing.".to_owned(),
                "Nothing tells the server that the text has ended: it needs a NUL after the text, or a length before it."
                    .to_owned(),
                BYTES,
            ),
            Self::EarlyReceipt => (
                "early_receipt",
                "When the receipt came the server was stopped for a moment, and the text was not there yet; it came \
                 when the server went on.".to_owned(),
                "The server sends the receipt before it writes the text, so it confirms what may still go wrong.".to_owned(),
                ANSWERS,
            ),
            Self::LockInHandler { who, place } => (
                "lock_in_handler",
                format!("The {who} waits for a lock (in the kernel: {place}) though it has one thread only."),
                "It is suspected that a handler called something like printf or malloc while the same function was \
                 at work outside of it.".to_owned(),
                HANDLERS,
            ),
            Self::Unflushed => (
                "unflushed",
                "The text was not shown when it had arrived, and appeared when a later text had filled a buffer."
                    .to_owned(),
                "printf and putchar keep what has no newline in a buffer: use write, or fflush.".to_owned(),
                BYTES,
            ),
            Self::TakesAnySignal => (
                "takes_any_signal",
                "A signal of a third process came in the middle of a text, and the text was damaged.".to_owned(),
                "The server takes every signal for a bit of the text: it does not compare si_pid.".to_owned(),
                CLIENTS,
            ),
            Self::SignalsAnybody => (
                "signals_anybody",
                "A process that has nothing to do with minitalk was sent SIGUSR1 or SIGUSR2, and died of it.".to_owned(),
                "The client signals whatever PID it is given. It could look first whether that process handles the \
                 two signals (SigCgt in /proc/PID/status).".to_owned(),
                KILL,
            ),
            Self::SignalsGroup => (
                "signals_group",
                "A process in the same process group was sent SIGUSR1 or SIGUSR2.".to_owned(),
                "kill(0) signals the whole process group and kill(-1) every process there is: a PID has to be \
                 checked before it is used, and atoi does not tell what is no number.".to_owned(),
                KILL,
            ),
            Self::IgnoresKill => (
                "ignores_kill",
                "There is no process with the PID, and the client did not end.".to_owned(),
                "kill returned -1, the client did not look, and waited for an answer that nobody can send.".to_owned(),
                KILL,
            ),
            Self::WaitsForever => (
                "waits_forever",
                "The server was gone, and the client went on waiting.".to_owned(),
                "It waits for an answer without a limit. It could wake now and then and see whether kill(pid, 0) still \
                 succeeds.".to_owned(),
                KILL,
            ),
            Self::LostWhileStopped => (
                "lost_while_stopped",
                "While the server was stopped the client went on sending.".to_owned(),
                "Of all signals that come while a process is stopped it gets one of each kind: who does not wait for \
                 answers loses the rest.".to_owned(),
                ANSWERS,
            ),
        };
        Why { cause, happened, because, read }
    }
}

impl From<Cause> for Option<Why> {
    fn from(cause: Cause) -> Self {
        Some(cause.why())
    }
}
