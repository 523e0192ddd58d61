//! The table of senders. A sender is found by its number; finding it, and moving it between lists,
//! costs the same however many senders there are.
//!
//! Lists and buckets are threaded through the places themselves, so the table needs no memory
//! beyond what the host gives it.

use core::num::NonZeroU16;

use super::session::Session;
use crate::frame::{FRAME_OCTETS_MAX, assert_room};
use crate::slot::Slot;

/// One of the places, counted from 1, so that `Option<Index>` takes no more room than a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Index(NonZeroU16);

impl Index {
    fn of(place: usize) -> Option<Self> {
        u16::try_from(place.saturating_add(1)).ok().and_then(NonZeroU16::new).map(Self)
    }

    fn place(self) -> usize {
        usize::from(self.0.get()).saturating_sub(1)
    }
}

/// The lists; a place is in one of them at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum List {
    /// None of those below, or free.
    None,
    /// Has something for the line and waits for the floor. The sender that has waited longest comes
    /// first.
    Waiting,
    /// Has something for the line and cannot be kept waiting.
    Passing,
    /// Has something that the host has to be told.
    Telling,
    /// Its process has ended, and the host has nothing more to answer.
    Gone,
}

/// Room for one sender. A table is any storage of places, all [`FREE`](Self::FREE) at first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Place<const OCTETS: usize = FRAME_OCTETS_MAX> {
    session: Slot<Session<OCTETS>>,
    /// The first place whose number belongs to this bucket.
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    bucket: Option<Index>,
    /// The next place in the bucket of this sender; if this place is free, the next free one.
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    chain: Option<Index>,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    list: List,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    before: Option<Index>,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    after: Option<Index>,
}

impl Place {
    /// A free place. It is all zeros, so that a `static` takes no room in flash.
    pub const FREE: Self = Self::SHORT;
}

