//! Which sender is served next: the order of the lists, and the floor.

use super::places::{Index, List, Place};
use super::session::Want;
use super::{Broken, CLASSIC_TURN_MICROS, Exchange, Protocol};
use crate::classic::Memory;
use crate::verdict::RefusalReason;
use crate::{Bit, Instant};

/// An output, with the place that it borrows from.
pub(super) enum Step {
    Transmit { peer: u32, symbol: Bit, held_back: bool },
    Payload(Index),
    TooLong { peer: u32, offset: u64 },
    Closed { peer: u32, cut: Option<u64>, memory: Memory },
}

impl<S, const OCTETS: usize> Exchange<S, OCTETS>
where
    S: AsRef<[Place<OCTETS>]> + AsMut<[Place<OCTETS>]>,
{
    pub(super) fn advance(&mut self, now: Instant) -> Option<Step> {
        loop {
            if let Some(index) = self.places.first(List::Telling) {
                match self.tell(index) {
                    Some(step) => return Some(step),
                    None => continue,
                }
            }
            if let Some(index) = self.places.first(List::Gone) {
                match self.wind_up(index, now) {
                    Some(step) => return Some(step),
                    None => continue,
                }
            }
            if let Some(index) = self.places.first(List::Passing) {
                match self.serve_in_passing(index, now) {
                    Some(step) => return Some(step),
                    None => continue,
                }
            }
            let Some(index) = self.floor else {
                self.grant(self.places.first(List::Waiting)?, now);
                continue;
            };
            if let Some(step) = self.transmit(index) {
                return Some(step);
            }
            let session = self.places.session_mut(index)?;
            let want = session.want();
            let is_long = now.micros_since(self.floor_since) >= CLASSIC_TURN_MICROS
                && session.protocol() == Some(Protocol::Classic);
            let may_pass = session.turn_over || want == Want::Host || is_long;
            if may_pass && self.pass_floor(now) {
                continue;
            }
            match want {
                // Most bits lead to an acknowledgment and nothing else.
                Want::Line => {
                    self.process(index, now);
                    if let Some(step) = self.transmit(index) {
                        return Some(step);
                    }
                }
                Want::Host => {
                    self.places.session_mut(index)?.held_back = true;
                    return None;
                }
                Want::Nothing => return None,
            }
        }
    }

    /// Serves a sender that cannot be kept waiting, whichever sender has the floor.
    fn serve_in_passing(&mut self, index: Index, now: Instant) -> Option<Step> {
        let step = self.transmit(index);
        if step.is_none() {
            self.process(index, now);
        }
        self.sort(index);
        step
    }

    /// The next symbol that a session is owed.
    #[inline]
    fn transmit(&mut self, index: Index) -> Option<Step> {
        let session = self.places.session_mut(index)?;
        let symbol = session.next_owed()?;
        let held_back = core::mem::take(&mut session.held_back);
        let (peer, timeout) = (session.peer, session.poll_timeout());
        self.set_timer(timeout);
        Some(Step::Transmit { peer, symbol, held_back })
    }

    #[inline]
    fn process(&mut self, index: Index, now: Instant) {
        let (kept, passes) =
            (self.breaks(Broken::FloorKept), self.breaks(Broken::FloorPassesAnywhere));
        let Some(session) = self.places.session_mut(index) else { return };
        session.process(now);
        session.turn_over = passes || session.turn_over && !kept;
        let (want, timeout) = (session.want(), session.poll_timeout());
        if want == Want::Host {
            self.places.move_to(index, List::Telling);
        }
        self.set_timer(timeout);
    }

    /// Takes a session whose process has ended one step further; the floor no longer matters.
    fn wind_up(&mut self, index: Index, now: Instant) -> Option<Step> {
        let session = self.places.session_mut(index)?;
        while session.next_owed().is_some() {}
        if session.want() == Want::Line {
            self.process(index, now);
            self.sort(index);
            return None;
        }
        session.handle_gone();
        if session.want() == Want::Host {
            self.settle(index);
            return None;
        }
        let (peer, cut, memory) = (session.peer, session.octets_at_risk(), session.memory());
        self.places.remove(index);
        if self.floor == Some(index) {
            self.floor = None;
        }
        Some(Step::Closed { peer, cut, memory })
    }

    /// Tells the host what a session holds, unless that makes its message too long.
    fn tell(&mut self, index: Index) -> Option<Step> {
        self.places.move_to(index, List::None);
        let (octets_max, codings) = (self.octets_max, self.codings ^ 1);
        let session = self.places.session_mut(index)?;
        let payload = session.payload()?;
        let octets = u64::try_from(payload.octets.len()).unwrap_or(u64::MAX);
        let is_coded = payload.coding != 0;
        let total = payload.length.unwrap_or(0).max(payload.offset.saturating_add(octets));
        if codings.checked_shr(payload.coding.into()).unwrap_or(0) & 1 == 0 {
            session.refuse(RefusalReason::Coding);
            self.sort(index);
            None
        } else if octets_max.is_some_and(|octets_max| !is_coded && total > octets_max) {
            let (peer, offset) = (payload.peer, payload.offset);
            session.refuse(RefusalReason::TooLong);
            self.sort(index);
            Some(Step::TooLong { peer, offset })
        } else {
            Some(Step::Payload(index))
        }
    }

    /// Puts a session into the list that it belongs to now.
    #[inline]
    pub(super) fn sort(&mut self, index: Index) {
        let has_turn = self.floor == Some(index);
        let is_floor_taken = self.floor.is_some();
        let is_untold = self.places.list(index) == List::Telling;
        let Some(session) = self.places.session_mut(index) else { return };
        let list = match (session.gone, session.want()) {
            (false, Want::Line) if !session.can_hold_back() => List::Passing,
            (false, Want::Line) if !has_turn => List::Waiting,
            (true, Want::Line | Want::Nothing) => List::Gone,
            // A session that waits for the host stays where it is until the host answers. The host
            // may not have been told yet.
            (_, Want::Host) if is_untold => List::Telling,
            (_, Want::Line | Want::Host | Want::Nothing) => List::None,
        };
        session.held_back |= is_floor_taken && list == List::Waiting;
        self.places.move_to(index, list);
    }

    fn grant(&mut self, index: Index, now: Instant) {
        self.floor = Some(index);
        self.floor_active_at = now;
        self.floor_since = now;
        if let Some(session) = self.places.session_mut(index) {
            session.turn_over = false;
        }
        self.places.move_to(index, List::None);
    }

    /// Gives the floor to the sender that has waited longest; false if none waits. A turn that is
    /// over stays over until its holder sends a bit; that of a sender whose bits are ignored stays
    /// over for good.
    pub(super) fn pass_floor(&mut self, now: Instant) -> bool {
        let Some(next) = self.places.first(List::Waiting) else { return false };
        let former = self.floor;
        self.grant(next, now);
        if let Some(former) = former {
            self.sort(former);
        }
        true
    }
}
