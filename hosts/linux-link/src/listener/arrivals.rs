//! What arrives on the line, and from whom.

use std::os::fd::AsFd;

use minitalk_core::exchange::Handled;
use minitalk_core::{Bit, Instant};
use minitalk_signals::{Arrival, Interest, Origin, Reply, WaitError, Wake, now};

use super::{Happening, Listener, SENDER_TOKEN, Stray, StrayCause};
use crate::Observer;

impl<O: Observer> Listener<O> {
    /// The next signal, if one comes at once. A bit whose acknowledgment is certain beforehand is
    /// acknowledged before anything else is done, and leads to nothing else.
    #[inline]
    pub(super) fn poll(&mut self) -> Result<Option<Wake>, WaitError> {
        loop {
            let reply = if self.line.is_polling() && self.slow.is_none() {
                self.exchange.lookahead().and_then(|(pid, lookahead)| {
                    let process = self.senders.known(pid)?;
                    let peer = process.peer();
                    process.is_clear(self.woken_at).then_some(Reply { peer, lookahead })
                })
            } else {
                None
            };
            match self.line.poll(reply)? {
                Some(Wake::Arrival(Arrival {
                    bit,
                    origin: Origin::Process { pid, .. },
                    answered: Some(ack),
                    ..
                })) => {
                    let acknowledged = self.exchange.acknowledge(pid, bit, self.woken_at);
                    debug_assert_eq!(acknowledged, Some(ack), "it was certain");
                    self.observer.received(pid, bit);
                    self.observer.sent(pid, ack);
                }
                wake => return Ok(wake),
            }
        }
    }

    /// Waits for the next signal, the end of a sender, or anything else that can happen.
    pub(super) fn wait(&mut self, deadline: Option<Instant>) -> Result<Wake, WaitError> {
        let shutdown = self.shutdown.map(|shutdown| shutdown.deadline);
        let deadlines = [self.exchange.poll_timeout(), self.senders.deadline(), deadline, shutdown];
        let deadline = deadlines.into_iter().flatten().min();
        let wake = self.line.wait(deadline)?;
        self.woken_at = now();
        Ok(wake)
    }

    pub(super) fn handle_arrival(&mut self, arrival: Arrival) {
        match arrival.origin {
            Origin::Process { pid, .. } => {
                if let Some(ack) = self.exchange.acknowledge(pid, arrival.bit, self.woken_at) {
                    self.observer.received(pid, arrival.bit);
                    return self.transmit(pid, ack, false);
                }
                match self.exchange.handle_bit(pid, arrival.bit, self.woken_at) {
                    Handled::Taken => self.observer.received(pid, arrival.bit),
                    Handled::Lost => {
                        if self.senders.lose(pid) {
                            self.news.push_back(Happening::Damaged { peer: pid });
                        }
                    }
                    Handled::Repeated | Handled::Ignored => {}
                    Handled::Unknown => self.handle_newcomer(pid, arrival.bit),
                }
            }
            Origin::Outside => self.stray(Stray::of_nobody(StrayCause::Outside)),
            Origin::Forged { code } => self.stray(Stray::of_nobody(StrayCause::Forged { code })),
        }
    }

    /// Gives a place to a process that has sent its first bit, if the process survives an answer.
    fn handle_newcomer(&mut self, pid: u32, bit: Bit) {
        let now = self.woken_at;
        if self.senders.is_turned_away(pid, now) {
            self.strays += 1;
            return;
        }
        let anyone = self.acknowledge_anyone;
        let admitted = self.line.catching(|| self.senders.admit(pid, anyone, now));
        let connected = match admitted {
            Ok(connected) => connected,
            Err(stray) => {
                self.senders.turn_away(pid, now);
                self.stray(stray);
                return;
            }
        };
        if self.exchange.open_count() == self.places {
            self.exchange.grow(self.places);
            self.places *= 2;
        }
        let stranger = self.senders.stranger(pid).filter(|_| self.guesses);
        let opened = match stranger {
            Some((handles, memory)) => self.exchange.open_stranger(pid, handles, memory),
            None => self.exchange.open(pid),
        };
        if opened.is_err() {
            self.forget(pid);
            self.senders.turn_away(pid, now);
            self.news.push_back(Happening::Full { places: self.exchange.open_count() });
            return;
        }
        if let Some(sender) = self.senders.find(pid)
            && let Err(error) = self.line.watch(
                sender.process.peer().as_fd(),
                SENDER_TOKEN | u64::from(pid),
                Interest::Readable,
            )
        {
            let stray =
                Stray { peer: Some(pid), program: Some(connected.program), cause: error.into() };
            self.exchange.handle_gone(pid);
            self.stray(stray);
            return;
        }
        self.news.push_back(Happening::Connected(connected));
        self.observer.received(pid, bit);
        // It has a place, and no bit of it waits, so this bit is accepted.
        let _ = self.exchange.handle_bit(pid, bit, now);
    }
}
