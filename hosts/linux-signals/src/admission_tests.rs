use super::*;
use crate::credentials::Credentials;

const USR1: u64 = 1 << 9;
const USR2: u64 = 1 << 11;
const BOTH: SignalSet = SignalSet(USR1 | USR2);
const NONE: SignalSet = SignalSet(0);

const fn user(id: u32) -> Credentials {
    Credentials { real: id, effective: id, saved: id }
}

fn server() -> ProcessStatus {
    ProcessStatus {
        context_switches: 0,
        name: "server".into(),
        state: ProcessState::Sleeping,
        pid: 7,
        tgid: 7,
        uids: user(1),
        namespace_pids: vec![7],
        pending: NONE,
        blocked: NONE,
        ignored: NONE,
        caught: BOTH,
    }
}

fn client(uids: Credentials) -> ProcessStatus {
    ProcessStatus {
        name: "client".into(),
        pid: 8,
        tgid: 8,
        uids,
        namespace_pids: vec![8],
        ..server()
    }
}

#[test]
fn only_process_ids_are_in_range() {
    for pid in [1, 2, 4_194_304] {
        assert_eq!(in_range(pid).map(i64::from), Ok(pid));
    }
    for pid in [0, -1, -7, 4_194_305, 1 << 32, (1 << 32) + 7, i64::MAX, i64::MIN] {
        assert_eq!(in_range(pid), Err(Refusal::OutOfRange), "{pid}");
    }
}

#[test]
fn a_target_is_judged_by_what_it_does_with_both_signals() {
    let would_die = |set| Err(Refusal::WouldDie(WouldDie::Unhandled { signals: SignalSet(set) }));
    let deaf = |set| Err(Refusal::Deaf { signals: SignalSet(set) });
    // caught, blocked, ignored
    let rows = [
        (USR1 | USR2, 0, 0, Ok(())),
        (0, USR1 | USR2, 0, Ok(())),
        (USR1, USR2, 0, Ok(())),
        // sigwait(3) with an inherited SIG_IGN: a blocked signal is kept all the same.
        (0, USR1 | USR2, USR1 | USR2, Ok(())),
        (0, 0, 0, would_die(USR1 | USR2)),
        (USR1, 0, 0, would_die(USR2)),
        (USR2, 0, !(USR1 | USR2), would_die(USR1)),
        // What would die is told first.
        (0, 0, USR1, would_die(USR2)),
        (USR1, 0, USR2, deaf(USR2)),
        (0, 0, u64::MAX, deaf(USR1 | USR2)),
    ];
    for (caught, blocked, ignored, expected) in rows {
        let status = ProcessStatus {
            caught: SignalSet(caught),
            blocked: SignalSet(blocked),
            ignored: SignalSet(ignored),
            ..server()
        };
        assert_eq!(judge(&status, true, &client(user(1))), expected, "{status:?}");
        let may = may_acknowledge(&status);
        assert_eq!(may.is_err(), matches!(expected, Err(Refusal::WouldDie(_))), "{status:?}");
    }
}

#[test]
fn permission_is_needed_both_ways() {
    let refused = |uid| Err(Refusal::AcknowledgmentNotPermitted { uid });
    // Permitted there, user there, user here.
    let rows = [
        (true, user(1), user(1), Ok(())),
        (false, user(1), user(2), Err(Refusal::NotPermitted { uid: 1 })),
        (true, user(1), user(0), refused(1)),
        (true, user(0), user(0), Ok(())),
        // sudo minitalk-server, set-user-ID clients.
        (true, user(0), user(1), Ok(())),
        (true, user(1), Credentials { real: 1, effective: 0, saved: 0 }, Ok(())),
        (true, user(1), Credentials { real: 0, effective: 1, saved: 0 }, refused(1)),
    ];
    for (permitted, theirs, own, expected) in rows {
        let status = ProcessStatus { uids: theirs, ..server() };
        assert_eq!(judge(&status, permitted, &client(own)), expected, "{theirs:?} {own:?}");
    }
}

