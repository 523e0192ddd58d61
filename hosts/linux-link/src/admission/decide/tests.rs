use super::*;
use minitalk_signals::{CapabilitySet, Credentials};

const USR1: u64 = 1 << 9;
const USR2: u64 = 1 << 11;
const LINE: u64 = USR1 | USR2;

const fn user(id: u32) -> Credentials {
    Credentials { real: id, effective: id, saved: id }
}

/// A sleeping process of user 1 with these masks.
fn process(caught: u64, blocked: u64, ignored: u64) -> ProcessStatus {
    let text = format!(
        "Name:\tx\nState:\tS (sleeping)\nTgid:\t7\nPid:\t7\nUid:\t1\t1\t1\t1\nNSpid:\t7\n\
         Threads:\t1\nSigPnd:\t0\nShdPnd:\t0\nSigBlk:\t{blocked:x}\nSigIgn:\t{ignored:x}\n\
         SigCgt:\t{caught:x}\nCapEff:\t0\n"
    );
    ProcessStatus::parse(&text).unwrap()
}

fn own(uids: Credentials) -> ProcessStatus {
    let mut own = process(LINE, 0, 0);
    own.uids = uids;
    own
}

struct Case {
    status: ProcessStatus,
    own: ProcessStatus,
    permitted: bool,
    recognition: Option<Recognition>,
    part: Part,
    trust: Trust,
}

impl Case {
    fn new(status: ProcessStatus, part: Part, trust: Trust) -> Self {
        let own = own(user(1));
        Self { status, own, permitted: true, recognition: None, part, trust }
    }

    fn decide(&self) -> Result<SignalSet, Refusal> {
        let Self { status, own, permitted, recognition, part, trust } = self;
        let handled = status.caught.union(status.blocked);
        let (permitted, recognition) = (*permitted, *recognition);
        let own = (*part == Part::Server).then_some(own);
        decide(
            &Facts { status, handled, awaited: SignalSet::default(), own, permitted, recognition },
            *part,
            *trust,
        )
    }
}

fn server(status: ProcessStatus, trust: Trust) -> Result<SignalSet, Refusal> {
    Case::new(status, Part::Server, trust).decide()
}

fn sender(status: ProcessStatus) -> Result<SignalSet, Refusal> {
    Case::new(status, Part::Sender, Trust::Unspoken).decide()
}

#[test]
fn a_stranger_is_sent_to_only_if_the_user_has_said_what_it_is() {
    let stranger = || process(LINE, 0, 0);
    assert_eq!(server(stranger(), Trust::Unspoken), Err(Refusal::Unknown));
    assert_eq!(server(stranger(), Trust::Told), Ok(SignalSet::LINE));
    for known in [Recognition::Executable, Recognition::Registered] {
        let mut case = Case::new(stranger(), Part::Server, Trust::Unspoken);
        case.recognition = Some(known);
        assert_eq!(case.decide(), Ok(SignalSet::LINE), "{known:?}");
    }
}

#[test]
fn what_handles_much_else_is_sent_to_only_by_force() {
    // A runtime that catches everything, like that of Go.
    let everything = || process(!(1 << 8 | 1 << 18), 0, 0);
    assert_eq!(server(everything(), Trust::Told), Err(Refusal::Unlike));
    assert_eq!(server(everything(), Trust::Forced), Ok(SignalSet::LINE));
    assert_eq!(sender(everything()), Err(Refusal::Unlike));
    // This project's own programs may handle anything: the file identifies them.
    let mut ours = Case::new(everything(), Part::Server, Trust::Unspoken);
    ours.recognition = Some(Recognition::Executable);
    assert_eq!(ours.decide(), Ok(SignalSet::LINE));
}

#[test]
fn a_server_must_do_something_with_both_signals() {
    let would_die = |set| Err(Refusal::WouldDie { signals: SignalSet(set) });
    let deaf = |set| Err(Refusal::Deaf { signals: SignalSet(set) });
    for (caught, blocked, ignored, expected) in [
        (LINE, 0, 0, Ok(SignalSet::LINE)),
        (0, LINE, 0, Ok(SignalSet::LINE)),
        (USR1, USR2, 0, Ok(SignalSet::LINE)),
        // sigwait(3) with an inherited SIG_IGN: a blocked signal is kept nevertheless.
        (0, LINE, LINE, Ok(SignalSet::LINE)),
        (0, 0, 0, would_die(LINE)),
        (USR1, 0, 0, would_die(USR2)),
        (USR2, 0, !LINE, would_die(USR1)),
        // A deadly signal is reported first.
        (0, 0, USR1, would_die(USR2)),
        (USR1, 0, USR2, deaf(USR2)),
        (0, 0, u64::MAX, deaf(LINE)),
    ] {
        let status = process(caught, blocked, ignored);
        assert_eq!(server(status.clone(), Trust::Told), expected, "{status:?}");
        assert_eq!(server(status.clone(), Trust::Forced), Ok(SignalSet::LINE), "{status:?}");
        let refused = expected.err();
        assert_eq!(server(status, Trust::Unspoken).err(), refused.or(Some(Refusal::Unknown)));
    }
}

