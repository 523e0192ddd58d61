use super::*;

/// The numbers of the two signals.
const LINE: [i32; 2] = [10, 12];

fn process(threads: u32, caught: u64, blocked: u64) -> ProcessStatus {
    let text = format!(
        "Name:\tx\nState:\tS\nTgid:\t7\nPid:\t7\nUid:\t1\t1\t1\t1\nThreads:\t{threads}\n\
         SigPnd:\t0\nShdPnd:\t0\nSigBlk:\t{blocked:x}\nSigIgn:\t0\nSigCgt:\t{caught:x}\nCapEff:\t0\n"
    );
    ProcessStatus::parse(&text).unwrap()
}

fn like(threads: u32, caught: u64, blocked: u64) -> bool {
    looks_like_minitalk(&process(threads, caught, blocked), SignalSet::default())
}

/// Programs as `/proc/PID/status` showed them (Debian 12, x86-64): threads, `SigCgt`, `SigBlk`.
/// Each handles at least one of the two signals, and none is a minitalk.
const STRANGERS: &[(&str, u32, u64, u64)] = &[
    ("bash -i", 1, 0x4b81_3efb, 0),
    ("ksh -i", 1, 0x7fcb_faff, 0),
    ("sh -c 'trap \"exit 9\" HUP INT TERM USR1 USR2; ...'", 1, 0x1_4a03, 0),
    ("perl with the same five", 1, 0x4a03, 0),
    ("ruby", 1, 0x4201_7e4f, 0),
    ("php -r", 1, 0x0400_4a07, 0),
    ("node", 7, 0x1_0000_4602, 0),
    ("java", 19, 0x2000_0001_0100_5ccf, 0),
    ("java -Xrs", 19, 0x2000_0001_0100_1cc8, 0),
    ("a Go program", 5, !(1 << 8 | 1 << 18), 0),
    ("a Go program on one processor", 2, !(1 << 8 | 1 << 18), 0),
    ("sbcl", 2, 0x1_0041_6cfa, 0),
    ("vim", 2, 0x1_6f8a_4eff, 0),
    ("emacs -nw", 1, 0x5b81_6eff, 0),
    ("top", 1, 0xffff_fffe_7ffa_feff, 0),
    ("screen", 1, 0x0808_2e43, 0),
    ("tmux server", 1, 0x0803_4a03, 0),
    ("nginx", 1, 0x1801_6a07, 0),
    ("dnsmasq", 1, 0x1_6a03, 0),
    ("memcached", 10, 0x1_0000_4203, 0),
    ("haproxy", 2, 0x1_0070_2205, 0),
    ("haproxy -W", 1, 0x1_0071_6a03, 0),
    ("gunicorn", 1, 0x0831_4a07, 0),
    ("make", 1, 0x0181_4207, 0x1_0000),
    ("timeout -s USR1", 1, 0x1_6207, 0),
    ("catches what many runtimes catch", 1, 0x0201_7e03, 0),
];

#[test]
fn no_stranger_looks_like_a_minitalk() {
    for &(name, threads, caught, blocked) in STRANGERS {
        let handled = SignalSet(caught | blocked).intersection(SignalSet::LINE);
        assert!(!handled.is_empty(), "{name} belongs into another list");
        assert!(!like(threads, caught, blocked), "{name}");
    }
}

/// The set of `line`, which are some of the two signals, and `others`.
fn set(line: &[i32], others: &[i32]) -> u64 {
    SignalSet::of_numbers(line).union(SignalSet::of_numbers(others)).0
}

#[test]
fn a_minitalk_may_handle_a_few_others() {
    for others in [
        &[][..],
        &[SIGINT],
        &[SIGINT, SIGTERM],
        &[SIGINT, SIGQUIT, SIGTERM],
        &[SIGINT, SIGTERM, SIGALRM, SIGCHLD],
        &[SIGALRM],
        &[SIGPIPE],
        &[SIGTSTP, SIGCONT],
        &[SIGSEGV],
        // Built with -fsanitize=address; in Rust; linked with pthreads.
        &[SIGBUS, SIGFPE, SIGSEGV],
        &[SIGBUS, SIGSEGV],
        &[32, 33],
    ] {
        for line in [&LINE[..], &LINE[..1], &LINE[1..]] {
            assert!(like(1, set(line, others), 0), "{line:?} {others:?}");
            assert!(like(2, set(line, others), 0), "{line:?} {others:?} in two threads");
            assert!(like(1, 0, set(line, others)), "{line:?} {others:?} blocked");
            assert!(like(1, set(line, others), set(&[], &[SIGHUP])), "{line:?} with a mask");
        }
    }
}

#[test]
fn a_python_client_looks_like_a_minitalk() {
    // Python itself catches SIGINT.
    assert!(like(1, set(&LINE, &[SIGINT]), 0));
    assert!(like(1, set(&[], &[SIGINT]), set(&LINE, &[])), "with signal.sigwait");
}

#[test]
fn a_mask_that_was_inherited_says_nothing() {
    // perf(1) blocks SIGWINCH; then a line that was started by it.
    let inherited = set(&[], &[28]);
    assert!(like(1, set(&LINE, &[SIGINT]), inherited));
    assert!(like(1, 0, set(&LINE, &[]) | inherited));
    let taken = set(&LINE, &[SIGHUP, SIGINT, SIGTERM]);
    assert!(like(1, taken, set(&[], &[SIGALRM]) | inherited));
}

#[test]
fn a_daemon_that_takes_its_signals_with_a_signalfd_is_none() {
    assert!(!like(1, 0, set(&LINE, &[SIGHUP, SIGINT, SIGTERM, SIGCHLD])));
}

#[test]
fn whoever_blocks_everything_has_said_nothing() {
    // sigfillset(3), sigprocmask(2), sigwait(3): everything that is not waited for shows.
    let everything = 0xffff_fffe_7ffb_feff;
    assert!(like(1, 0, everything));
    assert!(like(1, set(&LINE, &[]), everything));
    assert!(!like(1, set(&LINE, &[SIGHUP]), everything));
}

#[test]
fn a_line_of_this_project_looks_like_one_whatever_program_it_is_in() {
    let taken = set(&LINE, &[SIGHUP, SIGINT, SIGTERM]);
    let timer = set(&[], &[SIGALRM]);
    assert!(like(1, taken, timer), "asleep");
    assert!(like(1, taken, taken | timer), "awake");
    assert!(like(1, set(&LINE, &[]), timer), "without the termination signals");
    let awaited = SignalSet(taken).union(SignalSet(timer));
    assert!(looks_like_minitalk(&process(1, taken, 0), awaited), "dozing");
    assert!(is_line(&process(1, set(&LINE, &[]), timer), SignalSet::default()));
    assert!(!is_line(&process(1, set(&LINE, &[]), 0), SignalSet::default()));
    assert!(!is_line(&process(1, set(&LINE[..1], &[]), timer), SignalSet::default()));
    assert!(!like(1, taken, 0), "a program that ends in good order");
    assert!(!like(1, taken | timer, timer));
    assert!(!like(1, taken | set(&[], &[SIGQUIT]), timer));
}
