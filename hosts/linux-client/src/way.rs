//! The way out when a server answers in a way of its own, or not at all.

use minitalk_core::Bit;

use crate::observer::Answers;

/// What explains a server that does not answer as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It is stopped.
    Continue,
    /// It works for other clients.
    Turn,
    /// It does not answer, or as ours does.
    Patience,
    /// It has not acknowledged one bit.
    Unacknowledged,
    /// Every bit with `SIGUSR1`, as most classic servers do.
    Classic,
    /// Every bit with `SIGUSR2`.
    ClassicUsr2,
    /// Every bit with itself.
    ClassicEcho,
    /// The classic protocol is being spoken already.
    Dialect,
}

impl Way {
    /// What to try after these answers in the framed protocol.
    pub(crate) const fn of(answers: Answers) -> Self {
        match answers {
            Answers::None => Self::Unacknowledged,
            Answers::Always(Bit::Zero) => Self::Classic,
            Answers::Always(Bit::One) => Self::ClassicUsr2,
            Answers::Echo => Self::ClassicEcho,
            Answers::Mixed => Self::Patience,
        }
    }

    /// What to try with the server `pid`; `is_unknown` if all was sent and nothing says whether it was written.
    pub(crate) fn advice(self, pid: i64, is_unknown: bool) -> String {
        match self {
            Self::Continue => return format!("continue it with: kill -CONT {pid}"),
            Self::Turn | Self::Patience if is_unknown => {
                "it may be written yet: look before you send again, or wait longer with --timeout"
            }
            Self::Turn => "wait longer for a turn, for example with --timeout 5m",
            Self::Patience => {
                "if it is busy, give it more time with --timeout; if it is another minitalk, try --protocol classic"
            }
            Self::Unacknowledged => {
                "if it is busy, give it more time with --timeout; if it is another minitalk that acknowledges no single bits, try --dialect ack=byte-usr1 or --dialect ack=none"
            }
            Self::Classic => {
                "it acknowledges every bit with SIGUSR1, as another minitalk does: try --protocol classic"
            }
            Self::ClassicUsr2 => {
                "it acknowledges every bit with SIGUSR2, as another minitalk may: try --dialect ack=usr2"
            }
            Self::ClassicEcho => {
                "it acknowledges every bit with the same one, as another minitalk may: try --dialect ack=echo"
            }
            Self::Dialect => {
                "if it is busy, give it more time with --timeout; if it acknowledges in another way, say so with --dialect"
            }
        }
        .to_owned()
    }
}
