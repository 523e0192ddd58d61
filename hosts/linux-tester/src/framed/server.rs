//! A framed server. The tester is its client.

use std::io;
use std::thread;
use std::time::Duration;

use minitalk_core::Bit;
use minitalk_core::frame::Check;

use super::bits::{FINAL, FIRST, Frame, MESSAGE, flag, ones, zeros};
use crate::bench::Bench;
use crate::picture::Picture;
use crate::relay::{self, Plan, Recording};
use crate::role::Role;
use crate::server::Server;
use crate::verdict::Verdict;

/// How long an acknowledgment may take.
const LIMIT: Duration = Duration::from_secs(3);

/// A conversation with a new server.
struct Conversation {
    server: Server,
    recording: Recording,
    sent: usize,
}

impl Conversation {
    /// Sends these bits, each after the acknowledgment of the one before.
    fn hold(bench: &Bench, parts: &[Vec<Bit>]) -> io::Result<Self> {
        let bits = parts.concat();
        let server = bench.server()?;
        let plan = Plan::new(server.pid(), &bench.pair.server, b"", LIMIT).sending(&bits);
        let recording = relay::run(&plan).map_err(io::Error::other)?;
        Ok(Self { server, recording, sent: bits.len() })
    }

    /// The acknowledgments of a part of the bits, counted from the end; `None` if one is missing.
    fn answers(&self, from_end: usize, count: usize) -> Option<Vec<Bit>> {
        let exchanges = self.recording.exchanges();
        let answers: Vec<Bit> =
            exchanges.iter().filter_map(|exchange| exchange.answers.first().copied()).collect();
        let from = self.sent.checked_sub(from_end)?;
        (answers.len() == self.sent).then(|| answers[from..from + count].to_vec())
    }

    fn is_complete(&self) -> bool {
        self.answers(0, 0).is_some()
    }

    fn shows(&self, text: &[u8]) -> usize {
        self.server.shows(0, text);
        let shown = self.server.screen().bytes();
        shown.windows(text.len()).filter(|window| *window == text).count()
    }

    /// The verdict on an unexpected end or an unexpected answer.
    fn failed(&self, fact: &str) -> Verdict {
        let fact = if self.is_complete() {
            fact.to_owned()
        } else {
            format!("bit {} is not acknowledged", self.recording.exchanges().len())
        };
        let picture = Picture::end(&self.recording, "", "The end of the conversation");
        Verdict::failed(fact).pictured(Some(picture))
    }

    fn verdict(&self, is_right: bool, fact: &str) -> Verdict {
        if is_right && self.is_complete() { Verdict::passed("") } else { self.failed(fact) }
    }
}

/// What eight acknowledgments mean (section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Accepted,
    NotAccepted,
    Refused,
    Nothing,
}

impl Said {
    fn of(answers: &[Bit]) -> Self {
        if answers.iter().all(|answer| *answer == Bit::One) {
            Self::Accepted
        } else if answers.iter().all(|answer| *answer == Bit::Zero) {
            Self::Refused
        } else if answers.windows(2).all(|pair| pair[0] != pair[1]) {
            Self::NotAccepted
        } else {
            Self::Nothing
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Accepted => "it is accepted",
            Self::NotAccepted => "it is not accepted",
            Self::Refused => "it is refused",
            Self::Nothing => "the acknowledgments are no verdict",
        }
    }
}

const TEXT: &[u8] = b"conformance";

fn good() -> Frame {
    Frame::whole(MESSAGE, TEXT)
}

pub(super) fn mark(bench: &Bench) -> io::Result<Verdict> {
    let talk = Conversation::hold(bench, &[ones(8)])?;
    Ok(talk.verdict(true, ""))
}

pub(super) fn alternation(bench: &Bench) -> io::Result<Verdict> {
    let frame = good().bits();
    let talk = Conversation::hold(bench, &[ones(8), frame.clone()])?;
    let answers = talk.answers(frame.len() + 1, frame.len() + 1).unwrap_or_default();
    let is_right = answers.windows(2).all(|pair| pair[0] != pair[1]);
    Ok(talk.verdict(is_right, "two acknowledgments in a row are equal"))
}

