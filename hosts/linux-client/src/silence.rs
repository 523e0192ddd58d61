//! Why a server is silent: what can be seen of it from outside.

use minitalk_core::Instant;
use minitalk_signals::{Peer, ProcessState, processor_time};

use crate::list::PROGRAM;

/// A server that works for this part of the time, in percent, is not idle. To ignore the bits that are sent
/// to it again and again costs it less than a tenth of that.
const BUSY_PERCENT: u64 = 1;

/// To work at all, it must have had the time.
const LOOK_MICROS: u64 = 100_000;

/// What a silent server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// It is stopped, by `SIGSTOP` or a debugger.
    Stopped,
    /// It is one of ours and works, for others.
    Busy,
    /// Nothing that can be seen.
    Unexplained,
}

/// Keeps an eye on a server from when it was last heard.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    /// When it was last heard, when it was first looked at after that, and its processor time then.
    first_look: Option<(Instant, Instant, u64)>,
}

impl Lookout {
    /// What the server has been doing since it was heard at `heard_at`. To know whether it works takes two
    /// looks.
    pub(crate) fn look(&mut self, server: &Peer, heard_at: Instant, now: Instant) -> Silence {
        let Ok(status) = server.status() else { return Silence::Unexplained };
        if matches!(status.state, ProcessState::Stopped | ProcessState::Traced) {
            return Silence::Stopped;
        }
        // Another minitalk may work for nobody: some wait in a busy loop.
        let is_ours = status.name == PROGRAM;
        let Ok(worked) = processor_time(server.pid()) else { return Silence::Unexplained };
        if !is_ours {
            return Silence::Unexplained;
        }
        let worked_nanos = u64::try_from(worked.as_nanos()).unwrap_or(u64::MAX);
        match self.first_look {
            Some((since_heard_at, at, before_nanos)) if since_heard_at == heard_at => {
                judge(now.micros_since(at), worked_nanos.saturating_sub(before_nanos))
            }
            Some(_) | None => {
                self.first_look = Some((heard_at, now, worked_nanos));
                Silence::Unexplained
            }
        }
    }
}

fn judge(elapsed_micros: u64, worked_nanos: u64) -> Silence {
    // A nanosecond in a microsecond is a tenth of a percent.
    if elapsed_micros >= LOOK_MICROS && worked_nanos / 10 >= elapsed_micros * BUSY_PERCENT {
        Silence::Busy
    } else {
        Silence::Unexplained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_works_a_hundredth_of_the_time_is_busy() {
        assert_eq!(judge(1_000_000, 9_000_000), Silence::Unexplained);
        assert_eq!(judge(1_000_000, 10_000_000), Silence::Busy);
        assert_eq!(judge(10_000, 10_000_000), Silence::Unexplained, "too short a look");
    }
}
