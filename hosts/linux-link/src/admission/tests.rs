use super::*;
use std::io::Write;
use std::process::{Command, Stdio};

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
fn every_refusal_completes_the_sentence() {
    for (refusal, sentence) in [
        (Refusal::OutOfRange, "is not a process id (they are 1 to 4194304)"),
        (Refusal::Itself, "is this process itself"),
        (Refusal::Thread { of: 7 }, "is not a process but a thread of process 7"),
        (
            Refusal::WouldDie { signals: SignalSet::LINE },
            "does not handle SIGUSR1 and SIGUSR2: it would be killed",
        ),
        (
            Refusal::Deaf { signals: SignalSet::of_bit(Bit::One) },
            "ignores SIGUSR2: it does not listen",
        ),
        (Refusal::Unknown, "is not known to be a minitalk server"),
        (
            Refusal::Unopened(OpenPeerError::Unsupported),
            "cannot be held: pidfds are not available here (they need Linux 5.3, and no sandbox \
             that forbids them)",
        ),
    ] {
        assert_eq!(refusal.to_string(), sentence);
    }
}

#[test]
fn real_processes_are_refused() {
    let door = Admission::new();
    let check = |pid| door.server(pid, Trust::Told).map(|admitted| admitted.pid());
    assert_eq!(check(i64::from(process::id())), Err(Refusal::Itself));
    let tid = thread::scope(|scope| {
        scope.spawn(|| check(i64::from(nix::unistd::gettid().as_raw()))).join()
    });
    assert_eq!(tid.unwrap(), Err(Refusal::Thread { of: process::id() }));

    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let pid = i64::from(child.id());
    // A child inherits its parent's dispositions, so the refusal may be either.
    assert!(matches!(check(pid), Err(Refusal::WouldDie { .. } | Refusal::Deaf { .. })));
    drop(child.stdin.take());
    let peer = Peer::open(child.id()).unwrap();
    while !peer.has_exited() {}
    assert_eq!(check(pid), Err(Refusal::Zombie));
    child.wait().unwrap();
    assert_eq!(check(pid), Err(Refusal::NoSuchProcess));
}

/// A child with its standard input and output in pipes.
fn shell(script: &str) -> process::Child {
    let mut command = Command::new("bash");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().unwrap()
}

fn wait_for_line(child: &mut process::Child) {
    use std::io::Read;
    let mut octet = [0];
    while octet != *b"\n" {
        child.stdout.as_mut().unwrap().read_exact(&mut octet).unwrap();
    }
}