/// Sends a frame, for which the verdict must be `wanted`.
fn said(bench: &Bench, frame: &Frame, wanted: Said) -> io::Result<(Conversation, Verdict)> {
    let talk = Conversation::hold(bench, &[ones(8), frame.bits(), flag()])?;
    let said = talk.answers(8, 8).map_or(Said::Nothing, |answers| Said::of(&answers));
    let verdict = talk.verdict(said == wanted, said.in_words());
    Ok((talk, verdict))
}

/// Sends a frame that must be dropped: it is not accepted, and none of it is shown.
fn dropped(bench: &Bench, frame: &Frame) -> io::Result<Verdict> {
    let (talk, verdict) = said(bench, frame, Said::NotAccepted)?;
    if verdict.is_passed() && !frame.payload.is_empty() && talk.shows(&frame.payload) > 0 {
        return Ok(talk.failed("its text is shown"));
    }
    Ok(verdict)
}

pub(super) fn wrong_fcs(bench: &Bench) -> io::Result<Verdict> {
    dropped(bench, &Frame { mask: 1, ..good() })
}

pub(super) fn wrong_octets(bench: &Bench) -> io::Result<Verdict> {
    dropped(bench, &Frame { octets: 10, ..good() })
}

pub(super) fn wrong_address(bench: &Bench) -> io::Result<Verdict> {
    dropped(bench, &Frame { address: 0x03, ..good() })
}

pub(super) fn wrong_control(bench: &Bench) -> io::Result<Verdict> {
    dropped(bench, &Frame { control: FIRST | FINAL | 0x80, ..good() })
}

/// Longer than 282 octets, without anything that divides it.
pub(super) fn too_long(bench: &Bench) -> io::Result<Verdict> {
    let talk = Conversation::hold(
        bench,
        &[ones(8), Frame { payload: vec![b'x'; 300], ..good() }.bits(), flag()],
    )?;
    let said = talk.answers(8, 8).map_or(Said::Nothing, |answers| Said::of(&answers));
    Ok(talk.verdict(said == Said::NotAccepted, said.in_words()))
}

pub(super) fn abort(bench: &Bench) -> io::Result<Verdict> {
    let broken = Frame::whole(MESSAGE, b"broken off").bits();
    let parts = [ones(8), broken[..60].to_vec(), ones(8), good().bits(), flag()];
    let talk = Conversation::hold(bench, &parts)?;
    let said = talk.answers(8, 8).map_or(Said::Nothing, |answers| Said::of(&answers));
    if said == Said::Accepted && talk.shows(TEXT) != 1 {
        return Ok(talk.failed("the frame after it is not shown"));
    }
    Ok(talk.verdict(said == Said::Accepted, said.in_words()))
}

/// Sends bits that must be refused, and sixteen zeros whose acknowledgments must spell this code.
fn refused(bench: &Bench, parts: &[Vec<Bit>], code: u8) -> io::Result<Verdict> {
    let parts = [parts, &[flag(), zeros(16)]].concat();
    let talk = Conversation::hold(bench, &parts)?;
    let said = talk.answers(24, 8).map_or(Said::Nothing, |answers| Said::of(&answers));
    if said != Said::Refused {
        return Ok(talk.failed(said.in_words()));
    }
    let spelled = talk.answers(16, 16).unwrap_or_default();
    let wanted: Vec<Bit> =
        (0..16).map(|place| Bit::from_bool(code >> (3 - place / 4) & 1 == 1)).collect();
    Ok(talk.verdict(spelled == wanted, "another reason is given, or none"))
}

pub(super) fn version(bench: &Bench) -> io::Result<Verdict> {
    let frame = Frame { header: Some((3, MESSAGE, 12)), ..good() };
    refused(bench, &[ones(8), frame.bits()], 6)
}

pub(super) fn coding(bench: &Bench) -> io::Result<Verdict> {
    let frame = Frame { header: Some((0xF2, MESSAGE, 12)), ..good() };
    refused(bench, &[ones(8), frame.bits()], 9)
}

pub(super) fn accepted(bench: &Bench) -> io::Result<Verdict> {
    Ok(said(bench, &good(), Said::Accepted)?.1)
}

