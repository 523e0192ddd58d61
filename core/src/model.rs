//! The protocol, checked exhaustively: real senders and receivers, a modelled kernel.
//!
//! Compiled into the crate's unit tests (see `lib.rs`), because a deliberately broken sender, which
//! shows that the model can fail, must not be exported.
//!
//! `MODEL_MORE=1` allows one more fault everywhere except where damaged frames are kept exactly.
//! With that, and with the rules whose violation takes three faults to show, it runs for some
//! minutes: `MODEL_MORE=1 cargo test -p minitalk-core --lib model -- --include-ignored
//! --nocapture`.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

mod exchange;
mod explore;
mod kernel;
mod line;
mod link;
mod ping;

use std::boxed::Box;
use std::sync::atomic::Ordering;
use std::time::Instant;
use std::{eprintln, format, vec};

use exchange::Shared;
use explore::{Report, System, explore};
use link::{Host, Link, Setup};
use ping::Measured;

use crate::exchange::Protocols;
use crate::{Bit, RefusalReason, receiver, sender};

/// A message of one frame, and one fault. Its last bits form pairs, without which some rules would
/// not matter.
const ONE: Setup = Setup {
    frames: &[b"b"],
    after_reset: &[],
    faults: 1,
    pairs: true,
    host: Host::Accepts,
    aborts: false,
    exact: false,
    broken_sender: None,
    broken_receiver: None,
    storm: None,
};

fn report(name: &str, first: impl System) -> Report {
    let began = Instant::now();
    let report = explore(first);
    let seconds = began.elapsed().as_secs_f32();
    eprintln!("{name}: {} states, {} of them final, {seconds:.1} s", report.states, report.ended);
    report
}

/// Checks a setup, with as many additional faults as the environment variable allows.
fn assert_sound(name: &str, setup: &Setup) {
    let faults = if setup.exact { setup.faults } else { setup.faults + more() };
    let setup = Box::leak(Box::new(Setup { faults, ..*setup }));
    assert_no_violation(&format!("{name}, {faults} faults"), Link::new(setup));
}

fn assert_no_violation(name: &str, first: impl System) {
    let report = report(name, first);
    if let Some(violation) = report.violation {
        panic!("{name}: {violation}");
    }
    assert!(report.ended > 0, "{name}: no state is final");
}

/// How many faults are allowed in addition to the usual number.
fn more() -> u8 {
    let more = std::env::var("MODEL_MORE").unwrap_or_else(|_| "0".into());
    more.parse().expect("MODEL_MORE is a number of faults")
}

const TWO: Setup = Setup { faults: 2, ..ONE };
const THREE: Setup = Setup { faults: 3, ..ONE };
const TWO_FRAMES: Setup = Setup { frames: &[b"b", b"a"], ..ONE };

#[test]
fn a_message_of_one_frame_survives_any_two_faults() {
    assert_sound("one frame", &TWO);
    assert_sound("one frame in single bits", &Setup { pairs: false, ..TWO });
}

#[test]
fn a_message_of_two_frames_survives_any_two_faults() {
    let two_frames = Setup { frames: TWO_FRAMES.frames, ..TWO };
    assert_sound("two frames", &two_frames);
    assert_sound("two frames in single bits", &Setup { pairs: false, ..two_frames });
}

#[test]
fn a_message_of_three_frames_survives_any_fault() {
    assert_sound("three frames", &Setup { frames: &[b"b", b"a", b""], ..ONE });
}

#[test]
fn with_every_octet_of_a_damaged_frame_kept_nothing_else_comes_out() {
    assert_sound("two frames exactly", &Setup { exact: true, ..TWO_FRAMES });
}

/// What remains of a frame that a fault cuts short is the beginning of that frame, so it is kept
/// octet by octet whether the model is exact or not.
fn trapped() -> Setup {
    let trap: &[u8] = minitalk_testing::trap(link::MESSAGE, 1, true, 5).leak();
    Setup { frames: vec![&b""[..], trap].leak(), ..TWO }
}

#[test]
fn a_payload_that_holds_its_own_fcs_is_never_cut_short() {
    assert_sound("a trap", &trapped());
}

#[test]
fn what_is_longer_than_any_frame_is_dropped() {
    assert_sound("one frame exactly", &Setup { frames: &[b"a"], exact: true, ..ONE });
    assert!(link::TOO_LONG.load(Ordering::Relaxed), "nothing was too long");
}

#[test]
fn a_number_that_is_used_again_after_a_reset_confirms_nothing_of_another_message() {
    const RESET: Setup = Setup { frames: &[b"a"], after_reset: &[b"b"], pairs: false, ..ONE };
    assert_sound("reset", &Setup { pairs: true, faults: 0, ..RESET });
    assert_sound("reset in single bits", &RESET);
    let two_frames = Setup { frames: &[b"a", b""], ..RESET };
    assert_sound("reset in a message of two frames in single bits", &two_frames);
}

#[test]
fn a_sender_may_give_up_and_a_host_may_be_slow_at_any_moment() {
    assert_sound("slow host, aborts", &SLOW);
}

