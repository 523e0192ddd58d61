//! The relay as the quickest possible client.

use minitalk_signals::{Bit, Peer, monotonic_nanos};
use nix::sys::signalfd::SignalFd;

use super::plan::Plan;
use super::recording::{Party, Recording, Symbol};
use super::run::{RunError, usr_of};
use crate::process::Ending;

/// How long a further answer to the same symbol is waited for: two equal ones may have become one.
const MORE_NANOS: u64 = 3_000_000;

/// Sends what the plan says, each symbol after the one before has been answered. The recording has
/// only the last message.
pub(super) fn replay(plan: &Plan, line: &SignalFd, server: &Peer) -> Result<Recording, RunError> {
    let from_nanos = monotonic_nanos();
    let limit = from_nanos + plan.limit_millis * 1_000_000;
    let mut symbols = Vec::new();
    let mut messages = 0;
    'messages: while messages < plan.times && monotonic_nanos() < limit {
        symbols.clear();
        for &(usr, answers) in &plan.replay {
            let at_nanos = monotonic_nanos();
            let passed_nanos = Some(at_nanos);
            symbols.push(Symbol { at_nanos, from: Party::Client, usr, passed_nanos });
            let _ = server.send(Bit::from_bool(usr == 2));
            for number in 0..answers {
                let until = if number == 0 { limit } else { monotonic_nanos() + MORE_NANOS };
                match answer(line, server, until)? {
                    Some(symbol) => symbols.push(symbol),
                    None if number == 0 => break 'messages,
                    None => {}
                }
            }
        }
        messages += 1;
    }
    Ok(Recording {
        symbols,
        from_nanos,
        to_nanos: monotonic_nanos(),
        client_pid: std::process::id(),
        client: Ending::Exit(0),
        server_ended: server.has_exited(),
        done: Vec::new(),
        client_sleeps_in: None,
        received: Vec::new(),
        messages,
    })
}

/// The next signal of the server; `None` if it does not come in time.
fn answer(line: &SignalFd, server: &Peer, until: u64) -> Result<Option<Symbol>, RunError> {
    loop {
        match line.read_signal()? {
            Some(info) if info.ssi_pid == server.pid() => {
                let at_nanos = monotonic_nanos();
                let (from, usr) = (Party::Server, usr_of(&info));
                return Ok(Some(Symbol { at_nanos, from, usr, passed_nanos: None }));
            }
            Some(_) => {}
            None if monotonic_nanos() > until => return Ok(None),
            None => std::hint::spin_loop(),
        }
    }
}