#[test]
fn a_sender_may_receive_what_it_survives() {
    for (caught, blocked, ignored, may_receive) in [
        (LINE, 0, 0, LINE),
        (0, 0, 0, 0),
        (USR1, 0, 0, USR1),
        (USR2, 0, 0, USR2),
        (0, USR1, 0, USR1),
        (0, LINE, 0, LINE),
        (USR1, 0, USR2, LINE),
        // It expects no answer.
        (0, 0, LINE, 0),
        // A program without handlers for the two may otherwise do anything: less, bash -c.
        (0x0808_4002, 0, 0, 0),
        (0x1_0002, 0x1_0000, 0, 0),
    ] {
        let status = process(caught, blocked, ignored);
        assert_eq!(sender(status.clone()), Ok(SignalSet(may_receive)), "{status:?}");
    }
}

#[test]
fn permission_is_needed_both_ways() {
    let refused = |uid| Err(Refusal::AcknowledgmentNotPermitted { uid });
    let kill = CapabilitySet(1 << 5);
    let none = CapabilitySet(0);
    // Whether this process may signal the server, the server's user and capabilities, this
    // process's user.
    for (permitted, theirs, capabilities, here, expected) in [
        (true, user(1), none, user(1), Ok(SignalSet::LINE)),
        (false, user(1), none, user(2), Err(Refusal::NotPermitted { uid: 1 })),
        (true, user(1), none, user(0), refused(1)),
        (true, user(1), kill, user(0), Ok(SignalSet::LINE)),
        (true, user(0), none, user(0), Ok(SignalSet::LINE)),
        // sudo minitalk-server; and one that has given up its privileges but not its user id.
        (true, user(0), CapabilitySet(u64::MAX), user(1), Ok(SignalSet::LINE)),
        (true, user(0), none, user(1), refused(0)),
        (true, user(1), none, Credentials { real: 1, effective: 0, saved: 0 }, Ok(SignalSet::LINE)),
        (true, user(1), none, Credentials { real: 0, effective: 1, saved: 0 }, refused(1)),
    ] {
        let mut case = Case::new(process(LINE, 0, 0), Part::Server, Trust::Told);
        (case.permitted, case.own.uids) = (permitted, here);
        (case.status.uids, case.status.capabilities) = (theirs, capabilities);
        // A process that does not exist, so that its namespaces cannot be seen.
        case.status.pid = 4_194_305;
        assert_eq!(case.decide(), expected, "{theirs:?} {capabilities:?} to {here:?}");
    }
}

#[test]
fn a_server_in_a_namespace_inside_this_one_could_not_answer() {
    let mut case = Case::new(process(LINE, 0, 0), Part::Server, Trust::Told);
    case.status.namespace_pids = vec![7, 1];
    assert_eq!(case.decide(), Err(Refusal::NamespaceInside));
    case.own.namespace_pids = vec![8, 2];
    assert_eq!(case.decide(), Ok(SignalSet::LINE));
    // Linux 4.0 and older do not say.
    case.status.namespace_pids = Vec::new();
    assert_eq!(case.decide(), Ok(SignalSet::LINE));
    // A sender inside it does have a number here.
    let mut case = Case::new(process(LINE, 0, 0), Part::Sender, Trust::Unspoken);
    case.status.namespace_pids = vec![7, 1];
    assert_eq!(case.decide(), Ok(SignalSet::LINE));
}

#[test]
fn the_dead_are_not_talked_to() {
    for trust in [Trust::Unspoken, Trust::Told, Trust::Forced] {
        let mut case = Case::new(process(0, 0, 0), Part::Server, trust);
        case.status.state = ProcessState::Zombie;
        assert_eq!(case.decide(), Err(Refusal::Zombie));
        case.status.state = ProcessState::Dead;
        assert_eq!(case.decide(), Err(Refusal::Zombie));
    }
    let mut case = Case::new(process(LINE, 0, 0), Part::Server, Trust::Told);
    case.status.state = ProcessState::Stopped;
    assert_eq!(case.decide(), Ok(SignalSet::LINE), "it may go on");
}
