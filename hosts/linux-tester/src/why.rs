//! Why something went wrong: for each cause one sentence about what happened, one about why, and
//! one reference.

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
    pub(crate) because: &'static str,
    pub(crate) read: &'static str,
}

/// The causes that can be recognised.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cause {
    /// The client sends the next bit before the answer to the previous one, although the server
    /// answers.
    SentBeforeAnswer { interval: Duration },
    /// The client sleeps between two bits, and the server does not answer.
    Paced { interval: Duration },
    /// The server answers a bit before it is ready for the next one.
    AnsweredTooEarly,
    /// The client misses an answer that comes before it sleeps.
    LostWakeup,
    /// The bits of several clients end up in one text.
    MixedClients,
    /// What a killed client has sent is taken for the beginning of the next text.
    StateNotReset { bits: usize },
    /// The text is longer than a buffer.
    BufferEnd { bytes: usize },
    /// A program crashed.
    Crashed { who: &'static str, ending: Ending, bytes: usize },
    /// The two programs disagree about the order of bits.
    WrongOrder,
    /// The two programs disagree about which signal is a one.
    WrongPolarity,
    /// Nothing tells the server where the text ends.
    NoEnd,
    /// The receipt comes before the text is written.
    EarlyReceipt,
    /// A program waits for a lock that it holds itself.
    LockInHandler { who: &'static str, place: String },
    /// What the server writes stays in a buffer of the C library.
    Unflushed,
    /// The server takes a signal from any process for a bit.
    TakesAnySignal,
    /// The client signals whatever process it is given.
    SignalsAnybody,
    /// The client signals a whole group of processes.
    SignalsGroup,
    /// The client does not check whether kill has failed.
    IgnoresKill,
    /// The client waits for an answer for ever.
    WaitsForever,
    /// The client continues while the server is stopped.
    LostWhileStopped,
}

impl Cause {
    /// The cause in words.
    pub(crate) fn why(&self) -> Why {
        let (cause, because, read) = self.reason();
        Why { cause, happened: self.happened(), because, read }
    }

    /// What was observed.
    fn happened(&self) -> String {
        match self {
            Self::SentBeforeAnswer { interval } => {
                let interval = duration(*interval);
                format!(
                    "The client sent a bit every {interval} and did not wait for the server's \
                     answer."
                )
            }
            Self::Paced { interval } => format!(
                "The client sleeps about {} after each bit, and nothing tells it whether the \
                 server has taken the bit.",
                duration(*interval)
            ),
            Self::StateNotReset { bits } => format!(
                "A client was killed after {bits} bits of a byte, and the text of the next client \
                 was damaged."
            ),
            Self::BufferEnd { bytes } => {
                let bytes = count(*bytes);
                format!("The output ends after {bytes} bytes each time, whatever the text is.")
            }
            Self::Crashed { who, ending, bytes } => {
                format!("The {who} {ending} while a text of {} bytes was sent.", count(*bytes))
            }
            Self::LockInHandler { who, place } => format!(
                "The {who} waits for a lock (in the kernel: {place}) though it has one thread \
                 only."
            ),
            plain => plain.happened_always().to_owned(),
        }
    }

    /// What was observed, for causes where that is always the same.
    const fn happened_always(&self) -> &'static str {
        match self {
            Self::AnsweredTooEarly => {
                "When the next bit came right after the answer, it was lost; when it came only \
                 once the server slept, all arrived."
            }
            Self::LostWakeup => {
                "The server answered, the client had the answer, and the client slept all the \
                 same, for ever."
            }
            Self::MixedClients => {
                "Each text arrives when its client is alone, and not when another client sends at \
                 the same time."
            }
            Self::WrongOrder => "The text arrived with the bits of each byte in reverse.",
            Self::WrongPolarity => "The text arrived with every bit inverted.",
            Self::NoEnd => {
                "After the last bit of the text the client sent nothing more, and the server \
                 showed nothing."
            }
            Self::EarlyReceipt => {
                "When the receipt came the server was stopped for a moment, and the text was not \
                 there yet; it came when the server went on."
            }
            Self::Unflushed => {
                "The text was not shown when it had arrived, and appeared when a later text had \
                 filled a buffer."
            }
            Self::TakesAnySignal => {
                "A signal of a third process came in the middle of a text, and the text was \
                 damaged."
            }
            Self::SignalsAnybody => {
                "A process that has nothing to do with minitalk was sent SIGUSR1 or SIGUSR2, and \
                 died of it."
            }
            Self::SignalsGroup => {
                "Processes that have nothing to do with it were sent SIGUSR1 or SIGUSR2."
            }
            Self::IgnoresKill => "Nobody could be signalled, and the client did not end.",
            Self::WaitsForever => "The server was gone, and the client went on waiting.",
            Self::LostWhileStopped => "While the server was stopped the client went on sending.",
            Self::SentBeforeAnswer { .. }
            | Self::Paced { .. }
            | Self::StateNotReset { .. }
            | Self::BufferEnd { .. }
            | Self::Crashed { .. }
            | Self::LockInHandler { .. } => "",
        }
    }

    /// The name of the cause, why it does harm, and what to read.
    #[expect(clippy::too_many_lines, reason = "a table of sentences")]
    const fn reason(&self) -> (&'static str, &'static str, &'static str) {
        const SIGNALS: &str = "docs/tutorial.md, section 1: signals do not queue; signal(7)";
        const ANSWERS: &str = "docs/tutorial.md, section 4: one answer for each bit";
        const SLEEP: &str =
            "docs/tutorial.md, section 4: sleeping without missing a signal; sigsuspend(2)";
        const CLIENTS: &str = "docs/tutorial.md, section 4: several clients; sigaction(2), si_pid";
        const KILL: &str = "docs/tutorial.md, section 4: before the first signal; kill(2)";
        const BYTES: &str = "docs/tutorial.md, section 4: bytes, ends and buffers";
        const HANDLERS: &str =
            "docs/tutorial.md, section 4: what a handler may do; signal-safety(7)";
        match self {
            Self::SentBeforeAnswer { .. } => (
                "sent_before_answer",
                "Signals do not queue: a second SIGUSR1 that comes before the first one was taken \
                 is dropped, and every bit after it is shifted by one place.",
                ANSWERS,
            ),
            Self::Paced { .. } => (
                "paced",
                "A sleep promises nothing: when the server gets the processor later than that, \
                 the next signal of the same kind is dropped, because signals do not queue.",
                SIGNALS,
            ),
            Self::AnsweredTooEarly => (
                "answered_too_early",
                "The server answers a bit before it has stored it or is ready for the next one.",
                ANSWERS,
            ),
            Self::LostWakeup => (
                "lost_wakeup",
                "The answer came after kill and before pause: its handler had run before the \
                 client fell asleep, and no other signal came to wake it.",
                SLEEP,
            ),
            Self::MixedClients => (
                "mixed_clients",
                "The server adds the bits of all clients to one byte: it does not look at si_pid, \
                 or does not keep what it has of each apart.",
                CLIENTS,
            ),
            Self::StateNotReset { .. } => (
                "state_not_reset",
                "The server still has the bits of the first one, and adds those of the next to \
                 them: nothing is reset when si_pid changes.",
                CLIENTS,
            ),
            Self::BufferEnd { .. } => {
                ("buffer_end", "The server has room for so many bytes and no more.", BYTES)
            }
            Self::Crashed { .. } => (
                "crashed",
                "Most likely it has written beyond the end of a buffer, or used a pointer that is \
                 none; a debugger or valgrind shows where.",
                BYTES,
            ),
            Self::WrongOrder => (
                "wrong_order",
                "The client begins with one end of the byte and the server with the other.",
                BYTES,
            ),
            Self::WrongPolarity => (
                "wrong_polarity",
                "The client sends a one with the signal that the server takes for a zero.",
                BYTES,
            ),
            Self::NoEnd => (
                "no_end",
                "Nothing tells the server that the text has ended: it needs a NUL after the text, \
                 or a length before it.",
                BYTES,
            ),
            Self::EarlyReceipt => (
                "early_receipt",
                "The server sends the receipt before it writes the text, so it confirms what may \
                 still go wrong.",
                ANSWERS,
            ),
            Self::LockInHandler { .. } => (
                "lock_in_handler",
                "It is suspected that a handler called something like printf or malloc while the \
                 same function was at work outside of it.",
                HANDLERS,
            ),
            Self::Unflushed => (
                "unflushed",
                "printf and putchar keep what has no newline in a buffer: use write, or fflush.",
                BYTES,
            ),
            Self::TakesAnySignal => (
                "takes_any_signal",
                "The server takes every signal for a bit of the text: it does not compare si_pid.",
                CLIENTS,
            ),
            Self::SignalsAnybody => (
                "signals_anybody",
                "The client signals whatever PID it is given. It could look first whether that \
                 process handles the two signals (SigCgt in /proc/PID/status).",
                KILL,
            ),
            Self::SignalsGroup => (
                "signals_group",
                "kill(0) signals the whole process group and kill(-1) every process there is: a \
                 PID has to be checked before it is used, and atoi does not tell what is no \
                 number.",
                KILL,
            ),
            Self::IgnoresKill => (
                "ignores_kill",
                "kill returned -1, the client did not look, and waited for an answer that nobody \
                 can send.",
                KILL,
            ),
            Self::WaitsForever => (
                "waits_forever",
                "It waits for an answer without a limit. It could wake now and then and see \
                 whether kill(pid, 0) still succeeds.",
                KILL,
            ),
            Self::LostWhileStopped => (
                "lost_while_stopped",
                "Of all signals that come while a process is stopped it gets one of each kind: \
                 who does not wait for answers loses the rest.",
                ANSWERS,
            ),
        }
    }
}

impl From<Cause> for Option<Why> {
    fn from(cause: Cause) -> Self {
        Some(cause.why())
    }
}