const SLOW: Setup = Setup { host: Host::AcceptsLater, aborts: true, ..ONE };

#[test]
fn a_reason_is_never_taken_for_another_by_any_fault() {
    for reason in RefusalReason::ALL {
        assert_sound(&format!("refusal, {reason:?}"), &refusing(0, reason));
    }
}

#[test]
fn a_message_may_be_refused_at_a_later_frame() {
    let refusing = refusing(1, RefusalReason::OutputFailed);
    assert_sound("refusal of the last frame", &Setup { frames: TWO_FRAMES.frames, ..refusing });
    let frames: &[&[u8]] = &[b"b", b"a", b""];
    assert_sound("refusal of a frame in the middle", &Setup { frames, ..refusing });
}

const fn refusing(frame: usize, reason: RefusalReason) -> Setup {
    Setup { host: Host::Refuses { frame, reason }, ..ONE }
}

#[test]
fn a_reason_is_never_taken_for_another_by_a_storm_and_a_fault() {
    assert_sound("refusal, storm of zeros", &REFUSAL_IN_STORM);
    assert_sound("refusal, storm of ones", &Setup { storm: Some(Bit::One), ..REFUSAL_IN_STORM });
}

/// A reason of which a storm can hide the zeros in the middle, and leave those before it and the
/// ones.
const REFUSAL_IN_STORM: Setup =
    Setup { storm: Some(Bit::Zero), faults: 2, ..refusing(0, RefusalReason::TooLong) };

#[test]
fn a_storm_of_zeros_at_the_sender_is_survived() {
    assert_sound("storm of zeros", &STORM);
}

#[test]
fn a_storm_of_ones_at_the_sender_is_survived() {
    assert_sound("storm of ones", &Setup { storm: Some(Bit::One), ..STORM });
}

/// The storm counts as one of the faults.
const STORM: Setup = Setup { storm: Some(Bit::Zero), ..TWO };

#[test]
fn two_senders_survive_each_other() {
    assert_shared("two senders", &SHARED);
    assert_shared("two senders in single bits", &exchange::Setup { pairs: false, ..SHARED });
    if more() == 0 {
        assert_shared("two senders of two frames", &SHARED_FRAMES);
        assert_shared("two senders, slow host", &exchange::Setup { slow: true, ..SHARED });
    }
}

#[test]
fn one_sender_survives_any_two_faults_in_an_exchange() {
    let frames: [&[&[u8]]; 2] = [&[b"b"], &[]];
    assert_shared("one sender and the exchange", &exchange::Setup { frames, faults: 2, ..SHARED });
    let frames: [&[&[u8]]; 2] = [&[b"b", b"a"], &[]];
    let two_frames = exchange::Setup { frames, faults: 2, pairs: false, ..SHARED };
    assert_shared("one sender of two frames and the exchange, in single bits", &two_frames);
}

const SHARED: exchange::Setup = exchange::Setup {
    frames: [&[b"a"], &[b"b"]],
    faults: 0,
    pairs: true,
    exact: true,
    slow: false,
    broken: None,
    broken_exchange: None,
    broken_sender: None,
};

const SHARED_FRAMES: exchange::Setup =
    exchange::Setup { frames: [&[b"a", b"b"], &[b"c", b"d"]], ..SHARED };

fn assert_shared(name: &str, setup: &exchange::Setup) {
    let faults = setup.faults + more();
    let setup = exchange::Setup { faults, exact: faults == 0, ..*setup };
    assert_no_violation(
        &format!("{name}, {faults} faults"),
        Shared::new(Box::leak(Box::new(setup))),
    );
}

const PING: ping::Setup =
    ping::Setup { peer: Protocols::Both, faults: 0, gives_up: true, broken: false };

const PING_TO_CLASSIC: ping::Setup = ping::Setup { peer: Protocols::ClassicOnly, ..PING };

#[test]
fn a_ping_leaves_its_peer_as_it_was() {
    assert_no_violation("ping, no fault", Measured::new(ping::Setup { gives_up: false, ..PING }));
    let faulty = ping::Setup { faults: 2, ..PING };
    assert_no_violation("ping, host gives up, two faults", Measured::new(faulty));
    let name = "ping to a classic receiver, host gives up";
    assert_no_violation(name, Measured::new(PING_TO_CLASSIC));
    let faulty = ping::Setup { faults: 2, ..PING_TO_CLASSIC };
    assert_no_violation("ping to a classic receiver, two faults", Measured::new(faulty));
}

/// A model that cannot fail proves nothing: each of these rules is broken, and the model must
/// notice.
mod broken {
    use super::*;

    fn assert_caught(setup: &'static Setup) {
        let report = report("broken", Link::new(setup));
        let violation = report.violation.expect("the model does not see what is broken");
        eprintln!("{}", violation.lines().next().unwrap_or_default());
    }

    #[test]
    fn a_sender_that_believes_one_bit_of_a_verdict_is_caught() {
        const BROKEN: Option<sender::Broken> = Some(sender::Broken::VerdictOfOneBit);
        assert_caught(&const { Setup { broken_sender: BROKEN, ..TWO } });
    }