#[test]
fn a_process_in_a_namespace_inside_this_one_could_not_answer() {
    let inside = ProcessStatus { namespace_pids: vec![7, 1], ..server() };
    assert_eq!(judge(&inside, true, &client(user(1))), Err(Refusal::NamespaceInside));
    let beside = ProcessStatus { namespace_pids: vec![8, 2], ..client(user(1)) };
    assert_eq!(judge(&inside, true, &beside), Ok(()));
    // Linux 4.0 and older do not say.
    let unknown = ProcessStatus { namespace_pids: Vec::new(), ..server() };
    assert_eq!(judge(&unknown, true, &client(user(1))), Ok(()));
}

#[test]
fn the_dead_are_not_talked_to() {
    for state in [ProcessState::Zombie, ProcessState::Dead] {
        let status = ProcessStatus { state, caught: NONE, ..server() };
        assert_eq!(judge(&status, true, &client(user(1))), Err(Refusal::Zombie));
    }
    let stopped = ProcessStatus { state: ProcessState::Stopped, ..server() };
    assert_eq!(judge(&stopped, true, &client(user(1))), Ok(()), "it may go on");
}

#[test]
fn every_refusal_completes_the_sentence() {
    let both = WouldDie::Unhandled { signals: BOTH };
    for (refusal, sentence) in [
        (Refusal::OutOfRange, "is not a process id (they are 1 to 4194304)"),
        (Refusal::Itself, "is this process itself"),
        (Refusal::Thread { of: 7 }, "is not a process but a thread of process 7"),
        (Refusal::WouldDie(both), "does not handle SIGUSR1 and SIGUSR2: it would be killed"),
        (Refusal::Deaf { signals: SignalSet(USR2) }, "ignores SIGUSR2: it does not listen"),
        (
            Refusal::Unsupported,
            "cannot be held: pidfds are not available here (they need Linux 5.3, and no sandbox that forbids them)",
        ),
    ] {
        assert_eq!(refusal.to_string(), sentence);
    }
}

#[test]
fn real_processes_are_refused() {
    let own = i64::from(process::id());
    assert_eq!(Target::check(own).unwrap_err(), Refusal::Itself);
    let tid = std::thread::scope(|scope| {
        scope.spawn(|| Target::check(i64::from(nix::unistd::gettid().as_raw())).map(drop)).join()
    });
    assert_eq!(tid.unwrap(), Err(Refusal::Thread { of: process::id() }));

    let mut child = process::Command::new("cat").stdin(process::Stdio::piped()).spawn().unwrap();
    let pid = i64::from(child.id());
    // A child has its parent's dispositions, so the refusal may be either.
    assert!(matches!(Target::check(pid), Err(Refusal::WouldDie(_) | Refusal::Deaf { .. })));
    drop(child.stdin.take());
    let peer = Peer::open(child.id()).unwrap();
    while !peer.has_exited() {}
    assert_eq!(Target::check(pid).unwrap_err(), Refusal::Zombie);
    child.wait().unwrap();
    assert_eq!(Target::check(pid).unwrap_err(), Refusal::NoSuchProcess);
}

#[test]
fn who_catches_whatever_could_end_it_would_end() {
    // As `/proc/PID/status` shows them; a Go program catches all but SIGKILL and SIGSTOP.
    let (bash, vim, go) = (0x4b81_3efb, 0x1_6f8a_4eff, !(1 << 8 | 1 << 18));
    let judged = |caught, blocked| {
        let status =
            ProcessStatus { caught: SignalSet(caught), blocked: SignalSet(blocked), ..server() };
        may_acknowledge(&status)
    };
    for caught in [bash, vim] {
        assert_eq!(judged(caught, 0), Err(WouldDie::Caught { signals: BOTH }), "{caught:x}");
        assert_eq!(judged(caught, USR1 | USR2), Ok(()), "they wait until it wants them");
    }
    assert_eq!(judged(go, 0), Ok(()));
    // Somebody who looks for crashes and listens as well.
    let crashes = USR1 | USR2 | 1 << 3 | 1 << 6 | 1 << 7 | 1 << 10;
    assert_eq!(judged(crashes, 0), Ok(()));
}