#[test]
fn who_handles_neither_signal_is_admitted_and_never_signalled() {
    for script in ["echo; read line", "trap '' USR1 USR2; echo; read line"] {
        let mut child = shell(script);
        wait_for_line(&mut child);
        let mut admitted = Admission::new().sender(child.id(), Trust::Unspoken).unwrap();
        for symbol in [Bit::Zero, Bit::One] {
            assert!(!admitted.may_receive(symbol) && !admitted.handles(symbol));
            assert_eq!(admitted.send(symbol, now()), Ok(Sending::Withheld));
        }
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}

#[test]
fn who_handles_a_signal_no_more_is_not_sent_it_any_more() {
    let mut child = shell("trap : USR1 USR2; echo; read line; trap - USR1; echo; read line");
    wait_for_line(&mut child);
    let mut admitted = Admission::new().sender(child.id(), Trust::Unspoken).unwrap();
    assert!(admitted.may_receive(Bit::Zero));
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    wait_for_line(&mut child);
    let later = now().after_micros(PAUSE_MICROS + 1);
    assert_eq!(admitted.send(Bit::Zero, later), Ok(Sending::Withheld));
    assert!(!admitted.may_receive(Bit::Zero) && admitted.may_receive(Bit::One));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn who_blocks_a_signal_no_more_is_not_sent_it_although_no_time_has_passed() {
    let script = "from signal import *\n\
        pthread_sigmask(SIG_BLOCK, [SIGUSR1, SIGUSR2]); print(flush=True); input()\n\
        pthread_sigmask(SIG_SETMASK, []); print(flush=True); input()";
    let mut python = Command::new("python3");
    python.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = python.spawn() else { return println!("skipped: no python3 here") };
    wait_for_line(&mut child);
    let mut admitted = Admission::new().sender(child.id(), Trust::Unspoken).unwrap();
    assert!(admitted.may_receive(Bit::One), "it takes it later");
    child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    wait_for_line(&mut child);
    assert_eq!(admitted.send(Bit::One, admitted.sent_at), Ok(Sending::Withheld));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn who_handles_one_is_sent_that_one() {
    let mut child = shell("trap 'echo' USR1; echo; while ! read line; do :; done");
    wait_for_line(&mut child);
    let mut admitted = Admission::new().sender(child.id(), Trust::Unspoken).unwrap();
    assert_eq!(admitted.send(Bit::One, now()), Ok(Sending::Withheld));
    assert_eq!(admitted.send(Bit::Zero, now()), Ok(Sending::Sent));
    wait_for_line(&mut child);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn who_is_about_to_end_is_gone_and_has_not_become_another_program() {
    let mut child = shell("trap : USR1 USR2; echo; read line");
    wait_for_line(&mut child);
    let mut admitted = Admission::new().sender(child.id(), Trust::Unspoken).unwrap();
    child.kill().unwrap();
    // Nobody has waited for it yet: it has a number, but no program.
    while Executable::of(child.id()).is_ok() {}
    let later = now().after_micros(PAUSE_MICROS + 1);
    assert_eq!(admitted.send(Bit::One, later), Err(SendError::Gone));
    child.wait().unwrap();
}

#[test]
fn who_has_become_another_program_is_not_signalled_any_more() {
    let mut child = shell("trap : USR1 USR2; echo; read line; exec cat");
    wait_for_line(&mut child);
    let mut admitted = Admission::new().sender(child.id(), Trust::Unspoken).unwrap();
    assert_eq!(admitted.recheck(), Ok(()));
    assert!(admitted.may_receive(Bit::One));
    let before = admitted.executable().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"\n").unwrap();
    while Executable::of(child.id()).unwrap() == before {}
    let later = now().after_micros(PAUSE_MICROS + 1);
    assert_eq!(admitted.send(Bit::One, later), Ok(Sending::Refused(Refusal::Replaced)));
    assert_eq!(admitted.recheck(), Err(Refusal::Replaced));
    assert!(!admitted.may_receive(Bit::Zero) && !admitted.may_receive(Bit::One));
    assert_eq!(admitted.send(Bit::One, now()), Ok(Sending::Withheld));
    drop(stdin);
    assert!(child.wait().unwrap().success());
    let later = later.after_micros(PAUSE_MICROS + 1);
    assert_eq!(admitted.send(Bit::One, later), Err(SendError::Gone), "it has ended");
}

#[test]
fn a_symbol_is_not_sent_where_it_would_be_hidden() {
    let mut child = shell("trap : USR1 USR2; echo; kill -STOP $$; read line");
    wait_for_line(&mut child);
    let mut admitted = Admission::new().sender(child.id(), Trust::Unspoken).unwrap();
    while admitted.peer().status().unwrap().state != ProcessState::Stopped {}
    let mut try_send = |symbol| admitted.try_send_apart(symbol, now());
    let [other, another] = [(); 2].map(|()| Peer::open(child.id()).unwrap());
    assert!(other.try_lock());
    // Before Linux 6.9 there is no lock.
    let has_lock = !another.try_lock();
    let while_locked = try_send(Bit::Zero);
    other.unlock();
    let sent = [Bit::One, Bit::One, Bit::Zero].map(try_send);
    // It is stopped: a failed test must not leave it behind.
    child.kill().unwrap();
    child.wait().unwrap();
    let zero = if has_lock { [None, Some(Sending::Sent)] } else { [Some(Sending::Sent), None] };
    assert_eq!(while_locked, Ok(zero[0]));
    assert_eq!(sent, [Ok(Some(Sending::Sent)), Ok(None), Ok(zero[1])]);
}
