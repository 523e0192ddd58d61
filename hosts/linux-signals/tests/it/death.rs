//! A peer that dies is noticed.

use std::time::{Duration, Instant};

use minitalk_signals::{Bit, ProcessState, ProcessStatus};
use nix::sys::signal::Signal;

use crate::common::Running;

/// 20 ms are promised; the rest is for busy machines.
const NOTICED: Duration = Duration::from_millis(100);

/// A ping that echo has accepted as a peer, and that stays.
fn peer(echo: &Running) -> Running {
    let ping = Running::example("ping", &[&echo.pid().to_string(), "2", "--hold"]);
    assert!(ping.line().starts_with("2 bits "));
    assert_eq!(echo.line(), format!("peer {}", ping.pid()));
    ping
}

/// Kills the peer; returns how long echo took to report it.
fn kill(peer: &Running, echo: &Running) -> Duration {
    let start = Instant::now();
    peer.signal(Signal::SIGKILL);
    assert_eq!(echo.line(), format!("gone {}", peer.pid()));
    start.elapsed()
}

/// The shortest of several tries: a busy machine makes some of them late, but none of them early.
fn quickest(tries: impl Iterator<Item = Duration>) -> Duration {
    tries.min().unwrap()
}

#[test]
fn a_dead_peer_is_noticed_while_idle() {
    let echo = Running::echo();
    let quickest = quickest((0..5).map(|_| {
        let peer = peer(&echo);
        // Until it is in the deepest sleep.
        std::thread::sleep(Duration::from_millis(50));
        kill(&peer, &echo)
    }));
    assert!(quickest < NOTICED, "{quickest:?}");
}

#[test]
fn a_dead_peer_is_noticed_while_another_keeps_the_line_busy() {
    let quickest = quickest((0..5).map(|_| {
        let echo = Running::echo();
        // It came first and sends nothing more: two peers that send at once lose bits.
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
        // Stopped one after the other, so that a bit is pending that echo has not seen: echo has
        // answered everything so far, so ping, which waits only for that, sends the next bit.
        ping.stop();
        echo.wait_until(|status| status.state == ProcessState::Sleeping && !has_bit(status));
        echo.stop();
        ping.signal(Signal::SIGCONT);
        echo.wait_until(has_bit);
        drop(ping);
        echo.signal(Signal::SIGCONT);
        assert_eq!(echo.line(), format!("gone {pid}"));
        // If the bit were read after the death, it would be reported as a stray one.
        echo.signal(Signal::SIGTERM);
        assert_eq!(echo.line(), "end Terminate");
    }
}