/// Once the verdict has been spelled the text must be there.
pub(super) fn written(bench: &Bench) -> io::Result<Verdict> {
    let (talk, verdict) = said(bench, &good(), Said::Accepted)?;
    if !verdict.is_passed() {
        return Ok(verdict);
    }
    Ok(talk.verdict(talk.shows(TEXT) == 1, "the text is not shown"))
}

/// Another message begins right after the flag that carried the verdict on the one before.
pub(super) fn next(bench: &Bench) -> io::Result<Verdict> {
    let second = Frame::whole(MESSAGE ^ 1, b"and the next");
    let parts = [ones(8), good().bits(), flag(), second.bits_after_flag(), flag()];
    let talk = Conversation::hold(bench, &parts)?;
    let said = talk.answers(8, 8).map_or(Said::Nothing, |answers| Said::of(&answers));
    let is_shown = talk.shows(b"and the next") == 1;
    Ok(talk.verdict(said == Said::Accepted && is_shown, said.in_words()))
}

pub(super) fn repeated(bench: &Bench) -> io::Result<Verdict> {
    let again = Frame { mask: !0, ..good() };
    let parts = [ones(8), good().bits(), flag(), ones(16), again.bits(), flag()];
    let talk = Conversation::hold(bench, &parts)?;
    let said = talk.answers(8, 8).map_or(Said::Nothing, |answers| Said::of(&answers));
    if said == Said::Accepted && talk.shows(TEXT) != 1 {
        return Ok(talk.failed("its text is shown twice"));
    }
    Ok(talk.verdict(said == Said::Accepted, said.in_words()))
}

/// The first frame of a message of two, with the length in its header.
fn beginning() -> Frame {
    let header = Some((2, MESSAGE, 22 + 1));
    Frame { control: FIRST, header, check: None, ..good() }
}

/// The last frame of that message.
fn end(check: u32) -> Frame {
    Frame::later(1, b"in two parts", Some(check))
}

fn right_check() -> u32 {
    let mut check = Check::new();
    check.update(beginning().fcs());
    check.finish(23)
}

pub(super) fn several(bench: &Bench) -> io::Result<Verdict> {
    let first = Frame { header: Some((2, MESSAGE, 23 + 1)), ..beginning() };
    let mut check = Check::new();
    check.update(first.fcs());
    let last = end(check.finish(23));
    let parts = [ones(8), first.bits(), flag(), last.bits_after_flag(), flag()];
    let talk = Conversation::hold(bench, &parts)?;
    let said = talk.answers(8, 8).map_or(Said::Nothing, |answers| Said::of(&answers));
    let is_shown = talk.shows(b"conformancein two parts") == 1;
    Ok(talk.verdict(said == Said::Accepted && is_shown, said.in_words()))
}

pub(super) fn out_of_order(bench: &Bench) -> io::Result<Verdict> {
    let skipped = Frame::later(2, b"in two parts", None);
    let parts = [ones(8), beginning().bits(), flag(), skipped.bits_after_flag()];
    refused(bench, &parts, 7)
}

pub(super) fn length(bench: &Bench) -> io::Result<Verdict> {
    // The header gives 22, but it is 23.
    let parts = [ones(8), beginning().bits(), flag(), end(right_check()).bits_after_flag()];
    refused(bench, &parts, 12)
}

pub(super) fn check(bench: &Bench) -> io::Result<Verdict> {
    let first = Frame { header: Some((2, MESSAGE, 23 + 1)), ..beginning() };
    let parts = [ones(8), first.bits(), flag(), end(0).bits_after_flag()];
    refused(bench, &parts, 12)
}

/// A process without handlers sends a bit, and must survive.
pub(super) fn admission(bench: &Bench) -> io::Result<Verdict> {
    let server = bench.server()?;
    for usr in ["1", "2"] {
        let status = Role::Stray.command().arg(server.pid().to_string()).arg(usr).status()?;
        if status.code().is_none() {
            return Ok(Verdict::failed("the process that sent the bit died of the acknowledgment"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(Verdict::passed(""))
}
