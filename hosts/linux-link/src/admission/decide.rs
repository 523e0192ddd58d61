//! The decision: which processes may be sent which of the two signals.

use minitalk_signals::{ProcessState, ProcessStatus, SignalSet};

use super::Trust;
use super::recognise::Recognition;
use super::refusal::Refusal;
use super::shape::looks_like_minitalk;

/// The role of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It is to be sent a message, and so both signals.
    Server,
    /// It has sent a bit, and is to be sent the answers.
    Sender,
}

/// What is known about a process when the decision is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'f> {
    pub(super) status: &'f ProcessStatus,
    /// The signals that it has handlers for, blocks, or waits for.
    pub(super) handled: SignalSet,
    /// The signals that it waits for at this moment.
    pub(super) awaited: SignalSet,
    /// The status of this process, if it is in doubt whether the other one can signal it.
    pub(super) own: Option<&'f ProcessStatus>,
    /// Whether the kernel lets this process signal the other one.
    pub(super) permitted: bool,
    pub(super) recognition: Option<Recognition>,
}

/// Decides which of the two signals a process may be sent.
pub(super) fn decide(facts: &Facts<'_>, part: Part, trust: Trust) -> Result<SignalSet, Refusal> {
    let &Facts { status, handled, awaited, own, permitted, recognition } = facts;
    if matches!(status.state, ProcessState::Zombie | ProcessState::Dead) {
        return Err(Refusal::Zombie);
    }
    if !permitted {
        return Err(Refusal::NotPermitted { uid: status.uids.real });
    }
    let allowed = again(status, handled, part, trust)?;
    if let Some(own) = own {
        if !status.may_signal(own) {
            return Err(Refusal::AcknowledgmentNotPermitted { uid: status.uids.effective });
        }
        if status.namespace_pids.len() > own.namespace_pids.len() {
            return Err(Refusal::NamespaceInside);
        }
    }
    if recognition.is_none() && trust != Trust::Forced && !allowed.is_empty() {
        if !looks_like_minitalk(status, awaited) {
            return Err(Refusal::Unlike);
        }
        if part == Part::Server && trust == Trust::Unspoken {
            return Err(Refusal::Unknown);
        }
    }
    Ok(allowed)
}

/// Decides by the signals alone what a process that was admitted before may be sent now.
pub(super) fn again(
    status: &ProcessStatus,
    handled: SignalSet,
    part: Part,
    trust: Trust,
) -> Result<SignalSet, Refusal> {
    if trust == Trust::Forced {
        return Ok(SignalSet::LINE);
    }
    let handled = SignalSet::LINE.intersection(handled);
    let survived = SignalSet::LINE.intersection(handled.union(status.ignored));
    match part {
        Part::Server => {
            let deadly = SignalSet::LINE.without(survived);
            if !deadly.is_empty() {
                return Err(Refusal::WouldDie { signals: deadly });
            }
            // A blocked signal is kept, even if it is ignored.
            let ignored = SignalSet::LINE.without(handled);
            if !ignored.is_empty() {
                return Err(Refusal::Deaf { signals: ignored });
            }
            Ok(SignalSet::LINE)
        }
        Part::Sender if handled.is_empty() => Ok(SignalSet::default()),
        // A signal that a process ignores does it no harm.
        Part::Sender => Ok(survived),
    }
}

#[cfg(test)]
mod tests;
