use super::*;
use minitalk_core::Bit;
use std::process::{self, Command, Stdio};

/// From a minitalk server on Linux 6.18, without most of the lines that this library does not read.
const SERVER: &str = "\
Name:\tminitalk-server
Umask:\t0022
State:\tS (sleeping)
Tgid:\t12567
Ngid:\t0
Pid:\t12567
PPid:\t2064
TracerPid:\t0
Uid:\t1000\t1001\t1002\t1003
Gid:\t1000\t1000\t1000\t1000
FDSize:\t256
Groups:\t 
NStgid:\t12567\t7
NSpid:\t12567\t7
Kthread:\t0
Threads:\t1
SigQ:\t1/96365
SigPnd:\t0000000000000200
ShdPnd:\t0000000000000800
SigBlk:\t0000000000006a03
SigIgn:\t0000000000001000
SigCgt:\t0000000000004a03
CapInh:\t0000000000000000
CapEff:\t0000000000000020
Cpus_allowed_list:\t0-1
voluntary_ctxt_switches:\t21
nonvoluntary_ctxt_switches:\t19
";

#[test]
fn a_real_status_is_understood() {
    let status = ProcessStatus::parse(SERVER).unwrap();
    let expected = ProcessStatus {
        context_switches: 40,
        capabilities: CapabilitySet(0x20),
        threads: 1,
        queue_room: 96_364,
        name: "minitalk-server".into(),
        state: ProcessState::Sleeping,
        pid: 12567,
        tgid: 12567,
        uids: Credentials { real: 1000, effective: 1001, saved: 1002 },
        namespace_pids: vec![12567, 7],
        pending: SignalSet(0xa00),
        thread_pending: SignalSet(0x200),
        blocked: SignalSet(0x6a03),
        ignored: SignalSet(0x1000),
        caught: SignalSet(0x4a03),
    };
    assert_eq!(status, expected);
    assert!(status.caught.contains_line() && status.pending.contains_line());
    assert!(!status.ignored.contains(Bit::Zero) && !status.ignored.contains(Bit::One));
}

#[test]
fn a_queue_that_is_full_or_unknown_has_no_room() {
    for queue in ["SigQ:\t5/0", "SigQ:\t7/7", "SigX:\t1/96365"] {
        let status = ProcessStatus::parse(&SERVER.replace("SigQ:\t1/96365", queue)).unwrap();
        assert_eq!(status.queue_room, 0, "{queue}");
    }
}

#[test]
fn a_name_may_be_anything() {
    // On the right what the program called itself, on the left what Linux wrote.
    for (written, name) in [
        ("a) b\\n\\\\c", "a) b\n\\c"),
        ("(sd-pam)", "(sd-pam)"),
        (" two  spaces ", " two  spaces "),
        ("Pid:\t1", "Pid:\t1"),
        ("\\\\n", "\\n"),
        ("\\\\", "\\"),
        ("end\\", "end\\"),
        ("", ""),
        ("\u{1b}[31m\r", "\u{1b}[31m\r"),
        ("\u{fffd}", "\u{fffd}"),
    ] {
        let text = SERVER.replace("minitalk-server", written);
        let status = ProcessStatus::parse(&text).unwrap();
        assert_eq!((status.name.as_str(), status.pid), (name, 12567), "{written:?}");
    }
}

#[test]
fn every_state_letter_is_known() {
    for (letter, state) in [
        ("R (running)", ProcessState::Running),
        ("D (disk sleep)", ProcessState::DiskSleep),
        ("T (stopped)", ProcessState::Stopped),
        ("t (tracing stop)", ProcessState::Traced),
        ("Z (zombie)", ProcessState::Zombie),
        ("X (dead)", ProcessState::Dead),
        ("I (idle)", ProcessState::Idle),
        ("P (parked)", ProcessState::Other('P')),
    ] {
        let status = ProcessStatus::parse(&SERVER.replace("S (sleeping)", letter));
        assert_eq!(status.unwrap().state, state);
    }
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    use ParseStatusError::{Malformed, Missing};
    for (line, replacement, error) in [
        ("Pid:\t12567\n", "", Missing("Pid")),
        ("SigCgt:", "SigXxx:", Missing("SigCgt")),
        ("Uid:\t1000\t1001\t1002\t1003", "Uid:\t1000\t1001", Malformed("Uid")),
        ("SigBlk:\t0000000000006a03", "SigBlk:\tno", Malformed("SigBlk")),
        ("State:\tS (sleeping)", "State:\t", Malformed("State")),
        ("NSpid:\t12567", "NSpid:\tx", Malformed("NSpid")),
        ("SigQ:\t1/96365", "SigQ:\t1", Malformed("SigQ")),
        ("SigQ:\t1/96365", "SigQ:\t1/x", Malformed("SigQ")),
    ] {
        // The line break keeps `Pid:` from matching in `PPid:`.
        let text = SERVER.replace(&format!("\n{line}"), &format!("\n{replacement}"));
        assert_eq!(ProcessStatus::parse(&text), Err(error), "{line}");
    }
    assert_eq!(ProcessStatus::parse(""), Err(Missing("State")));
}

#[test]
fn old_kernels_have_no_namespace_line() {
    let status = ProcessStatus::parse(&SERVER.replace("NSpid:", "Other:")).unwrap();
    assert!(status.namespace_pids.is_empty());
}

#[test]
fn processes_are_read_while_they_are_there() {
    let own = ProcessStatus::own().unwrap();
    assert_eq!(own.tgid, process::id());
    assert_eq!(ProcessStatus::read(process::id()).unwrap().uids, own.uids);
    assert_eq!(ProcessStatus::read(4_194_305), Err(ReadProcessError::NoSuchProcess));
}

#[test]
fn a_capability_that_is_good_in_another_user_namespace_does_not_reach_out_of_it() {
    let own = ProcessStatus::own().unwrap();
    let mut inside = Command::new("unshare");
    inside.args(["--user", "--map-root-user", "cat"]).stdin(Stdio::piped());
    let Ok(mut inside) = inside.spawn() else { return println!("skipped: no unshare here") };
    let mut holder = loop {
        if inside.try_wait().unwrap().is_some() {
            return println!("skipped: no user namespaces here");
        }
        let status = ProcessStatus::read(inside.id()).unwrap();
        if status.name == "cat" {
            break status;
        }
    };
    // A process of another user, which may signal only because of a capability.
    let stranger = own.uids.real.wrapping_add(1);
    holder.uids = Credentials { real: stranger, effective: stranger, saved: stranger };
    assert!(holder.capabilities.has_kill() && holder.may_signal(&holder));
    assert!(!holder.may_signal(&own));
    drop(inside.stdin.take());
    inside.wait().unwrap();
}
