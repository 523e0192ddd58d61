//! Sees what goes over the line, as it happens.

use minitalk_signals::Bit;

use crate::diagnosis::Diagnosis;

/// Sees what goes over the line, as it happens, and changes nothing.
///
/// Traces, statistics and progress bars implement it. Every method does nothing by default, so an
/// observer implements only what it needs. `()` observes nothing, and a pair observes twice.
///
/// The methods are called between two symbols, in the order of what they tell. One that takes
/// longer than the peer does for its next symbol holds up the line.
pub trait Observer {
    /// `symbol` is sent to the process `peer`: a bit from a sender, an acknowledgment from a
    /// receiver. If it was certain beforehand ([`Line::poll`](minitalk_signals::Line::poll)), it
    /// has been sent already.
    fn sent(&mut self, peer: u32, symbol: Bit) {
        let _ = (peer, symbol);
    }

    /// `symbol` of the process `peer` has been received.
    fn received(&mut self, peer: u32, symbol: Bit) {
        let _ = (peer, symbol);
    }

    /// The peer owes an acknowledgment that has not come in time.
    fn timed_out(&mut self, peer: u32) {
        let _ = peer;
    }

    /// The peer is silent, and this is why. Called once for each reason, after a second.
    fn waiting(&mut self, peer: u32, diagnosis: Diagnosis) {
        let _ = (peer, diagnosis);
    }

    /// This many octets of the current message have been confirmed.
    fn progress(&mut self, octets: u64) {
        let _ = octets;
    }
}

impl Observer for () {}

impl<First: Observer, Second: Observer> Observer for (First, Second) {
    fn sent(&mut self, peer: u32, symbol: Bit) {
        self.0.sent(peer, symbol);
        self.1.sent(peer, symbol);
    }

    fn received(&mut self, peer: u32, symbol: Bit) {
        self.0.received(peer, symbol);
        self.1.received(peer, symbol);
    }

    fn timed_out(&mut self, peer: u32) {
        self.0.timed_out(peer);
        self.1.timed_out(peer);
    }

    fn waiting(&mut self, peer: u32, diagnosis: Diagnosis) {
        self.0.waiting(peer, diagnosis);
        self.1.waiting(peer, diagnosis);
    }

    fn progress(&mut self, octets: u64) {
        self.0.progress(octets);
        self.1.progress(octets);
    }
}

impl<T: Observer + ?Sized> Observer for Box<T> {
    fn sent(&mut self, peer: u32, symbol: Bit) {
        (**self).sent(peer, symbol);
    }

    fn received(&mut self, peer: u32, symbol: Bit) {
        (**self).received(peer, symbol);
    }

    fn timed_out(&mut self, peer: u32) {
        (**self).timed_out(peer);
    }

    fn waiting(&mut self, peer: u32, diagnosis: Diagnosis) {
        (**self).waiting(peer, diagnosis);
    }

    fn progress(&mut self, octets: u64) {
        (**self).progress(octets);
    }
}

impl<T: Observer> Observer for Option<T> {
    #[inline]
    fn sent(&mut self, peer: u32, symbol: Bit) {
        if let Some(observer) = self {
            observer.sent(peer, symbol);
        }
    }

    #[inline]
    fn received(&mut self, peer: u32, symbol: Bit) {
        if let Some(observer) = self {
            observer.received(peer, symbol);
        }
    }

    fn timed_out(&mut self, peer: u32) {
        if let Some(observer) = self {
            observer.timed_out(peer);
        }
    }

    fn waiting(&mut self, peer: u32, diagnosis: Diagnosis) {
        if let Some(observer) = self {
            observer.waiting(peer, diagnosis);
        }
    }

    fn progress(&mut self, octets: u64) {
        if let Some(observer) = self {
            observer.progress(octets);
        }
    }
}
