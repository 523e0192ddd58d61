//! A framed client. The tester is its server.

use std::io;
use std::time::Duration;

use minitalk_core::Bit;

use crate::bench::Bench;
use crate::client::Client;
use crate::picture::Picture;
use crate::process::Ending;
use crate::relay::{self, Faults, Party, Plan, Recording, Symbol};
use crate::role::Role;
use crate::verdict::Verdict;

const TEXT: &[u8] = b"conformance of a client";

/// How long a message may take.
const LIMIT: Duration = Duration::from_secs(12);

/// A bit in the middle of the frame of the text: damaged, or its answer lost or late.
const MIDDLE: usize = 90;

/// How long an answer is held back: short enough that the bit is sent again only a few times.
const HOLD_MILLIS: u64 = 60;

fn receive(bench: &Bench, faults: Faults) -> io::Result<Recording> {
    let own = std::process::id();
    let plan = Plan::new(own, &bench.pair.client, TEXT, LIMIT).receiving(faults);
    relay::run(&plan).map_err(io::Error::other)
}

fn verdict(recording: &Recording, is_right: bool, fact: impl Into<String>) -> Verdict {
    if is_right {
        return Verdict::passed("");
    }
    let picture = Picture::end(recording, "", "The end of the conversation");
    Verdict::failed(fact).pictured(Some(picture))
}

/// How many ones these bits begin with.
fn ones(bits: impl Iterator<Item = Bit>) -> usize {
    bits.take_while(|bit| bit.is_one()).count()
}

fn sent(recording: &Recording) -> Vec<Bit> {
    recording.from(Party::Client).map(Symbol::bit).collect()
}

pub(super) fn mark(bench: &Bench) -> io::Result<Verdict> {
    let recording = receive(bench, Faults::default())?;
    let ones = ones(sent(&recording).into_iter());
    Ok(verdict(&recording, ones >= 8, format!("it begins with {ones} ones")))
}

pub(super) fn frames(bench: &Bench) -> io::Result<Verdict> {
    let recording = receive(bench, Faults::default())?;
    Ok(verdict(&recording, recording.received == TEXT, "another text was received, or none"))
}

/// While an answer is held back, only repetitions of that bit, or of its pair, may come.
pub(super) fn waits(bench: &Bench) -> io::Result<Verdict> {
    let recording =
        receive(bench, Faults { hold: Some((MIDDLE, HOLD_MILLIS)), ..Faults::default() })?;
    let Some(&held) = recording.from(Party::Client).collect::<Vec<_>>().get(MIDDLE) else {
        return Ok(Verdict::skipped("the client sends too little"));
    };
    let until = held.at_nanos + HOLD_MILLIS * 1_000_000;
    let meanwhile: Vec<_> = recording
        .from(Party::Client)
        .filter(|symbol| symbol.at_nanos > held.at_nanos && symbol.at_nanos < until)
        .collect();
    // The other bit of a pair may be in flight, and both may be sent again.
    let others = meanwhile.iter().filter(|symbol| symbol.usr != held.usr).count();
    let is_right = others <= meanwhile.len() / 2 + 1 && meanwhile.len() < 12;
    Ok(verdict(&recording, is_right, format!("{} more bits came without it", meanwhile.len())))
}

pub(super) fn receipt(bench: &Bench) -> io::Result<Verdict> {
    let recording = receive(bench, Faults::default())?;
    let is_right = recording.client == Ending::Exit(0) && recording.received == TEXT;
    Ok(verdict(&recording, is_right, format!("the client {}", recording.client)))
}

pub(super) fn refused(bench: &Bench) -> io::Result<Verdict> {
    let recording = receive(bench, Faults { refuses: true, ..Faults::default() })?;
    let is_right = matches!(recording.client, Ending::Exit(code) if code != 0);
    Ok(verdict(&recording, is_right, format!("the client {}", recording.client)))
}

pub(super) fn repeats(bench: &Bench) -> io::Result<Verdict> {
    let recording = receive(bench, Faults { damages: Some(MIDDLE), ..Faults::default() })?;
    let is_right = recording.received == TEXT && recording.client == Ending::Exit(0);
    Ok(verdict(&recording, is_right, format!("the client {}", recording.client)))
}

/// After a damaged frame the longest run of ones is the mark of its repetition.
pub(super) fn long_mark(bench: &Bench) -> io::Result<Verdict> {
    let recording = receive(bench, Faults { damages: Some(MIDDLE), ..Faults::default() })?;
    let after: Vec<Bit> = sent(&recording).split_off(MIDDLE.min(recording.symbols.len() / 2));
    let longest = (0..after.len()).map(|place| ones(after[place..].iter().copied())).max();
    let longest = longest.unwrap_or(0);
    Ok(verdict(&recording, longest >= 16, format!("the longest run of ones is {longest}")))
}

pub(super) fn resends(bench: &Bench) -> io::Result<Verdict> {
    let recording = receive(bench, Faults { loses: Some(MIDDLE), ..Faults::default() })?;
    let is_right = recording.received == TEXT && recording.client == Ending::Exit(0);
    Ok(verdict(&recording, is_right, format!("the client {}", recording.client)))
}

pub(super) fn doubled(bench: &Bench) -> io::Result<Verdict> {
    let recording = receive(bench, Faults { doubles: Some(MIDDLE), ..Faults::default() })?;
    let is_right = recording.received == TEXT && recording.client == Ending::Exit(0);
    Ok(verdict(&recording, is_right, format!("the client {}", recording.client)))
}

/// A process without handlers is given as the server, and must survive.
pub(super) fn admission(bench: &Bench) -> io::Result<Verdict> {
    let mut innocent = Role::Bystander.command().spawn()?;
    std::thread::sleep(Duration::from_millis(30));
    let ending =
        Client::start(&bench.pair.client, innocent.id(), TEXT)?.finish(Duration::from_secs(3));
    let has_died = innocent.try_wait()?.is_some();
    let _ = innocent.kill();
    let _ = innocent.wait();
    Ok(if has_died {
        Verdict::failed("it dies of the first bit")
    } else {
        Verdict::passed(format!("the client {ending}"))
    })
}
