//! The processes that a listener answers, and those that it has just turned away.

use std::collections::{HashMap, VecDeque};

use minitalk_core::classic::{Ack, Handles, Memory};
use minitalk_core::exchange::{Payload, Protocol};
use minitalk_core::{Bit, Instant};
use minitalk_signals::{Executable, ProcessStatus};
use rustc_hash::FxHashMap;

use crate::admission::{Admission, Admitted, Trust};
use crate::coding::DecodeError;

use super::decoding::{Decoded, Decoding};
use super::happening::{Connected, Ended, Happening, PieceHeader, Stray, StrayCause};

/// How long a process that was turned away is not examined again: under a storm of signals,
/// examining is what takes time.
const TURNED_AWAY_MICROS: u64 = 100_000;

/// How long a process that handles neither signal may take for its first letter. A stray signal
/// from `kill(1)` looks like the beginning of a message.
const SUSPECT_MICROS: u64 = 1_000_000;

/// The largest number of turned-away processes to remember.
const TURNED_AWAY_MAX: usize = 256;

/// The largest number of programs to remember.
const MEMORIES_MAX: usize = 1024;

/// Every process with a place in the exchange.
#[derive(Debug, Default)]
pub(super) struct Senders {
    admission: Admission,
    /// Accessed for each bit, so the hash is a fast one.
    open: FxHashMap<u32, Sender>,
    turned_away: HashMap<u32, Instant>,
    /// What has been learned about programs, by their executables.
    memories: HashMap<Executable, Memory>,
    /// Processes that handle neither signal, and when they must have sent something.
    suspects: VecDeque<(Instant, u32)>,
}

/// A process that is answered.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) process: Admitted,
    uid: u32,
    /// When its first signal came or, later, when its last message ended.
    since: Instant,
    message: Option<Message>,
    /// If the message is coded, the text of the current frame.
    decoding: Option<Box<Decoding>>,
    standing: Standing,
    /// Whether a bit of its message was lost and that has been reported.
    is_damaged: bool,
    /// Whether it does not wait for acknowledgments and that has been reported.
    is_hasty: bool,
    /// The symbol that it was sent last.
    pub(super) answered: Option<Bit>,
}

/// What the signals of a process have turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It handles a signal, or has sent a piece of a message: a sender.
    Sender,
    /// It handles neither signal, and has not sent a piece yet.
    Suspect,
    /// The same, and it has been reported.
    Exposed,
}

/// The current message of a sender.
#[derive(Clone, Copy, Debug)]
struct Message {
    protocol: Protocol,
    octets: u64,
    /// From its first bit to its last piece so far.
    micros: u64,
    is_complete: bool,
}

impl Senders {
    /// Opens the process `pid` if it may be served; with `anyone`, in any case.
    pub(super) fn admit(
        &mut self,
        pid: u32,
        anyone: bool,
        now: Instant,
    ) -> Result<Connected, Stray> {
        let trust = if anyone { Trust::Forced } else { Trust::Unspoken };
        let process = self.admission.sender(pid, trust).map_err(|refusal| Stray {
            peer: Some(pid),
            program: program_of(pid),
            cause: refusal.into(),
        })?;
        let (uid, program) = (process.status().uids.real, process.status().name.clone());
        let handles_any = [Bit::Zero, Bit::One].iter().any(|&symbol| process.may_receive(symbol));
        let standing = if handles_any { Standing::Sender } else { Standing::Suspect };
        if standing == Standing::Suspect {
            self.suspects.push_back((now.after_micros(SUSPECT_MICROS), pid));
        }
        let sender = Sender {
            process,
            uid,
            since: now,
            message: None,
            decoding: None,
            standing,
            is_damaged: false,
            is_hasty: false,
            answered: None,
        };
        self.open.insert(pid, sender);
        Ok(Connected { peer: pid, uid, program })
    }

    /// Remembers that `pid` was turned away.
    pub(super) fn turn_away(&mut self, pid: u32, now: Instant) {
        if self.turned_away.len() >= TURNED_AWAY_MAX {
            self.turned_away.clear();
        }
        self.turned_away.insert(pid, now.after_micros(TURNED_AWAY_MICROS));
    }

    /// Whether `pid` was turned away recently.
    pub(super) fn is_turned_away(&self, pid: u32, now: Instant) -> bool {
        self.turned_away.get(&pid).is_some_and(|&until| now < until)
    }

    /// What the process `pid` handles, and what is remembered of its program; `None` if it belongs
    /// to this project.
    pub(super) fn stranger(&self, pid: u32) -> Option<(Handles, Memory)> {
        let process = &self.open.get(&pid)?.process;
        if process.recognition().is_some() {
            return None;
        }
        let handles = |symbol| process.handles(symbol) && process.may_receive(symbol);
        let handles = Handles { usr1: handles(Bit::Zero), usr2: handles(Bit::One) };
        let memory = process.executable().and_then(|executable| self.memories.get(&executable));
        Some((handles, memory.copied().unwrap_or_default()))
    }