impl<const OCTETS: usize> Place<OCTETS> {
    /// A free place, for [frames that are shorter](crate::Receiver::short) than this protocol's.
    pub const SHORT: Self = {
        assert_room(OCTETS);
        Self {
            session: Slot::Empty,
            bucket: None,
            chain: None,
            list: List::None,
            before: None,
            after: None,
        }
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Ends {
    first: Option<Index>,
    last: Option<Index>,
}

impl Ends {
    const NONE: Self = Self { first: None, last: None };
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(super) struct Places<S, const OCTETS: usize> {
    storage: S,
    taken: usize,
    /// Places from here on have never been taken.
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    fresh: usize,
    /// The first free place before that.
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    free: Option<Index>,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    waiting: Ends,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    passing: Ends,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    telling: Ends,
    #[cfg_attr(feature = "defmt", defmt(Debug2Format))]
    gone: Ends,
}

impl<S, const OCTETS: usize> Places<S, OCTETS> {
    pub(super) const fn new(storage: S) -> Self {
        let (waiting, passing, telling, gone) = (Ends::NONE, Ends::NONE, Ends::NONE, Ends::NONE);
        Self { storage, taken: 0, fresh: 0, free: None, waiting, passing, telling, gone }
    }

    pub(super) const fn taken(&self) -> usize {
        self.taken
    }

    pub(super) const fn first(&self, list: List) -> Option<Index> {
        match list {
            List::None => None,
            List::Waiting => self.waiting.first,
            List::Passing => self.passing.first,
            List::Telling => self.telling.first,
            List::Gone => self.gone.first,
        }
    }
}

impl<S, const OCTETS: usize> Places<S, OCTETS>
where
    S: AsRef<[Place<OCTETS>]> + AsMut<[Place<OCTETS>]>,
{
    fn get(&self, index: Index) -> Option<&Place<OCTETS>> {
        self.storage.as_ref().get(index.place())
    }

    fn get_mut(&mut self, index: Index) -> Option<&mut Place<OCTETS>> {
        self.storage.as_mut().get_mut(index.place())
    }

    #[inline]
    pub(super) fn session(&self, index: Index) -> Option<&Session<OCTETS>> {
        self.get(index)?.session.as_ref()
    }

    #[inline]
    pub(super) fn session_mut(&mut self, index: Index) -> Option<&mut Session<OCTETS>> {
        self.get_mut(index)?.session.as_mut()
    }

    #[cfg(test)]
    pub(super) fn sessions_mut(&mut self) -> impl Iterator<Item = &mut Session<OCTETS>> {
        self.storage.as_mut().iter_mut().filter_map(|place| place.session.as_mut())
    }

    /// Every place that has ever been taken.
    pub(super) fn indices(&self) -> impl Iterator<Item = Index> + use<S, OCTETS> {
        (0..self.fresh).filter_map(Index::of)
    }

    /// The place of the sender with this number.
    pub(super) fn find(&self, peer: u32) -> Option<Index> {
        let mut at = self.storage.as_ref().get(self.bucket_of(peer))?.bucket;
        while let Some(index) = at {
            let place = self.get(index)?;
            if place.session.as_ref().is_some_and(|session| session.peer == peer) {
                return at;
            }
            at = place.chain;
        }
        None
    }

    /// Fibonacci hashing, with 2^32 divided by the golden ratio. It separates neighbouring numbers,
    /// and also numbers that differ by the size of the table.
    fn bucket_of(&self, peer: u32) -> usize {
        let hash = usize::try_from(peer.wrapping_mul(0x9E37_79B9)).unwrap_or_default();
        hash.checked_rem(self.storage.as_ref().len()).unwrap_or_default()
    }

    /// Gives a session a place; `None` if all are taken.
    pub(super) fn insert(&mut self, session: Session<OCTETS>) -> Option<Index> {
        let index = match self.free {
            Some(index) => index,
            None => Index::of(self.fresh)?,
        };
        let place = self.get_mut(index)?;
        let next_free = place.chain.take();
        let peer = session.peer;
        place.session = Slot::Full(session);
        match self.free {
            Some(_) => self.free = next_free,
            None => self.fresh = self.fresh.saturating_add(1),
        }
        self.taken = self.taken.saturating_add(1);
        self.chain(index, peer);
        Some(index)
    }

    /// Puts a place into the bucket of its sender.
    fn chain(&mut self, index: Index, peer: u32) {
        let bucket = self.bucket_of(peer);
        let Some(first) = self.storage.as_mut().get_mut(bucket) else { return };
        let next = first.bucket.replace(index);
        if let Some(place) = self.get_mut(index) {
            place.chain = next;
        }
    }

    /// Frees a place.
    pub(super) fn remove(&mut self, index: Index) {
        self.move_to(index, List::None);
        let Some(place) = self.get_mut(index) else { return };
        let Some(session) = place.session.take() else { return };
        let next = place.chain;
        self.unchain(index, next, session.peer);
        let free = self.free.replace(index);
        if let Some(place) = self.get_mut(index) {
            place.chain = free;
        }
        self.taken = self.taken.saturating_sub(1);
    }

    /// Removes a place, whose successor is `next`, from the bucket of its sender.
    fn unchain(&mut self, index: Index, next: Option<Index>, peer: u32) {
        let bucket = self.bucket_of(peer);
        let Some(first) = self.storage.as_mut().get_mut(bucket) else { return };
        if first.bucket == Some(index) {
            first.bucket = next;
            return;
        }
        let mut at = first.bucket;
        while let Some(place) = at.and_then(|index| self.get_mut(index)) {
            if place.chain == Some(index) {
                place.chain = next;
                return;
            }
            at = place.chain;
        }
    }

    /// The list that a place is in.
    pub(super) fn list(&self, index: Index) -> List {
        self.get(index).map_or(List::None, |place| place.list)
    }

    /// Puts a place at the end of `list`, unless it is in it already.
    pub(super) fn move_to(&mut self, index: Index, list: List) {
        let Some(place) = self.get_mut(index) else { return };
        let former = place.list;
        if former == list {
            return;
        }
        let (before, after) = (place.before.take(), place.after.take());
        place.list = list;
        if let Some(ends) = self.ends_mut(former) {
            if before.is_none() {
                ends.first = after;
            }
            if after.is_none() {
                ends.last = before;
            }
        }
        if let Some(place) = before.and_then(|before| self.get_mut(before)) {
            place.after = after;
        }
        if let Some(place) = after.and_then(|after| self.get_mut(after)) {
            place.before = before;
        }
        let Some(ends) = self.ends_mut(list) else { return };
        let before = ends.last.replace(index);
        if before.is_none() {
            ends.first = Some(index);
        }
        if let Some(place) = before.and_then(|before| self.get_mut(before)) {
            place.after = Some(index);
        }
        if let Some(place) = self.get_mut(index) {
            place.before = before;
        }
    }

    const fn ends_mut(&mut self, list: List) -> Option<&mut Ends> {
        match list {
            List::None => None,
            List::Waiting => Some(&mut self.waiting),
            List::Passing => Some(&mut self.passing),
            List::Telling => Some(&mut self.telling),
            List::Gone => Some(&mut self.gone),
        }
    }

    /// Adds places, up to 65,535 in all.
    pub(super) fn grow(&mut self, places: usize)
    where
        S: Extend<Place<OCTETS>>,
    {
        self.storage.extend((0..places).map(|_| Place::SHORT));
        // There are more buckets now, so senders move to other ones.
        for place in self.storage.as_mut() {
            place.bucket = None;
        }
        for index in self.indices() {
            if let Some(peer) = self.session(index).map(|session| session.peer) {
                self.chain(index, peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classic::Dialect;
    use crate::exchange::classic_half::ClassicHalf;
    use crate::frame::octets_for;
    use std::vec::Vec;

    const OCTETS: usize = octets_for(8);
    type Table = Places<Vec<Place<OCTETS>>, OCTETS>;

    fn session(peer: u32) -> Session<OCTETS> {
        Session::new(peer, ClassicHalf::given(Dialect::DEFAULT), None)
    }

    fn table(places: usize) -> Table {
        Places::new(std::vec![Place::SHORT; places])
    }

    fn list(table: &Table, list: List) -> Vec<u32> {
        let mut peers = Vec::new();
        let mut at = table.first(list);
        while let Some(index) = at {
            peers.push(table.session(index).expect("a sender").peer);
            at = table.get(index).expect("a place").after;
        }
        peers
    }

    #[test]
    fn every_sender_is_found_and_nobody_else() {
        let mut table = table(100);
        // Numbers that differ by the number of places, and neighbouring numbers.
        let peers: Vec<u32> = (0..50).map(|i| i * 100).chain(1..=50).collect();
        let indices: Vec<_> = peers.iter().map(|&peer| table.insert(session(peer))).collect();
        assert!(table.insert(session(7_777)).is_none(), "all places are taken");
        for (&peer, &index) in peers.iter().zip(&indices) {
            assert!(index.is_some() && table.find(peer) == index, "{peer}");
        }
        for (count, (&peer, &index)) in peers.iter().zip(&indices).enumerate() {
            table.remove(index.expect("it has a place"));
            assert_eq!((table.find(peer), table.taken()), (None, 99 - count));
        }
        assert!(peers.iter().all(|&peer| table.insert(session(peer)).is_some()));
    }

    /// All in one bucket: the first, the last and the middle one leave it in every order.
    #[test]
    fn whoever_leaves_takes_nobody_along() {
        let buckets = table(7);
        let peers: Vec<u32> =
            (0..100).filter(|&peer| buckets.bucket_of(peer) == 3).take(4).collect();
        for first in 0..4 {
            for second in 0..3 {
                let mut table = table(7);
                let mut left: Vec<u32> = peers.clone();
                for &peer in &peers {
                    assert!(table.insert(session(peer)).is_some());
                }
                for place in [first, second] {
                    let gone = left.remove(place);
                    table.remove(table.find(gone).expect("it has a place"));
                    assert_eq!(table.find(gone), None);
                    assert!(left.iter().all(|&peer| table.find(peer).is_some()), "{gone}");
                }
            }
        }
    }

    #[test]
    fn a_table_that_grows_keeps_its_senders() {
        let mut table = table(0);
        assert_eq!(table.find(1), None);
        for peer in 0..1_000 {
            if table.insert(session(peer)).is_none() {
                table.grow(64);
                assert!(table.insert(session(peer)).is_some());
            }
            assert!((0..=peer).all(|peer| table.find(peer).is_some()), "{peer}");
        }
    }

    #[test]
    fn a_place_is_in_one_list_and_leaves_it_from_anywhere() {
        let mut table = table(5);
        let indices: Vec<Index> = (0..5).filter_map(|peer| table.insert(session(peer))).collect();
        for &index in &indices {
            table.move_to(index, List::Waiting);
            table.move_to(index, List::Waiting);
        }
        assert_eq!(list(&table, List::Waiting), [0, 1, 2, 3, 4]);
        table.move_to(indices[2], List::Gone);
        table.move_to(indices[0], List::Gone);
        table.move_to(indices[4], List::None);
        assert_eq!(list(&table, List::Waiting), [1, 3]);
        assert_eq!(list(&table, List::Gone), [2, 0]);
        table.move_to(indices[2], List::Waiting);
        table.remove(indices[0]);
        table.remove(indices[1]);
        assert_eq!(list(&table, List::Waiting), [3, 2]);
        assert_eq!(list(&table, List::Gone), [0_u32; 0]);
    }
}
