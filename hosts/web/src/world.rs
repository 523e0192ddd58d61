//! Two senders, a line and a receiver, on one clock.

use heapless::{Deque, Vec};
use minitalk_core::anatomy::Label;
use minitalk_core::classic::Dialect;
use minitalk_core::exchange::{Exchange, Handled, Output, Place, Protocol};
use minitalk_core::frame::FRAME_OCTETS_MAX;
use minitalk_core::{Bit, Instant};

use crate::line::{Fault, Line, RECEIVER, Symbol};
use crate::sender::{Sending, paced};

/// The number of senders.
pub(crate) const SENDERS: usize = 2;

/// The largest number of octets that the receiver shows.
pub(crate) const SHOWN_MAX: usize = 4096;

/// The largest number of occurrences kept until the page takes them.
const OCCURRENCES_MAX: usize = 64;

/// How the senders speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// HDLC frames with alternating acknowledgments.
    Framed,
    /// Eight bits for each byte, each bit acknowledged.
    Classic,
    /// Eight bits for each byte and a pause after each bit, without acknowledgments.
    Paced,
}

/// Something that happened in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occurrence {
    Sent {
        symbol: Symbol,
        label: Option<Label>,
    },
    Arrived {
        symbol: Symbol,
    },
    /// The same signal was already pending: signals do not queue.
    Merged {
        symbol: Symbol,
    },
    Lost {
        id: u32,
    },
    Doubled {
        id: u32,
    },
    Delayed {
        id: u32,
    },
    /// A timer of a process expired.
    TimedOut {
        process: u8,
    },
    Octet {
        from: u8,
        octet: u8,
    },
    Ended {
        from: u8,
    },
}

type Places = [Place; SENDERS];

/// The whole simulation.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) mode: Mode,
    pub(crate) now: Instant,
    pub(crate) line: Line,
    pub(crate) senders: [Option<Sending>; SENDERS],
    pub(crate) exchange: Exchange<Places, FRAME_OCTETS_MAX>,
    /// What the receiver has written, each octet with its sender.
    pub(crate) written: Vec<(u8, u8), SHOWN_MAX>,
    occurrences: Deque<Occurrence, OCCURRENCES_MAX>,
    messages: u32,
}

impl World {
    pub(crate) const fn new() -> Self {
        Self {
            mode: Mode::Framed,
            now: Instant::ZERO,
            line: Line::new(),
            senders: [const { None }; SENDERS],
            exchange: Exchange::new(Dialect::DEFAULT, [const { Place::FREE }; SENDERS]),
            written: Vec::new(),
            occurrences: Deque::new(),
            messages: 0,
        }
    }

    /// Starts again.
    pub(crate) fn reset(&mut self, mode: Mode) {
        *self = Self::new();
        self.mode = mode;
        if mode == Mode::Paced {
            self.exchange = Exchange::new(paced(), [const { Place::FREE }; SENDERS]);
        }
    }

    /// Lets the sender `index` begin a message; false if it is busy or cannot send this text.
    pub(crate) fn send(&mut self, index: usize, text: &'static [u8]) -> bool {
        let Some(place) = self.senders.get_mut(index) else { return false };
        if place.as_ref().is_some_and(|sending| !sending.is_over()) {
            return false;
        }
        self.messages += 1;
        *place = Sending::new(self.mode, text, 0x5EED_0000 | self.messages);
        let began = place.is_some();
        self.transmit();
        began
    }

    /// Applies a fault to a symbol in flight.
    pub(crate) fn disturb(&mut self, id: u32, fault: Fault) -> bool {
        let done = self.line.disturb(id, fault);
        if done {
            self.note(match fault {
                Fault::Lose => Occurrence::Lost { id },
                Fault::Double => Occurrence::Doubled { id },
                Fault::Delay => Occurrence::Delayed { id },
            });
        }
        done
    }

    /// One symbol arrives, or one timer expires; false if nothing is left to happen.
    pub(crate) fn step(&mut self) -> bool {
        let Some(next) = self.next_moment() else { return false };
        self.now = self.now.max(next);
        let now = self.now;
        if let Some(symbol) = self.line.take(now) {
            while let Some(merged) = self.line.take_merged(&symbol) {
                self.note(Occurrence::Merged { symbol: merged });
            }
            self.note(Occurrence::Arrived { symbol });
            if symbol.to == RECEIVER {
                self.receive(symbol);
            } else if let Some(sending) = self.sender_mut(symbol.to) {
                sending.handle_ack(symbol.bit, now);
            }
        } else {
            self.expire();
        }
        self.transmit();
        true
    }