    /// Remembers what was learned from the process `pid`, for the next process of the same program.
    pub(super) fn remember(&mut self, pid: u32, memory: Memory) {
        let sender = self.open.get(&pid).filter(|sender| sender.process.recognition().is_none());
        let Some(executable) = sender.and_then(|sender| sender.process.executable()) else {
            return;
        };
        if memory == Memory::default() {
            return;
        }
        if self.memories.len() >= MEMORIES_MAX {
            self.memories.clear();
        }
        self.memories.insert(executable, memory);
    }

    /// Whether the process `pid` was acknowledged in another way than the next one of its program
    /// will be.
    pub(super) fn is_misanswered(&self, pid: u32, memory: Memory) -> bool {
        let answered = self.open.get(&pid).and_then(|sender| sender.answered);
        let next = match memory.ack {
            Some(Ack::PerBit(symbol) | Ack::PerByte(symbol)) => Some(symbol),
            Some(Ack::Echo) => answered.map(|symbol| !symbol),
            Some(Ack::PerBitAndByte(_) | Ack::None | Ack::Auto) | None => None,
        };
        next.is_some_and(|next| answered == Some(!next))
    }

    /// Records that `pid` does not wait for acknowledgments; false if that was known.
    pub(super) fn is_hasty(&mut self, pid: u32) -> bool {
        let sender = self.open.get_mut(&pid);
        sender.is_some_and(|sender| !std::mem::replace(&mut sender.is_hasty, true))
    }

    /// Makes sure again that the process `pid` may be acknowledged.
    pub(super) fn look_again(&mut self, pid: u32) -> Result<(), Stray> {
        let Some(sender) = self.open.get_mut(&pid) else { return Ok(()) };
        sender.process.recheck().map_err(|refusal| Stray {
            peer: Some(pid),
            program: program_of(pid),
            cause: refusal.into(),
        })
    }

    pub(super) fn find(&mut self, pid: u32) -> Option<&mut Sender> {
        self.open.get_mut(&pid)
    }

    /// The process `pid`, if it is recognised: it keeps an acknowledgment that comes early.
    #[inline]
    pub(super) fn known(&self, pid: u32) -> Option<&Admitted> {
        let process = &self.open.get(&pid)?.process;
        process.recognition().map(|_| process)
    }

    pub(super) fn forget(&mut self, pid: u32) -> Option<Sender> {
        self.open.remove(&pid)
    }

    /// Records a piece of a message. The second value is the message that it cuts off, if any.
    pub(super) fn take(
        &mut self,
        payload: &Payload<'_>,
        now: Instant,
    ) -> Option<(PieceHeader, Option<Happening<'static>>)> {
        let &Payload { peer, protocol, first, last, length, offset, octets, .. } = payload;
        let sender = self.open.get_mut(&peer)?;
        sender.standing = Standing::Sender;
        let before = sender.message.filter(|_| first);
        let uid = sender.uid;
        let cut = before.map(|message| Happening::Cut { peer, uid, octets: message.octets });
        let micros = now.micros_since(sender.since);
        let octets = offset.saturating_add(octets.len() as u64);
        let dialect = None;
        sender.message = Some(Message { protocol, octets, micros, is_complete: last });
        Some((
            PieceHeader { peer, uid, protocol, dialect, first, last, length, offset, micros },
            cut,
        ))
    }

    /// Takes a frame of a coded message.
    pub(super) fn load(&mut self, payload: &Payload<'_>) {
        let Some(sender) = self.open.get_mut(&payload.peer) else { return };
        if payload.first {
            sender.decoding = None;
        }
        sender.decoding.get_or_insert_with(|| Box::new(Decoding::new())).load(payload);
    }

    /// Whether the current frame of `peer` may hold more text.
    pub(super) fn has_more(&self, peer: u32) -> bool {
        let decoding = self.open.get(&peer).and_then(|sender| sender.decoding.as_ref());
        decoding.is_some_and(|decoding| decoding.has_more())
    }

    /// Decodes the next piece of text of that frame.
    pub(super) fn decode(
        &mut self,
        peer: u32,
        text: &mut Vec<u8>,
    ) -> Option<Result<Decoded, DecodeError>> {
        Some(self.open.get_mut(&peer)?.decoding.as_mut()?.next(text))
    }

    /// Bytes of the text of `peer` that have been reported, if its message is coded.
    pub(super) fn decoded(&self, peer: u32) -> Option<u64> {
        let sender = self.open.get(&peer).filter(|sender| sender.decoding.is_some())?;
        Some(sender.message.map_or(0, |message| message.octets))
    }

