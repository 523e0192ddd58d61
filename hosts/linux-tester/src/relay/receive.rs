//! The relay as a framed server that is correct except for the faults that it is asked for.

use std::process::Child;
use std::time::Duration;

use minitalk_core::receiver::Reply;
use minitalk_core::{Bit, Receiver, RefusalReason};
use minitalk_signals::{Peer, monotonic_nanos};
use nix::sys::signalfd::SignalFd;

use super::plan::{Faults, Plan};
use super::recording::{Party, Recording, Symbol};
use super::run::{RunError, sleep_until_ready, usr_of};
use crate::client::Activity;
use crate::process::Ending;

/// Receives what the client sends, and answers it.
pub(super) fn receive(
    plan: &Plan,
    faults: Faults,
    line: &SignalFd,
    client: &Peer,
    mut child: Child,
) -> Result<Recording, RunError> {
    let from_nanos = monotonic_nanos();
    let limit = from_nanos + plan.limit_millis * 1_000_000;
    let mut activity = Activity::of(client.pid());
    let mut server = Server { faults, receiver: Receiver::new(), text: Vec::new(), come: 0 };
    let mut symbols = Vec::new();
    let ending = loop {
        while let Some(info) = line.read_signal()? {
            if info.ssi_pid != client.pid() {
                continue;
            }
            let usr = usr_of(&info);
            symbols.push(Symbol {
                at_nanos: monotonic_nanos(),
                from: Party::Client,
                usr,
                passed_nanos: None,
            });
            for (number, answer) in server.answers(Bit::from_bool(usr == 2)).iter().enumerate() {
                if number > 0 {
                    wait_until_taken(client);
                }
                let at_nanos = monotonic_nanos();
                let usr = if answer.is_one() { 2 } else { 1 };
                symbols.push(Symbol {
                    at_nanos,
                    from: Party::Server,
                    usr,
                    passed_nanos: Some(at_nanos),
                });
                let _ = client.send(*answer);
            }
        }
        if client.has_exited() {
            break child.wait().map_or(Ending::Slow, Ending::of);
        }
        if activity.is_idle() {
            break Ending::Hang;
        }
        if monotonic_nanos() > limit {
            break Ending::Slow;
        }
        sleep_until_ready(line, client);
    };
    let _ = child.kill();
    let _ = child.wait();
    Ok(Recording {
        symbols,
        from_nanos,
        to_nanos: monotonic_nanos(),
        client_pid: client.pid(),
        client: ending,
        server_ended: false,
        done: Vec::new(),
        client_sleeps_in: None,
        received: server.text,
        messages: 0,
    })
}

/// How long a second answer waits for the first one to be taken: two equal signals that meet become
/// one.
const PATIENCE_NANOS: u64 = 20_000_000;

fn wait_until_taken(client: &Peer) {
    let until = monotonic_nanos() + PATIENCE_NANOS;
    let is_pending = |bit| client.status().is_ok_and(|status| status.pending.contains(bit));
    while monotonic_nanos() < until && (is_pending(Bit::Zero) || is_pending(Bit::One)) {
        std::thread::yield_now();
    }
}

struct Server {
    faults: Faults,
    receiver: Receiver,
    text: Vec<u8>,
    /// Bits so far.
    come: usize,
}

impl Server {
    /// The answers to a bit: one, none, or two.
    fn answers(&mut self, bit: Bit) -> Vec<Bit> {
        let place = self.come;
        self.come += 1;
        let times = if self.faults.doubles == Some(place) { 2 } else { 1 };
        (0..times).filter_map(|_| self.answer(place, bit)).collect()
    }

    fn answer(&mut self, place: usize, bit: Bit) -> Option<Bit> {
        let bit = if self.faults.damages == Some(place) { !bit } else { bit };
        let answer = match self.receiver.handle_bit(bit) {
            Reply::Acknowledge(answer) | Reply::VerdictComplete(answer) => Some(answer),
            Reply::Frame if self.faults.refuses => {
                self.receiver.refuse(RefusalReason::ShuttingDown)
            }
            Reply::Frame => {
                self.text.extend(self.receiver.frame().map_or(&[][..], |frame| frame.payload));
                self.receiver.accept()
            }
            Reply::Ignored => None,
        };
        if let Some((held, millis)) = self.faults.hold
            && held == place
        {
            std::thread::sleep(Duration::from_millis(millis));
        }
        answer.filter(|_| self.faults.loses != Some(place))
    }
}
