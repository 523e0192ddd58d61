//! The protocol, checked exhaustively: real senders and receivers, a modelled kernel.
//!
//! Compiled into the crate's unit tests (see `lib.rs`), because a deliberately broken sender, which
//! shows that the model can fail, is nothing to export.
//!
//! `MODEL_FAULTS=4` adds messages of one and of two frames, storms, and a slow host, with so many faults:
//! `MODEL_FAULTS=4 cargo test -p minitalk-core --lib any_number_of_faults -- --nocapture`.
//! `MODEL_REFUSAL_FAULTS=3` does the same for refusals, `MODEL_SHARED_FAULTS=1` for two senders of one
//! frame each, with pairs. It takes two minutes.
#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

mod exchange;
mod explore;
mod feed;
mod kernel;
mod line;
mod link;
mod ping;

use std::boxed::Box;
use std::time::Instant;
use std::vec::Vec;
use std::{eprintln, format};

use exchange::Shared;
use explore::{Report, System, explore};
use link::{Host, Link, Setup};
use ping::Measured;

use crate::exchange::Protocols;
use crate::{Bit, RefusalReason, receiver, sender};

/// A message of one frame, and one fault.
const ONE: Setup = Setup {
    frames: &[b""],
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

fn assert_sound(name: &str, setup: &'static Setup) {
    let report = report(name, Link::new(setup));
    if let Some(violation) = report.violation {
        panic!("{name}: {violation}");
    }
    assert!(report.ended > 0, "{name}: no state is final");
}

const TWO: Setup = Setup { faults: 2, ..ONE };
const THREE: Setup = Setup { faults: 3, ..ONE };
const TWO_FRAMES: Setup = Setup { frames: &[b"", b"a"], ..ONE };

#[test]
fn a_message_of_one_frame_survives_any_three_faults() {
    assert_sound("one frame, three faults", &THREE);
    let setup = &const { Setup { pairs: false, ..THREE } };
    assert_sound("one frame in single bits, three faults", setup);
}

#[test]
fn a_message_of_two_frames_survives_any_three_faults() {
    let setup = &const { Setup { frames: TWO_FRAMES.frames, ..THREE } };
    assert_sound("two frames, three faults", setup);
}

#[test]
fn a_message_of_two_frames_in_single_bits_survives_any_three_faults() {
    let setup = &const { Setup { frames: TWO_FRAMES.frames, pairs: false, ..THREE } };
    assert_sound("two frames in single bits, three faults", setup);
}

#[test]
fn a_message_of_three_frames_survives_any_two_faults() {
    let setup = &const { Setup { frames: &[b"", b"a", b""], ..TWO } };
    assert_sound("three frames, two faults", setup);
}

#[test]
fn with_every_octet_of_a_damaged_frame_kept_nothing_else_comes_out() {
    assert_sound("two frames exactly, one fault", &const { Setup { exact: true, ..TWO_FRAMES } });
}

#[test]
fn a_sender_may_give_up_and_a_host_may_be_slow_at_any_moment() {
    let setup = &const { Setup { faults: 2, ..SLOW } };
    assert_sound("slow host, aborts, two faults", setup);
}

const SLOW: Setup = Setup { host: Host::AcceptsLater, aborts: true, ..ONE };

#[test]
fn a_reason_is_never_taken_for_another_by_any_two_faults() {
    for reason in RefusalReason::ALL {
        assert_sound(&format!("refusal, {reason:?}"), Box::leak(Box::new(refusing(reason))));
    }
}

const fn refusing(reason: RefusalReason) -> Setup {
    Setup { host: Host::Refuses(reason), ..TWO }
}

#[test]
fn a_reason_is_never_taken_for_another_by_a_storm_and_a_fault() {
    assert_sound("refusal, storm of zeros, one fault more", &REFUSAL_IN_STORM);
    let setup = &const { Setup { storm: Some(Bit::One), ..REFUSAL_IN_STORM } };
    assert_sound("refusal, storm of ones, one fault more", setup);
}

/// A reason in which a storm can hide the zeros in the middle, and leave those before it and the ones.
const REFUSAL_IN_STORM: Setup =
    Setup { storm: Some(Bit::Zero), ..refusing(RefusalReason::TooLong) };

#[test]
fn a_storm_of_zeros_at_the_sender_is_survived() {
    assert_sound("storm of zeros, two faults more", &STORM);
}

#[test]
fn a_storm_of_ones_at_the_sender_is_survived() {
    let setup = &const { Setup { storm: Some(Bit::One), ..STORM } };
    assert_sound("storm of ones, two faults more", setup);
}

/// The storm is one of the faults.
const STORM: Setup = Setup { storm: Some(Bit::Zero), ..THREE };

#[test]
fn two_senders_survive_each_other() {
    assert_shared("two senders, no fault", &SHARED);
    assert_shared("two senders in single bits, no fault", &const { shared(0, false) });
    assert_shared("two senders of two frames, no fault", &SHARED_FRAMES);
    assert_shared(
        "two senders, slow host, no fault",
        &const { exchange::Setup { slow: true, ..SHARED } },
    );
}

#[test]
fn two_senders_survive_any_fault() {
    assert_shared("two senders in single bits, one fault", &const { shared(1, false) });
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

const fn shared(faults: u8, pairs: bool) -> exchange::Setup {
    exchange::Setup { faults, pairs, exact: faults == 0, ..SHARED }
}

fn assert_shared(name: &str, setup: &'static exchange::Setup) {
    let report = report(name, Shared::new(setup));
    if let Some(violation) = report.violation {
        panic!("{name}: {violation}");
    }
    assert!(report.ended > 0, "{name}: no state is final");
}

const PING: ping::Setup =
    ping::Setup { peer: Protocols::Both, faults: 0, gives_up: true, broken: false };

const PING_TO_CLASSIC: ping::Setup = ping::Setup { peer: Protocols::ClassicOnly, ..PING };

fn assert_measured(name: &str, setup: ping::Setup) {
    let report = report(name, Measured::new(setup));
    if let Some(violation) = report.violation {
        panic!("{name}: {violation}");
    }
    assert!(report.ended > 0, "{name}: no state is final");
}

#[test]
fn a_ping_leaves_its_peer_as_it_was() {
    assert_measured("ping, no fault", ping::Setup { gives_up: false, ..PING });
    assert_measured("ping, host gives up, two faults", ping::Setup { faults: 2, ..PING });
    assert_measured("ping to a classic receiver, host gives up", PING_TO_CLASSIC);
    let faulty = ping::Setup { faults: 2, ..PING_TO_CLASSIC };
    assert_measured("ping to a classic receiver, two faults", faulty);
}

#[test]
fn any_number_of_faults() {
    let storm_of_ones = Setup { storm: Some(Bit::One), ..ONE };
    let singly = Setup { pairs: false, ..ONE };
    assert_all_sound("MODEL_FAULTS", &[singly, SLOW, ONE, STORM, storm_of_ones, TWO_FRAMES]);
}

#[test]
fn any_number_of_faults_of_a_refusal() {
    assert_all_sound("MODEL_REFUSAL_FAULTS", &RefusalReason::ALL.map(refusing));
}

/// With as many faults as the environment says, if it does.
fn assert_all_sound(variable: &str, setups: &[Setup]) {
    let Ok(faults) = std::env::var(variable) else { return };
    let faults: u8 = faults.parse().expect("a number of faults");
    let mut violations = Vec::new();
    for setup in setups {
        let setup = Box::leak(Box::new(Setup { faults, ..*setup }));
        let Setup { frames, pairs, storm, host, .. } = setup;
        let count = frames.len();
        let name =
            format!("frames: {count}, pairs: {pairs}, storm: {storm:?}, {host:?}, {faults} faults");
        violations.extend(report(&name, Link::new(setup)).violation);
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn any_number_of_faults_of_two_senders() {
    let Ok(faults) = std::env::var("MODEL_SHARED_FAULTS") else { return };
    let faults = faults.parse().expect("MODEL_SHARED_FAULTS is a number");
    let setup = Box::leak(Box::new(shared(faults, true)));
    assert_shared(&format!("two senders, any {faults}"), setup);
}

/// A model that cannot fail proves nothing: each of these rules is broken, and the model must see it.
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
    fn a_receiver_that_delivers_a_repeated_frame_is_caught() {
        const BROKEN: Option<receiver::Broken> = Some(receiver::Broken::RepeatedDelivered);
        assert_caught(&const { Setup { broken_receiver: BROKEN, ..ONE } });
    }
}
