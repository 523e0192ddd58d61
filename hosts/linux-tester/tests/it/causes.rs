//! A pair with a single fault: the tester finds it, and explains it.

use crate::common::{check, compile, judged};

/// How many times a fault may go unnoticed before the test fails: a busy machine can hide a race,
/// or prevent a pair from being understood at all.
const ATTEMPTS: usize = 4;

/// Judges a pair with a fault by one check, which must fail for this cause.
fn assert_cause(server: &str, client: &str, name: &str, cause: &str) {
    let (server, client) = (compile("server", server), compile("client", client));
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        let report = judged(&server, &client, &format!("--only {name}"));
        let found = check(&report, name);
        let is_failed = found["outcome"] == "failed" || found["outcome"] == "flaky";
        if is_failed && found["why"]["cause"] == cause {
            return;
        }
        // Whatever else it says, it must not name another cause.
        assert!(found["why"].is_null(), "{found}");
        seen.push(found.clone());
    }
    panic!("no {cause} in {seen:?}");
}

#[test]
fn a_client_that_does_not_wait_for_the_answers() {
    assert_cause("SLOW=300", "HASTE=30", "100", "sent_before_answer");
}

#[test]
fn a_client_that_sleeps_instead_of_being_answered() {
    assert_cause("NO_ANSWER SLOW=600", "HASTE=100", "100", "paced");
}

#[test]
fn a_server_that_answers_before_it_has_stored_the_bit() {
    assert_cause("EARLY", "", "100", "answered_too_early");
}

#[test]
fn a_client_that_misses_an_answer_between_kill_and_pause() {
    assert_cause("", "PAUSE", "100", "lost_wakeup");
}

#[test]
fn a_server_that_mixes_the_bits_of_two_clients() {
    assert_cause("SHARED", "", "two-clients", "mixed_clients");
}

#[test]
fn a_server_that_keeps_the_bits_of_a_killed_client() {
    assert_cause("SHARED", "", "killed-client", "state_not_reset");
}

#[test]
fn a_server_whose_buffer_has_an_end() {
    assert_cause("KEEP=1500", "", "2000", "buffer_end");
}

#[test]
fn a_server_that_writes_beyond_the_end_of_its_buffer() {
    assert_cause("OVERFLOW", "", "2000", "crashed");
}

#[test]
fn a_client_that_begins_with_the_other_end_of_a_byte() {
    assert_cause("", "LSB", "100", "wrong_order");
}

#[test]
fn a_client_for_which_the_other_signal_is_a_one() {
    assert_cause("", "INVERTED", "100", "wrong_polarity");
}

#[test]
fn a_client_that_does_not_say_where_the_text_ends() {
    assert_cause("KEEP=9999", "NO_END", "100", "no_end");
}

#[test]
fn a_server_that_keeps_the_text_in_a_buffer() {
    assert_cause("UNFLUSHED", "", "100", "unflushed");
}

#[test]
fn a_server_that_confirms_what_it_has_not_written() {
    assert_cause("EARLY_RECEIPT", "", "confirmed", "early_receipt");
}

#[test]
fn a_handler_that_waits_for_what_it_has_interrupted() {
    assert_cause("LOCK", "", "100", "lock_in_handler");
}

#[test]
fn a_server_that_takes_the_signal_of_a_stranger_for_a_bit() {
    assert_cause("SHARED", "", "stray", "takes_any_signal");
}

#[test]
fn a_client_that_signals_whatever_process_it_is_given() {
    assert_cause("", "NAIVE", "pid-innocent", "signals_anybody");
}

#[test]
fn a_client_that_signals_a_whole_process_group() {
    assert_cause("", "NAIVE", "pid-0", "signals_group");
}

#[test]
fn a_client_that_does_not_look_whether_kill_has_failed() {
    assert_cause("", "NAIVE", "pid-nobody", "ignores_kill");
}

#[test]
fn a_client_that_waits_for_a_server_that_is_gone() {
    assert_cause("", "NAIVE", "killed-server", "waits_forever");
}

#[test]
fn a_client_that_goes_on_while_the_server_is_stopped() {
    // It checks whether its bit has been taken: a busy machine makes it slow, and no bit is lost.
    assert_cause("NO_ANSWER", "LOOK=20000", "stopped-server", "lost_while_stopped");
}