    #[test]
    fn a_sender_that_counts_a_verdict_with_a_resent_bit_is_caught() {
        const BROKEN: Option<sender::Broken> = Some(sender::Broken::ResentVerdictCounts);
        assert_caught(&const { Setup { broken_sender: BROKEN, ..STORM } });
    }

    #[test]
    fn a_sender_that_counts_a_reason_with_a_resent_bit_is_caught() {
        const BROKEN: Option<sender::Broken> = Some(sender::Broken::ResentReasonCounts);
        assert_caught(&const { Setup { broken_sender: BROKEN, ..REFUSAL_IN_STORM } });
    }

    #[test]
    #[ignore = "it takes three faults, and half a minute"]
    fn a_sender_that_repeats_a_frame_after_a_short_mark_is_caught() {
        const BROKEN: Option<sender::Broken> = Some(sender::Broken::ShortMark);
        assert_caught(&const { Setup { broken_sender: BROKEN, ..THREE } });
    }

    #[test]
    fn a_sender_that_does_not_wait_for_quiet_is_caught() {
        const BROKEN: Option<sender::Broken> = Some(sender::Broken::NoQuiet);
        assert_caught(&const { Setup { broken_sender: BROKEN, ..TWO } });
    }

    #[test]
    fn a_ping_that_leaves_a_classic_peer_in_the_middle_of_a_byte_is_caught() {
        let setup = ping::Setup { broken: true, ..PING_TO_CLASSIC };
        let report = report("broken", Measured::new(setup));
        let violation = report.violation.expect("the model does not see what is broken");
        assert!(violation.starts_with("the next message is not delivered"), "{violation}");
    }

    fn assert_caught_between_two(setup: &'static exchange::Setup) {
        let report = report("broken", Shared::new(setup));
        let violation = report.violation.expect("the model does not see what is broken");
        eprintln!("{}", violation.lines().next().unwrap_or_default());
    }

    #[test]
    fn a_server_that_confuses_its_senders_is_caught() {
        const BROKEN: Option<exchange::Broken> = Some(exchange::Broken::SendersConfused);
        assert_caught_between_two(&const { exchange::Setup { broken: BROKEN, ..SHARED } });
    }

    #[test]
    fn a_sender_that_ignores_parity_is_caught() {
        const BROKEN: Option<sender::Broken> = Some(sender::Broken::ParityIgnored);
        assert_caught(&const { Setup { broken_sender: BROKEN, ..ONE } });
        assert_caught(&const { Setup { broken_sender: BROKEN, pairs: false, ..ONE } });
    }

    #[test]
    fn a_sender_that_does_not_listen_after_a_resend_is_caught() {
        const BROKEN: Option<sender::Broken> = Some(sender::Broken::NoSettling);
        assert_caught(&const { Setup { broken_sender: BROKEN, ..ONE } });
        assert_caught(&const { Setup { broken_sender: BROKEN, pairs: false, ..ONE } });
    }

    #[test]
    fn a_receiver_that_acknowledges_a_repetition_while_it_holds_the_bit_is_caught() {
        const BROKEN: Option<receiver::Broken> = Some(receiver::Broken::HeldNotIgnored);
        assert_caught(
            &const { Setup { broken_receiver: BROKEN, host: Host::AcceptsLater, faults: 0, ..ONE } },
        );
    }

    #[test]
    fn an_exchange_whose_floor_passes_in_the_middle_of_a_frame_is_caught() {
        const BROKEN: Option<crate::exchange::Broken> =
            Some(crate::exchange::Broken::FloorPassesAnywhere);
        assert_caught_between_two(&const { exchange::Setup { broken_exchange: BROKEN, ..SHARED } });
    }

    #[test]
    fn an_exchange_whose_floor_does_not_pass_after_a_verdict_is_caught() {
        const BROKEN: Option<crate::exchange::Broken> = Some(crate::exchange::Broken::FloorKept);
        assert_caught_between_two(
            &const { exchange::Setup { broken_exchange: BROKEN, ..SHARED_FRAMES } },
        );
    }

    #[test]
    fn a_receiver_that_ignores_how_many_octets_a_frame_says_it_has_is_caught() {
        for broken in [receiver::Broken::OctetsIgnored, receiver::Broken::Version1] {
            let setup = Setup { broken_receiver: Some(broken), ..trapped() };
            assert_caught(Box::leak(Box::new(setup)));
        }
    }

    #[test]
    fn a_receiver_that_takes_a_frame_for_a_repetition_by_its_number_is_caught() {
        const BROKEN: Option<receiver::Broken> = Some(receiver::Broken::RepeatedByNumber);
        assert_caught(
            &const {
                let after_reset: &[&[u8]] = &[b"b"];
                Setup { frames: &[b"a"], after_reset, broken_receiver: BROKEN, faults: 0, ..ONE }
            },
        );
    }

    #[test]
    fn a_receiver_that_delivers_a_repeated_frame_is_caught() {
        const BROKEN: Option<receiver::Broken> = Some(receiver::Broken::RepeatedDelivered);
        assert_caught(&const { Setup { broken_receiver: BROKEN, ..ONE } });
    }
}