    /// When [`exposed`](Self::exposed) will have something to report.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.suspects.front().map(|&(deadline, _)| deadline)
    }

    /// A process whose time is over and that has sent nothing but a stray signal.
    pub(super) fn exposed(&mut self, now: Instant) -> Option<Stray> {
        let &(deadline, pid) = self.suspects.front()?;
        if now < deadline {
            return None;
        }
        self.suspects.pop_front();
        self.expose(pid).or_else(|| self.exposed(now))
    }

    /// The report on the process `pid`, if it has sent nothing but a stray signal and has not been
    /// reported.
    pub(super) fn expose(&mut self, pid: u32) -> Option<Stray> {
        let sender = self.open.get_mut(&pid)?;
        if sender.standing != Standing::Suspect {
            return None;
        }
        sender.standing = Standing::Exposed;
        let program = Some(sender.process.status().name.clone());
        Some(Stray { peer: Some(pid), program, cause: StrayCause::NoMessage })
    }

    /// Whether a message of the process `pid` may be in progress: not if it has only sent a stray
    /// signal.
    pub(super) fn is_sender(&self, pid: u32) -> bool {
        self.open.get(&pid).is_some_and(|sender| sender.standing == Standing::Sender)
    }

    /// Records that a piece has been accepted, which ends the message if it was the last one.
    pub(super) fn accept(&mut self, peer: u32, now: Instant) -> Option<Ended> {
        let sender = self.open.get_mut(&peer)?;
        let message = sender.message.filter(|message| message.is_complete)?;
        sender.end_message(now);
        let Message { protocol, octets, micros, .. } = message;
        Some(Ended { peer, uid: sender.uid, protocol, dialect: None, octets, micros })
    }

    /// The real user id of `peer`.
    pub(super) fn uid(&self, peer: u32) -> u32 {
        self.open.get(&peer).map_or(0, |sender| sender.uid)
    }

    /// Records that no more of the message of `peer` is accepted.
    pub(super) fn refuse(&mut self, peer: u32, now: Instant) {
        if let Some(sender) = self.open.get_mut(&peer) {
            sender.end_message(now);
        }
    }

    /// Records that a bit of `peer` was lost; false if that was known.
    pub(super) fn lose(&mut self, peer: u32) -> bool {
        let sender = self.open.get_mut(&peer);
        sender.is_some_and(|sender| !std::mem::replace(&mut sender.is_damaged, true))
    }
}

impl Sender {
    /// Ends the message: what comes from now on belongs to another one.
    fn end_message(&mut self, now: Instant) {
        self.since = now;
        self.message = None;
        self.decoding = None;
        self.is_damaged = false;
    }
}

/// The name of the program that the process `pid` runs, if it can be read.
pub(super) fn program_of(pid: u32) -> Option<String> {
    ProcessStatus::read(pid).ok().map(|status| status.name)
}

impl Stray {
    pub(super) fn of_nobody(cause: StrayCause) -> Self {
        Self { peer: None, program: None, cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coding::{self, Encoder};
    use std::process;

    const NOW: Instant = Instant::ZERO;

    /// This process as the only sender.
    fn senders() -> (Senders, u32) {
        let (mut senders, own) = (Senders::default(), process::id());
        senders.admit(own, true, NOW).unwrap();
        (senders, own)
    }

    fn payload(octets: &[u8], first: bool, last: bool) -> Payload<'_> {
        Payload {
            peer: process::id(),
            protocol: Protocol::Framed,
            first,
            last,
            coding: coding::BROTLI,
            length: None,
            offset: 0,
            octets,
        }
    }

    #[test]
    fn a_message_that_begins_anew_cuts_the_one_before() {
        let (mut senders, own) = senders();
        let (_, cut) = senders.take(&payload(b"abc", true, false), NOW).unwrap();
        assert!(cut.is_none());
        let (_, cut) = senders.take(&payload(b"d", true, true), NOW).unwrap();
        assert!(matches!(cut, Some(Happening::Cut { octets: 3, peer, .. }) if peer == own));
        assert_eq!(senders.accept(own, NOW).map(|ended| ended.octets), Some(1));
        assert!(senders.accept(own, NOW).is_none(), "it has ended once");
        let (_, cut) = senders.take(&payload(b"e", true, false), NOW).unwrap();
        assert!(cut.is_none(), "the one before had ended");
    }

    #[test]
    fn a_coded_message_that_begins_anew_is_decoded_from_its_beginning() {
        let (mut senders, own) = senders();
        let coded = |text: &[u8]| {
            let mut encoder = Encoder::new(None);
            encoder.push(text);
            encoder.flush();
            encoder.octets().to_vec()
        };
        for message in [b"the first one".as_slice(), b"another"] {
            senders.load(&payload(&coded(message), true, false));
            let mut text = Vec::new();
            let decoded = senders.decode(own, &mut text).unwrap().unwrap();
            assert_eq!((text.as_slice(), decoded.first, decoded.offset), (message, true, 0));
        }
    }
}
