//! A peer that dies is noticed.

use std::time::{Duration, Instant};

use minitalk_signals::{Bit, ProcessState, ProcessStatus};
use nix::sys::signal::Signal;

use crate::common::Running;

/// The promise is 20 ms; the rest is for busy machines.
const NOTICED: Duration = Duration::from_millis(100);

/// A ping that echo knows as a peer, and that stays.
fn peer(echo: &Running) -> Running {
    let ping = Running::example("ping", &[&echo.pid().to_string(), "2", "--hold"]);
    assert!(ping.line().starts_with("2 bits "));
    assert_eq!(echo.line(), format!("peer {}", ping.pid()));
    ping
}

/// Kills the peer; returns how long it took echo to say so.
fn kill(peer: &Running, echo: &Running) -> Duration {
    let start = Instant::now();
    peer.signal(Signal::SIGKILL);
    assert_eq!(echo.line(), format!("gone {}", peer.pid()));
    start.elapsed()
}

/// The shortest of several tries: a busy machine makes some of them late, and none of them early.
fn quickest(tries: impl Iterator<Item = Duration>) -> Duration {
    tries.min().unwrap()
}

#[test]
fn a_dead_peer_is_noticed_while_idle() {
    let echo = Running::echo();
    let quickest = quickest((0..5).map(|_| {
        let peer = peer(&echo);
        // Until it sleeps as deeply as it can.
        std::thread::sleep(Duration::from_millis(50));
        kill(&peer, &echo)
    }));
    assert!(quickest < NOTICED, "{quickest:?}");
}

#[test]
fn a_dead_peer_is_noticed_while_another_keeps_the_line_busy() {
    let quickest = quickest((0..5).map(|_| {
        let echo = Running::echo();
        // It came first and sends nothing more: two that send at once lose bits.
        let peer = peer(&echo);
        let busy = Running::example("ping", &[&echo.pid().to_string(), "4000000000"]);
        assert_eq!(echo.line(), format!("peer {}", busy.pid()));
        kill(&peer, &echo)
    }));
    assert!(quickest < NOTICED, "{quickest:?}");
}

#[test]
fn an_echo_that_dies_is_noticed_by_the_ping() {
    let echo = Running::echo();
    let ping = Running::example("ping", &[&echo.pid().to_string(), "4000000000"]);
    assert!(echo.line().starts_with("peer "));
    echo.signal(Signal::SIGKILL);
    let line = ping.line();
    assert!(line.ends_with("Never(Ready(0))"), "{line}");
}

fn has_bit(status: &ProcessStatus) -> bool {
    [Bit::Zero, Bit::One].iter().any(|&bit| status.pending.contains(bit))
}

#[test]
fn the_last_bit_of_a_peer_is_heard_before_its_death() {
    for _ in 0..10 {
        let echo = Running::echo();
        let ping = Running::example("ping", &[&echo.pid().to_string(), "4000000000"]);
        let pid = ping.pid();
        assert_eq!(echo.line(), format!("peer {pid}"));
        // Stopped one after the other, so that the bit is on its way and nobody has looked at it:
        // echo has answered what there was, so ping, which waits for nothing else, sends the next
        // one.
        ping.stop();
        echo.wait_until(|status| status.state == ProcessState::Sleeping && !has_bit(status));
        echo.stop();
        ping.signal(Signal::SIGCONT);
        echo.wait_until(has_bit);
        drop(ping);
        echo.signal(Signal::SIGCONT);
        assert_eq!(echo.line(), format!("gone {pid}"));
        // Heard after the death, the bit would have been a stray one.
        echo.signal(Signal::SIGTERM);
        assert_eq!(echo.line(), "end Terminate");
    }
}