    /// The next occurrence that the page has not seen.
    pub(crate) fn poll_occurrence(&mut self) -> Option<Occurrence> {
        self.occurrences.pop_front()
    }

    fn sender_mut(&mut self, process: u8) -> Option<&mut Sending> {
        let now_index = usize::from(process).checked_sub(1)?;
        self.senders.get_mut(now_index)?.as_mut()
    }

    fn next_moment(&self) -> Option<Instant> {
        let timers = self.senders.iter().flatten().filter(|sending| !sending.is_over());
        timers
            .filter_map(Sending::poll_timeout)
            .chain(self.exchange.poll_timeout())
            .chain(self.line.next_due())
            .min()
    }

    fn expire(&mut self) {
        let now = self.now;
        for process in 1..=2 {
            let Some(sending) = self.sender_mut(process) else { continue };
            if !sending.is_over() && sending.poll_timeout().is_some_and(|due| due <= now) {
                sending.handle_timeout(now);
                self.note(Occurrence::TimedOut { process });
            }
        }
        if self.exchange.poll_timeout().is_some_and(|due| due <= now) {
            self.exchange.handle_timeout(now);
            self.note(Occurrence::TimedOut { process: RECEIVER });
            self.answer();
        }
    }

    fn receive(&mut self, symbol: Symbol) {
        let peer = u32::from(symbol.from);
        if self.exchange.handle_bit(peer, symbol.bit, self.now) == Handled::Unknown
            && self.exchange.open(peer).is_ok()
        {
            let _ = self.exchange.handle_bit(peer, symbol.bit, self.now);
        }
        self.answer();
    }

    /// Follows the outputs of the exchange: acknowledges, and writes what has arrived.
    fn answer(&mut self) {
        let now = self.now;
        loop {
            let mut accepted = None;
            match self.exchange.poll_output(now) {
                Some(Output::Transmit { peer, symbol, .. }) => {
                    let to = process(peer);
                    self.launch(RECEIVER, to, symbol, None);
                }
                Some(Output::Payload(piece)) => {
                    let from = process(piece.peer);
                    for &octet in piece.octets {
                        let _ = self.written.push((from, octet));
                        let _ = self.occurrences.push_back(Occurrence::Octet { from, octet });
                    }
                    if piece.last {
                        let _ = self.written.push((from, b'\n'));
                        let _ = self.occurrences.push_back(Occurrence::Ended { from });
                    }
                    accepted = Some(piece.peer);
                }
                Some(_) => {}
                None => return,
            }
            if let Some(peer) = accepted {
                self.exchange.accept(peer);
            }
        }
    }

    /// Sends everything that the senders have to send now.
    fn transmit(&mut self) {
        for process in 1..=2 {
            loop {
                let (now, is_framed) = (self.now, self.mode == Mode::Framed);
                let Some(sending) = self.sender_mut(process) else { break };
                let Some(bit) = sending.poll_transmit(now) else { break };
                let label = is_framed.then(|| sending.anatomy.feed(bit));
                self.launch(process, RECEIVER, bit, label);
            }
            if let Some(sending) = self.sender_mut(process) {
                sending.settle();
            }
        }
    }

    fn launch(&mut self, from: u8, to: u8, bit: Bit, label: Option<Label>) {
        let id = self.line.send(from, to, bit, self.now);
        let sent = self.line.symbols().iter().find(|symbol| symbol.id == id).copied();
        if let Some(symbol) = sent {
            self.note(Occurrence::Sent { symbol, label });
        }
    }

    fn note(&mut self, occurrence: Occurrence) {
        if self.occurrences.is_full() {
            self.occurrences.pop_front();
        }
        let _ = self.occurrences.push_back(occurrence);
    }

    pub(crate) fn protocol(&self, index: usize) -> Option<Protocol> {
        self.exchange.protocol(u32::try_from(index).ok()?.checked_add(1)?)
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn process(peer: u32) -> u8 {
    u8::try_from(peer).unwrap_or(RECEIVER)
}
